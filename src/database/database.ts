// Owns: one database that can be asked, whichever it is: an outage is a value, counted and told. Leaves to directories/
// and state/: what is asked; to migrations.ts: its tables.
import { type Dialect, Kysely } from 'kysely';
import type { DatabaseTarget } from '../config/database-url.ts';
import type { DirectoryUnavailable } from '../core/account.ts';
import { type OutageReason, outageOf } from './outage.ts';
import { createPostgresDialect } from './postgres.ts';
import type { Schema } from './schema.ts';
import { createSqliteDialect } from './sqlite.ts';

export type Queries = Kysely<Schema>;

export interface DatabaseOptions {
  readonly target: DatabaseTarget;
  /** False: a SQLite file that is not there is an outage, not made. */
  readonly mayCreate: boolean;
  readonly poolSize: number;
  /** Seconds until a connection is there. */
  readonly connectTimeout: number;
  /** Seconds that one statement may take. */
  readonly statementTimeout: number;
  /** PEM. */
  readonly ca: string | null;
  readonly applicationName: string;
  readonly onEvent: (event: DatabaseEvent) => void;
}

export type DatabaseEvent =
  /** The first outage after the database had answered, and again when the reason changes. */
  | { readonly kind: 'down'; readonly reason: OutageReason; readonly message: string }
  | { readonly kind: 'up' }
  /** Every question, for the metrics. `seconds` includes waiting for a connection. */
  | {
      readonly kind: 'asked';
      readonly operation: string;
      readonly seconds: number;
      readonly failed: OutageReason | null;
    };

export interface Database {
  readonly kind: DatabaseTarget['kind'];
  /** Runs queries; an outage is an answer, anything else that goes wrong is thrown. `operation`: a metric's label. */
  readonly ask: <T>(operation: string, run: (queries: Queries) => Promise<T>) => Promise<T | DirectoryUnavailable>;
  /** The same in one transaction. Nothing else of the database may be asked inside. */
  readonly transaction: <T>(
    operation: string,
    run: (queries: Queries) => Promise<T>,
  ) => Promise<T | DirectoryUnavailable>;
  /** What the last question said; null before the first. */
  readonly isUp: () => boolean | null;
  readonly close: () => Promise<void>;
}

/** Nothing is connected before the first question. */
export function openDatabase(options: DatabaseOptions): Database {
  const { onEvent } = options;
  let up: boolean | null = null;
  let known: OutageReason | null = null;
  const down = (reason: OutageReason, message: string): void => {
    if (reason !== known) onEvent({ kind: 'down', reason, message });
    up = false;
    known = reason;
  };
  const dialect = dialectOf(options, (error) => down('connection', error.message));
  const queries = new Kysely<Schema>({ dialect });

  const guarded = async <T>(operation: string, run: () => Promise<T>): Promise<T | DirectoryUnavailable> => {
    const began = performance.now();
    const asked = (failed: OutageReason | null): void =>
      onEvent({ kind: 'asked', operation, seconds: (performance.now() - began) / 1000, failed });
    try {
      const answer = await run();
      if (up === false) onEvent({ kind: 'up' });
      up = true;
      known = null;
      asked(null);
      return answer;
    } catch (error) {
      const reason = outageOf(error);
      if (reason === null) throw error;
      down(reason, `${operation}: ${(error as Error).message}`);
      asked(reason);
      return { unavailable: true };
    }
  };

  return {
    kind: options.target.kind,
    ask: (operation, run) => guarded(operation, () => run(queries)),
    transaction: (operation, run) => guarded(operation, () => queries.transaction().execute(run)),
    isUp: () => up,
    close: () => queries.destroy(),
  };
}

/** SQLite waits shorter than a statement may take, so that its own answer comes first. */
const SQLITE_BUSY_SHARE = 0.4;

function dialectOf(options: DatabaseOptions, onIdleError: (error: Error) => void): Dialect {
  const { target, mayCreate, poolSize, connectTimeout, statementTimeout, ca, applicationName } = options;
  const statementMs = statementTimeout * 1000;
  if (target.kind === 'sqlite') {
    const busyMs = Math.round(statementMs * SQLITE_BUSY_SHARE);
    return createSqliteDialect(
      { file: target.file, mayCreate, busyMs },
      { acquireMs: connectTimeout * 1000, statementMs },
    );
  }
  return createPostgresDialect({
    target,
    poolSize,
    connectMs: connectTimeout * 1000,
    statementMs,
    ca,
    applicationName,
    onIdleError,
  });
}
