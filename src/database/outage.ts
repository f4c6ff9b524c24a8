// Owns: telling a database that cannot be asked from a program that asks it nonsense. Leaves to database.ts: reporting it.
import { SqliteError } from './sqlite.ts';

/** Metric label; `null` from {@link outageOf} is a fault of the program. */
export type OutageReason = 'timeout' | 'connection' | 'tls' | 'access' | 'busy' | 'schema' | 'other';

/** SQLSTATE classes of statements that can never succeed: a fault, not an outage. */
const FAULT_CLASSES: ReadonlySet<string> = new Set(['22', '23', '42']);
/** Of these the operator's account, or a migration that has not run yet, is the cause. */
const SCHEMA_STATES: ReadonlySet<string> = new Set(['42P01', '42703', '3F000', '3D000']);
const ACCESS_STATES: ReadonlySet<string> = new Set(['42501', '28000', '28P01']);
/** query_canceled, lock_not_available, idle_in_transaction_session_timeout. */
const TIMEOUT_STATES: ReadonlySet<string> = new Set(['57014', '55P03', '25P03']);

/** SQLite's primary result codes: SQLITE_ERROR, CONSTRAINT, MISMATCH, MISUSE, RANGE. */
const SQLITE_FAULTS: ReadonlySet<number> = new Set([1, 19, 20, 21, 25]);
const SQLITE_BUSY = new Set([5, 6]);
/** SQLITE_ERROR is told apart by its words alone. */
const SQLITE_SCHEMA = /^no such (table|column): |^table \S+ has no column named /;

/** Why the database could not be asked; null when it was asked nonsense. */
export function outageOf(error: unknown): OutageReason | null {
  if (!(error instanceof Error)) return null;
  if (error instanceof SqliteError) return sqliteOutage(error);
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in error) return postgresOutage(code);
  // What drivers say without a code is a plain Error. A class of our own is a refusal, with people's words in it.
  if (typeof code !== 'string' && Object.getPrototypeOf(error) !== Error.prototype) return null;
  if (typeof code === 'string' && /CERT|TLS|SSL|SELF_SIGNED|ISSUER/.test(code)) return 'tls';
  if (error.message.includes('does not support SSL')) return 'tls';
  if (/timeout/i.test(error.message)) return 'timeout';
  if (typeof code === 'string' || /connection|terminat|destroyed|Cannot use a pool/i.test(error.message))
    return 'connection';
  return null;
}

function postgresOutage(state: string): OutageReason | null {
  if (SCHEMA_STATES.has(state)) return 'schema';
  if (ACCESS_STATES.has(state)) return 'access';
  if (TIMEOUT_STATES.has(state)) return 'timeout';
  if (FAULT_CLASSES.has(state.slice(0, 2))) return null;
  return state.startsWith('08') || state.startsWith('57') || state.startsWith('53') ? 'connection' : 'other';
}

function sqliteOutage({ errcode, code, message }: SqliteError): OutageReason | null {
  if (code === 'SIGNET_TIMEOUT') return 'timeout';
  if (errcode === null) return code?.startsWith('ERR_') === true ? null : 'access';
  const primary = errcode & 0xff;
  if (SQLITE_BUSY.has(primary)) return 'busy';
  if (primary === 1 && SQLITE_SCHEMA.test(message)) return 'schema';
  return SQLITE_FAULTS.has(primary) ? null : 'other';
}
