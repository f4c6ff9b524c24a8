// Owns: `signet migrate`: its options. Leaves to migrate-run.ts: what it does.
import { type Command, Option } from 'commander';
import type { CliIo } from './io.ts';
import type { MigrateOptions } from './migrate-run.ts';

export function addMigrateCommand(program: Command, io: CliIo): void {
  program
    .command('migrate')
    .description(
      'make the tables of the database, or change them to those of this program; nodes do so when they start',
    )
    .addOption(new Option('--dry-run', 'say what is pending, and change nothing').conflicts('forgetSerials'))
    .option('--forget-serials', 'believe the keyrings as they are now: after a new one was made on purpose')
    .option('--config <file>', 'the configuration', 'signet.yaml')
    .action(async (options: MigrateOptions) => (await import('./migrate-run.ts')).migrateDatabase(io, options));
}
