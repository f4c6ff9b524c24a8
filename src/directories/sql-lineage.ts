// Owns: finding and disabling the rows of enrolments that were made under sealer keys which have been revoked.
// Leaves to revoked-enrolments.ts: that nodes refuse them before that; to cli/: ending the sessions of their people.
import { sql } from 'kysely';
import type { AccountId } from '../core/account.ts';
import type { CredentialKind } from '../core/credential.ts';
import type { Queries } from '../database/database.ts';

/** An enrolment whose lineage names a key. */
export interface MadeUnder {
  readonly accountId: AccountId;
  readonly id: string;
  readonly kind: CredentialKind;
}

/** Those that may still be used, of any of these keys, in the order of their accounts. */
export async function enrolledUnder(queries: Queries, kids: readonly string[]): Promise<readonly MadeUnder[]> {
  if (kids.length === 0) return [];
  const rows = await queries
    .selectFrom('credentials')
    .select(['account_id', 'id', 'kind'])
    .where('disabled', '=', 0)
    // A list of key ids as JSON: hex digits in quotes, so nothing else is matched, and nothing needs escaping.
    .where((where) => where.or(kids.map((kid) => where('lineage', 'like', `%"${kid}"%`))))
    .orderBy('account_id')
    .orderBy('id')
    .execute();
  return rows.map(({ account_id: accountId, id, kind }) => ({ accountId, id, kind: kind as CredentialKind }));
}

/** The version of the account's set moves on, so that whoever is changing it looks again. */
export async function disableEnrolment(queries: Queries, { accountId, id }: MadeUnder): Promise<void> {
  await queries
    .updateTable('credentials')
    .set({ disabled: 1 })
    .where((where) => where.and({ account_id: accountId, id }))
    .execute();
  await queries
    .updateTable('credential_sets')
    .set({ version: sql`version + 1` })
    .where('account_id', '=', accountId)
    .execute();
}
