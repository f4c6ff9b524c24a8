// Owns: what is known to be ended, in memory, and the question that every opened value is asked. Bounded, and it knows what
// it may miss. Leaves to the feeds: where entries come from, and what is done about those that there is no room for.
import type { AccountId } from '../core/account.ts';
import type { RevocationSubject, RevocationVerdict } from '../core/revocation.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { RevocationEntry } from './revocation-file.ts';

/** A session whose last proof is younger than this needs no new one when the feed is stale; seconds. */
const RECENT_PROOF_SECONDS = 300;
/** Of the capacity, dropped at once when it is reached: looking for the soonest costs more than dropping a few. */
const DROPPED_SHARE = 0.01;
/** Entries of each kind; a few milliseconds. */
const SWEPT_AT_ONCE = 50_000;
const WEIGHT: Readonly<Record<RevocationEntry['kind'], number>> = { sid: 0, account: 1, all: 2 };

export interface RevocationPolicy {
  /** Seconds after which a feed that cannot be read is stale. */
  readonly staleAfter: number;
  readonly failMode: 'open' | 'reauth' | 'closed';
  readonly capacity: number;
}

export interface RevocationIndex {
  readonly add: (entry: RevocationEntry) => void;
  /** Many at once: of more than there is room for, those that matter longest. */
  readonly addAll: (entries: readonly RevocationEntry[]) => void;
  /** Called again and again: of many entries, each time only some are looked at. */
  readonly dropExpired: (now: EpochSeconds) => void;
  readonly size: () => number;
  readonly revokes: (subject: RevocationSubject, now: EpochSeconds) => boolean;
  /** Something that there was no room for may be about this. */
  readonly mayMiss: (subject: RevocationSubject, now: EpochSeconds) => boolean;
  /** Something that there was no room for has not expired yet. */
  readonly isOver: (now: EpochSeconds) => boolean;
  /** Entries that nobody has shown this index, of sessions or of whatever kind, for an unknown time. */
  readonly miss: (kinds: Missing) => void;
  /** All there is will be added again now; until {@link RevocationIndex.settle} says that it was, what was missing still is. */
  readonly startOver: () => void;
  /** Since {@link RevocationIndex.startOver} all there is was added: only what there was no room for since then is missing. */
  readonly settle: () => void;
  /** How many entries there was no room for since the index was made. */
  readonly dropped: () => number;
}

export type Missing = 'sids' | 'any';

interface NotBefore {
  readonly notBefore: EpochSeconds;
  readonly until: EpochSeconds;
}

const sidKey = (sid: Uint8Array): string => Buffer.from(sid.buffer, sid.byteOffset, sid.byteLength).toString('latin1');

/** Whether this entry ends the subject. */
export function entryRevokes(entry: RevocationEntry, subject: RevocationSubject, now: EpochSeconds): boolean {
  if (entry.until <= now) return false;
  if (entry.kind === 'sid') return subject.sid !== null && sidKey(subject.sid) === sidKey(entry.sid);
  const isTheirs = entry.kind === 'all' || entry.accountId === subject.accountId;
  return isTheirs && (subject.oldestProof ?? 0) < entry.notBefore;
}

/**
 * drop-soonest: nobody else knows of the entries, so those that soonest matter no more make room. leave-out: somebody else
 * can be asked, so what is new stays out, and costs nothing.
 */
export type WhenFull = 'drop-soonest' | 'leave-out';

