// Owns: a PostgreSQL server of a test's own: made in a temporary folder, on a free loopback port, ended by its process id.
// It refuses to run as root, so root starts it as `nobody`.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePorts } from './free-ports.ts';
import { requireTool } from './tools.ts';

export interface PostgresServer {
  readonly port: number;
  /** The folder of its Unix socket. */
  readonly socket: string;
  /** A new, empty database; the URL is of the socket. */
  readonly newDatabase: () => Promise<{ readonly name: string; readonly url: string }>;
  /** A connection outside of what is tested. */
  readonly connect: (database: string) => Promise<pg.Client>;
  readonly stop: () => Promise<void>;
  /** After `stop`. */
  readonly start: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const NOBODY = 65_534;
const START_MS = 20_000;
const DEBIAN = '/usr/lib/postgresql';

/** The newest PostgreSQL that Debian installed, or where it would be. */
function programs(): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const [newest = '15'] = versions.sort((a, b) => Number(b) - Number(a));
  return join(DEBIAN, newest, 'bin');
}

/** For `requireTool`. */
export function requirePostgres(t: Pick<TestContext, 'skip'>): boolean {
  return requireTool(t, join(programs(), 'postgres'));
}

export interface PostgresOptions {
  /** Settings of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Switches TLS on, which connections over TCP then need. */
  readonly tls?: { readonly key: string; readonly certificate: string };
}

export async function startPostgres({ settings = {}, tls }: PostgresOptions = {}): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'signet-pg-'));
  const data = join(folder, 'data');
  const isRoot = process.getuid?.() === 0;
  const own = (path: string): void => {
    if (isRoot) chownSync(path, NOBODY, NOBODY);
  };
  own(folder);
  const as = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const made = spawnSync(
    join(programs(), 'initdb'),
    ['-D', data, '-U', 'signet', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
    { ...as, cwd: folder, encoding: 'utf8', timeout: START_MS, env: { PATH: process.env.PATH } },
  );
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  if (tls !== undefined) {
    for (const [name, text] of [
      ['server.key', tls.key],
      ['server.crt', tls.certificate],
    ] as const) {
      writeFileSync(join(data, name), text, { mode: 0o600 });
      own(join(data, name));
    }
    writeFileSync(join(data, 'pg_hba.conf'), 'local all all trust\nhostssl all all all trust\n');
  }
  const [port = 0] = await freePorts(1);
  const all = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    fsync: 'off',
    ...(tls === undefined ? {} : { ssl: 'on' }),
    ...settings,
  };
  let server: ChildProcess | null = null;
  let count = 0;

  const connect = async (database: string): Promise<pg.Client> => {
    const client = new pg.Client({ host: folder, port, user: 'signet', database, password: () => '' });
    // Ended with the server in some tests.
    client.on('error', () => {});
    await client.connect();
    return client;
  };

  const start = async (): Promise<void> => {
    const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(join(programs(), 'postgres'), ['-D', data, ...args], { ...as, cwd: folder, stdio: 'ignore' });
    server = child;
    const end = Date.now() + START_MS;
    for (;;) {
      try {
        await (await connect('postgres')).end();
        return;
      } catch (error) {
        if (child.exitCode !== null || Date.now() > end) throw error;
        await sleep(50);
      }
    }
  };

  const stop = async (): Promise<void> => {
    if (server === null || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    // Fast shutdown: connections are cut.
    server.kill('SIGINT');
    await ended;
    server = null;
  };

  await start();
  return {
    port,
    socket: folder,
    connect,
    newDatabase: async () => {
      const name = `t${count++}`;
      const client = await connect('postgres');
      await client.query(`create database ${name}`);
      await client.end();
      return { name, url: `postgres://signet@localhost:${port}/${name}?host=${encodeURIComponent(folder)}` };
    },
    start,
    stop,
    close: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
