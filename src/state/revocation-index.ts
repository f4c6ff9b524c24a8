// Owns: what is known to be ended, in memory, and the question that every opened value is asked. Bounded: at the cap the
// entries nearest to their expiry go first, and it is told. Leaves to the feeds: where entries come from.
import type { AccountId } from '../core/account.ts';
import type { RevocationSubject, RevocationVerdict } from '../core/revocation.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { RevocationEntry } from './revocation-file.ts';

/** A session whose last proof is younger than this needs no new one when the feed is stale; seconds. */
const RECENT_PROOF_SECONDS = 300;
/** Of the capacity, dropped at once when it is reached: looking for the soonest costs more than dropping a few. */
const DROPPED_SHARE = 0.01;

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
  readonly dropExpired: (now: EpochSeconds) => void;
  readonly clear: () => void;
  readonly size: () => number;
  readonly revokes: (subject: RevocationSubject, now: EpochSeconds) => boolean;
}

interface NotBefore {
  readonly notBefore: EpochSeconds;
  readonly until: EpochSeconds;
}

const sidKey = (sid: Uint8Array): string => Buffer.from(sid.buffer, sid.byteOffset, sid.byteLength).toString('latin1');

/** Not-befores end many sessions each, so sids are the first to go. `onDropped`: how many there was no room for. */
export function createRevocationIndex(capacity: number, onDropped: (entries: number) => void): RevocationIndex {
  const sids = new Map<string, EpochSeconds>();
  const accounts = new Map<AccountId, NotBefore>();
  let everybody: NotBefore = { notBefore: 0, until: 0 };

  const later = (one: NotBefore | undefined, { notBefore, until }: NotBefore): NotBefore => ({
    notBefore: Math.max(notBefore, one?.notBefore ?? 0),
    until: Math.max(until, one?.until ?? 0),
  });

  const makeRoom = (): void => {
    if (sids.size + accounts.size <= capacity) return;
    const share = Math.ceil(capacity * DROPPED_SHARE);
    const dropped = sids.size > 0 ? dropSoonest(sids, (until) => until, share) : dropSoonest(accounts, endOf, share);
    onDropped(dropped);
  };

  const add = (entry: RevocationEntry): void => {
    if (entry.kind === 'sid') {
      const key = sidKey(entry.sid);
      sids.set(key, Math.max(entry.until, sids.get(key) ?? 0));
    } else if (entry.kind === 'all') everybody = later(everybody, entry);
    else accounts.set(entry.accountId, later(accounts.get(entry.accountId), entry));
    makeRoom();
  };

  return {
    add,
    addAll: (entries) => {
      if (entries.length <= capacity) {
        for (const entry of entries) add(entry);
        return;
      }
      const weight = ({ kind }: RevocationEntry): number => (kind === 'sid' ? 0 : 1);
      const sorted = [...entries].sort((a, b) => weight(b) - weight(a) || b.until - a.until);
      for (const entry of sorted.slice(0, capacity)) add(entry);
      onDropped(entries.length - capacity);
    },
    dropExpired: (now) => {
      for (const [key, until] of sids) if (until <= now) sids.delete(key);
      for (const [id, { until }] of accounts) if (until <= now) accounts.delete(id);
      if (everybody.until <= now) everybody = { notBefore: 0, until: 0 };
    },
    clear: () => {
      sids.clear();
      accounts.clear();
      everybody = { notBefore: 0, until: 0 };
    },
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
  if (failMode === 'closed') return 'revoked';
  return now - (latestProof ?? 0) <= RECENT_PROOF_SECONDS ? 'good' : 'reauth';
}

const endOf = ({ until }: NotBefore): EpochSeconds => until;

/** How many were dropped. */
function dropSoonest<V>(table: Map<string, V>, end: (value: V) => EpochSeconds, count: number): number {
  const soonest = [...table].sort(([, a], [, b]) => end(a) - end(b)).slice(0, count);
  for (const [key] of soonest) table.delete(key);
  return soonest.length;
}
