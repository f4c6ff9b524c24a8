// Owns: what every change of a keyring has in common: its outcome, the times of a new key, handing over, the lineage caps.
// Leaves to rotation.ts and key-retirement.ts: the changes themselves. Pure: time, randomness and the policy are parameters.
import type { EpochSeconds } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { freezeKeyring, isRevoked, type Keyring, primary, readyAt, type SealingKey, sealingKey } from './keyring.ts';
import { LONGEST_LIFETIME, loginFlow, ssoSession } from './purpose.ts';

/** What the times of keys are computed from; all in seconds. */
export interface RotationPolicy {
  /** How often keys are rotated. */
  readonly rotateEvery: number;
  /** How long a key may still seal after its successor has begun. */
  readonly grace: number;
  /** The longest lifetime of any value that a key seals (I2). */
  readonly longestLifetime: number;
  /** The configured longest session; `longestLifetime` must not be shorter. */
  readonly sessionLifetime: number;
  /** How far clocks may be apart. */
  readonly skew: number;
  /** Seconds between two looks of a node at its file; `propagation` must be longer than this and the skew together. */
  readonly poll: number;
}

const HOUR = 3600;

export const DEFAULT_POLICY: RotationPolicy = Object.freeze({
  rotateEvery: 7 * 24 * HOUR,
  grace: HOUR,
  longestLifetime: LONGEST_LIFETIME,
  sessionLifetime: ssoSession.maxLifetime,
  skew: 60,
  poll: 10,
});

/** Why a ring was not changed; docs/sealed-values.md, Changing a ring. */
export type RingRefusal =
  | 'propagation-too-short'
  | 'activates-too-soon'
  | 'not-everywhere-yet'
  | 'lifetime-too-short'
  | 'lineage-overflow'
  | 'kid-prefix'
  | 'unknown-kid'
  | 'not-pending'
  | 'last-key'
  | 'none-due'
  | 'still-in-use';

export type RingChange<Ring = Keyring> =
  | { readonly kind: 'changed'; readonly ring: Ring }
  /** Nothing is to be done: no failure, so that a job may run as often as it likes. */
  | { readonly kind: 'unchanged'; readonly because: string }
  | RefusedChange;

/** An invariant forbids it. */
interface RefusedChange {
  readonly kind: 'refused';
  readonly code: RingRefusal;
  readonly detail: string;
}

export function refusedChange(code: RingRefusal, detail: string): RefusedChange {
  return { kind: 'refused', code, detail };
}

/** The next version of a ring: the one place where a serial is made (I4). */
export function nextVersion(ring: Keyring, now: EpochSeconds, change: Pick<Keyring, 'keys' | 'revoked'>): RingChange {
  return { kind: 'changed', ring: freezeKeyring({ ...ring, ...change, serial: ring.serial + 1, updated: now }) };
}

/** When a key that begins at `activates` retires, and expires: not before the last value that it sealed (I2). */
export function plannedTimes(
  policy: RotationPolicy,
  created: EpochSeconds,
  activates: EpochSeconds,
): Pick<SealingKey, 'created' | 'activates' | 'retires' | 'expires'> {
  const retires = activates + policy.rotateEvery + policy.grace;
  return { created, activates, retires, expires: retires + policy.longestLifetime + policy.skew };
}

/** How often a new key is drawn before giving up: with 700 keys, the most that a file holds, one in a hundred collides. */
const DRAWS = 32;

/**
 * A new key whose id begins with two bytes that no other of this ring does: sessions name a transient NameID's key by
 * them. Revoked kids count too, since sessions may still name them. Null when the generator gives nothing usable.
 */
export function drawKey(ring: Keyring, times: Omit<SealingKey, 'kid' | 'master'>, random: Random): SealingKey | null {
  const taken = new Set([...ring.keys, ...ring.revoked].map(({ kid }) => kid.slice(0, 4)));
  for (let draw = 0; draw < DRAWS; draw++) {
    const key = sealingKey(random(32), times);
    if (!taken.has(key.kid.slice(0, 4))) return key;
  }
  return null;
}

