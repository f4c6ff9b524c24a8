// Owns: how often somebody may try: per (account, method), per destination of a code, and per address. Leaves to core/attempt-counter.ts: the
// arithmetic; to an AttemptStore: keeping an account's count, for this node or for the cluster.
//
// Addresses are counted per node, in memory: they are about load, and a write for each would add to it.
//
// No lock-out weapon: the delay has a ceiling, attempts that are turned away do not prolong it, and a browser with which,
// or an address from which, the account has finished a login has a counter of its own, which strangers cannot run up.
// A second factor, which only somebody with the first one gets to try, has an end as well. Decision 0016.
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type AccountId, type DirectoryUnavailable, isUnavailable } from '../core/account.ts';
import {
  type AttemptStore,
  type BucketPolicy,
  bucketWait,
  type CounterName,
  type CounterPolicy,
  DEVICE_COUNTER,
  destinationCounter,
  fillBucket,
  type LeakyBucket,
  type Reservation,
  type SentTo,
  unfillBucket,
} from '../core/attempt-counter.ts';
import type { MethodName } from '../core/authentication-event.ts';
import { loginNameKey } from '../core/login-name.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { addressKey, addressNetworks } from './address-key.ts';

export interface ThrottlePolicy {
  readonly enabled: boolean;
  /** Failures in a row before an account's next attempt has to wait 1, 2, 4 … seconds. */
  readonly accountFailures: number;
  /** Failures in a row that a browser with which the account has signed in may make before it counts as any other. */
  readonly deviceFailures: number;
  /** Failures that an address may make in a `window`, over all accounts; of IPv6 a /64, a /56 4 and a /48 16 times as many. */
  readonly addressFailures: number;
  /** The ceiling of the delay, in seconds. */
  readonly maxDelay: number;
  /** Seconds after which an account's failures are forgotten, and in which an address's drain away. */
  readonly window: number;
}

export interface ThrottleOptions {
  readonly policy: ThrottlePolicy;
  readonly store: AttemptStore;
  /** Addresses that are counted: with more at a time the least recently seen one's count is lost. */
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
  /** The id of a browser with which the account has signed in; null for any other. */
  readonly device: string | null;
  /** Where the code was sent that is guessed at; absent where nothing was sent. */
  readonly sentTo?: SentTo;
}

export type Admission =
  | { readonly kind: 'admitted'; readonly settle: (outcome: 'failed' | 'not-failed') => Promise<void> }
  /** `retryAfter` in whole seconds, at least 1. */
  | { readonly kind: 'throttled'; readonly retryAfter: number }
  /** Too many failures of a second factor in a row: only an operator opens it (`signet users unlock`). */
  | { readonly kind: 'locked' }
  /** The count cannot be kept, so nobody may try. */
  | { readonly kind: 'unavailable' };

export interface Throttle {
  /**
   * Lets an attempt in and counts it as failed until it is settled, so that many at once get no more tries than one after
   * the other. `settle` exactly once, `not-failed` also when nothing was found out. A success resets nothing by itself.
   */
  readonly begin: (attempt: Attempt, now: EpochSeconds) => Promise<Admission>;
  /**
   * A login has finished, all factors given: the account's failures with the methods that were proved in it are forgotten.
   * The address's are not. `sentTo`: where the codes were sent that were given in it; what was guessed at codes sent there,
   * at whichever account, is forgotten, too.
   */
  readonly finished: (
    accountId: AccountId,
    proved: readonly MethodName[],
    address: string | null,
    now: EpochSeconds,
    sentTo?: readonly SentTo[],
  ) => Promise<void>;
}

/** NIST SP 800-63B-4 §3.2.2: no more than 100 consecutive failures of one authenticator. */
const SECOND_FACTOR_CEILING = 100;

/** No account has this id. */
const NOBODY = '';

