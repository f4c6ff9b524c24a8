// Owns: `signet signing-keys`: its commands and options. Leaves to signing-keys-change.ts: what changes a set; to
// signing-keys-run.ts and signing-keys-verify.ts: what the others do. Exit status: 0 done, 1 error, 2 refused, 3 nodes disagree.
import type { Command } from 'commander';
import { addNodeOptions, readDuration } from './keys-options.ts';
import { addSigningChangeCommands } from './signing-keys-change.ts';
import { addSetOptions, type SigningKeysIo } from './signing-keys-options.ts';
import type { ListOptions } from './signing-keys-run.ts';
import type { VerifyOptions } from './signing-keys-verify.ts';

/** Adds `signing-keys` to the program; failures are CliFailure, ProblemsError and LockedError. */
export function addSigningKeysCommand(program: Command, io: SigningKeysIo): void {
  const keys = program.command('signing-keys').description('the keys that sign what relying parties receive');
  addSetOptions(keys.command('list').description('show keys, their states and times; never private keys'))
    .option('--pem', 'the certificates, for parties that do not read metadata')
    .action(async (options: ListOptions) => {
      const { listSet } = await import('./signing-keys-run.ts');
      listSet(io, options);
    });
  addSigningChangeCommands(keys, io);
  const verify = addSetOptions(
    keys.command('verify').description('ask nodes which keys they have; exit 3 unless all have those in the folder'),
  ).option('--wait <time>', 'ask again until all agree, for so long', readDuration);
  addNodeOptions(verify).action(async (options: VerifyOptions) => {
    const { verifySets } = await import('./signing-keys-verify.ts');
    await verifySets(io, options);
  });
}
