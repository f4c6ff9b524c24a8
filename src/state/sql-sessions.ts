// Owns: the list of sessions: a row for each login, which nothing that decides ever reads. Leaves to the sealed cookie: the
// session itself; to sql-revocations.ts: ending one.
import type { AccountId, DirectoryUnavailable } from '../core/account.ts';
import type { SessionJournal, SessionRow } from '../core/session-journal.ts';
import type { Database, Queries } from '../database/database.ts';
import { decodeBase64url, encodeBase64url } from '../lib/base64url.ts';
import type { EpochSeconds } from '../lib/clock.ts';

/** Longer ones are cut: a browser may say what it likes of itself. */
const USER_AGENT_MAX = 256;

export interface SessionList {
  /** Newest first, at most `limit`; `live` leaves out what has ended or expired. Null: everybody's. */
  readonly list: (
    accountId: AccountId | null,
    filter: { readonly live: boolean; readonly limit: number },
    now: EpochSeconds,
  ) => Promise<readonly ListedSession[] | DirectoryUnavailable>;
}

export interface ListedSession extends SessionRow {
  readonly endedAt: EpochSeconds | null;
}

export function createSqlSessions(database: Database): SessionJournal & SessionList {
  return {
    record: async (session) => {
      const { methods, address } = session;
      const changing = {
        methods: JSON.stringify(methods),
        address,
        user_agent: session.userAgent?.slice(0, USER_AGENT_MAX).toWellFormed().replaceAll('\0', '') ?? null,
      };
      const sid = encodeBase64url(session.sid);
      const { accountId: account_id, createdAt: created_at, expiresAt: expires_at } = session;
      await database.ask('session-record', (queries) =>
        queries
          .insertInto('sessions')
          .values({ sid, account_id, created_at, expires_at, ended_at: null, ...changing })
          // A step-up, or a balancer's repeat.
          .onConflict((conflict) => conflict.column('sid').doUpdateSet(changing))
          .execute(),
      );
    },
    list: (accountId, { live, limit }, now) =>
      database.ask('session-list', async (queries) => {
        let query = queries
          .selectFrom('sessions')
          .selectAll()
          .orderBy('created_at', 'desc')
          .orderBy('sid')
          .limit(limit);
        if (accountId !== null) query = query.where('account_id', '=', accountId);
        const everybody = await endOfEverybody(queries);
        if (live) {
          query = query
            .where('ended_at', 'is', null)
            .where('expires_at', '>', now)
            .where('created_at', '>=', everybody);
        }
        const rows = await query.execute();
        return rows.map((row) => ({
          sid: decodeBase64url(row.sid) ?? new Uint8Array(),
          accountId: row.account_id,
          createdAt: row.created_at,
          expiresAt: row.expires_at,
          endedAt: row.ended_at ?? (row.created_at < everybody ? everybody : null),
          methods: JSON.parse(row.methods) as readonly string[],
          address: row.address,
          userAgent: row.user_agent,
        }));
      }),
  };
}

/** Sessions of before are over. Their rows do not say so: ending everybody's must not wait for so many to be written. */
async function endOfEverybody(queries: Queries): Promise<EpochSeconds> {
  const row = await queries
    .selectFrom('revocations')
    .select('not_before')
    .where('kind', '=', 'all')
    .where('subject', '=', '')
    .executeTakeFirst();
  return row?.not_before ?? 0;
}
