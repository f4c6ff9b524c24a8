// Owns: the databases that a suite runs against: a SQLite file and, where it is installed, a real PostgreSQL.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { type DatabaseTarget, readDatabaseUrl } from '../../src/config/database-url.ts';
import { isUnavailable } from '../../src/core/account.ts';
import { type Database, type DatabaseEvent, type DatabaseOptions, openDatabase } from '../../src/database/database.ts';
import { migrate } from '../../src/database/migrations.ts';
import { Problems } from '../../src/lib/problems.ts';
import { type PostgresServer, requirePostgres, startPostgres } from './postgres.ts';

export const NOW = 1_790_000_000;

/** The target that a URL names. */
export function targetOf(url: string): DatabaseTarget {
  const problems = new Problems();
  const target = readDatabaseUrl(url, { folder: tmpdir(), password: null, problems });
  problems.throwIfAny();
  if (target === null) throw new Error('no target');
  return target;
}

export interface OpenedDatabase {
  readonly database: Database;
  readonly events: readonly DatabaseEvent[];
  /** Another node's connection to the same tables. */
  readonly sibling: (change?: Partial<DatabaseOptions>) => Database;
}

export interface Engine {
  readonly kind: 'sqlite' | 'postgres';
  /** One `test()` on a new database with all tables; closed afterwards. */
  readonly test: (name: string, body: (opened: OpenedDatabase, t: TestContext) => Promise<void>) => void;
  /** As `test`, before any table is there. */
  readonly testEmpty: (name: string, body: (opened: OpenedDatabase, t: TestContext) => Promise<void>) => void;
}

/** Calls `suite` once for each kind of database, at the top level of a test file. */
export function forEachDatabase(suite: (engine: Engine) => void): void {
  for (const kind of ['sqlite', 'postgres'] as const) suite(engineOf(kind));
}

export interface DatabaseOpener {
  readonly kind: Engine['kind'];
  /** A new database with all tables; closed after the file's tests. */
  readonly open: () => Promise<OpenedDatabase>;
}

/** For suites that open what they test: one opener for each kind. A kind that is not installed is skipped by its name. */
export function databaseOpeners(): readonly DatabaseOpener[] {
  return (['sqlite', 'postgres'] as const).flatMap((kind): DatabaseOpener[] => {
    if (kind === 'postgres' && !requirePostgres({ skip: () => {} })) {
      test('the same with PostgreSQL', (t) => void requirePostgres(t));
      return [];
    }
    if (kind === 'postgres') wantServer();
    const closers: (() => unknown)[] = [];
    after(() => Promise.all(closers.map((close) => close())));
    const open = async (): Promise<OpenedDatabase> => {
      const folder = mkdtempSync(join(tmpdir(), 'signet-db-'));
      const opened = openAt(targetOf(await newUrl(kind, folder)));
      closers.push(async () => {
        await opened.close();
        rmSync(folder, { recursive: true, force: true });
      });
      up(await migrate(opened.database, NOW));
      return opened;
    };
    return [{ kind, open }];
  });
}

function wantServer(): void {
  if (wanted) return;
  wanted = true;
  // A promise, not what it gives: a suite that opens in a hook of its own may come before this one has ended.
  before(async () => {
    if (requirePostgres({ skip: () => {} })) await startedServer();
  });
  after(async () => (await server)?.close());
}

async function newUrl(kind: Engine['kind'], folder: string): Promise<string> {
  return kind === 'sqlite' ? `sqlite:${join(folder, 'signet.db')}` : (await (await startedServer()).newDatabase()).url;
}

/** The server is started once for all tests of a file. */
let server: Promise<PostgresServer> | null = null;

function startedServer(): Promise<PostgresServer> {
  server ??= startPostgres();
  return server;
}

let wanted = false;

function engineOf(kind: Engine['kind']): Engine {
  const run = (name: string, body: (opened: OpenedDatabase, t: TestContext) => Promise<void>, empty: boolean): void => {
    if (kind === 'postgres') wantServer();
    test(`${kind}: ${name}`, async (t) => {
      if (kind === 'postgres' && !requirePostgres(t)) return;
      const folder = mkdtempSync(join(tmpdir(), 'signet-db-'));
      const opened = openAt(targetOf(await newUrl(kind, folder)));
      try {
        if (!empty && isUnavailable(await migrate(opened.database, NOW))) throw new Error('not migrated');
        await body(opened, t);
      } finally {
        await opened.close();
        rmSync(folder, { recursive: true, force: true });
      }
    });
  };
  return {
    kind,
    test: (name, body) => run(name, body, false),
    testEmpty: (name, body) => run(name, body, true),
  };
}

/** Opens a target with short timeouts. */
export function openAt(
  target: DatabaseTarget,
  change: Partial<DatabaseOptions> = {},
): OpenedDatabase & { readonly close: () => Promise<void> } {
  const events: DatabaseEvent[] = [];
  const open: Database[] = [];
  const sibling = (other: Partial<DatabaseOptions> = {}): Database => {
    const database = openDatabase({
      target,
      mayCreate: true,
      poolSize: 4,
      connectTimeout: 5,
      statementTimeout: 5,
      ca: null,
      applicationName: 'signet test',
      onEvent: (event) => events.push(event),
      ...change,
      ...other,
    });
    open.push(database);
    return database;
  };
  const database = sibling();
  const close = async (): Promise<void> => {
    await Promise.all(open.map((one) => one.close()));
  };
  return { database, events, sibling, close };
}

/** The answer of a database that must be up. */
export function up<T>(answer: T): Exclude<T, { readonly unavailable: true }> {
  if (typeof answer === 'object' && answer !== null && isUnavailable(answer)) throw new Error('the database is down');
  return answer as Exclude<T, { readonly unavailable: true }>;
}
