// Owns: changing a data keyring: a new key, letting it begin early, dropping one that nothing is under any more. Pure.
// Leaves to core/secrets-at-rest.ts: moving what is stored to the new key; to ring-file.ts: files.
// docs/sealed-values.md, Secrets at rest. There is no revoking: it would destroy what people have enrolled.
import type { EpochSeconds } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import {
  type DataKey,
  type DataKeyring,
  dataKey,
  dataKeyState,
  dataPrimary,
  freezeDataKeyring,
} from './data-keyring.ts';
import { formatTime } from './json-record.ts';
import { readyAt } from './keyring.ts';
import { propagationRefusal, type RingChange, type RotationPolicy, refusedChange } from './ring-change.ts';

/** What applies to data keys; in seconds. `grace`: what an encrypted secret may need to reach its row. */
export type DataPolicy = Pick<RotationPolicy, 'poll' | 'skew' | 'grace'>;

export interface RotateDataInput {
  readonly now: EpochSeconds;
  readonly random: Random;
  readonly policy: DataPolicy;
  /** Seconds until the new key begins to encrypt; at least the ring's `propagation` (I1). */
  readonly activateIn: number;
  /** Only when the key that encrypts began at least so many seconds ago; null: in any case. */
  readonly ifOlderThan: number | null;
}

/** Adds a key that begins later. Nothing is done while a key is pending, so that a job may run as often as it likes. */
export function rotateData(ring: DataKeyring, input: RotateDataInput): RingChange<DataKeyring> {
  const { now, random, policy, activateIn, ifOlderThan } = input;
  const waiting = ring.keys.find((key) => dataKeyState(ring, key, now) === 'pending');
  if (waiting !== undefined) {
    return { kind: 'unchanged', because: `key ${waiting.kid} is pending until ${formatTime(readyAt(ring, waiting))}` };
  }
  const refusal = propagationRefusal(ring.propagation, policy);
  if (refusal !== null) return refusal;
  if (activateIn < ring.propagation) {
    const detail = `a key that begins in ${activateIn} s may not be on every node by then; propagation is ${ring.propagation} s`;
    return refusedChange('activates-too-soon', detail);
  }
  const due = dataPrimary(ring, now).key.activates + (ifOlderThan ?? 0);
  if (now < due) return { kind: 'unchanged', because: `no key is due before ${formatTime(due)}` };
  const key = dataKey(random(32), { created: now, activates: now + activateIn });
  return nextVersion(ring, now, [...ring.keys, key]);
}

export interface PromoteDataInput {
  readonly now: EpochSeconds;
  readonly kid: string;
  /** The operator answers for every node having the key already. */
  readonly force: boolean;
}

/**
 * Lets a pending key begin now. Refused before created + propagation (I1): a node without it could not read what another
 * one enrols. Forced, `created` is set back by `propagation`, which is how the file says that every node has the key.
 */
export function promoteData(ring: DataKeyring, { now, kid, force }: PromoteDataInput): RingChange<DataKeyring> {
  const key = ring.keys.find((one) => one.kid === kid);
  if (key === undefined) return refusedChange('unknown-kid', `the ring has no key ${kid}`);
  const state = dataKeyState(ring, key, now);
  if (state !== 'pending') return refusedChange('not-pending', `key ${kid} is not waiting: it is ${state}`);
  const everywhere = key.created + ring.propagation;
  if (now < everywhere && !force) {
    return refusedChange('not-everywhere-yet', `key ${kid} may not be on every node before ${formatTime(everywhere)}`);
  }
  const created = Math.min(key.created, now - ring.propagation);
  const promoted: DataKey = Object.freeze({ ...key, created, activates: now });
  return nextVersion(
    ring,
    now,
    ring.keys.map((one) => (one === key ? promoted : one)),
  );
}

export interface PruneDataInput {
  readonly now: EpochSeconds;
  readonly policy: DataPolicy;
  /** How many stored secrets are under a key, counted after the ring was read. */
  readonly count: (kid: string) => number;
}

/**
 * Drops the keys that have been replaced. Refused while any secret is under one of them, and nothing is done until every
 * node has been encrypting with the new key for so long that nothing made before can still be on its way to its row.
 */
export function pruneData(ring: DataKeyring, { now, policy, count }: PruneDataInput): RingChange<DataKeyring> {
  const replaced = ring.keys.filter((key) => dataKeyState(ring, key, now) === 'decrypt-only');
  if (replaced.length === 0) return { kind: 'unchanged', because: 'no key has been replaced' };
  const settled = readyAt(ring, dataPrimary(ring, now).key) + policy.grace + policy.skew;
  if (now < settled) {
    const because = `secrets encrypted under an older key may be on their way until ${formatTime(settled)}`;
    return { kind: 'unchanged', because };
  }
  const used = replaced.filter(({ kid }) => count(kid) > 0);
  if (used.length > 0) {
    const rows = used.map(({ kid }) => `${count(kid)} under key ${kid}`).join(', ');
    return refusedChange('still-in-use', `stored secrets would be lost, ${rows}: signet data-keys reencrypt`);
  }
  return nextVersion(
    ring,
    now,
    ring.keys.filter((key) => !replaced.includes(key)),
  );
}

function nextVersion(ring: DataKeyring, now: EpochSeconds, keys: readonly DataKey[]): RingChange<DataKeyring> {
  return { kind: 'changed', ring: freezeDataKeyring({ ...ring, keys, serial: ring.serial + 1, updated: now }) };
}
