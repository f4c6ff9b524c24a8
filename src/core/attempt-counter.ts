// Owns: the arithmetic of throttling, on plain numbers, and the port of the store that keeps an account's counts.
// Leaves to methods/throttle.ts: whose numbers they are; to state/: keeping them, on one node or for all of them.
import { createHash } from 'node:crypto';
import type { EpochSeconds } from '../lib/clock.ts';
import type { AccountId, DirectoryUnavailable } from './account.ts';
import type { MethodName } from './authentication-event.ts';
import type { CodeUse } from './one-time-code.ts';

/** Failures in a row of one account, with the attempts under way counted as failures until they are known to be none. */
export interface AttemptCounter {
  failures: number;
  /** Failures since the last finished login, whatever time has passed. */
  inARow: number;
  pending: number;
  /** When the last failed attempt began. */
  failedAt: EpochSeconds;
  /** When the last attempt under way began. */
  pendingAt: EpochSeconds;
}

export interface CounterPolicy {
  /** Failures in a row without a delay. */
  readonly free: number;
  /** The longest delay in seconds. */
  readonly maxDelay: number;
  /** Seconds without a failure after which the failures are forgotten. */
  readonly window: number;
  /** Failures in a row, however slow, after which only an operator lets anybody try again; null for no such end. */
  readonly ceiling: number | null;
}

/** Whose failures are counted together. */
export interface CounterName {
  /** A method, or {@link DEVICE_COUNTER}. */
  readonly method: string;
  /** Null for a name that nobody has, and for what several accounts may share ({@link destinationCounter}). */
  readonly accountId: AccountId | null;
  /**
   * A digest of the name that nobody has, the place that is familiar to the account, or the browser that it has signed in
   * with; else empty.
   */
  readonly detail: string;
}

/** Where codes are sent, and what for. */
export interface SentTo {
  readonly use: CodeUse;
  readonly destination: string;
}

/**
 * Guesses at codes sent to one destination, over all accounts that have it: they share one authenticator. Signing in and
 * enrolling count apart, so that who tries to enrol somebody's address does not use up the guesses of those who have it.
 */
export function destinationCounter({ use, destination }: SentTo): CounterName {
  const detail = createHash('sha256').update(`${use}\0${destination.toLowerCase()}`).digest('base64url');
  return { method: use, accountId: null, detail };
}

/**
 * In place of a method: failures of one browser that the account has signed in with. A finished login does not forget
 * them: it gives the browser another id.
 */
export const DEVICE_COUNTER = 'device';

export type Reservation =
  | { readonly kind: 'reserved'; readonly settle: (outcome: 'failed' | 'not-failed') => Promise<void> }
  | { readonly kind: 'wait'; readonly seconds: number }
  /** The ceiling is reached. */
  | { readonly kind: 'locked' };

/** Where counts of failed attempts are kept. Every method is atomic over whoever shares the store. */
export interface AttemptStore {
  /** Whether a login of this account has finished from this place. */
  readonly isFamiliar: (accountId: AccountId, place: string) => Promise<boolean | DirectoryUnavailable>;
  /** Counts an attempt as failed until it is settled. `settle` exactly once; never rejects. */
  readonly reserve: (
    name: CounterName,
    policy: CounterPolicy,
    now: EpochSeconds,
  ) => Promise<Reservation | DirectoryUnavailable>;
  /**
   * Forgets the account's failures with these methods, those at this place too, which is familiar from now on. Never
   * rejects. Only what was proved: else whoever knows a password could sign in where it is enough, and so get a new set
   * of guesses at the second factor again and again.
   */
  readonly finished: (
    accountId: AccountId,
    proved: readonly MethodName[],
    place: string | null,
    now: EpochSeconds,
  ) => Promise<void>;
  /** Forgets the failures of a destination that a login has finished with. Never rejects. */
  readonly forgetDestination: (sentTo: SentTo) => Promise<void>;
}

export function newCounter(): AttemptCounter {
  return { failures: 0, inARow: 0, pending: 0, failedAt: 0, pendingAt: 0 };
}

/** Seconds between one attempt and the next: none, then 1, 2, 4 … up to the ceiling. */
export function delayAfter(failures: number, policy: Pick<CounterPolicy, 'free' | 'maxDelay'>): number {
  return failures < policy.free ? 0 : Math.min(policy.maxDelay, 2 ** Math.min(failures - policy.free, 30));
}

/** Seconds until the next attempt is let in; 0 for now. Attempts that are turned away cost nothing. */
export function counterWait(counter: AttemptCounter, policy: CounterPolicy, now: EpochSeconds): number {
  // A clock that was set back must not make anybody wait longer.
  const failedAt = Math.min(counter.failedAt, now);
  const failures = now - failedAt >= policy.window ? 0 : counter.failures;
  const since = counter.pending > 0 ? Math.max(failedAt, Math.min(counter.pendingAt, now)) : failedAt;
  return Math.max(0, since + delayAfter(failures + counter.pending, policy) - now);
}

/** Whether the ceiling is reached, attempts under way included. */
export function isLocked(counter: AttemptCounter, policy: CounterPolicy): boolean {
  return policy.ceiling !== null && counter.inARow + counter.pending >= policy.ceiling;
}

/** Counts an attempt before its outcome is known. */
export function reserveAttempt(counter: AttemptCounter, policy: CounterPolicy, now: EpochSeconds): void {
  if (now - counter.failedAt >= policy.window) counter.failures = 0;
  counter.pending += 1;
  counter.pendingAt = now;
}

/** The attempt that began at `began` is over. */
export function settleAttempt(counter: AttemptCounter, failed: boolean, began: EpochSeconds): void {
  counter.pending -= 1;
  if (!failed) return;
  counter.failures += 1;
  counter.inARow += 1;
  counter.failedAt = Math.max(counter.failedAt, began);
}

/** A bucket that every failure fills by one and that empties at a constant rate. Successes do not empty it. */
export interface LeakyBucket {
  level: number;
  at: EpochSeconds;
}

export interface BucketPolicy {
  readonly size: number;
  /** Seconds in which a full bucket empties. */
  readonly window: number;
}

/** Seconds until there is room for one more. */
export function bucketWait(bucket: LeakyBucket, policy: BucketPolicy, now: EpochSeconds): number {
  const over = levelAt(bucket, policy, now) + 1 - policy.size;
  return over <= 0 ? 0 : Math.ceil((over * policy.window) / policy.size);
}

export function fillBucket(bucket: LeakyBucket, policy: BucketPolicy, now: EpochSeconds): void {
  bucket.level = levelAt(bucket, policy, now) + 1;
  bucket.at = Math.max(bucket.at, now);
}

/** Takes back what {@link fillBucket} put in. */
export function unfillBucket(bucket: LeakyBucket): void {
  bucket.level = Math.max(0, bucket.level - 1);
}

function levelAt(bucket: LeakyBucket, policy: BucketPolicy, now: EpochSeconds): number {
  return Math.max(0, bucket.level - (Math.max(0, now - bucket.at) * policy.size) / policy.window);
}
