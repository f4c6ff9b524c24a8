// Owns: counts of failed attempts in one node's memory. N nodes let N times as many through (node/passwords.ts divides what it
// allows by the number of nodes it is told of), and a restarted node has forgotten. Bounded by LRU tables.
import { LRUCache } from 'lru-cache';
import type { AccountId } from '../core/account.ts';
import {
  type AttemptCounter,
  type AttemptStore,
  type CounterName,
  counterWait,
  DEVICE_COUNTER,
  destinationCounter,
  isLocked,
  newCounter,
  reserveAttempt,
  settleAttempt,
} from '../core/attempt-counter.ts';

/** `capacity` of each table: more than there are accounts, or the least recently tried account's count is lost. */
export function createMemoryAttempts(capacity: number): AttemptStore {
  const table = <V extends object>() => new LRUCache<string, V>({ max: capacity });
  const accounts = table<Map<string, AttemptCounter>>();
  /** Counters of (account, familiar place); an entry is made when a login finishes, and only then. */
  const familiar = table<Map<string, AttemptCounter>>();
  /** Apart from `accounts`, so that a flood of invented names evicts only invented names. */
  const unknownNames = table<Map<string, AttemptCounter>>();
  /** Counters of where codes are sent; apart as well, since it takes an account to have one made. */
  const destinations = table<Map<string, AttemptCounter>>();
  /** Counters of (account, browser it has signed in with): nobody has such an id who has not been given it. */
  const devices = table<Map<string, AttemptCounter>>();
  const placeKey = (accountId: AccountId, place: string): string => `${accountId} ${place}`;

  const sharedTable = (method: string) => (method === 'password' ? unknownNames : destinations);

  const counterOf = ({ method, accountId, detail }: CounterName): AttemptCounter => {
    if (accountId === null) return inner(entry(sharedTable(method), detail), method);
    if (method === DEVICE_COUNTER) return inner(entry(devices, placeKey(accountId, detail)), method);
    return inner(detail === '' ? entry(accounts, accountId) : entry(familiar, placeKey(accountId, detail)), method);
  };

  return {
    isFamiliar: async (accountId, place) => familiar.has(placeKey(accountId, place)),
    reserve: async (name, policy, now) => {
      const counter = counterOf(name);
      if (isLocked(counter, policy)) return { kind: 'locked' };
      const wait = counterWait(counter, policy, now);
      if (wait > 0) return { kind: 'wait', seconds: Math.ceil(wait) };
      reserveAttempt(counter, policy, now);
      return { kind: 'reserved', settle: async (outcome) => settleAttempt(counter, outcome === 'failed', now) };
    },
    finished: async (accountId, proved, place) => {
      const here = place === null ? undefined : entry(familiar, placeKey(accountId, place));
      for (const counters of [accounts.get(accountId), here]) {
        for (const method of proved) counters?.delete(method);
      }
    },
    forgetDestination: async (sentTo) => {
      destinations.delete(destinationCounter(sentTo).detail);
    },
  };
}

function entry(table: LRUCache<string, Map<string, AttemptCounter>>, key: string): Map<string, AttemptCounter> {
  const found = table.get(key);
  if (found !== undefined) return found;
  const made = new Map<string, AttemptCounter>();
  table.set(key, made);
  return made;
}

function inner(counters: Map<string, AttemptCounter>, method: string): AttemptCounter {
  const found = counters.get(method);
  if (found !== undefined) return found;
  const made = newCounter();
  counters.set(method, made);
  return made;
}
