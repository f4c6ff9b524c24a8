// Owns: finding and disabling the rows of enrolments that were made under sealer keys which have been revoked.
// docs/sealed-values.md, Lineage. Leaves to revoked-enrolments.ts: that nodes refuse them before that; to callers: ending
// the sessions of their people.
import { sql } from 'kysely';
import type { AccountId, DirectoryUnavailable } from '../core/account.ts';
import type { Database, Queries } from '../database/database.ts';

/** An enrolment whose lineage names a key. */
export interface MadeUnder {
  readonly accountId: AccountId;
  readonly id: string;
  readonly kind: string;
}

/** In the same transaction as the disabling. */
export type EndSessions = (queries: Queries, accountId: AccountId) => Promise<void>;

/** A list of key ids is JSON: hex digits in quotes, so a kid is found as a whole, and nothing needs escaping. */
const pattern = (kid: string): string => `%"${kid}"%`;

/** Those that may still be used, of any of these keys. */
export async function enrolledUnder(queries: Queries, kids: readonly string[]): Promise<readonly MadeUnder[]> {
  const rows = await queries
    .selectFrom('credentials')
    .select(['account_id', 'id', 'kind'])
    .where('disabled', '=', 0)
    .where((where) => where.or(kids.map((kid) => where('lineage', 'like', pattern(kid)))))
    .orderBy('account_id')
    .orderBy('id')
    .execute();
  return rows.map(madeUnder);
}

/**
 * Disables them, and ends the sessions that may have been proved with them: whoever has the key may have enrolled them.
 * For good, since revoked keys are forgotten one day. Whoever is changing such a set is told that it has changed.
 */
export function disableEnrolledUnder(
  database: Database,
  kids: readonly string[],
  endSessions: EndSessions,
): Promise<readonly MadeUnder[] | DirectoryUnavailable> {
  return database.transaction('credential-disable', async (queries) => {
    const rows = await queries
      .updateTable('credentials')
      .set({ disabled: 1 })
      .where('disabled', '=', 0)
      .where((where) => where.or(kids.map((kid) => where('lineage', 'like', pattern(kid)))))
      .returning(['account_id', 'id', 'kind'])
      .execute();
    for (const accountId of new Set(rows.map(({ account_id }) => account_id))) {
      await queries
        .updateTable('credential_sets')
        .set({ version: sql`version + 1` })
        .where('account_id', '=', accountId)
        .execute();
      await endSessions(queries, accountId);
    }
    return rows.map(madeUnder);
  });
}

function madeUnder({ account_id: accountId, id, kind }: Readonly<Record<'account_id' | 'id' | 'kind', string>>) {
  return { accountId, id, kind };
}
