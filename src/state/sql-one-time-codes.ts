// Owns: the newest code of each slot and the count of sends, for the whole cluster. Leaves to methods/one-time-code.ts:
// codes, hashes and words; to housekeeping.ts: old rows.
import { sql } from 'kysely';
import {
  type CodeSlot,
  type IssuedCode,
  type OneTimeCodes,
  SEND_CHANNELS,
  type SendPolicy,
} from '../core/one-time-code.ts';
import { claimOf, digest, secondUse } from '../database/claims.ts';
import type { Database, Queries } from '../database/database.ts';
import type { EpochSeconds } from '../lib/clock.ts';

export function createSqlOneTimeCodes(database: Database): OneTimeCodes {
  return {
    issue: (slot, code, policy, now) =>
      database.transaction('code-issue', async (queries) => {
        // In one order everywhere, so that two of them never wait for each other.
        const subjects = [
          digest('account', slot.accountId, SEND_CHANNELS[slot.use]),
          digest('to', code.destination),
        ].sort();
        await lock(database, queries, subjects);
        const retryAfter = await waitFor(queries, subjects, policy, now);
        if (retryAfter > 0) return { kind: 'limited', retryAfter, live: await isLive(queries, slot, code, now) };
        await queries
          .insertInto('code_sends')
          .values(subjects.map((subject) => ({ subject, sent_at: now })))
          .execute();
        const values = {
          hash: code.hash,
          destination: code.destination,
          expires_at: code.until,
          used_at: null,
          used_by: null,
        };
        await queries
          .insertInto('one_time_codes')
          .values({ account_id: slot.accountId, purpose: slot.use, ...values })
          .onConflict((conflict) => conflict.columns(['account_id', 'purpose']).doUpdateSet(values))
          .execute();
        return { kind: 'issued' };
      }),
    take: (slot, hash, claimant, now) =>
      database.ask('code-take', async (queries) => {
        const claim = claimOf(claimant);
        const taken = await queries
          .updateTable('one_time_codes')
          .set({ used_at: now, used_by: claim })
          .where((where) => where.and({ account_id: slot.accountId, purpose: slot.use, hash }))
          .where('used_at', 'is', null)
          .where('expires_at', '>', now)
          .returning('hash')
          .executeTakeFirst();
        if (taken !== undefined) return 'first';
        const row = await queries
          .selectFrom('one_time_codes')
          .selectAll()
          .where((where) => where.and({ account_id: slot.accountId, purpose: slot.use }))
          .executeTakeFirst();
        if (row === undefined) return 'expired';
        if (row.hash !== hash) return row.expires_at <= now ? 'expired' : 'wrong';
        if (row.used_at === null) return 'expired';
        return secondUse({ usedBy: row.used_by, usedAt: row.used_at }, claim, now);
      }),
  };
}

/** SQLite's transaction has the file for itself already. */
async function lock(database: Database, queries: Queries, subjects: readonly string[]): Promise<void> {
  if (database.kind !== 'postgres') return;
  for (const subject of subjects) {
    await sql`select pg_advisory_xact_lock(hashtextextended(${subject}, 0))`.execute(queries);
  }
}

/** Seconds until both subjects may be sent to again; 0 for now. */
async function waitFor(
  queries: Queries,
  subjects: readonly string[],
  { spacing, sends, window }: SendPolicy,
  now: EpochSeconds,
): Promise<number> {
  const reach = now - Math.max(window, spacing);
  const rows = await queries
    .selectFrom('code_sends')
    .select(['subject', 'sent_at'])
    .where('subject', 'in', subjects)
    .where('sent_at', '>', reach)
    .orderBy('sent_at', 'desc')
    .execute();
  const waits = subjects.map((subject) => {
    const times = rows.filter((row) => row.subject === subject).map((row) => Math.min(row.sent_at, now));
    const newest = times[0];
    // The send whose leaving the window makes room for one more.
    const blocking = times[sends - 1];
    const bySpacing = newest === undefined ? 0 : newest + spacing - now;
    const byCount = blocking === undefined ? 0 : blocking + window - now;
    return Math.max(0, bySpacing, byCount);
  });
  return Math.ceil(Math.max(...waits));
}

async function isLive(queries: Queries, slot: CodeSlot, code: IssuedCode, now: EpochSeconds): Promise<boolean> {
  const row = await queries
    .selectFrom('one_time_codes')
    .select('hash')
    .where((where) => where.and({ account_id: slot.accountId, purpose: slot.use, destination: code.destination }))
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row !== undefined;
}