export function createThrottle({ policy, store, capacity, onAddressUnknown }: ThrottleOptions): Throttle {
  const addresses = new LRUCache<string, LeakyBucket>({ max: capacity });
  let told = false;

  /** Of the address, and of the wider networks that it is in. */
  const bucketsOf = (address: string, now: EpochSeconds): readonly Filled[] =>
    addressNetworks(address).map(({ key, times }) => ({
      key,
      bucket: addresses.get(key) ?? { level: 0, at: now },
      by: { size: policy.addressFailures * times, window: policy.window },
    }));

  const placeOf = (address: string | null): string | null => {
    const place = address === null ? null : addressKey(address);
    if (place === null && !told) {
      told = true;
      onAddressUnknown();
    }
    return place;
  };

  /**
   * Null where the attempt counts as anybody's: at another browser, when this one has failed too often (its value may have
   * been stolen), and with a second factor, whose end must not have a way around it.
   */
  const reserveOfDevice = async (
    { method, accountId, device }: Attempt,
    now: EpochSeconds,
  ): Promise<Reserved | DirectoryUnavailable | null> => {
    if (method !== 'password' || accountId === null || device === null) return null;
    const { deviceFailures, window } = policy;
    const some: CounterPolicy = { free: deviceFailures, maxDelay: 0, window, ceiling: deviceFailures };
    const reserved = await store.reserve({ method: DEVICE_COUNTER, accountId, detail: device }, some, now);
    return isUnavailable(reserved) || reserved.kind === 'reserved' ? reserved : null;
  };

  /** All of them or none: who is turned away by one has used nothing up at another. */
  const reserveAll = async (
    counters: readonly (readonly [CounterName, CounterPolicy])[],
    now: EpochSeconds,
  ): Promise<Reservation | DirectoryUnavailable> => {
    const held: Reserved[] = [];
    const settle: Reserved['settle'] = async (outcome) => {
      for (const one of held) await one.settle(outcome);
    };
    for (const [name, by] of counters) {
      const reserved = await store.reserve(name, by, now);
      if (isUnavailable(reserved) || reserved.kind !== 'reserved') {
        await settle('not-failed');
        return reserved;
      }
      held.push(reserved);
    }
    return { kind: 'reserved', settle };
  };

  return {
    begin: async (attempt, now) => {
      if (!policy.enabled) return { kind: 'admitted', settle: async () => {} };
      const { method, accountId } = attempt;
      const place = placeOf(attempt.address);
      // Asked about nobody as well: a question to a database takes time, which would tell who has an account.
      const known = place === null ? false : await store.isFamiliar(accountId ?? NOBODY, place);
      if (isUnavailable(known)) return { kind: 'unavailable' };
      const familiar = known && accountId !== null;
      const own = await reserveOfDevice(attempt, now);
      if (own !== null && isUnavailable(own)) return { kind: 'unavailable' };
      if (own !== null) return { kind: 'admitted', settle: own.settle };
      // Somebody who has signed in from here is counted by themselves: others behind the same address cannot shut them out.
      const buckets = attempt.address === null || familiar ? [] : bucketsOf(attempt.address, now);
      const full = Math.max(0, ...buckets.map(({ bucket, by }) => bucketWait(bucket, by, now)));
      if (full > 0) return { kind: 'throttled', retryAfter: Math.ceil(full) };
      // Before the store is asked, so that many at once find them filled.
      for (const { key, bucket, by } of buckets) {
        fillBucket(bucket, by, now);
        // Only now: who is turned away takes no room in which others are remembered.
        addresses.set(key, bucket);
      }
      const unfill = (): void => {
        for (const { bucket } of buckets) unfillBucket(bucket);
      };
      const { accountFailures: free, maxDelay, window } = policy;
      const ceiling = method === 'password' ? null : SECOND_FACTOR_CEILING;
      const name = counterName(attempt, familiar && ceiling === null ? place : null);
      const by = { free, maxDelay, window, ceiling };
      const reserved = await reserveAll([[name, by], ...destinationsOf(attempt, by)], now);
      if (!isUnavailable(reserved) && reserved.kind === 'reserved') {
        return {
          kind: 'admitted',
          settle: async (outcome) => {
            if (outcome === 'not-failed') unfill();
            await reserved.settle(outcome);
          },
        };
      }
      unfill();
      if (isUnavailable(reserved)) return { kind: 'unavailable' };
      return reserved.kind === 'locked' ? reserved : { kind: 'throttled', retryAfter: reserved.seconds };
    },
    finished: async (accountId, proved, address, now, sentTo = []) => {
      await store.finished(accountId, proved, address === null ? null : addressKey(address), now);
      await Promise.all(sentTo.map(store.forgetDestination));
    },
  };
}

interface Filled {
  readonly key: string;
  readonly bucket: LeakyBucket;
  readonly by: BucketPolicy;
}

type Reserved = Extract<Reservation, { readonly kind: 'reserved' }>;

function counterName({ method, accountId, typedName }: Attempt, place: string | null): CounterName {
  return { method, accountId, detail: accountId === null ? nameDigest(typedName) : (place ?? '') };
}

/** Enrolling has no end: else whoever may enrol could end it for an address that is somebody else's. */
function destinationsOf({ sentTo }: Attempt, by: CounterPolicy): readonly (readonly [CounterName, CounterPolicy])[] {
  if (sentTo === undefined) return [];
  const isEnrolment = sentTo.use === 'email-enrolment' || sentTo.use === 'sms-enrolment';
  return [[destinationCounter(sentTo), isEnrolment ? { ...by, ceiling: null } : by]];
}

/** Of fixed length, whatever was typed. */
function nameDigest(typedName: string): string {
  return createHash('sha256').update(loginNameKey(typedName)).digest('base64url');
}
