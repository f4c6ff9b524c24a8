#!/usr/bin/env node
// Owns: the command line: which commands there are, and how a failure is told. A command's file says what may be typed, and
// loads what does the work (*-run.ts, main.ts) once it was typed: help and mistakes cost nobody the whole program.
import { Command, CommanderError } from 'commander';
import { SecretsUnavailableError } from '../core/secrets-at-rest.ts';
import { LockedError } from '../lib/atomic-file.ts';
import { formatProblem, ProblemsError } from '../lib/problems.ts';
import { addAuditCommand } from './audit.ts';
import { addCheckCommand } from './check.ts';
import { addDataKeysCommand } from './data-keys.ts';
import { addInitCommand } from './init.ts';
import { addInspectCommand } from './inspect.ts';
import { CliFailure, type CliIo, processIo } from './io.ts';
import { addKeysCommand } from './keys.ts';
import { addMigrateCommand } from './migrate.ts';
import { addPartiesCommand } from './parties.ts';
import { addServeCommand } from './serve.ts';
import { addSessionsCommand } from './sessions.ts';
import { addSigningKeysCommand } from './signing-keys.ts';
import { addUsersCommand } from './users.ts';
import { VERSION } from './version.ts';

export function createProgram(io: CliIo): Command {
  const program = new Command('signet')
    .description('Single sign-on identity provider whose nodes keep no shared state')
    .version(VERSION)
    .showHelpAfterError('(--help tells what may be typed)')
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err });
  addInitCommand(program, io);
  addServeCommand(program, io);
  addCheckCommand(program, io);
  addUsersCommand(program, io);
  addPartiesCommand(program, io);
  addMigrateCommand(program, io);
  addSessionsCommand(program, io);
  addKeysCommand(program, io);
  addDataKeysCommand(program, io, async (config, run) => {
    const { withDatabase } = await import('./with-database.ts');
    const { createSqlSecrets } = await import('../directories/sql-secrets.ts');
    return withDatabase(config, io, (opened) => run(opened === null ? null : createSqlSecrets(opened.database)));
  });
  addSigningKeysCommand(program, io);
  addInspectCommand(program, io);
  addAuditCommand(program, io);
  return program;
}

/** Runs one command; answers the exit code: 0 done, 1 error, 2 refused by an invariant, 3 nodes disagree. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  try {
    await createProgram(io).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (error instanceof ProblemsError) {
      for (const problem of error.problems) io.err(`${formatProblem(problem)}\n`);
      return 1;
    }
    if (error instanceof CliFailure) {
      io.err(`${error.message}\n`);
      return error.exitCode;
    }
    if (error instanceof LockedError || error instanceof SecretsUnavailableError || isSystemError(error)) {
      io.err(`${error.message}\n`);
      return 1;
    }
    io.err(`this should not have happened: ${error instanceof Error ? (error.stack ?? error.message) : 'unknown'}\n`);
    return 1;
  }
}

/** A file or an address that cannot be used: the message names it and says why. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}

/** What could not be told is not done: a secret that is shown once would be lost without a word. */
async function main(): Promise<void> {
  let unread = false;
  const io = processIo(() => {
    unread = true;
    process.exitCode ||= 1;
  });
  const code = await runCli(process.argv.slice(2), io);
  process.exitCode = code === 0 && unread ? 1 : code;
}

if (import.meta.main) await main();
