// Owns: what this node knows to be ended: the file feed and its own logouts (docs/sealed-values.md, Revocation).
// Leaves to callers: refusing. Bounded: at the cap the entries nearest to their expiry go first, and it is counted.
import { readFileSync, statSync } from 'node:fs';
import type { AccountId } from '../core/account.ts';
import type { RevocationSubject, Revocations, RevocationVerdict } from '../core/revocation.ts';
import type { Clock, EpochSeconds } from '../lib/clock.ts';
import { parseRevocations, type RevocationEntry } from './revocation-file.ts';

/** A session whose last proof is younger than this needs no new one when the feed is stale; seconds. */
const RECENT_PROOF_SECONDS = 300;

export interface RevocationFeedOptions {
  readonly path: string;
  readonly pollSeconds: number;
  readonly staleAfter: number;
  readonly failMode: 'open' | 'reauth' | 'closed';
  readonly capacity: number;
  readonly clock: Clock;
  readonly onEvent: (event: RevocationFeedEvent) => void;
}

export type RevocationFeedEvent =
  | { readonly kind: 'loaded'; readonly entries: number }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'dropped'; readonly entries: number };

export interface RevocationFeed extends Revocations {
  readonly poll: () => void;
  readonly status: () => { readonly everLoaded: boolean; readonly age: number; readonly entries: number };
  readonly close: () => void;
}

interface Loaded {
  readonly sids: ReadonlyMap<string, EpochSeconds>;
  readonly accounts: ReadonlyMap<AccountId, EpochSeconds>;
  readonly everybody: EpochSeconds;
  readonly count: number;
}

const sidKey = (sid: Uint8Array): string => Buffer.from(sid.buffer, sid.byteOffset, sid.byteLength).toString('latin1');

/** Reads the file now and again every `pollSeconds`; a damaged file leaves the last good entries in force. */
export function openRevocationFeed(options: RevocationFeedOptions): RevocationFeed {
  const { clock, onEvent } = options;
  let loaded: Loaded = { sids: new Map(), accounts: new Map(), everybody: 0, count: 0 };
  let lastGood: EpochSeconds | null = null;
  let seen = '';
  let failure = '';
  const local = new Map<string, EpochSeconds>();
  const localAccounts = new Map<AccountId, { readonly notBefore: EpochSeconds; readonly until: EpochSeconds }>();

  const poll = (): void => {
    const now = clock();
    for (const [key, until] of local) if (until <= now) local.delete(key);
    for (const [id, { until }] of localAccounts) if (until <= now) localAccounts.delete(id);
    try {
      const { mtimeMs, size, ino } = statSync(options.path);
      const mark = `${mtimeMs}.${size}.${ino}`;
      if (mark !== seen) {
        const entries = parseRevocations(options.path, readFileSync(options.path, 'utf8'));
        loaded = index(bounded(entries, options.capacity, onEvent), now);
        seen = mark;
        onEvent({ kind: 'loaded', entries: loaded.count });
      }
      lastGood = now;
      failure = '';
    } catch (error) {
      // Once for each way in which it is wrong, not at every look.
      const now = error instanceof Error ? error.message : String(error);
      if (now !== failure) onEvent({ kind: 'failed', error });
      failure = now;
    }
  };
  poll();
  const timer = setInterval(poll, options.pollSeconds * 1000).unref();

  const check = (subject: RevocationSubject, now: EpochSeconds): RevocationVerdict => {
    const { sid, accountId, oldestProof, latestProof } = subject;
    if (sid !== null && loaded.sids.size + local.size > 0) {
      const key = sidKey(sid);
      if ((loaded.sids.get(key) ?? local.get(key) ?? 0) > now) return 'revoked';
    }
    const proof = oldestProof ?? 0;
    if (proof < loaded.everybody) return 'revoked';
    if (accountId !== null && loaded.accounts.size + localAccounts.size > 0) {
      const notBefore = Math.max(loaded.accounts.get(accountId) ?? 0, localAccounts.get(accountId)?.notBefore ?? 0);
      if (proof < notBefore) return 'revoked';
    }
    if (lastGood !== null && now - lastGood <= options.staleAfter) return 'good';
    if (options.failMode === 'open') return 'good';
    if (options.failMode === 'closed') return 'revoked';
    return now - (latestProof ?? 0) <= RECENT_PROOF_SECONDS ? 'good' : 'reauth';
  };

  return {
    check,
    poll,
    revokeSid: async (sid, until) => {
      if (local.size >= options.capacity) dropSoonest(local, onEvent);
      local.set(sidKey(sid), until);
      return 'this-node';
    },
    revokeAccount: async (accountId, notBefore, until) => {
      const before = localAccounts.get(accountId);
      localAccounts.set(accountId, {
        notBefore: Math.max(notBefore, before?.notBefore ?? 0),
        until: Math.max(until, before?.until ?? 0),
      });
      return 'this-node';
    },
    status: () => ({
      everLoaded: lastGood !== null,
      age: lastGood === null ? Number.POSITIVE_INFINITY : clock() - lastGood,
      entries: loaded.count + local.size,
    }),
    close: () => clearInterval(timer),
  };
}

function bounded(
  entries: readonly RevocationEntry[],
  capacity: number,
  onEvent: (event: RevocationFeedEvent) => void,
): readonly RevocationEntry[] {
  if (entries.length <= capacity) return entries;
  onEvent({ kind: 'dropped', entries: entries.length - capacity });
  // Not-befores end many sessions each, so they are the last to go.
  const weight = (entry: RevocationEntry): number => (entry.kind === 'sid' ? 0 : 1);
  return [...entries].sort((a, b) => weight(b) - weight(a) || b.until - a.until).slice(0, capacity);
}

function index(entries: readonly RevocationEntry[], now: EpochSeconds): Loaded {
  const sids = new Map<string, EpochSeconds>();
  const accounts = new Map<AccountId, EpochSeconds>();
  let everybody = 0;
  let count = 0;
  for (const entry of entries) {
    if (entry.until <= now) continue;
    count += 1;
    if (entry.kind === 'sid') sids.set(sidKey(entry.sid), entry.until);
    else if (entry.kind === 'all') everybody = Math.max(everybody, entry.notBefore);
    else accounts.set(entry.accountId, Math.max(entry.notBefore, accounts.get(entry.accountId) ?? 0));
  }
  return { sids, accounts, everybody, count };
}

function dropSoonest(local: Map<string, EpochSeconds>, onEvent: (event: RevocationFeedEvent) => void): void {
  let soonest: string | null = null;
  let until = Number.POSITIVE_INFINITY;
  for (const [key, end] of local) {
    if (end < until) {
      until = end;
      soonest = key;
    }
  }
  if (soonest !== null) local.delete(soonest);
  onEvent({ kind: 'dropped', entries: 1 });
}
