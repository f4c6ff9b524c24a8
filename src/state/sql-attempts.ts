// Owns: counts of failed attempts for the whole cluster: one conditional statement lets an attempt in and counts it.
// An attempt counts as failed from its beginning, so a node that dies over it has not given a try away.
// The arithmetic is that of core/attempt-counter.ts, written in SQL; one suite holds both to it.
import { type RawBuilder, sql } from 'kysely';
import { type AccountId, isUnavailable } from '../core/account.ts';
import {
  type AttemptStore,
  type CounterName,
  type CounterPolicy,
  counterWait,
  destinationCounter,
  type SentTo,
} from '../core/attempt-counter.ts';
import { digest } from '../database/claims.ts';
import type { Database, Queries } from '../database/database.ts';
import type { EpochSeconds } from '../lib/clock.ts';

interface Key {
  readonly account_id: string;
  readonly method: string;
  readonly detail: string;
}

/** A row with this method says that the account has signed in from the place in `detail`. */
const FAMILIAR = '';

export function createSqlAttempts(database: Database): AttemptStore {
  const settle = async (key: Key, outcome: 'failed' | 'not-failed', began: EpochSeconds, previous: EpochSeconds) => {
    await database.ask('attempt-settle', async (queries) => {
      const change = queries.updateTable('attempts').where((where) => where.and(key));
      if (outcome === 'failed') await change.set({ failed_at: began }).where('failed_at', '<', began).execute();
      else {
        await change
          .set({
            failures: sql`failures - 1`,
            in_a_row: sql`in_a_row - 1`,
            failed_at: sql`case when failed_at = ${whole(began)} then ${whole(previous)} else failed_at end`,
          })
          .where('failures', '>', 0)
          .execute();
      }
    });
  };

  return {
    isFamiliar: (accountId, place) =>
      database.ask('attempt-place', async (queries) => {
        const key = { account_id: accountId, method: FAMILIAR, detail: digest(place) };
        const found = await queries
          .selectFrom('attempts')
          .select('method')
          .where((where) => where.and(key))
          .executeTakeFirst();
        return found !== undefined;
      }),
    reserve: async (name, policy, now) => {
      const key = keyOf(name);
      const answer = await database.ask('attempt-begin', async (queries) => {
        const taken = await reserve(queries, key, policy, now);
        return taken ?? refusal(queries, key, policy, now);
      });
      if (isUnavailable(answer) || answer.kind !== 'reserved') return answer;
      return { kind: 'reserved', settle: (outcome) => settle(key, outcome, now, answer.previous) };
    },
    finished: async (accountId, proved, place, now) => {
      await database.ask('attempt-finished', async (queries) => {
        const familiar = place === null ? null : { account_id: accountId, detail: digest(place) };
        // No method at all is an empty list, which PostgreSQL does not take.
        if (proved.length > 0) {
          await queries
            .deleteFrom('attempts')
            .where('account_id', '=', accountId)
            .where('method', 'in', proved)
            .where('detail', 'in', familiar === null ? [''] : ['', familiar.detail])
            .execute();
        }
        if (familiar === null) return;
        await queries
          .insertInto('attempts')
          .values({ ...familiar, method: FAMILIAR, failures: 0, in_a_row: 0, failed_at: now, previous_failed_at: 0 })
          .onConflict((conflict) =>
            conflict.columns(['account_id', 'method', 'detail']).doUpdateSet({ failed_at: now }),
          )
          .execute();
      });
    },
    forgetDestination: async (sentTo) => {
      await database.ask('attempt-finished', (queries) => deleteDestination(queries, sentTo));
    },
  };
}

/** Forgets every count of an account, and of where codes are sent to it: an operator has let them try again. */
export async function clearAttempts(queries: Queries, accountId: AccountId): Promise<void> {
  await queries.deleteFrom('attempts').where('account_id', '=', accountId).where('method', '<>', FAMILIAR).execute();
  const rows = await queries
    .selectFrom('credentials')
    .select(['kind', 'destination'])
    .where('account_id', '=', accountId)
    .where('kind', 'in', ['email', 'sms'])
    .execute();
  for (const { kind, destination } of rows) {
    const use = kind === 'email' ? 'email-code' : 'sms-code';
    await deleteDestination(queries, { use, destination: destination ?? '' });
  }
}

