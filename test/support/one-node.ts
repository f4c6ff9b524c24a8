// Owns: one node in the test's own process, on a clock that the test sets. Whole HTTP requests, real keys, real files.
// For what needs another time or another key; three real processes are in cluster.ts.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createLogger, transports } from 'winston';
import type { Config } from '../../src/config/config.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { migrate } from '../../src/database/migrations.ts';
import * as sqlPeople from '../../src/directories/sql-people.ts';
import type { Person } from '../../src/directories/users-file.ts';
import { addPeople, newAccountId } from '../../src/directories/users-file-edit.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { createHash } from '../../src/methods/argon2.ts';
import { importParty } from '../../src/parties/party-folder.ts';
import { createNode, type SignetNode } from '../../src/wire.ts';
import { openAt, targetOf, up } from './databases.ts';
import { makeIdpFolder } from './idp-folder.ts';

export const PASSWORD = 'correct horse battery';
export const NOW = 1_790_000_000;

/** An SP without keys: its requests are unsigned, its responses readable. */
export function plainSpMetadata(base: string, acs = `${base}/acs`): string {
  return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${base}/metadata">
<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${acs}" index="0"/>
</md:SPSSODescriptor></md:EntityDescriptor>`;
}

const QUIET = {
  SIGNET_TRUSTED_PROXIES: '["127.0.0.1"]',
  // Tables are as large as they may become from the beginning: a tenth of a second for every node.
  SIGNET_SPENT_CAPACITY: '1024',
  SIGNET_THROTTLE_CAPACITY: '1000',
  SIGNET_ACCOUNT_CACHE_CAPACITY: '100',
  SIGNET_PASSWORD_WORKERS: '1',
};

export interface OneNodeOptions {
  readonly publicUrl?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly parties?: readonly string[];
  /** OpenID Connect clients: their documents. */
  readonly clients?: readonly ({ readonly client_id: string } & Readonly<Record<string, unknown>>)[];
  /** CAS services: their documents. */
  readonly services?: readonly ({ readonly url: string } & Readonly<Record<string, unknown>>)[];
  readonly people?: readonly string[];
  /** Of everybody; a mail address when nothing is said. */
  readonly attributes?: ReadonlyMap<string, readonly string[]>;
  /** Without it people stand in users.yaml, and nothing is shared: a file of its own, or a database at this URL. */
  readonly database?: 'sqlite' | `sqlite:${string}` | `postgres://${string}`;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Set-Cookie lines as they were sent. */
  readonly setCookies: readonly string[];
}

export interface Ask {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  /** A urlencoded body as it is, instead of `form`. */
  readonly body?: string;
}

export interface OneNode {
  readonly config: Config;
  readonly node: SignetNode;
  /** The clock of this node and its siblings. */
  readonly time: { readonly now: number };
  /** Sets the clock; what polls by the wall clock looks again, as it would have meanwhile. */
  readonly travelTo: (now: number) => void;
  readonly publicUrl: string;
  /** On 127.0.0.1: for requests that no client would send. */
  readonly port: number;
  readonly ask: (ask: Ask) => Promise<Answer>;
  /** Everything that was written to the audit stream and the log. */
  readonly written: () => string;
  /** Another node on the same folder, with the same clock, or one that is `ahead` by so many seconds. */
  readonly sibling: (environment?: Readonly<Record<string, string>>, ahead?: number) => Promise<OneNode>;
  readonly close: () => Promise<void>;
}

/** Makes a folder with `signet init`, people (password {@link PASSWORD}) and parties, and starts a node on it. */
export async function startOneNode(options: OneNodeOptions = {}): Promise<OneNode> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-node-'));
  const publicUrl = options.publicUrl ?? 'https://idp.example.org';
  const time = { now: NOW };
  const random = systemRandom();
  const directory = options.database === undefined ? 'yaml' : 'sql';
  await makeIdpFolder(folder, { publicUrl, directory, now: NOW - 3600 });
  const url = options.database === 'sqlite' ? `sqlite:${join(folder, 'data', 'signet.db')}` : options.database;
  const passwordHash = await createHash(PASSWORD, { memory: 64, time: 1, parallelism: 1 }, random);
  const attributes = options.attributes ?? new Map([['mail', ['person@example.org']]]);
  const people = (options.people ?? ['alice', 'bob']).map((loginName) => ({
    account: { id: newAccountId(random), loginName, disabled: false, attributes, groups: [] },
    passwordHash,
  }));
  if (url === undefined) await addPeople(join(folder, 'users.yaml'), people);
  else await addToDatabase(url, people);
  const database = url === undefined ? {} : { SIGNET_DATABASE_URL: url };
  const parties = options.parties ?? [plainSpMetadata('https://sp.example.org')];
  for (const party of parties) await importParty(join(folder, 'parties'), Buffer.from(party), 'test');
  for (const client of options.clients ?? []) {
    await writeFile(join(folder, 'parties', `${client.client_id}.client.json`), JSON.stringify(client));
  }
  for (const [i, service] of (options.services ?? []).entries()) {
    await writeFile(join(folder, 'parties', `s${i}.service.json`), JSON.stringify(service));
  }
  const configWith = (environment: Readonly<Record<string, string>>): Config =>
    readConfig(join(folder, 'signet.yaml'), { ...QUIET, ...database, ...options.environment, ...environment });
  const start = async (environment: Readonly<Record<string, string>> = {}, ahead = 0): Promise<OneNode> => {
    const clock = (): number => time.now + ahead;
    const config = configWith(environment);
    const written: Buffer[] = [];
    const sink = new PassThrough();
    sink.on('data', (chunk: Buffer) => written.push(chunk));
    const log = createLogger({ level: 'debug', transports: [new transports.Stream({ stream: sink })] });
    const node = await createNode(config, {
      clock,
      random,
      log,
      audit: sink,
      auditLost: () => 0,
      logLost: () => 0,
      version: 'test',
    });
    // Idle connections are not closed: a test that runs programs meanwhile would find its next request on a dead one.
    const server = createServer({ keepAliveTimeout: 0 }, node.publicListener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return {
      config,
      node,
      time,
      travelTo: (now) => {
        time.now = now;
        node.parts.revocations.poll();
        node.parts.keyring.poll();
        for (const source of Object.values(node.parts.signingKeys)) source.poll();
      },
      publicUrl,
      port,
      ask: (one) => exchange(port, one),
      written: () => Buffer.concat(written).toString('utf8'),
      sibling: start,
      close: async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        await node.close();
      },
    };
  };
  const first = await start();
  return {
    ...first,
    close: async () => {
      await first.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function addToDatabase(url: string, people: readonly Person[]): Promise<void> {
  const { database, close } = openAt(targetOf(url));
  up(await migrate(database, NOW - 3600));
  up(await sqlPeople.addPeople(database, people, NOW - 3600));
  await close();
}

function exchange(port: number, ask: Ask): Promise<Answer> {
  const body = ask.form === undefined ? ask.body : new URLSearchParams({ ...ask.form }).toString();
  const type = body === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' };
  const { method = body === undefined ? 'GET' : 'POST', path } = ask;
  return new Promise((resolve, reject) => {
    const outgoing = send(
      { host: '127.0.0.1', port, method, path, headers: { ...type, ...ask.headers } },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            text: Buffer.concat(chunks).toString('utf8'),
            setCookies: incoming.headers['set-cookie'] ?? [],
          }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
