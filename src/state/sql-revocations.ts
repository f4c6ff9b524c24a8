// Owns: what is known to be ended in the whole cluster: a table that every node polls. A person's own logout is written to
// it, and what cannot be written waits here until it can. Leaves to callers: refusing.
import { type AccountId, isUnavailable } from '../core/account.ts';
import type { RevocationReach } from '../core/revocation.ts';
import type { Database, Queries } from '../database/database.ts';
import { decodeBase64url, encodeBase64url } from '../lib/base64url.ts';
import type { Clock, EpochSeconds } from '../lib/clock.ts';
import type { RevocationFeed } from './revocation-feed.ts';
import type { RevocationEntry } from './revocation-file.ts';
import { createRevocationIndex, type RevocationPolicy, verdictByAge } from './revocation-index.ts';

export interface SqlRevocationOptions extends RevocationPolicy {
  readonly database: Database;
  readonly pollSeconds: number;
  readonly clock: Clock;
  readonly onEvent: (event: SqlRevocationEvent) => void;
}

export type SqlRevocationEvent =
  | { readonly kind: 'loaded'; readonly entries: number }
  | { readonly kind: 'dropped'; readonly entries: number }
  /** They count on this node; the others will know when the database can be written to. */
  | { readonly kind: 'waiting'; readonly entries: number };

/**
 * Seconds that each look goes back behind the last one: rows of transactions that began before it and were committed after
 * it, and of nodes whose clocks are behind.
 */
const OVERLAP_SECONDS = 60;
/** Seconds after which everything is read again: what a clock still further behind has recorded is not missed for good. */
const WHOLE_SECONDS = 300;

/** Looks now, and again every `pollSeconds`. A database that is down is no reason not to open. */
export async function openSqlRevocations(options: SqlRevocationOptions): Promise<RevocationFeed> {
  const { database, clock, capacity, onEvent } = options;
  const index = createRevocationIndex(capacity, (entries) => onEvent({ kind: 'dropped', entries }));
  const waiting = new Map<string, RevocationEntry>();
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
      waiting.delete(key);
    }
  };

  const look = async (): Promise<void> => {
    const now = clock();
    index.dropExpired(now);
    await flush(now);
    const isDue = Math.abs(now - lastWhole) >= WHOLE_SECONDS;
    const since = lastGood === null || isDue ? null : lastGood - OVERLAP_SECONDS;
    const rows = await database.ask('revocations', (queries) => readRevocations(queries, since, now));
    if (isUnavailable(rows)) return;
    index.addAll(rows);
    if (lastGood === null) onEvent({ kind: 'loaded', entries: index.size() });
    lastGood = now;
    if (since === null) lastWhole = now;
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
    if (await write(entry, now)) return 'everywhere';
    waiting.set(keyOf(entry), entry);
    // The oldest goes: it is the one that soonest matters no more.
    if (waiting.size > capacity) waiting.delete(waiting.keys().next().value ?? '');
    onEvent({ kind: 'waiting', entries: waiting.size });
    return 'later';
  };

  await poll();
  const timer = setInterval(() => void poll(), options.pollSeconds * 1000).unref();
  return {
    check: (subject, now) => (index.revokes(subject, now) ? 'revoked' : verdictByAge(subject, lastGood, options, now)),
    poll,
    revokeSid: (sid, until, now) => revoke({ kind: 'sid', sid, until }, now),
    revokeAccount: (accountId, notBefore, until, now) => revoke({ kind: 'account', accountId, notBefore, until }, now),
    status: () => ({
      everLoaded: lastGood !== null,
      age: lastGood === null ? Number.POSITIVE_INFINITY : clock() - lastGood,
      entries: index.size(),
    }),
    close: () => clearInterval(timer),
  };
}

/** For commands too. An entry that is there already is only ever made stricter. */
export async function writeRevocation(queries: Queries, entry: RevocationEntry, now: EpochSeconds): Promise<void> {
  const { kind, subject, not_before } = columnsOf(entry);
  await queries
    .insertInto('revocations')
    .values({ kind, subject, not_before, expires_at: entry.until, recorded_at: now })
    .onConflict((conflict) =>
      conflict.columns(['kind', 'subject']).doUpdateSet((row) => ({
        not_before: row
          .case()
          .when('revocations.not_before', '>', not_before)
          .then(row.ref('revocations.not_before'))
          .else(row.ref('excluded.not_before'))
          .end(),
        expires_at: row
          .case()
          .when('revocations.expires_at', '>', entry.until)
          .then(row.ref('revocations.expires_at'))
          .else(row.ref('excluded.expires_at'))
          .end(),
        recorded_at: now,
      })),
    )
    .execute();
  if (entry.kind === 'all') return;
  const ended = queries.updateTable('sessions').set({ ended_at: now }).where('ended_at', 'is', null);
  await (entry.kind === 'sid'
    ? ended.where('sid', '=', subject)
    : ended.where('account_id', '=', subject).where('created_at', '<', entry.notBefore)
  ).execute();
}

function columnsOf(entry: RevocationEntry): {
  readonly kind: RevocationEntry['kind'];
  readonly subject: string;
  readonly not_before: EpochSeconds;
} {
  switch (entry.kind) {
    case 'sid':
      return { kind: 'sid', subject: encodeBase64url(entry.sid), not_before: 0 };
    case 'account':
      return { kind: 'account', subject: entry.accountId, not_before: entry.notBefore };
    case 'all':
      return { kind: 'all', subject: '', not_before: entry.notBefore };
    default:
      return entry satisfies never;
  }
}

function keyOf(entry: RevocationEntry): string {
  const { kind, subject } = columnsOf(entry);
  return `${kind} ${subject}`;
}

async function readRevocations(
  queries: Queries,
  since: EpochSeconds | null,
  now: EpochSeconds,
): Promise<readonly RevocationEntry[]> {
  const all = queries.selectFrom('revocations').selectAll().where('expires_at', '>', now);
  const rows = await (since === null ? all : all.where('recorded_at', '>=', since)).execute();
  return rows.flatMap(({ kind, subject, not_before: notBefore, expires_at: until }) => {
    if (kind === 'all') return { kind, notBefore, until };
    if (kind === 'account') return { kind, accountId: subject satisfies AccountId, notBefore, until };
    const sid = decodeBase64url(subject);
    return kind === 'sid' && sid !== null ? { kind, sid, until } : [];
  });
}