/** What is told when {@link drawKey} gave up. */
export const NO_KEY_DRAWN = refusedChange(
  'kid-prefix',
  `${DRAWS} new keys in a row had ids that begin like another's: the random generator is broken`,
);

/**
 * The ring's keys, where the one that seals now goes on until `successor` has begun, and `grace` longer.
 * The time between its `retires` and `expires` never shrinks: it was what its values needed when they were sealed (I2).
 */
export function handOver(
  ring: Keyring,
  now: EpochSeconds,
  successor: EpochSeconds,
  policy: RotationPolicy,
): readonly SealingKey[] {
  const seals = primary(ring, now)?.key;
  return ring.keys.map((key) => {
    // A key that only seals because there is no other, and was to begin later than the successor: it still does.
    if (key !== seals || key.activates >= successor) return key;
    const retires = successor + policy.grace;
    return Object.freeze({ ...key, retires, expires: retires + afterRetirement(key, policy) });
  });
}

/** How long a key must stay readable after it last sealed. */
export function afterRetirement(key: SealingKey, policy: RotationPolicy): number {
  return Math.max(key.expires - key.retires, policy.longestLifetime + policy.skew);
}

/** The most kids that a session or login flow can carry beside its own (docs/sealed-values.md, Lineage). */
const LINEAGE_CAP = 8;

/**
 * How long a kid may be carried on: a login page may be left open until its flow ends, and the session that it then
 * starts inherits. Neither outlives what `longestLifetime` allows.
 */
export function lineageWindow({ longestLifetime, sessionLifetime }: RotationPolicy): number {
  return Math.min(loginFlow.maxLifetime, longestLifetime) + Math.min(sessionLifetime, longestLifetime);
}

/** What is wrong with a policy for this ring, whatever is to be changed; null when nothing is. */
export function policyRefusal(propagation: number, policy: RotationPolicy): RefusedChange | null {
  const { longestLifetime, sessionLifetime, rotateEvery } = policy;
  const early = propagationRefusal(propagation, policy);
  if (early !== null) return early;
  if (longestLifetime < sessionLifetime) {
    const detail = `keys would outlive their last values by ${longestLifetime} s only, and sessions last ${sessionLifetime} s`;
    return refusedChange('lifetime-too-short', detail);
  }
  const window = lineageWindow(policy);
  if (Math.ceil(window / rotateEvery) > LINEAGE_CAP) {
    const detail = `a login and its session may last ${window} s: with a key every ${rotateEvery} s it would descend from more than ${LINEAGE_CAP}; at least ${Math.ceil(window / LINEAGE_CAP)} s are wanted`;
    return refusedChange('lineage-overflow', detail);
  }
  return null;
}

/** Refuses a propagation that nodes' own looks take already (I1); null when it is longer. */
export function propagationRefusal(
  propagation: number,
  { poll, skew }: Pick<RotationPolicy, 'poll' | 'skew'>,
): RefusedChange | null {
  if (propagation > poll + skew) return null;
  const detail = `propagation is ${propagation} s; nodes look every ${poll} s with clocks up to ${skew} s apart, so it must be longer than ${poll + skew} s, and than what copies need`;
  return refusedChange('propagation-too-short', detail);
}

/** Refuses a ring whose keys follow each other so quickly that a lineage could outgrow its cap; null when none can. */
export function lineageRefusal(ring: Keyring, now: EpochSeconds, policy: RotationPolicy): RingChange | null {
  const window = lineageWindow(policy);
  const begins = ring.keys
    .filter((key) => !isRevoked(ring, key.kid))
    .map((key) => readyAt(ring, key))
    .toSorted((a, b) => a - b);
  // A value carries the key it began under and each that began since; its own, the last of them, does not count.
  for (const end of begins.filter((begin) => begin >= now)) {
    const switches = begins.filter((begin) => begin > end - window && begin <= end).length;
    if (switches <= LINEAGE_CAP) continue;
    const detail = `${switches} keys would have begun within ${window} s; sessions would descend from more than ${LINEAGE_CAP} and their people would have to sign in again`;
    return refusedChange('lineage-overflow', detail);
  }
  return null;
}
