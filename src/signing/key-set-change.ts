// Owns: how a set of signing keys goes on: a next key is published, promoted, and what it replaced is retired. Pure.
// Leaves to the command line: making keys, reading and writing files, asking nodes.
//
//   publishNext        promote           retire
//        --> next  ------------> current (was: current) --> retiring ------> gone
//              \--- retire: it never signed ---> gone
import type { EpochSeconds } from '../lib/clock.ts';
import { inOrder, type PublishedKey, type PublishedSet } from './key-set.ts';

/** Why a change is refused; documented in docs/operations.md. */
export type KeySetRefusal =
  | 'next-exists'
  | 'known-key'
  | 'no-next'
  | 'which'
  | 'too-early'
  | 'current'
  | 'unknown-key'
  | 'nothing-to-retire'
  /** The set is another one than the operator looked at. */
  | 'serial'
  /** The private key of what would be current is not here. */
  | 'cannot-sign';

export type KeySetChange =
  | { readonly kind: 'changed'; readonly set: PublishedSet; readonly dropped: readonly PublishedKey[] }
  | { readonly kind: 'refused'; readonly code: KeySetRefusal; readonly detail: string };

/** Publishes a key beside the current one of its algorithm, if there is one; it does not sign yet. */
export function publishNext(
  set: PublishedSet,
  now: EpochSeconds,
  key: Pick<PublishedKey, 'kid' | 'algorithm' | 'file' | 'publicKey' | 'certificate'>,
): KeySetChange {
  const pending = set.keys.find(({ state, algorithm }) => state === 'next' && algorithm === key.algorithm);
  if (pending !== undefined) {
    return refused('next-exists', `key ${pending.kid} is next for ${key.algorithm}: promote it, or retire it`);
  }
  if (set.keys.some(({ kid }) => kid === key.kid)) return refused('known-key', `key ${key.kid} is in the set already`);
  return changed(set, now, [...set.keys, { ...key, state: 'next', published: now, since: now }]);
}

export interface Promotion {
  readonly now: EpochSeconds;
  /** Null: the only next key. */
  readonly kid: string | null;
  /** How long relying parties may go on with what they read before, in seconds. */
  readonly publishedFor: number;
  readonly force: boolean;
}

/** Lets a next key sign; the one that signed until now stays published. */
export function promote(set: PublishedSet, { now, kid, publishedFor, force }: Promotion): KeySetChange {
  const candidates = set.keys.filter((key) => key.state === 'next' && (kid === null || key.kid === kid));
  const [next] = candidates;
  if (next === undefined)
    return refused('no-next', kid === null ? 'no key is next: publish one' : `key ${kid} is not next`);
  if (candidates.length > 1) return refused('which', `several keys are next: ${candidates.map(nameOf).join(', ')}`);
  const early = tooEarly(next.published, now, publishedFor);
  if (!force && early !== null) {
    return refused('too-early', `key ${next.kid} was published ${early}: parties may not have read it yet`);
  }
  const keys = set.keys.map((key): PublishedKey => {
    if (key.kid === next.kid) return { ...key, state: 'current', since: now };
    const replaced = key.state === 'current' && key.algorithm === next.algorithm;
    return replaced ? { ...key, state: 'retiring', since: now } : key;
  });
  return changed(set, now, keys);
}

export interface Retirement {
  readonly now: EpochSeconds;
  /** Null: every key that is retiring. */
  readonly kid: string | null;
  /** How long what a key has signed may be looked at, in seconds. */
  readonly unusedFor: number;
  readonly force: boolean;
}

/** Takes keys away: those that have signed, and, by name, a next one that is not wanted. Never one that signs. */
export function retire(set: PublishedSet, { now, kid, unusedFor, force }: Retirement): KeySetChange {
  const named = set.keys.find((key) => key.kid === kid);
  if (kid !== null && named === undefined) return refused('unknown-key', `there is no key ${kid}`);
  if (named?.state === 'current') {
    const onlyOne = set.keys.filter(({ state }) => state === 'current').length === 1;
    const successor = set.keys.some(({ state, algorithm }) => state === 'next' && algorithm === named.algorithm);
    const advice = successor ? 'promote its successor first' : 'publish and promote a successor first';
    return refused('current', `key ${kid} signs${onlyOne ? '' : ` ${named.algorithm}`}: ${advice}`);
  }
  const dropped = named === undefined ? set.keys.filter(({ state }) => state === 'retiring') : [named];
  if (dropped.length === 0) return refused('nothing-to-retire', 'no key is retiring');
  for (const key of dropped.filter(({ state }) => state === 'retiring')) {
    const early = tooEarly(key.since, now, unusedFor);
    if (!force && early !== null) {
      return refused('too-early', `key ${key.kid} stopped signing ${early}: what it signed may still be on its way`);
    }
  }
  const kids = new Set(dropped.map((key) => key.kid));
  return changed(
    set,
    now,
    set.keys.filter((key) => !kids.has(key.kid)),
    dropped,
  );
}

/** A clock that was set back counts as no time at all. */
function tooEarly(since: EpochSeconds, now: EpochSeconds, wanted: number): string | null {
  const age = Math.max(0, now - since);
  return age >= wanted ? null : `${age} s ago, ${wanted} s are wanted`;
}

function nameOf({ kid, algorithm }: PublishedKey): string {
  return `${kid} (${algorithm})`;
}

function changed(
  set: PublishedSet,
  now: EpochSeconds,
  keys: readonly PublishedKey[],
  dropped: readonly PublishedKey[] = [],
): KeySetChange {
  const updated = Math.max(now, set.updated);
  return { kind: 'changed', set: { serial: set.serial + 1, updated, keys: inOrder(keys) }, dropped };
}

function refused(code: KeySetRefusal, detail: string): KeySetChange {
  return { kind: 'refused', code, detail };
}