/** Of somebody who is there no more. What was guessed at codes sent to their addresses stays: others may have them too. */
export async function forgetAttempts(queries: Queries, accountId: AccountId): Promise<void> {
  await queries.deleteFrom('attempts').where('account_id', '=', accountId).execute();
}

async function deleteDestination(queries: Queries, sentTo: SentTo): Promise<void> {
  const key = keyOf(destinationCounter(sentTo));
  await queries
    .deleteFrom('attempts')
    .where((where) => where.and(key))
    .execute();
}

function keyOf({ method, accountId, detail }: CounterName): Key {
  return { account_id: accountId ?? '', method, detail: detail === '' ? '' : digest(detail) };
}

async function reserve(queries: Queries, key: Key, policy: CounterPolicy, now: EpochSeconds) {
  const row = { ...key, failures: 1, in_a_row: 1, failed_at: now, previous_failed_at: 0 };
  const at = whole(now);
  const forgotten = sql<boolean>`${at} - attempts.failed_at >= ${whole(policy.window)}`;
  const taken = await queries
    .insertInto('attempts')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['account_id', 'method', 'detail'])
        .doUpdateSet({
          failures: sql`case when ${forgotten} then 1 else attempts.failures + 1 end`,
          in_a_row: sql`attempts.in_a_row + 1`,
          previous_failed_at: sql`attempts.failed_at`,
          failed_at: sql`case when attempts.failed_at > ${at} then attempts.failed_at else ${at} end`,
        })
        .where(admitted(policy, at, forgotten)),
    )
    .returning('previous_failed_at')
    .executeTakeFirst();
  return taken === undefined ? null : ({ kind: 'reserved', previous: taken.previous_failed_at } as const);
}

/** `counterWait` is 0 and the ceiling is not reached. A clock that was set back must not make anybody wait longer. */
function admitted(policy: CounterPolicy, at: RawBuilder<number>, forgotten: RawBuilder<boolean>): RawBuilder<boolean> {
  const [free, maxDelay] = [whole(policy.free), whole(policy.maxDelay)];
  const over = sql<number>`attempts.failures - ${free}`;
  const doubled = sql<number>`(${whole(1)} << cast(${over} as integer))`;
  const delay = sql<number>`case when ${over} < 0 then 0 when ${over} >= 30 then ${maxDelay}
    when ${doubled} < ${maxDelay} then ${doubled} else ${maxDelay} end`;
  const since = sql<number>`case when attempts.failed_at > ${at} then ${at} else attempts.failed_at end`;
  const inTime = sql<boolean>`(${forgotten} or ${since} + (${delay}) <= ${at})`;
  if (policy.ceiling === null) return inTime;
  return sql<boolean>`${inTime} and attempts.in_a_row < ${whole(policy.ceiling)}`;
}

async function refusal(queries: Queries, key: Key, policy: CounterPolicy, now: EpochSeconds) {
  const row = await queries
    .selectFrom('attempts')
    .select(['failures', 'in_a_row', 'failed_at'])
    .where((where) => where.and(key))
    .executeTakeFirst();
  if (policy.ceiling !== null && (row?.in_a_row ?? 0) >= policy.ceiling) return { kind: 'locked' } as const;
  const counter = { failures: row?.failures ?? 0, inARow: 0, pending: 0, failedAt: row?.failed_at ?? 0, pendingAt: 0 };
  // Somebody else's attempt may have ended since: a second is the least that is said.
  return { kind: 'wait', seconds: Math.max(1, Math.ceil(counterWait(counter, policy, now))) } as const;
}

/** A number as both databases take it for one, in whatever expression. */
function whole(value: number): RawBuilder<number> {
  return sql<number>`cast(${value} as bigint)`;
}
