// Owns: how often somebody may try: per (account, method) and per address. Leaves to attempt-counter.ts: the arithmetic.
//
// Per node, in memory: nodes share nothing, so a cluster of N nodes lets N times as many attempts through, and a restarted
// node has forgotten. An atomic cluster-wide count needs a shared store, which this file does not have.
//
// No lock-out weapon: the delay has a ceiling, attempts that are turned away do not prolong it, and an address from which
// the account has finished a login has a counter of its own, which strangers cannot run up.
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { AccountId } from '../core/account.ts';
import { METHOD_NUMBERS, type MethodName } from '../core/authentication-event.ts';
import { loginNameKey } from '../core/login-name.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { addressKey } from './address-key.ts';
import {
  type AttemptCounter,
  bucketWait,
  type CounterPolicy,
  counterWait,
  fillBucket,
  type LeakyBucket,
  newCounter,
  reserveAttempt,
  settleAttempt,
  unfillBucket,
} from './attempt-counter.ts';

export interface ThrottlePolicy {
  readonly enabled: boolean;
  /** Failures in a row before an account's next attempt has to wait 1, 2, 4 … seconds. */
  readonly accountFailures: number;
  /** Failures that an address may make in a `window`, over all accounts. */
  readonly addressFailures: number;
  /** The ceiling of the delay, in seconds. */
  readonly maxDelay: number;
  /** Seconds after which an account's failures are forgotten, and in which an address's drain away. */
  readonly window: number;
}

export interface ThrottleOptions {
  readonly policy: ThrottlePolicy;
  /** Entries in each table: more than there are accounts, or the least recently tried account's count is lost. */
  readonly capacity: number;
  /**
   * Told once, when the first attempt comes without an address (X-Forwarded-For came from a peer that is not a configured
   * proxy). Addresses are then not throttled: one count for all would let anybody shut everybody out.
   */
  readonly onAddressUnknown: () => void;
}

export interface Attempt {
  readonly method: MethodName;
  /** Null when nobody has the typed name. */
  readonly accountId: AccountId | null;
  readonly typedName: string;
  /** The browser's address; null when it cannot be known. */
  readonly address: string | null;
}

type Admission =
  | { readonly kind: 'admitted'; readonly settle: (outcome: 'failed' | 'not-failed') => void }
  /** `retryAfter` in whole seconds, at least 1. */
  | { readonly kind: 'throttled'; readonly retryAfter: number };

export interface Throttle {
  /**
   * Lets an attempt in and counts it as failed until it is settled, so that many at once get no more tries than one after
   * the other. `settle` exactly once, `not-failed` also when nothing was found out. A success resets nothing by itself.
   */
  readonly begin: (attempt: Attempt, now: EpochSeconds) => Admission;
  /** A login has finished, all factors given: the account's failures are forgotten. The address's are not. */
  readonly finished: (accountId: AccountId, address: string | null) => void;
}

const METHODS = Object.keys(METHOD_NUMBERS);

export function createThrottle({ policy, capacity, onAddressUnknown }: ThrottleOptions): Throttle {
  const table = <V extends object>() => new LRUCache<string, V>({ max: capacity });
  const accounts = table<AttemptCounter>();
  /** Counters of (account, familiar address); an entry is made when a login finishes, and only then. */
  const familiar = table<AttemptCounter>();
  /** Apart from `accounts`, so that a flood of invented names evicts only invented names. */
  const unknownNames = table<AttemptCounter>();
  const addresses = table<LeakyBucket>();
  const counting: CounterPolicy = { free: policy.accountFailures, maxDelay: policy.maxDelay, window: policy.window };
  const filling = { size: policy.addressFailures, window: policy.window };
  let told = false;

  function counterOf({ method, accountId, typedName }: Attempt, address: string | null): AttemptCounter {
    if (accountId === null) return entry(unknownNames, `${method} ${nameDigest(typedName)}`, newCounter);
    const own = address === null ? undefined : familiar.get(familiarKey(method, accountId, address));
    return own ?? entry(accounts, `${method} ${accountId}`, newCounter);
  }

  const isFamiliar = ({ method, accountId }: Attempt, address: string): boolean =>
    accountId !== null && familiar.has(familiarKey(method, accountId, address));

  return {
    begin: (attempt, now) => {
      if (!policy.enabled) return { kind: 'admitted', settle: () => {} };
      const address = attempt.address === null ? null : addressKey(attempt.address);
      if (address === null && !told) {
        told = true;
        onAddressUnknown();
      }
      const counter = counterOf(attempt, address);
      // Somebody who has signed in from here is counted by themselves: others behind the same address cannot shut them out.
      const counted = address !== null && !isFamiliar(attempt, address);
      const bucket = counted ? entry(addresses, address, (): LeakyBucket => ({ level: 0, at: now })) : null;
      const wait = Math.max(
        counterWait(counter, counting, now),
        bucket === null ? 0 : bucketWait(bucket, filling, now),
      );
      if (wait > 0) return { kind: 'throttled', retryAfter: Math.ceil(wait) };
      reserveAttempt(counter, counting, now);
      if (bucket !== null) fillBucket(bucket, filling, now);
      return {
        kind: 'admitted',
        settle: (outcome) => {
          settleAttempt(counter, outcome === 'failed', now);
          if (outcome === 'not-failed' && bucket !== null) unfillBucket(bucket);
        },
      };
    },
    finished: (accountId, address) => {
      const place = address === null ? null : addressKey(address);
      for (const method of METHODS) {
        accounts.delete(`${method} ${accountId}`);
        if (place !== null) familiar.set(familiarKey(method, accountId, place), newCounter());
      }
    },
  };
}

function entry<V extends object>(table: LRUCache<string, V>, key: string, make: () => V): V {
  const found = table.get(key);
  if (found !== undefined) return found;
  const made = make();
  table.set(key, made);
  return made;
}

function familiarKey(method: string, accountId: AccountId, address: string): string {
  return `${method} ${accountId} ${address}`;
}

/** Of fixed length, whatever was typed. */
function nameDigest(typedName: string): string {
  return createHash('sha256').update(loginNameKey(typedName)).digest('base64url');
}
