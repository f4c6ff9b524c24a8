// Owns: what people of every directory have enrolled, in SQL. Whatever counts once is one conditional update; a change
// of the set is refused when somebody else has changed it since it was read. Leaves to methods/: what a proof is.
import { sql } from 'kysely';
import { type AccountId, isUnavailable } from '../core/account.ts';
import type { Credential, CredentialChange, CredentialStore } from '../core/credential.ts';
import { claimOf, secondUse } from '../database/claims.ts';
import type { Database, Queries } from '../database/database.ts';
import type { CredentialsTable } from '../database/schema.ts';
import { dataColumns, readCredential } from './sql-credential-rows.ts';

export function createSqlCredentials(database: Database): CredentialStore {
  /** In one transaction with the next version; nothing at all is written unless the change is done. */
  const changeSet = async (
    operation: string,
    accountId: AccountId,
    expectedVersion: number,
    change: (queries: Queries) => Promise<CredentialChange>,
  ) => {
    try {
      return await database.transaction(operation, async (queries) => {
        if (!(await nextVersion(queries, accountId, expectedVersion))) return 'changed';
        const answer = await change(queries);
        if (answer !== 'done') throw new Undone(answer);
        return answer;
      });
    } catch (error) {
      if (error instanceof Undone) return error.answer;
      throw error;
    }
  };

  return {
    list: (accountId) =>
      database.ask('credential-list', async (queries) => {
        // In one statement: the version and the rows are those of one moment.
        const rows = await queries
          .selectFrom('credential_sets')
          .leftJoin('credentials', 'credentials.account_id', 'credential_sets.account_id')
          .selectAll('credentials')
          .select(['credential_sets.version', remainingCodes(queries)])
          .where('credential_sets.account_id', '=', accountId)
          .orderBy('credentials.created_at')
          .orderBy('credentials.id')
          .execute();
        // A set that has become empty is one row without a credential.
        const found = rows.filter((row): row is typeof row & CredentialsTable => row.id !== null);
        return { version: rows[0]?.version ?? 0, credentials: found.map(readCredential) };
      }),
    findWebauthn: (credentialId) =>
      database.ask('credential-find', async (queries) => {
        const row = await queries
          .selectFrom('credentials')
          .selectAll()
          .select(remainingCodes(queries))
          .where('webauthn_id', '=', credentialId)
          .executeTakeFirst();
        return row === undefined ? null : { accountId: row.account_id, credential: readCredential(row) };
      }),
    add: (accountId, credential, expectedVersion, recoveryHashes = []) =>
      changeSet('credential-add', accountId, expectedVersion, async (queries) => {
        if (credential.data.kind === 'recovery-codes') {
          await ofAccount(queries.deleteFrom('credentials'), accountId).where('kind', '=', 'recovery-codes').execute();
        }
        const added = await queries
          .insertInto('credentials')
          .values({ ...newRow(accountId, credential), ...dataColumns(credential.data) })
          // A WebAuthn credential that somebody has enrolled already, or an id that exists.
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst();
        if (added.numInsertedOrUpdatedRows !== 1n) return 'changed';
        const codes = recoveryHashes.map((hash) => ({
          account_id: accountId,
          credential_id: credential.id,
          hash,
          used_at: null,
          used_by: null,
        }));
        if (codes.length > 0) await queries.insertInto('recovery_codes').values(codes).execute();
        return 'done';
      }),
    rename: (accountId, id, label, expectedVersion) =>
      changeSet('credential-rename', accountId, expectedVersion, async (queries) => {
        const changed = await ofAccount(queries.updateTable('credentials').set({ label }), accountId)
          .where('id', '=', id)
          .executeTakeFirst();
        return changed.numUpdatedRows === 1n ? 'done' : 'missing';
      }),
    remove: (accountId, id, expectedVersion) =>
      changeSet('credential-remove', accountId, expectedVersion, async (queries) => {
        const removed = await ofAccount(queries.deleteFrom('credentials'), accountId)
          .where('id', '=', id)
          .executeTakeFirst();
        return removed.numDeletedRows === 1n ? 'done' : 'missing';
      }),
    takeTotpStep: (accountId, { id, step }, claimant, now) =>
      database.ask('credential-totp', async (queries) => {
        const claim = claimOf(claimant);
        const taken = await enabled(queries, accountId, id, 'totp')
          .set({ last_step: step, last_used_at: now, used_by: claim })
          .where('last_step', '<', step)
          .executeTakeFirst();
        if (taken.numUpdatedRows === 1n) return 'first';
        const row = await usedRow(queries, accountId, id);
        return row?.last_step === step && row.disabled === 0 ? secondUse(useOf(row), claim, now) : 'spent';
      }),
    takeWebauthnCounter: (accountId, { id, counter }, claimant, now) =>
      database.ask('credential-webauthn', async (queries) => {
        const claim = claimOf(claimant);
        const taken = await enabled(queries, accountId, id, 'webauthn')
          .set({ counter, last_used_at: now, used_by: claim })
          // WebAuthn L3 §6.1.1: authenticators without a counter always say 0.
          .where((where) => (counter === 0 ? where('counter', '=', 0) : where('counter', '<', counter)))
          .executeTakeFirst();
        if (taken.numUpdatedRows === 1n) return 'first';
        const row = await usedRow(queries, accountId, id);
        return row?.counter === counter && row.disabled === 0 ? secondUse(useOf(row), claim, now) : 'spent';
      }),
    takeRecoveryCode: async (accountId, { id, hash }, claimant, now) => {
      const claim = claimOf(claimant);
      const key = { account_id: accountId, credential_id: id, hash };
      const answer = await database.ask('credential-recovery', async (queries) => {
        const taken = await queries
          .updateTable('recovery_codes')
          .set({ used_at: now, used_by: claim })
          .where((where) => where.and(key))
          .where('used_at', 'is', null)
          .where((where) =>
            where.exists(
              queries
                .selectFrom('credentials')
                .select('id')
                .where((inner) => inner.and({ account_id: accountId, id, disabled: 0 })),
            ),
          )
          .executeTakeFirst();
        if (taken.numUpdatedRows === 1n) return 'first';
        const row = await queries
          .selectFrom('recovery_codes')
          .select(['used_at', 'used_by'])
          .where((where) => where.and(key))
          .executeTakeFirst();
        if (row === undefined || row.used_at === null) return 'spent';
        return secondUse({ usedBy: row.used_by, usedAt: row.used_at }, claim, now);
      });
      // For the person to look at; the code is used up whether this succeeds or not.
      if (!isUnavailable(answer) && answer === 'first') {
        await database.ask('credential-used', (queries) =>
          enabled(queries, accountId, id, 'recovery-codes').set({ last_used_at: now }).execute(),
        );
      }
      return answer;
    },
    noteSentCodeUsed: async (accountId, id, now) => {
      await database.ask('credential-used', (queries) =>
        ofAccount(queries.updateTable('credentials').set({ last_used_at: now }), accountId)
          .where('id', '=', id)
          .where('kind', 'in', ['email', 'sms'])
          .where('disabled', '=', 0)
          .where((where) => where.or([where('last_used_at', 'is', null), where('last_used_at', '<', now)]))
          .execute(),
      );
    },
  };
}

