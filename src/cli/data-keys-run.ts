// Owns: what `signet data-keys` does: the keyring of secrets at rest, from making it to dropping a key. Key bytes never
// appear. Leaves to keys-*.ts: what both keyrings have in common; to data-keys-reencrypt.ts: moving what is stored to a new
// key. docs/sealed-values.md, Secrets at rest.
import type { Config } from '../config/config.ts';
import type { ReencryptableSecrets } from '../core/secrets-at-rest.ts';
import { newDataKeyring } from '../sealer/data-keyring.ts';
import { type DataPolicy, promoteData, pruneData, rotateData } from '../sealer/data-rotation.ts';
import { dataPrefix } from '../sealer/data-value.ts';
import { DEFAULT_POLICY, propagationRefusal } from '../sealer/ring-change.ts';
import type { WithSecrets } from './data-keys.ts';
import { CliFailure } from './io.ts';
import { changeRing } from './keys-apply.ts';
import { beginningOf } from './keys-change-run.ts';
import { placeNewRing, readInitConfig } from './keys-init.ts';
import { type DataListing, dataListingOf, dataTableOf } from './keys-listing.ts';
import type { ChangeOptions, InitOptions, KeysIo, NodeOptions, PlaceOptions } from './keys-options.ts';
import { locate } from './keys-place.ts';
import { readRingFile } from './keys-run.ts';
import { demandAgreement } from './keys-verify.ts';
import { DATA_COMMANDS } from './ring-commands.ts';

export interface RotateOptions extends ChangeOptions {
  readonly activateIn: number;
  readonly ifOlderThan?: number;
}

export interface PromoteOptions extends ChangeOptions, NodeOptions {
  readonly kid: string;
  readonly force?: true;
}

export interface PruneOptions extends ChangeOptions, NodeOptions {
  readonly grace?: number;
}

/** What the times of data keys are computed from. */
function policyOf(config: Config | null, grace: number | undefined): DataPolicy {
  return {
    grace: grace ?? DEFAULT_POLICY.grace,
    skew: config?.skew ?? DEFAULT_POLICY.skew,
    poll: config?.dataKeyring.poll ?? DEFAULT_POLICY.poll,
  };
}

export async function initDataKeyring(io: KeysIo, options: InitOptions): Promise<void> {
  const { config, realm } = readInitConfig(io, options);
  const { propagation } = options;
  const refusal = propagationRefusal(propagation, policyOf(config, undefined));
  if (refusal !== null) throw new CliFailure(`${refusal.code}: ${refusal.detail}`, 2);
  const ring = newDataKeyring({ realm, now: io.clock(), random: io.random, propagation });
  await placeNewRing(io, DATA_COMMANDS, ring, config, options);
}

export function rotateDataRing(io: KeysIo, options: RotateOptions): Promise<void> {
  const place = locate(io, DATA_COMMANDS, options);
  const { activateIn, ifOlderThan = null } = options;
  const policy = policyOf(place.config, undefined);
  return changeRing(io, place, options, {
    change: (ring, now) => rotateData(ring, { now, random: io.random, policy, activateIn, ifOlderThan }),
    advice: beginningOf,
  });
}

export async function promoteDataKey(io: KeysIo, options: PromoteOptions): Promise<void> {
  const place = locate(io, DATA_COMMANDS, options);
  await demandAgreement(io, place, options);
  const { kid, force = false } = options;
  await changeRing(io, place, options, {
    change: (ring, now) => promoteData(ring, { now, kid, force }),
    advice: () => [],
  });
}

export async function pruneDataRing(io: KeysIo, withSecrets: WithSecrets, options: PruneOptions): Promise<void> {
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
}

export async function listDataKeyring(
  io: KeysIo,
  withSecrets: WithSecrets,
  options: PlaceOptions & { json?: true },
): Promise<void> {
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
