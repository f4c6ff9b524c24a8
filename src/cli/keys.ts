// Owns: `signet keys …`: making the keyring, showing it, comparing two. Key bytes never appear in any output.
// Leaves to keys-change.ts: what replaces a ring by another; to keys-verify.ts: asking nodes; to sealer/: what a ring is.
// Exit status: 0 done, 1 error, 2 refused by an invariant, 3 nodes disagree.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { readConfig } from '../config/read-config.ts';
import { newKeyring, writeKeyring } from '../sealer/key-file.ts';
import { type Keyring, parseKeyring } from '../sealer/keyring.ts';
import { policyRefusal } from '../sealer/ring-change.ts';
import { formatDifference, ringDifferences } from '../sealer/ring-diff.ts';
import { readSecretFile } from '../sealer/secret-file.ts';
import { CliFailure } from './io.ts';
import { addChangeCommands } from './keys-change.ts';
import { addSecretOptions, createRingSecret, type SecretOptions } from './keys-kubernetes.ts';
import { listingOf, tableOf } from './keys-listing.ts';
import {
  addPlaceOptions,
  addTimingOptions,
  type KeysIo,
  locate,
  type PlaceOptions,
  policyOf,
  readDuration,
  type TimingOptions,
} from './keys-options.ts';
import { addVerifyCommand } from './keys-verify.ts';

const DEFAULT_FILE = 'keys/sealer.json';

/** Adds `keys` to the program; failures are CliFailure, ProblemsError and LockedError. */
export function addKeysCommand(program: Command, io: KeysIo): void {
  const keys = program.command('keys').description('the keyring that seals sessions and tickets');
  addInitCommand(keys, io);
  addChangeCommands(keys, io);
  addPlaceOptions(keys.command('list').description('show keys, their states and times; never the keys themselves'))
    .option('--json', 'for programs')
    .action((options: PlaceOptions & { json?: true }) => {
      const listing = listingOf(readRing(locate(io, options).file), io.clock());
      io.out(options.json === true ? `${JSON.stringify(listing, null, 2)}\n` : tableOf(listing));
    });
  addVerifyCommand(keys, io);
  keys
    .command('diff')
    .description('what is different between two keyring files')
    .argument('<a>')
    .argument('<b>')
    .option('--json', 'for programs')
    .action((a: string, b: string, options: { json?: true }) => {
      const differences = ringDifferences(readRing(a), readRing(b));
      const lines = differences.length === 0 ? ['no difference'] : differences.map(formatDifference);
      io.out(options.json === true ? `${JSON.stringify(differences, null, 2)}\n` : `${lines.join('\n')}\n`);
    });
}

interface InitOptions extends SecretOptions, TimingOptions {
  readonly realm?: string;
  readonly config?: string;
  readonly file?: string;
  readonly out?: string;
  readonly propagation: number;
}

function addInitCommand(keys: Command, io: KeysIo): void {
  const init = keys
    .command('init')
    .description('make a keyring with one key; an existing file is never overwritten')
    .option('--realm <uri>', "the identity provider's entityID (default: the configuration's)")
    .option('--config <file>', 'the configuration that names entityID and keyring')
    .option('--file <file>', `where to write it (default: the configuration's, else ${DEFAULT_FILE})`)
    .option('--out <file>', 'the same as --file')
    .option('--propagation <time>', 'what a new key needs to reach every node', readDuration, 900);
  addTimingOptions(addSecretOptions(init)).action((options: InitOptions) => initKeyring(io, options));
}

async function initKeyring(io: KeysIo, options: InitOptions): Promise<void> {
  const config = options.config === undefined ? null : readConfig(options.config, io.environment);
  const realm = options.realm ?? config?.entityId;
  if (realm === undefined) throw new CliFailure('--realm or --config must say for which identity provider');
  if (config !== null && realm !== config.entityId) {
    throw new CliFailure(`--realm is '${realm}', and the configuration's entityID '${config.entityId}'`);
  }
  const { propagation } = options;
  const policy = policyOf(config, options);
  const refusal = policyRefusal(propagation, policy);
  if (refusal?.kind === 'refused') throw new CliFailure(`${refusal.code}: ${refusal.detail}`, 2);
  const ring = newKeyring({ realm, now: io.clock(), random: io.random, propagation, policy });
  const { kubernetesSecret } = options;
  const where =
    kubernetesSecret === undefined
      ? await createRingFile(options.file ?? options.out ?? config?.keyring.file ?? DEFAULT_FILE, ring)
      : await createRingSecret(io, kubernetesSecret, ring, options);
  io.out(`${where}: key ${ring.keys[0]?.kid} for ${ring.realm}\n`);
}

async function createRingFile(path: string, ring: Keyring): Promise<string> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const outcome = await writeKeyring(path, ring, { expectSerial: null });
  if ('refused' in outcome) {
    throw new CliFailure(`${path} exists; a keyring is never overwritten: that would sign everybody out`, 2);
  }
  return path;
}

function readRing(path: string): Keyring {
  return parseKeyring(readSecretFile(path), { minSerial: 0 });
}
