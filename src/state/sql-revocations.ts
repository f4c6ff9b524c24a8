// Owns: what is known to be ended in the whole cluster: a table that every node polls. A person's own logout is written to
// it, and what cannot be written waits here until it can. While there is more than a node can hold, the table is asked
// about every value that is shown. Leaves to callers: refusing; to revocation-rows.ts: the table's rows.
import { type DirectoryUnavailable, isUnavailable } from '../core/account.ts';
import type { RevocationReach, RevocationSubject, RevocationVerdict } from '../core/revocation.ts';
import type { Database } from '../database/database.ts';
import type { RevocationsTable } from '../database/schema.ts';
import type { Clock, EpochSeconds } from '../lib/clock.ts';
import type { RevocationFeed } from './revocation-feed.ts';
import type { RevocationEntry } from './revocation-file.ts';
import { createRevocationIndex, entryRevokes, type RevocationPolicy, verdictByAge } from './revocation-index.ts';
import {
  keyOf,
  keysAbout,
  type PageStart,
  type RevocationPage,
  readEntries,
  readRevocations,
  textOf,
  writeRevocation,
} from './revocation-rows.ts';

export interface SqlRevocationOptions extends RevocationPolicy {
  readonly database: Database;
  readonly pollSeconds: number;
  readonly clock: Clock;
  readonly onEvent: (event: SqlRevocationEvent) => void;
}

export type SqlRevocationEvent =
  | { readonly kind: 'loaded'; readonly entries: number }
  /** More than fits, and `entries` of them in memory: the database is asked about every session. */
  | { readonly kind: 'over-capacity'; readonly entries: number }
  | { readonly kind: 'fits-again'; readonly entries: number }
  /** They count on this node; the others will know when the database can be written to. */
  | { readonly kind: 'waiting'; readonly entries: number };

/**
 * Seconds that each look goes back behind the last one: rows of transactions that began before it and were committed after
 * it, and of nodes whose clocks are behind.
 */
const OVERLAP_SECONDS = 60;
/** Seconds after which everything is read again: what a clock still further behind has recorded is not missed for good. */
const WHOLE_SECONDS = 300;
/** Taking this many over costs a few milliseconds. */
const PAGE_ROWS = 1000;

/** Looks now, and again every `pollSeconds`. A database that is down is no reason not to open. */
export async function openSqlRevocations(options: SqlRevocationOptions): Promise<RevocationFeed> {
  const { database, clock, capacity, onEvent } = options;
  const index = createRevocationIndex(capacity, 'leave-out');
  const waiting = new Map<string, RevocationEntry>();
  const underWay = new Set<RevocationEntry>();
  let lastGood: EpochSeconds | null = null;
  let lastWhole: EpochSeconds = Number.NEGATIVE_INFINITY;

  const write = async (entry: RevocationEntry, now: EpochSeconds): Promise<boolean> =>
    (await database.ask('revoke', async (queries) => {
      await writeRevocation(queries, entry, now);
      return true;
    })) === true;

  const flush = async (now: EpochSeconds): Promise<void> => {
    for (const [key, entry] of waiting) {
      if (entry.until > now && !(await write(entry, now))) return;
      // A stricter one may have come to wait in its place meanwhile.
      if (waiting.get(key) === entry) waiting.delete(key);
    }
  };

  let wasOver = false;
  const tellCapacity = (now: EpochSeconds): void => {
    const isOver = index.isOver(now);
    if (isOver !== wasOver) onEvent({ kind: isOver ? 'over-capacity' : 'fits-again', entries: index.size() });
    wasOver = isOver;
  };

  const readPage = (from: PageStart, now: EpochSeconds): Promise<RevocationPage | DirectoryUnavailable> =>
    database.ask('revocations', (queries) => readRevocations(queries, from, now));

  /** Adds them page by page, so that others have their turn in between; false when the database did not answer to the end. */
  const addPages = async (since: EpochSeconds | null, now: EpochSeconds): Promise<boolean> => {
    let after: RevocationsTable | null = null;
    for (let room = capacity; ; room -= PAGE_ROWS) {
      const page = await readPage({ since, after, limit: Math.min(room, PAGE_ROWS) }, now);
      if (isUnavailable(page)) return false;
      index.addAll(page.entries);
      if (page.beyond === null) return true;
      if (room <= PAGE_ROWS) {
        index.miss(since === null && page.beyond === 'sid' ? 'sids' : 'any');
        return true;
      }
      after = page.last;
    }
  };

  const look = async (): Promise<void> => {
    const now = clock();
    index.dropExpired(now);
    await flush(now);
    const isDue = Math.abs(now - lastWhole) >= WHOLE_SECONDS;
    const since = lastGood === null || isDue ? null : lastGood - OVERLAP_SECONDS;
    if (since === null) {
      index.startOver();
      // The table does not know of these yet: a database that takes nothing may well answer questions.
      index.addAll([...waiting.values(), ...underWay]);
    }
    if (!(await addPages(since, now))) return;
    if (since === null) index.settle();
    if (lastGood === null) onEvent({ kind: 'loaded', entries: index.size() });
    lastGood = now;
    if (since === null) lastWhole = now;
    tellCapacity(now);
  };

  // One look at a time: the next begins where the last has ended.
  let looking: Promise<void> | null = null;
  const poll = (): Promise<void> => {
    looking ??= look().finally(() => {
      looking = null;
    });
    return looking;
  };

  const revoke = async (entry: RevocationEntry, now: EpochSeconds): Promise<RevocationReach> => {
    index.add(entry);
    tellCapacity(now);
    underWay.add(entry);
    const written = await write(entry, now).finally(() => underWay.delete(entry));
    if (written) return 'everywhere';
    waiting.set(textOf(keyOf(entry)), entry);
    // The oldest goes: it is the one that soonest matters no more.
    if (waiting.size > capacity) waiting.delete(waiting.keys().next().value ?? '');
    onEvent({ kind: 'waiting', entries: waiting.size });
    return 'later';
  };

  /** Whether the database, and what waits to be written to it, know something that there was no room for. */
  const ask = async (subject: RevocationSubject, now: EpochSeconds): Promise<RevocationVerdict> => {
    const keys = keysAbout(subject);
    const waits = keys.some((key) => {
      const entry = waiting.get(textOf(key));
      return entry !== undefined && entryRevokes(entry, subject, now);
    });
    if (waits) return 'revoked';
    const found = await database.ask('revocation-check', (queries) => readEntries(queries, keys));
    // Not "nothing is known of it", whatever failMode says of a feed that is late: this node knows that it has forgotten.
    if (isUnavailable(found)) return 'unavailable';
    return found.some((entry) => entryRevokes(entry, subject, now)) ? 'revoked' : 'good';
  };

  await poll();
  const timer = setInterval(() => void poll(), options.pollSeconds * 1000).unref();
  return {
    check: async (subject, now) => {
      if (index.revokes(subject, now)) return 'revoked';
      return index.mayMiss(subject, now) ? ask(subject, now) : verdictByAge(subject, lastGood, options, now);
    },
    poll,
    revokeSid: (sid, until, now) => revoke({ kind: 'sid', sid, until }, now),
    revokeAccount: (accountId, notBefore, until, now) => revoke({ kind: 'account', accountId, notBefore, until }, now),
    status: () => ({
      everLoaded: lastGood !== null,
      age: lastGood === null ? Number.POSITIVE_INFINITY : clock() - lastGood,
      entries: index.size(),
      overCapacity: index.isOver(clock()),
    }),
    close: () => clearInterval(timer),
  };
}
