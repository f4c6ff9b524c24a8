// Owns: `signet keys …`: making the keyring, showing it, comparing two. Key bytes never appear in any output.
// Leaves to keys-change.ts: what replaces a ring by another; to keys-verify.ts: asking nodes; to sealer/: what a ring is.
// Exit status: 0 done, 1 error, 2 refused by an invariant, 3 nodes disagree.
import type { Command } from 'commander';
import { newKeyring } from '../sealer/key-file.ts';
import { policyRefusal } from '../sealer/ring-change.ts';
import { formatDifference, ringDifferences } from '../sealer/ring-diff.ts';
import type { AnyRing } from '../sealer/ring-kind.ts';
import { readSecretFile } from '../sealer/secret-file.ts';
import { CliFailure } from './io.ts';
import { addChangeCommands } from './keys-change.ts';
import { addInitOptions, type InitOptions, placeNewRing, readInitConfig } from './keys-init.ts';
import { listingOf, tableOf } from './keys-listing.ts';
import {
  addPlaceOptions,
  addTimingOptions,
  type KeysIo,
  locate,
  type PlaceOptions,
  policyOf,
  type TimingOptions,
} from './keys-options.ts';
import { addVerifyCommand } from './keys-verify.ts';
import { type RingCommands, SEALER_COMMANDS } from './ring-commands.ts';

/** Adds `keys` to the program; failures are CliFailure, ProblemsError and LockedError. */
export function addKeysCommand(program: Command, io: KeysIo): void {
  const keys = program.command('keys').description('the keyring that seals sessions and tickets');
  addTimingOptions(addInitOptions(keys.command('init'), SEALER_COMMANDS)).action(
    (options: InitOptions & TimingOptions) => initKeyring(io, options),
  );
  addChangeCommands(keys, io);
  addPlaceOptions(keys.command('list').description('show keys, their states and times; never the keys themselves'))
    .option('--json', 'for programs')
    .action((options: PlaceOptions & { json?: true }) => {
      const { file } = locate(io, SEALER_COMMANDS, options);
      const listing = listingOf(readRingFile(SEALER_COMMANDS, file), io.clock());
      io.out(options.json === true ? `${JSON.stringify(listing, null, 2)}\n` : tableOf(listing));
    });
  addVerifyCommand(keys, io, SEALER_COMMANDS);
  addDiffCommand(keys, io, SEALER_COMMANDS);
}

/** Adds `diff`. */
export function addDiffCommand<Ring extends AnyRing>(keys: Command, io: KeysIo, ring: RingCommands<Ring>): void {
  keys
    .command('diff')
    .description('what is different between two keyring files')
    .argument('<a>')
    .argument('<b>')
    .option('--json', 'for programs')
    .action((a: string, b: string, options: { json?: true }) => {
      const differences = ringDifferences(readRingFile(ring, a), readRingFile(ring, b));
      const lines = differences.length === 0 ? ['no difference'] : differences.map(formatDifference);
      io.out(options.json === true ? `${JSON.stringify(differences, null, 2)}\n` : `${lines.join('\n')}\n`);
    });
}

/** The ring in a file, whatever its realm and serial. */
export function readRingFile<Ring extends AnyRing>({ kind }: RingCommands<Ring>, path: string): Ring {
  return kind.parse(readSecretFile(path), { minSerial: 0 });
}

async function initKeyring(io: KeysIo, options: InitOptions & TimingOptions): Promise<void> {
  const { config, realm } = readInitConfig(io, options);
  const { propagation } = options;
  const policy = policyOf(config, options);
  const refusal = policyRefusal(propagation, policy);
  if (refusal !== null) throw new CliFailure(`${refusal.code}: ${refusal.detail}`, 2);
  const ring = newKeyring({ realm, now: io.clock(), random: io.random, propagation, policy });
  await placeNewRing(io, SEALER_COMMANDS, ring, config, options);
}
