// Owns: `signet keys rotate | promote | revoke | prune`: their options. Leaves to keys-change-run.ts: what they do.
import { type Command, Option } from 'commander';
import type { PromoteOptions, RevokeOptions, RotateOptions, SealerChangeOptions } from './keys-change-run.ts';
import { addChangeOptions, addNodeOptions, addTimingOptions, type KeysIo, readDuration } from './keys-options.ts';
import { SEALER_COMMANDS } from './ring-commands.ts';

const work = () => import('./keys-change-run.ts');

export function addChangeCommands(keys: Command, io: KeysIo): void {
  addChange(keys, 'rotate', 'add a key that begins later; nothing while one is pending, so a job may run it')
    .option(
      '--activate-in <time>',
      'when the new key begins to seal; at least the ring’s propagation',
      readDuration,
      3600,
    )
    .addOption(
      new Option('--if-due [within]', 'only when the key that seals is to be replaced within this time (1d)')
        .preset('1d')
        .argParser(readDuration),
    )
    .action(async (options: RotateOptions) => (await work()).rotateRing(io, options));
  const promoting = addChange(keys, 'promote', 'let a pending key begin now')
    .requiredOption('--kid <kid>', 'the key')
    .option('--force', 'before it had time to reach every node: you answer for every node having it');
  addNodeOptions(promoting).action(async (options: PromoteOptions) => (await work()).promoteKey(io, options));
  addChange(keys, 'revoke', 'end a key, and whatever was made under it, at once')
    .option('--kid <kid>', 'one key')
    .option('--all', 'every key: everybody signs in again')
    .option('--replace', 'make a new key as well')
    .requiredOption('--reason <text>', 'kept in the ring, shown by list')
    .action(async (options: RevokeOptions) => (await work()).revokeKeys(io, options));
  addChange(keys, 'prune', 'drop keys that have ended, and revoked ids that nothing can carry any more').action(
    async (options: SealerChangeOptions) => (await work()).pruneRing(io, options),
  );
}

function addChange(keys: Command, name: string, description: string): Command {
  return addTimingOptions(addChangeOptions(keys.command(name).description(description), SEALER_COMMANDS.entry));
}
