// Owns: `signet init`: its options. Leaves to init-run.ts: what it does.
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { InitOptions } from './init-run.ts';
import type { CliIo } from './io.ts';

export function addInitCommand(program: Command, io: CliIo): void {
  program
    .command('init')
    .description('write a folder with configuration, keys and empty lists, ready to serve')
    .argument('<dir>', 'the folder; it must be empty or not exist')
    .option('--public-url <url>', 'the address that browsers will use', 'http://localhost:8080')
    .addOption(
      new Option(
        '--directory <kind>',
        'where people are kept: sql, in a SQLite file at first; or yaml, in a users file',
      )
        .choices(['sql', 'yaml'])
        .default('sql'),
    )
    .action(async (folder: string, options: InitOptions) => {
      const { initFolder } = await import('./init-run.ts');
      const { newSigningKey } = await import('./signing-certificate.ts');
      await initFolder(io, resolve(folder), options, newSigningKey);
    });
}
