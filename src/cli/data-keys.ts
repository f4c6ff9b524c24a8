// Owns: `signet data-keys …`: the keyring of secrets at rest, from making it to dropping a key. Key bytes never appear.
// Leaves to keys-*.ts: what both keyrings have in common; to data-keys-reencrypt.ts: moving what is stored to a new key.
// Exit status: 0 done, 1 error, 2 refused by an invariant, 3 nodes disagree. docs/sealed-values.md, Secrets at rest.
import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import type { ReencryptableSecrets } from '../core/secrets-at-rest.ts';
import { newDataKeyring } from '../sealer/data-keyring.ts';
import { type DataPolicy, promoteData, pruneData, rotateData } from '../sealer/data-rotation.ts';
import { dataPrefix } from '../sealer/data-value.ts';
import { DEFAULT_POLICY, propagationRefusal } from '../sealer/ring-change.ts';
import { addNodeOptions, type NodeOptions } from './ask-nodes.ts';
import { addReencryptCommand } from './data-keys-reencrypt.ts';
import { CliFailure } from './io.ts';
import { addDiffCommand, readRingFile } from './keys.ts';
import { addChangeOptions, type ChangeOptions, changeRing } from './keys-apply.ts';
import { beginningOf } from './keys-change.ts';
import { addInitOptions, type InitOptions, placeNewRing, readInitConfig } from './keys-init.ts';
import { type DataListing, dataListingOf, dataTableOf } from './keys-listing.ts';
import { addPlaceOptions, type KeysIo, locate, type PlaceOptions, readDuration } from './keys-options.ts';
import { addVerifyCommand, demandAgreement } from './keys-verify.ts';
import { DATA_COMMANDS } from './ring-commands.ts';

/** Runs with what is stored under data keys; null when no database is configured. */
export type WithSecrets = <T>(config: Config, run: (secrets: ReencryptableSecrets | null) => Promise<T>) => Promise<T>;

/** Adds `data-keys` to the program. */
export function addDataKeysCommand(program: Command, io: KeysIo, withSecrets: WithSecrets): void {
  const keys = program
    .command('data-keys')
    .description('the keyring that encrypts what people have enrolled, in the database');
  addInitOptions(keys.command('init'), DATA_COMMANDS).action((options: InitOptions) => initDataKeyring(io, options));
  addRotate(keys, io);
  addPromote(keys, io);
  addReencryptCommand(keys, io, withSecrets);
  addPrune(keys, io, withSecrets);
  addPlaceOptions(keys.command('list').description('show keys, their states, and how many secrets are under each'))
    .option('--json', 'for programs')
    .action((options: PlaceOptions & { json?: true }) => list(io, withSecrets, options));
  addVerifyCommand(keys, io, DATA_COMMANDS);
  addDiffCommand(keys, io, DATA_COMMANDS);
}

/** What the times of data keys are computed from. */
function policyOf(config: Config | null, grace: number | undefined): DataPolicy {
  return {
    grace: grace ?? DEFAULT_POLICY.grace,
    skew: config?.skew ?? DEFAULT_POLICY.skew,
    poll: config?.dataKeyring.poll ?? DEFAULT_POLICY.poll,
  };
}

async function initDataKeyring(io: KeysIo, options: InitOptions): Promise<void> {
  const { config, realm } = readInitConfig(io, options);
  const { propagation } = options;
  const refusal = propagationRefusal(propagation, policyOf(config, undefined));
  if (refusal !== null) throw new CliFailure(`${refusal.code}: ${refusal.detail}`, 2);
  const ring = newDataKeyring({ realm, now: io.clock(), random: io.random, propagation });
  await placeNewRing(io, DATA_COMMANDS, ring, config, options);
}

function addRotate(keys: Command, io: KeysIo): void {
  addChangeOptions(
    keys
      .command('rotate')
      .description('add a key that begins later; nothing while one is pending, so a job may run it'),
    DATA_COMMANDS.entry,
  )
    .option('--activate-in <time>', "when it begins to encrypt; at least the ring's propagation", readDuration, 3600)
    .option('--if-older-than <time>', 'only when the key that encrypts began so long ago', readDuration)
    .action((options: ChangeOptions & { activateIn: number; ifOlderThan?: number }) => {
      const place = locate(io, DATA_COMMANDS, options);
      const { activateIn, ifOlderThan = null } = options;
      const policy = policyOf(place.config, undefined);
      return changeRing(io, place, options, {
        change: (ring, now) => rotateData(ring, { now, random: io.random, policy, activateIn, ifOlderThan }),
        advice: beginningOf,
      });
    });
}

function addPromote(keys: Command, io: KeysIo): void {
  const promote = addChangeOptions(
    keys.command('promote').description('let a pending key begin now'),
    DATA_COMMANDS.entry,
  )
    .requiredOption('--kid <kid>', 'the key')
    .option('--force', 'before it had time to reach every node: you answer for every node having it');
  addNodeOptions(promote).action(async (options: ChangeOptions & NodeOptions & { kid: string; force?: true }) => {
    const place = locate(io, DATA_COMMANDS, options);
    await demandAgreement(io, place, options);
    const { kid, force = false } = options;
    await changeRing(io, place, options, {
      change: (ring, now) => promoteData(ring, { now, kid, force }),
      advice: () => [],
    });
  });
}

function addPrune(keys: Command, io: KeysIo, withSecrets: WithSecrets): void {
  const prune = addChangeOptions(
    keys.command('prune').description('drop keys that have been replaced; refused while any secret is under one'),
    DATA_COMMANDS.entry,
  ).option('--grace <time>', 'what an encrypted secret may need to reach its row (default: 1h)', readDuration);
  addNodeOptions(prune).action(async (options: ChangeOptions & NodeOptions & { grace?: number }) => {
    const place = locate(io, DATA_COMMANDS, options);
    await demandAgreement(io, place, options);
    const policy = policyOf(place.config, options.grace);
    await secretsOf(place.config, withSecrets, async (secrets) => {
      if (secrets === null) {
        throw new CliFailure('refused, not-counted: no database is configured, so what is under a key is unknown', 2);
      }
      await changeRing(io, place, options, {
        change: async (ring, now) => {
          // After the ring was read: no key of it can have come into use since.
          const counts = await secrets.countByPrefix();
          return pruneData(ring, { now, policy, count: (kid) => counts.get(dataPrefix(kid)) ?? 0 });
        },
        advice: () => ['Keep the old file as long as the backups of the database that were made before.'],
      });
    });
  });
}

async function list(io: KeysIo, withSecrets: WithSecrets, options: PlaceOptions & { json?: true }): Promise<void> {
  const { file, config } = locate(io, DATA_COMMANDS, options);
  const ring = readRingFile(DATA_COMMANDS, file);
  const listing = await secretsOf(config, withSecrets, async (secrets): Promise<DataListing> => {
    return dataListingOf(ring, io.clock(), (await secrets?.countByPrefix()) ?? null);
  });
  io.out(options.json === true ? `${JSON.stringify(listing, null, 2)}\n` : dataTableOf(listing));
}

/** When only a file was named, nothing is known of a database. */
function secretsOf<T>(
  config: Config | null,
  withSecrets: WithSecrets,
  run: (secrets: ReencryptableSecrets | null) => Promise<T>,
): Promise<T> {
  return config === null ? run(null) : withSecrets(config, run);
}
