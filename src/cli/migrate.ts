// Owns: `signet migrate`: bringing the database's tables up to this program, or saying how far they are.
import { type Command, Option } from 'commander';
import { readConfig } from '../config/read-config.ts';
import { isUnavailable } from '../core/account.ts';
import { Problems } from '../lib/problems.ts';
import { describeSchema, openConfiguredDatabase } from '../shared-state.ts';
import { forgetSerials } from '../state/sql-meta.ts';
import { CliFailure, type CliIo } from './io.ts';

interface Options {
  readonly config: string;
  readonly dryRun?: true;
  readonly forgetSerials?: true;
}

export function addMigrateCommand(program: Command, io: CliIo): void {
  program
    .command('migrate')
    .description(
      'make the tables of the database, or change them to those of this program; nodes do so when they start',
    )
    .addOption(new Option('--dry-run', 'say what is pending, and change nothing').conflicts('forgetSerials'))
    .option('--forget-serials', 'believe the keyrings as they are now: after a new one was made on purpose')
    .option('--config <file>', 'the configuration', 'signet.yaml')
    .action((options: Options) => migrateDatabase(io, options));
}

async function migrateDatabase(io: CliIo, options: Options): Promise<void> {
  const config = readConfig(options.config, io.environment);
  const problems = new Problems();
  const nothing = (): void => {};
  const look = options.dryRun === true;
  const opened = openConfiguredDatabase(
    config,
    { clock: io.clock, onEvent: nothing, onBackend: nothing, look },
    problems,
  );
  problems.throwIfAny();
  if (opened === null) throw new CliFailure('database.url is not set');
  try {
    const state = await opened.ready();
    if (isUnavailable(state)) throw new CliFailure(opened.lastOutage());
    if (state.kind === 'too-new') throw new CliFailure(describeSchema(state), 2);
    io.out(`${describeSchema(state)}\n`);
    if (options.forgetSerials === true) {
      if (isUnavailable(await forgetSerials(opened.database))) throw new CliFailure(opened.lastOutage());
      io.out('the next node that starts says which serials are the highest\n');
    }
  } finally {
    await opened.database.close();
  }
}
