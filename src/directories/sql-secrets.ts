// Owns: the encrypted secrets of credentials, for the job that moves them to another key of the data keyring.
// Leaves to sql-credentials.ts: everything else about a credential.
import { sql } from 'kysely';
import { isUnavailable } from '../core/account.ts';
import { type ReencryptableSecrets, SecretsUnavailableError, type StoredSecret } from '../core/secrets-at-rest.ts';
import type { Database, Queries } from '../database/database.ts';

const PREFIX_CHARACTERS = 12;

export function createSqlSecrets(database: Database): ReencryptableSecrets {
  const ask = async <T>(run: (queries: Queries) => Promise<T>): Promise<T> => {
    const answer = await database.ask('secrets', run);
    if (typeof answer === 'object' && answer !== null && isUnavailable(answer)) {
      throw new SecretsUnavailableError('the database cannot be asked');
    }
    return answer as T;
  };
  const prefix = sql<string>`substr(secret, 1, ${sql.lit(PREFIX_CHARACTERS)})`;
  // An id has no space, so a place is told apart again at its last one.
  const place = sql<string>`account_id || ' ' || id`;

  return {
    countByPrefix: () =>
      ask(async (queries) => {
        const rows = await queries
          .selectFrom('credentials')
          .select([prefix.as('prefix'), (select) => select.fn.countAll<number>().as('count')])
          .where('secret', 'is not', null)
          .groupBy(prefix)
          .execute();
        return new Map(rows.map((row) => [row.prefix, Number(row.count)]));
      }),
    next: (notPrefix, after, limit) =>
      ask(async (queries) => {
        let query = queries
          .selectFrom('credentials')
          .select(['account_id', 'id', 'secret', place.as('place')])
          .where('secret', 'is not', null)
          .where(prefix, '<>', notPrefix)
          .orderBy(order(database))
          .limit(limit);
        if (after !== null) query = query.where(order(database), '>', after);
        const rows = await query.execute();
        return rows.map(
          (row): StoredSecret => ({
            place: row.place,
            accountId: row.account_id,
            credentialId: row.id,
            field: 'totp-secret',
            text: row.secret ?? '',
          }),
        );
      }),
    replace: ({ accountId, credentialId, text }, replacement) =>
      ask(async (queries) => {
        const replaced = await queries
          .updateTable('credentials')
          .set({ secret: replacement })
          .where((where) => where.and({ account_id: accountId, id: credentialId, secret: text }))
          .executeTakeFirst();
        return replaced.numUpdatedRows === 1n;
      }),
  };

  /** By bytes in both databases, whatever the language of the server. */
  function order({ kind }: Database) {
    return kind === 'postgres' ? sql<string>`(${place}) collate "C"` : place;
  }
}