/** Not-befores end many sessions each, so sids are the first to go; what ends everybody's stays. */
export function createRevocationIndex(capacity: number, whenFull: WhenFull): RevocationIndex {
  const sids = new Map<string, EpochSeconds>();
  const accounts = new Map<AccountId, NotBefore>();
  const sweepSids = createSweeper(sids, (until) => until);
  const sweepAccounts = createSweeper(accounts, endOf);
  let everybody: NotBefore = { notBefore: 0, until: 0 };
  let dropped = 0;
  /** Until when something of that kind is missed. */
  let missing: Record<Missing, EpochSeconds> = { sids: 0, any: 0 };
  /** The same, of what was added since the last start over. */
  let sinceStart: Record<Missing, EpochSeconds> = missing;

  const miss = (kinds: Missing, count: number, until: EpochSeconds): void => {
    dropped += count;
    for (const known of [missing, sinceStart]) known[kinds] = Math.max(known[kinds], until);
  };

  const later = (one: NotBefore | undefined, { notBefore, until }: NotBefore): NotBefore => ({
    notBefore: Math.max(notBefore, one?.notBefore ?? 0),
    until: Math.max(until, one?.until ?? 0),
  });

  const held = (): number => sids.size + accounts.size;

  const dropSome = (): void => {
    if (held() <= capacity) return;
    const share = Math.ceil(capacity * DROPPED_SHARE);
    if (sids.size > 0) miss('sids', ...dropSoonest(sids, (until) => until, share));
    else miss('any', ...dropSoonest(accounts, endOf, share));
  };

  /** False when there is none. */
  const hasRoom = (kinds: Missing, until: EpochSeconds): boolean => {
    if (whenFull === 'drop-soonest' || held() < capacity) return true;
    const [sid] = kinds === 'any' ? sids : [];
    if (sid !== undefined) sids.delete(sid[0]);
    miss(sid === undefined ? kinds : 'sids', 1, sid?.[1] ?? until);
    return sid !== undefined;
  };

  const add = (entry: RevocationEntry): void => {
    if (entry.kind === 'sid') {
      const key = sidKey(entry.sid);
      const known = sids.get(key);
      if (known !== undefined || hasRoom('sids', entry.until)) sids.set(key, Math.max(entry.until, known ?? 0));
    } else if (entry.kind === 'all') everybody = later(everybody, entry);
    else {
      const known = accounts.get(entry.accountId);
      if (known !== undefined || hasRoom('any', entry.until)) accounts.set(entry.accountId, later(known, entry));
    }
    dropSome();
  };

  return {
    add,
    addAll: (entries) => {
      if (whenFull === 'leave-out' || entries.length <= capacity) {
        for (const entry of entries) add(entry);
        return;
      }
      const sorted = [...entries].sort((a, b) => WEIGHT[b.kind] - WEIGHT[a.kind] || b.until - a.until);
      for (const entry of sorted.slice(0, capacity)) add(entry);
      for (const { kind, until } of sorted.slice(capacity)) miss(kind === 'sid' ? 'sids' : 'any', 1, until);
    },
    dropExpired: (now) => {
      sweepSids(now);
      sweepAccounts(now);
      if (everybody.until <= now) everybody = { notBefore: 0, until: 0 };
    },
    mayMiss: ({ sid }, now) => missing.any > now || (sid !== null && missing.sids > now),
    isOver: (now) => Math.max(missing.any, missing.sids) > now,
    miss: (kinds) => miss(kinds, 0, Number.POSITIVE_INFINITY),
    startOver: () => {
      sinceStart = { sids: 0, any: 0 };
    },
    settle: () => {
      missing = sinceStart;
    },
    dropped: () => dropped,
    size: () => sids.size + accounts.size + (everybody.until > 0 ? 1 : 0),
    revokes: ({ sid, accountId, oldestProof }, now) => {
      if (sid !== null && sids.size > 0 && (sids.get(sidKey(sid)) ?? 0) > now) return true;
      const proof = oldestProof ?? 0;
      if (proof < everybody.notBefore) return true;
      return accountId !== null && accounts.size > 0 && proof < (accounts.get(accountId)?.notBefore ?? 0);
    },
  };
}

/** What a value that is not revoked counts for when the feed was last read at `lastGood`; null: never. */
export function verdictByAge(
  { latestProof }: RevocationSubject,
  lastGood: EpochSeconds | null,
  { staleAfter, failMode }: RevocationPolicy,
  now: EpochSeconds,
): RevocationVerdict {
  if (lastGood !== null && now - lastGood <= staleAfter) return 'good';
  if (failMode === 'open') return 'good';
  if (failMode === 'closed') return 'stale';
  return now - (latestProof ?? 0) <= RECENT_PROOF_SECONDS ? 'good' : 'reauth';
}

const endOf = ({ until }: NotBefore): EpochSeconds => until;

/** Deletes what has ended, some entries at a time, and goes on where it stopped. */
function createSweeper<V>(table: Map<string, V>, end: (value: V) => EpochSeconds): (now: EpochSeconds) => void {
  let entries = table.entries();
  return (now) => {
    for (let looks = 0; looks < SWEPT_AT_ONCE; looks++) {
      const next = entries.next();
      if (next.done) {
        entries = table.entries();
        return;
      }
      const [key, value] = next.value;
      if (end(value) <= now) table.delete(key);
    }
  };
}

/** How many were dropped, and when the last of them would have ended. */
function dropSoonest<V>(
  table: Map<string, V>,
  end: (value: V) => EpochSeconds,
  count: number,
): [dropped: number, until: EpochSeconds] {
  const soonest = [...table].sort(([, a], [, b]) => end(a) - end(b)).slice(0, count);
  for (const [key] of soonest) table.delete(key);
  return [soonest.length, soonest.reduce((last, [, value]) => Math.max(last, end(value)), 0)];
}
