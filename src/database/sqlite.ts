// Owns: Kysely's driver for a SQLite file behind a worker thread: one connection, one user of it at a time.
// Leaves to sqlite-worker.ts: the file; to outage.ts: what an error means.
import { Worker } from 'node:worker_threads';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

export interface SqliteSettings {
  readonly file: string;
  readonly mayCreate: boolean;
  /** Milliseconds to wait for a process that writes just now. */
  readonly busyMs: number;
}

export interface SqliteTimeouts {
  /** Milliseconds to wait for a transaction of this process, and for one answer. */
  readonly acquireMs: number;
  readonly statementMs: number;
}

export interface SqliteQuestion {
  readonly id: number;
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

export type SqliteAnswer =
  | { readonly id: number; readonly rows: readonly unknown[]; readonly changes: number | null }
  | {
      readonly id: number;
      readonly error: { readonly message: string; readonly errcode: number | null; readonly code: string | null };
    };

/** An error of SQLite; `errcode` is its extended result code (sqlite.org/rescode.html). */
export class SqliteError extends Error {
  readonly errcode: number | null;
  readonly code: string | null;
  constructor(message: string, errcode: number | null, code: string | null) {
    super(message);
    this.name = 'SqliteError';
    this.errcode = errcode;
    this.code = code;
  }
}

/** No answer in time: whether it was done is not known. */
class SqliteTimeout extends SqliteError {
  constructor(what: string) {
    super(`no answer in time: ${what}`, null, 'SIGNET_TIMEOUT');
  }
}

export function createSqliteDialect(settings: SqliteSettings, timeouts: SqliteTimeouts): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => createDriver(settings, timeouts),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

function createDriver(settings: SqliteSettings, timeouts: SqliteTimeouts): Driver {
  const thread = createThread(settings, timeouts.statementMs);
  const turns = createTurns(timeouts.acquireMs);
  const connection: DatabaseConnection = {
    executeQuery: async <R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> => {
      const { rows, changes } = await thread.ask(sql, parameters);
      return { rows: rows as R[], ...(changes === null ? {} : { numAffectedRows: BigInt(changes) }) };
    },
    streamQuery: () => {
      throw new Error('rows are read at once');
    },
  };
  const run = async (sql: string): Promise<void> => {
    await connection.executeQuery(CompiledQuery.raw(sql));
  };
  /** Nothing to roll back (SQLite has, or nothing had begun) is as good: what led here is what is told. */
  const rollback = (): Promise<void> => run('rollback').catch(() => {});
  return {
    init: async () => {},
    acquireConnection: async () => {
      await turns.take();
      return connection;
    },
    releaseConnection: async () => turns.give(),
    // Immediate: a transaction that first reads and then finds that somebody else has written could only fail.
    beginTransaction: async () => {
      try {
        await run('begin immediate');
      } catch (error) {
        // Given up, it may begin yet, and every later statement would be inside it: the thread ends it right behind.
        void rollback();
        throw error;
      }
    },
    commitTransaction: () => run('commit'),
    rollbackTransaction: rollback,
    destroy: () => thread.end(),
  };
}

interface Thread {
  readonly ask: (
    sql: string,
    parameters: readonly unknown[],
  ) => Promise<{ readonly rows: readonly unknown[]; readonly changes: number | null }>;
  readonly end: () => Promise<void>;
}

interface Waiting {
  readonly settle: (answer: SqliteAnswer | Error) => void;
}

/** The worker, started when it is first asked and again should it ever die; it keeps no process alive by itself. */
function createThread(settings: SqliteSettings, statementMs: number): Thread {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | null = null;
  let next = 0;

  const start = (): Worker => {
    const started = new Worker(new URL('./sqlite-worker.ts', import.meta.url), { workerData: settings });
    started.on('message', (answer: SqliteAnswer) => waiting.get(answer.id)?.settle(answer));
    const lost = (error: Error): void => {
      if (worker === started) worker = null;
      for (const one of [...waiting.values()]) one.settle(error);
    };
    started.on('error', lost);
    started.on('exit', () => lost(new SqliteError('the database thread has ended', null, 'SIGNET_THREAD')));
    return started;
  };

  return {
    ask: (sql, parameters) =>
      new Promise((resolve, reject) => {
        worker ??= start();
        const asked = worker;
        const id = next++;
        const settle = (answer: SqliteAnswer | Error): void => {
          clearTimeout(limit);
          waiting.delete(id);
          if (waiting.size === 0) asked.unref();
          if (answer instanceof Error) reject(answer);
          else if ('error' in answer) {
            reject(new SqliteError(answer.error.message, answer.error.errcode, answer.error.code));
          } else resolve(answer);
        };
        const limit = setTimeout(() => settle(new SqliteTimeout('a statement')), statementMs);
        waiting.set(id, { settle });
        asked.ref();
        asked.postMessage({ id, sql, parameters } satisfies SqliteQuestion);
      }),
    end: async () => {
      await worker?.terminate();
    },
  };
}

/** One user of the connection at a time, in the order of asking. */
function createTurns(acquireMs: number): { readonly take: () => Promise<void>; readonly give: () => void } {
  const queue: (() => void)[] = [];
  let taken = false;
  return {
    take: () =>
      new Promise((resolve, reject) => {
        if (!taken) {
          taken = true;
          resolve();
          return;
        }
        const turn = (): void => {
          clearTimeout(limit);
          resolve();
        };
        const limit = setTimeout(() => {
          queue.splice(queue.indexOf(turn), 1);
          reject(new SqliteTimeout('the connection'));
        }, acquireMs);
        queue.push(turn);
      }),
    give: () => {
      const turn = queue.shift();
      if (turn === undefined) taken = false;
      else turn();
    },
  };
}
