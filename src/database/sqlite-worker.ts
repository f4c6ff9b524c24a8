// Owns: the one connection to a SQLite file, on a thread of its own: a write that waits for the disk or for another
// process keeps this thread waiting and no request. Leaves to sqlite.ts: who may ask when.
import { closeSync, constants, fstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { SqliteAnswer, SqliteQuestion, SqliteSettings } from './sqlite.ts';

/** Statements that stay prepared; the program has fewer. */
const PREPARED_MAX = 200;

const settings: SqliteSettings = workerData;
const prepared = new Map<string, StatementSync>();
let database: DatabaseSync | null = null;

parentPort?.on('message', (question: SqliteQuestion) => {
  parentPort?.postMessage(answer(question) satisfies SqliteAnswer);
});

function answer({ id, sql, parameters }: SqliteQuestion): SqliteAnswer {
  try {
    database ??= open();
    const statement = prepare(database, sql);
    const values = parameters as SQLInputValue[];
    if (statement.columns().length > 0) return { id, rows: statement.all(...values), changes: null };
    return { id, rows: [], changes: Number(statement.run(...values).changes) };
  } catch (error) {
    const { message, errcode = null, code = null } = error as Error & { errcode?: number; code?: string };
    return { id, error: { message, errcode, code } };
  }
}

function open(): DatabaseSync {
  if (settings.mayCreate) mkdirSync(dirname(settings.file), { recursive: true, mode: 0o700 });
  // It holds password hashes: nobody else on the machine may read it, nor the files that SQLite puts beside it.
  const descriptor = openSync(settings.file, constants.O_RDWR | (settings.mayCreate ? constants.O_CREAT : 0), 0o600);
  try {
    const mode = fstatSync(descriptor).mode & 0o777;
    if ((mode & 0o007) !== 0)
      throw new Error(`${settings.file} has mode ${mode.toString(8)}: nobody else may read it (chmod o=)`);
  } finally {
    closeSync(descriptor);
  }
  const opened = new DatabaseSync(settings.file, { timeout: settings.busyMs, enableForeignKeyConstraints: true });
  // FULL: what was answered as done is on the disk, also when the power fails.
  opened.exec('pragma journal_mode = wal; pragma synchronous = full; pragma trusted_schema = off');
  return opened;
}

function prepare(opened: DatabaseSync, sql: string): StatementSync {
  const found = prepared.get(sql);
  if (found !== undefined) return found;
  const statement = opened.prepare(sql);
  if (prepared.size >= PREPARED_MAX) prepared.clear();
  prepared.set(sql, statement);
  return statement;
}