/** Everything that somebody has enrolled, at an operator's word; how many there were. The version moves on. */
export async function removeAllCredentials(queries: Queries, accountId: AccountId): Promise<number> {
  await queries
    .updateTable('credential_sets')
    .set({ version: sql`version + 1` })
    .where('account_id', '=', accountId)
    .execute();
  await queries.deleteFrom('one_time_codes').where('account_id', '=', accountId).execute();
  const removed = await ofAccount(queries.deleteFrom('credentials'), accountId).executeTakeFirst();
  return Number(removed.numDeletedRows);
}

/** Rolls back, and carries the answer out. */
class Undone extends Error {
  readonly answer: CredentialChange;
  constructor(answer: CredentialChange) {
    super('undone');
    this.answer = answer;
  }
}

/** Whether the set still had the expected version; from here on it has the next, and others wait for the outcome. */
async function nextVersion(queries: Queries, account_id: AccountId, expected: number): Promise<boolean> {
  if (expected === 0) {
    const made = await queries
      .insertInto('credential_sets')
      .values({ account_id, version: 1 })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return made.numInsertedOrUpdatedRows === 1n;
  }
  const changed = await queries
    .updateTable('credential_sets')
    .set({ version: expected + 1 })
    .where((where) => where.and({ account_id, version: expected }))
    .executeTakeFirst();
  return changed.numUpdatedRows === 1n;
}

function newRow(accountId: AccountId, credential: Omit<Credential, 'lastUsedAt' | 'disabled'>) {
  return {
    account_id: accountId,
    id: credential.id,
    kind: credential.data.kind,
    label: credential.label,
    created_at: credential.createdAt,
    last_used_at: null,
    disabled: 0,
    lineage: JSON.stringify(credential.lineage),
    used_by: null,
  };
}

/** How many recovery codes are left, of each row of `credentials` that a query reads. */
function remainingCodes(queries: Queries) {
  return queries
    .selectFrom('recovery_codes')
    .where('recovery_codes.account_id', '=', sql.ref<string>('credentials.account_id'))
    .where('recovery_codes.credential_id', '=', sql.ref<string>('credentials.id'))
    .where('recovery_codes.used_at', 'is', null)
    .select((count) => count.fn.countAll<number>().as('count'))
    .as('remaining');
}

function ofAccount<Query extends { readonly where: (column: 'account_id', is: '=', id: AccountId) => Query }>(
  query: Query,
  accountId: AccountId,
): Query {
  return query.where('account_id', '=', accountId);
}

function enabled(queries: Queries, account_id: AccountId, id: string, kind: string) {
  return queries.updateTable('credentials').where((where) => where.and({ account_id, id, kind, disabled: 0 }));
}

async function usedRow(queries: Queries, account_id: AccountId, id: string) {
  return queries
    .selectFrom('credentials')
    .select(['disabled', 'last_step', 'counter', 'used_by', 'last_used_at'])
    .where((where) => where.and({ account_id, id }))
    .executeTakeFirst();
}

function useOf(row: { readonly used_by: string | null; readonly last_used_at: number | null }) {
  return { usedBy: row.used_by, usedAt: row.last_used_at };
}
