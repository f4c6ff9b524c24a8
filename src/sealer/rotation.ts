// Owns: putting a new key into a ring, and letting one begin early. Pure: a ring goes in, another or a refusal comes out.
// Leaves to key-retirement.ts: taking keys out; to key-file.ts: files. docs/sealed-values.md, Changing a ring.
import type { EpochSeconds } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { formatTime } from './json-record.ts';
import { type Keyring, keyState, primary, readyAt } from './keyring.ts';
import {
  drawKey,
  handOver,
  lineageRefusal,
  NO_KEY_DRAWN,
  nextVersion,
  plannedTimes,
  policyRefusal,
  type RingChange,
  type RotationPolicy,
  refusedChange,
} from './ring-change.ts';

export interface RotateInput {
  readonly now: EpochSeconds;
  readonly random: Random;
  readonly policy: RotationPolicy;
  /** Seconds until the new key begins to seal; at least the ring's `propagation` (I1). */
  readonly activateIn: number;
  /** Only when the key that seals is to be replaced within so many seconds; null: in any case. */
  readonly dueWithin: number | null;
}

/**
 * Adds a key that begins later, and lets the one that seals go on until then.
 * Nothing is done while a key is pending, so that a job may run twice, or on every node.
 */
export function rotate(ring: Keyring, input: RotateInput): RingChange {
  const { now, random, policy, activateIn, dueWithin } = input;
  const waiting = ring.keys.find((key) => keyState(ring, key, now) === 'pending');
  if (waiting !== undefined) {
    return { kind: 'unchanged', because: `key ${waiting.kid} is pending until ${formatTime(readyAt(ring, waiting))}` };
  }
  const refusal = policyRefusal(ring.propagation, policy);
  if (refusal !== null) return refusal;
  const seals = primary(ring, now);
  if (seals !== null && activateIn < ring.propagation) {
    const detail = `a key that begins in ${activateIn} s may not be on every node by then; propagation is ${ring.propagation} s`;
    return refusedChange('activates-too-soon', detail);
  }
  if (seals !== null && dueWithin !== null) {
    const latest = seals.key.retires - policy.grace - activateIn - dueWithin;
    if (now < latest) return { kind: 'unchanged', because: `no key is due before ${formatTime(latest)}` };
  }
  // When nothing can seal, waiting for the other nodes would not help anybody.
  const activates = seals === null ? now : now + activateIn;
  const key = drawKey(ring, plannedTimes(policy, now, activates), random);
  if (key === null) return NO_KEY_DRAWN;
  const keys = [...handOver(ring, now, activates, policy), key];
  return lineageRefusal({ ...ring, keys }, now, policy) ?? nextVersion(ring, now, { ...ring, keys });
}

export interface PromoteInput {
  readonly now: EpochSeconds;
  readonly policy: RotationPolicy;
  readonly kid: string;
  /** The operator answers for every node having the key already. */
  readonly force: boolean;
}

/**
 * Lets a pending key begin now. Refused before created + propagation (I1): a node without the key would sign people out.
 * Forced, `created` is set back by `propagation`, which is how the file says that every node has the key.
 */
export function promote(ring: Keyring, { now, policy, kid, force }: PromoteInput): RingChange {
  const key = ring.keys.find((one) => one.kid === kid);
  if (key === undefined) return refusedChange('unknown-kid', `the ring has no key ${kid}`);
  if (now >= readyAt(ring, key) || keyState(ring, key, now) === 'revoked') {
    return refusedChange('not-pending', `key ${kid} is not waiting: it is ${keyState(ring, key, now)}`);
  }
  const everywhere = key.created + ring.propagation;
  if (now < everywhere && !force) {
    return refusedChange('not-everywhere-yet', `key ${kid} may not be on every node before ${formatTime(everywhere)}`);
  }
  const promoted = Object.freeze({ ...key, created: Math.min(key.created, now - ring.propagation), activates: now });
  const keys = handOver(ring, now, now, policy).map((one) => (one.kid === kid ? promoted : one));
  return lineageRefusal({ ...ring, keys }, now, policy) ?? nextVersion(ring, now, { ...ring, keys });
}
