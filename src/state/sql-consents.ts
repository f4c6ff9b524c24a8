// Owns: agreements on record, for every node. Only asked about parties whose people are asked; an outage is an answer, and
// then nothing is told. Leaves to core/consent: what an agreement is about.
import type { AccountId } from '../core/account.ts';
import type { RelyingPartyKey } from '../core/authentication-request.ts';
import type { ConsentStore } from '../core/consent.ts';
import type { Database, Queries } from '../database/database.ts';

export function createSqlConsents(database: Database): ConsentStore {
  return {
    find: (accountId, relyingParty) =>
      database.ask('consent-find', async (queries) => {
        const rows = await queries
          .selectFrom('consents')
          .select(['digest', 'agreed_at'])
          .where('account_id', '=', accountId)
          .where('rp_key', '=', relyingParty)
          .execute();
        return rows.map(({ digest, agreed_at: agreedAt }) => ({ digest, agreedAt }));
      }),
    record: (accountId, relyingParty, { digest, agreedAt }) =>
      database.ask('consent-record', async (queries): Promise<true> => {
        await queries
          .insertInto('consents')
          .values({ account_id: accountId, rp_key: relyingParty, digest, agreed_at: agreedAt })
          .onConflict((conflict) => conflict.columns(['account_id', 'rp_key', 'digest']).doNothing())
          .execute();
        return true;
      }),
    list: (accountId) =>
      database.ask('consent-list', async (queries) => {
        const rows = await queries
          .selectFrom('consents')
          .select(({ fn }) => ['rp_key', fn.min('agreed_at').as('since')])
          .where('account_id', '=', accountId)
          .groupBy('rp_key')
          .orderBy('rp_key')
          .execute();
        // Only this program writes keys.
        return rows.map(({ rp_key: key, since }) => ({
          relyingParty: key as RelyingPartyKey,
          agreedAt: Number(since),
        }));
      }),
    withdraw: (accountId, relyingParty) =>
      database.ask('consent-withdraw', (queries) => withdrawConsent(queries, accountId, relyingParty)),
  };
}

/** All that was agreed with this party; false: there was nothing. */
export async function withdrawConsent(
  queries: Queries,
  accountId: AccountId,
  relyingParty: RelyingPartyKey,
): Promise<boolean> {
  const { numDeletedRows } = await queries
    .deleteFrom('consents')
    .where('account_id', '=', accountId)
    .where('rp_key', '=', relyingParty)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Of somebody who is there no more. */
export async function forgetConsents(queries: Queries, accountId: AccountId): Promise<void> {
  await queries.deleteFrom('consents').where('account_id', '=', accountId).execute();
}
