// Owns: single use over the whole cluster: one row for each thing used, written by whoever comes first.
// Fails closed: while the database cannot be asked, nothing counts as unused. Leaves to housekeeping.ts: old rows.
import { sql } from 'kysely';
import { isUnavailable } from '../core/account.ts';
import type { LocalSpent, SpentKind, SpentStore } from '../core/revocation.ts';
import { claimOf, digest, secondUse } from '../database/claims.ts';
import type { Database } from '../database/database.ts';

/**
 * What a session alone earns is claimed in the node's own table (web/answered-once.ts), so that table must hear of these from
 * here. Of nothing else: it would be full of used refresh tokens, which are remembered for 90 days, and nobody would be
 * signed in any more (CWE-770).
 */
const ALSO_HERE: SpentKind = 'login-flow';

/** `here`: this node's own table. */
export function createSqlSpent(database: Database, here: LocalSpent): SpentStore {
  const rowId = (kind: string, id: Uint8Array | string): string =>
    digest(kind, typeof id === 'string' ? id : Buffer.from(id).toString('hex'));

  return {
    spend: async (kind, id, until, claimant, now) => {
      const claim = claimOf(claimant);
      const row = { kind, id: rowId(kind, id), spent_at: now, expires_at: until, used_by: claim };
      const answer = await database.ask('spend', async (queries) => {
        const taken = await queries
          .insertInto('spent')
          .values(row)
          .onConflict((conflict) =>
            conflict
              .columns(['kind', 'id'])
              .doUpdateSet({ spent_at: now, expires_at: until, used_by: claim })
              // A row that has expired and is not cleared away yet is as good as none.
              .where('spent.expires_at', '<=', now),
          )
          .returning('id')
          .executeTakeFirst();
        if (taken !== undefined) return 'first';
        const held = await queries
          .selectFrom('spent')
          .select(['used_by', 'spent_at'])
          .where('kind', '=', kind)
          .where('id', '=', row.id)
          .executeTakeFirst();
        return secondUse({ usedBy: held?.used_by ?? null, usedAt: held?.spent_at ?? null }, claim, now);
      });
      if (kind === ALSO_HERE && !isUnavailable(answer)) here.spend(kind, id, until, claimant, now);
      return answer;
    },
    peek: (kind, id, now) =>
      database.ask('peek', async (queries) => {
        const found = await queries
          .selectFrom('spent')
          .select(sql<number>`1`.as('there'))
          .where('kind', '=', kind)
          .where('id', '=', rowId(kind, id))
          .where('expires_at', '>', now)
          .executeTakeFirst();
        return found !== undefined;
      }),
  };
}
