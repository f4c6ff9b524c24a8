// Owns: the order in which the tables came to be, and bringing a database up to it, whoever else does so at the same time.
// A migration that has been released is never changed: another one follows. Each runs in both databases.
import { sql } from 'kysely';
import type { DirectoryUnavailable } from '../core/account.ts';
import { isUnavailable } from '../core/account.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { Database, Queries } from './database.ts';
import { consents } from './migration-consents.ts';
import { firstTables } from './migration-first-tables.ts';
import { sessionParticipants } from './migration-session-participants.ts';

export interface Migration {
  readonly name: string;
  /**
   * The oldest version whose program still works with the database afterwards: nodes of two releases run side by side
   * during an upgrade, and after one is rolled back.
   */
  readonly oldestProgram: number;
  readonly up: (queries: Queries) => Promise<void>;
}

/** Version 1 is the first. Append only. */
export const MIGRATIONS: readonly Migration[] = [
  { name: 'first tables', oldestProgram: 1, up: firstTables },
  { name: 'session participants', oldestProgram: 1, up: sessionParticipants },
  // A program of before does not serve parties whose people are asked, so it may go on without the table.
  { name: 'consents', oldestProgram: 1, up: consents },
];

export type SchemaState =
  | { readonly kind: 'current'; readonly version: number; readonly applied: readonly string[] }
  /** Looked at only: `pending` would be applied. */
  | { readonly kind: 'behind'; readonly version: number; readonly pending: readonly string[] }
  /** Changed by a newer program in a way that this one cannot work with. */
  | { readonly kind: 'too-new'; readonly version: number; readonly known: number };

/** Any number that no other program on the server takes for its own lock. */
const LOCK_KEY = 0x51_67_6e_65;
/** A migration may take longer than a request's question. */
const STATEMENT_SECONDS = 60;

/** Brings the database up to `migrations`, all or nothing. One node does it; the others wait, and find it done. */
export async function migrate(
  database: Database,
  now: EpochSeconds,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<SchemaState | DirectoryUnavailable> {
  // Almost always there is nothing to do, and nobody to wait for.
  const seen = await inspectSchema(database, migrations);
  if (isUnavailable(seen) || seen.kind !== 'behind') return seen;
  return database.transaction('migrate', async (queries) => {
    // SQLite's transaction has the file for itself already.
    if (database.kind === 'postgres') {
      await sql`select set_config('statement_timeout', ${`${STATEMENT_SECONDS}s`}, true)`.execute(queries);
      await sql`select set_config('lock_timeout', ${`${STATEMENT_SECONDS}s`}, true)`.execute(queries);
      await sql`select pg_advisory_xact_lock(${LOCK_KEY})`.execute(queries);
    }
    await queries.schema
      .createTable('schema_migrations')
      .ifNotExists()
      .addColumn('version', 'integer', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('applied_at', 'bigint', (column) => column.notNull())
      .addColumn('oldest_program', 'integer', (column) => column.notNull())
      .execute();
    const state = await readState(queries, migrations);
    if (state.kind !== 'behind') return state;
    for (const [index, { name, oldestProgram, up }] of migrations.entries()) {
      const version = index + 1;
      if (version <= state.version) continue;
      await up(queries);
      const row = { version, name, applied_at: now, oldest_program: oldestProgram };
      await queries.insertInto('schema_migrations').values(row).execute();
    }
    return { kind: 'current', version: migrations.length, applied: state.pending };
  });
}

/** How far the database is; changes nothing. */
export async function inspectSchema(
  database: Database,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<SchemaState | DirectoryUnavailable> {
  return database.ask('schema', async (queries) => {
    const tables = await queries.introspection.getTables();
    if (tables.some(({ name }) => name === 'schema_migrations')) return readState(queries, migrations);
    return { kind: 'behind', version: 0, pending: migrations.map(({ name }) => name) };
  });
}

async function readState(queries: Queries, migrations: readonly Migration[]): Promise<SchemaState> {
  const rows = await queries.selectFrom('schema_migrations').selectAll().orderBy('version').execute();
  const version = rows.at(-1)?.version ?? 0;
  const known = migrations.length;
  if (rows.some((row) => row.oldest_program > known)) return { kind: 'too-new', version, known };
  const pending = migrations.slice(version).map(({ name }) => name);
  return pending.length === 0 ? { kind: 'current', version, applied: [] } : { kind: 'behind', version, pending };
}
