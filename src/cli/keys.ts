// Owns: `signet keys`: its commands and options, and those that `data-keys` has in common with it.
// Leaves to keys-change.ts: what replaces a ring by another; to keys-run.ts and keys-verify.ts: what the others do.
// Exit status: 0 done, 1 error, 2 refused by an invariant, 3 nodes disagree.
import type { Command } from 'commander';
import type { AnyRing } from '../sealer/ring-kind.ts';
import { addChangeCommands } from './keys-change.ts';
import {
  addInitOptions,
  addNodeOptions,
  addPlaceOptions,
  addTimingOptions,
  type InitOptions,
  type KeysIo,
  type PlaceOptions,
  readDuration,
  type TimingOptions,
} from './keys-options.ts';
import type { VerifyOptions } from './keys-verify.ts';
import { type RingCommands, SEALER_COMMANDS } from './ring-commands.ts';

const work = () => import('./keys-run.ts');

/** Adds `keys` to the program; failures are CliFailure, ProblemsError and LockedError. */
export function addKeysCommand(program: Command, io: KeysIo): void {
  const keys = program.command('keys').description('the keyring that seals sessions and tickets');
  addTimingOptions(addInitOptions(keys.command('init'), SEALER_COMMANDS)).action(
    async (options: InitOptions & TimingOptions) => (await work()).initKeyring(io, options),
  );
  addChangeCommands(keys, io);
  addPlaceOptions(keys.command('list').description('show keys, their states and times; never the keys themselves'))
    .option('--json', 'for programs')
    .action(async (options: PlaceOptions & { json?: true }) => (await work()).listKeyring(io, options));
  addVerifyCommand(keys, io, SEALER_COMMANDS);
  addDiffCommand(keys, io, SEALER_COMMANDS);
}

/** Adds `verify`. */
export function addVerifyCommand<Ring extends AnyRing>(keys: Command, io: KeysIo, ring: RingCommands<Ring>): void {
  const verify = addPlaceOptions(
    keys.command('verify').description('ask nodes which ring they hold; exit 3 unless all hold the one in the file'),
  )
    .option('--wait <time>', 'ask again until all agree, for so long', readDuration)
    .option('--json', 'for programs');
  addNodeOptions(verify).action(async (options: VerifyOptions) => {
    const { verifyNodes } = await import('./keys-verify.ts');
    await verifyNodes(io, ring, options);
  });
}

/** Adds `diff`. */
export function addDiffCommand<Ring extends AnyRing>(keys: Command, io: KeysIo, ring: RingCommands<Ring>): void {
  keys
    .command('diff')
    .description('what is different between two keyring files')
    .argument('<a>')
    .argument('<b>')
    .option('--json', 'for programs')
    .action(async (a: string, b: string, options: { json?: true }) =>
      (await work()).diffRings(io, ring, [a, b], options),
    );
}
