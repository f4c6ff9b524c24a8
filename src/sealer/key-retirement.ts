// Owns: taking keys out of a ring: at once because they leaked, or long after they have ended. Pure.
// Leaves to rotation.ts: putting keys in; to key-file.ts: files. docs/sealed-values.md, Changing a ring.
import type { EpochSeconds } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { isRevoked, type Keyring, primary, type RevokedKey, type SealingKey } from './keyring.ts';
import {
  afterRetirement,
  drawKey,
  handOver,
  NO_KEY_DRAWN,
  nextVersion,
  plannedTimes,
  type RingChange,
  type RotationPolicy,
  refusedChange,
} from './ring-change.ts';

export interface RevokeInput {
  readonly now: EpochSeconds;
  readonly random: Random;
  readonly policy: RotationPolicy;
  readonly kids: 'all' | { readonly kid: string };
  /** Adds a new key, which begins as soon as it may. */
  readonly replace: boolean;
  readonly reason: string;
}

/**
 * Takes keys out and lists them as revoked: what they sealed, and all that descends from it, is refused from now on.
 * Neither the policy nor the lineage caps are looked at: at worst a few people sign in again, and a leaked key must go.
 */
export function revoke(ring: Keyring, input: RevokeInput): RingChange {
  const { now, policy, kids, reason } = input;
  if (kids !== 'all' && isRevoked(ring, kids.kid)) {
    return { kind: 'unchanged', because: `key ${kids.kid} is revoked already` };
  }
  const doomed = ring.keys.filter((key) => kids === 'all' || key.kid === kids.kid);
  if (doomed.length === 0) return refusedChange('unknown-kid', `the ring has no key ${kids === 'all' ? '' : kids.kid}`);
  const entries = doomed
    .filter(({ kid }) => !isRevoked(ring, kid))
    .map((key): RevokedKey => ({ kid: key.kid, at: now, until: carriedUntil(ring, key, now, policy), reason }));
  const left = { ...ring, keys: without(ring.keys, doomed), revoked: [...ring.revoked, ...entries] };
  return input.replace
    ? withReplacement(left, input)
    : (sealingRefusal(ring, left, now) ?? nextVersion(ring, now, left));
}

/**
 * When nothing can carry the kid any more. A node that has not yet heard may still make something from it for as long
 * as the ring takes to arrive; after that every carrier ends by itself.
 */
function carriedUntil(ring: Keyring, key: SealingKey, now: EpochSeconds, policy: RotationPolicy): EpochSeconds {
  return now + ring.propagation + afterRetirement(key, policy);
}

function withReplacement(left: Keyring, { now, random, policy }: RevokeInput): RingChange {
  // The exception of I1: with no other key, a new one begins at once.
  const begins = primary(left, now) === null ? now : now + left.propagation;
  const key = drawKey(left, plannedTimes(policy, now, begins), random);
  if (key === null) return NO_KEY_DRAWN;
  return nextVersion(left, now, { ...left, keys: [...handOver(left, now, begins, policy), key] });
}

/** Refuses to leave nodes without a key, or with one that should have retired; null when neither is so. */
function sealingRefusal(before: Keyring, left: Keyring, now: EpochSeconds): RingChange | null {
  const seals = primary(left, now);
  if (seals === null) return refusedChange('last-key', 'no key would be left to seal with: --replace makes one');
  if (seals.because !== 'due' && primary(before, now)?.because === 'due') {
    return refusedChange(
      'none-due',
      'only a key that has retired, or is still pending, would be left: promote one first, or --replace makes one',
    );
  }
  return null;
}

export interface PruneInput {
  readonly now: EpochSeconds;
  readonly policy: RotationPolicy;
}

/** Drops keys that no node can still use (I2: nobody is signed out), and what was revoked so long ago that nothing carries it. */
export function prune(ring: Keyring, { now, policy }: PruneInput): RingChange {
  // A clock that is behind still uses a key for a moment after it has ended by ours.
  const isPast = (end: EpochSeconds): boolean => now >= end + policy.skew;
  // Revoked keys go first: without its entry, such a key would open values again.
  const gone = ring.keys.filter((key) => isPast(key.expires) || isRevoked(ring, key.kid));
  const forgotten = ring.revoked.filter((entry) => isPast(entry.until));
  if (gone.length + forgotten.length === 0) return { kind: 'unchanged', because: 'nothing has ended' };
  if (gone.length === ring.keys.length) {
    return refusedChange('last-key', 'every key has ended: rotate first');
  }
  return nextVersion(ring, now, { keys: without(ring.keys, gone), revoked: without(ring.revoked, forgotten) });
}

function without<T>(all: readonly T[], some: readonly T[]): readonly T[] {
  return all.filter((one) => !some.includes(one));
}
