// Owns: clearing away rows that nothing asks for any more. Every node does it; two at once do no harm.
// Nothing that is still refused because of a row may lose it: what has not expired stays.
import type { DirectoryUnavailable } from '../core/account.ts';
import { DEVICE_COUNTER } from '../core/attempt-counter.ts';
import type { Database } from '../database/database.ts';
import type { EpochSeconds } from '../lib/clock.ts';

export interface HousekeepingPolicy {
  /** Seconds after which a password's failures are forgotten. */
  readonly attemptWindow: number;
  /** Seconds for which a browser can show that somebody has signed in with it. */
  readonly deviceLife: number;
  /** Seconds that sessions which are over, and the audit's rows, stay. */
  readonly history: number;
}

/** Longer than any clock is off: a row is gone only when every node takes it for expired. */
const SLACK_SECONDS = 600;
/** A place from which nobody signed in for so long is familiar no more. */
const FAMILIAR_SECONDS = 90 * 86_400;
/** Longer than any window in which codes are counted. */
const SENDS_SECONDS = 7 * 86_400;

/** How many rows went. */
export function sweep(
  database: Database,
  { attemptWindow, deviceLife, history }: HousekeepingPolicy,
  now: EpochSeconds,
): Promise<number | DirectoryUnavailable> {
  const before = now - SLACK_SECONDS;
  return database.ask('sweep', async (queries) => {
    const results = [
      await queries.deleteFrom('spent').where('expires_at', '<', before).executeTakeFirst(),
      await queries.deleteFrom('revocations').where('expires_at', '<', before).executeTakeFirst(),
      await queries
        .deleteFrom('attempts')
        // What has an end beside them is kept until a login finishes.
        .where('method', 'in', ['password', 'email-enrolment', 'sms-enrolment'])
        .where('failed_at', '<', before - attemptWindow)
        .executeTakeFirst(),
      await queries
        .deleteFrom('attempts')
        .where('method', '=', '')
        .where('failed_at', '<', now - FAMILIAR_SECONDS)
        .executeTakeFirst(),
      await queries
        .deleteFrom('attempts')
        .where('method', '=', DEVICE_COUNTER)
        .where('failed_at', '<', before - deviceLife)
        .executeTakeFirst(),
      await queries.deleteFrom('one_time_codes').where('expires_at', '<', before).executeTakeFirst(),
      await queries
        .deleteFrom('code_sends')
        .where('sent_at', '<', now - SENDS_SECONDS)
        .executeTakeFirst(),
      await queries
        .deleteFrom('sessions')
        .where('expires_at', '<', now - history)
        .executeTakeFirst(),
      await queries
        .deleteFrom('session_participants')
        .where('expires_at', '<', now - history)
        .executeTakeFirst(),
      await queries
        .deleteFrom('audit')
        .where('at', '<', now - history)
        .executeTakeFirst(),
    ];
    return results.reduce((sum, { numDeletedRows }) => sum + Number(numDeletedRows), 0);
  });
}

/** Sweeps every `everySeconds`; answers how to stop. */
export function startHousekeeping(
  database: Database,
  policy: HousekeepingPolicy,
  clock: () => EpochSeconds,
  everySeconds: number,
): () => void {
  const timer = setInterval(() => void sweep(database, policy, clock()), everySeconds * 1000).unref();
  return () => clearInterval(timer);
}
