// Owns: what `signet keys init | list` and `diff` do: making the keyring, showing it, comparing two. Key bytes never
// appear in any output.
import { ProblemsError } from '../lib/problems.ts';
import { newKeyring } from '../sealer/key-file.ts';
import { policyRefusal } from '../sealer/ring-change.ts';
import { formatDifference, ringDifferences } from '../sealer/ring-diff.ts';
import type { AnyRing } from '../sealer/ring-kind.ts';
import { readSecretFile } from '../sealer/secret-file.ts';
import { CliFailure } from './io.ts';
import { placeNewRing, readInitConfig } from './keys-init.ts';
import { listingOf, tableOf } from './keys-listing.ts';
import type { InitOptions, KeysIo, PlaceOptions, TimingOptions } from './keys-options.ts';
import { locate, policyOf } from './keys-place.ts';
import { type RingCommands, SEALER_COMMANDS } from './ring-commands.ts';

export async function initKeyring(io: KeysIo, options: InitOptions & TimingOptions): Promise<void> {
  const { config, realm } = readInitConfig(io, options);
  const { propagation } = options;
  const policy = policyOf(config, options);
  const refusal = policyRefusal(propagation, policy);
  if (refusal !== null) throw new CliFailure(`${refusal.code}: ${refusal.detail}`, 2);
  const ring = newKeyring({ realm, now: io.clock(), random: io.random, propagation, policy });
  await placeNewRing(io, SEALER_COMMANDS, ring, config, options);
}

export function listKeyring(io: KeysIo, options: PlaceOptions & { json?: true }): void {
  const { file } = locate(io, SEALER_COMMANDS, options);
  const listing = listingOf(readRingFile(SEALER_COMMANDS, file), io.clock());
  io.out(options.json === true ? `${JSON.stringify(listing, null, 2)}\n` : tableOf(listing));
}

/** What is different between the rings in two files. */
export function diffRings<Ring extends AnyRing>(
  io: KeysIo,
  ring: RingCommands<Ring>,
  [a, b]: readonly [string, string],
  options: { json?: true },
): void {
  const differences = ringDifferences(readRingFile(ring, a), readRingFile(ring, b));
  const lines = differences.length === 0 ? ['no difference'] : differences.map(formatDifference);
  io.out(options.json === true ? `${JSON.stringify(differences, null, 2)}\n` : `${lines.join('\n')}\n`);
}

/** The ring in a file, whatever its realm and serial. What is wrong with it is told with the file's name. */
export function readRingFile<Ring extends AnyRing>({ kind }: RingCommands<Ring>, path: string): Ring {
  const bytes = readSecretFile(path);
  try {
    return kind.parse(bytes, { minSerial: 0 });
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    throw new ProblemsError(error.problems.map((problem) => ({ ...problem, path: `${path}: ${problem.path}` })));
  }
}
