// Owns: the few facts that the cluster keeps for good. Leaves to sealer/: what a serial is for.
import { sql } from 'kysely';
import type { DirectoryUnavailable } from '../core/account.ts';
import type { Database } from '../database/database.ts';

/** Which of the node's rings. */
export type RingName = 'keyring' | 'data-keyring';

/** The highest serial of a ring that any node has ever loaded: a restored old file must not win, not even on a new node. */
export function highestSerial(database: Database, ring: RingName): Promise<number | DirectoryUnavailable> {
  return database.ask('meta', async (queries) => {
    const row = await queries
      .selectFrom('meta')
      .select('value')
      .where('name', '=', `${ring} serial`)
      .executeTakeFirst();
    return row === undefined ? 0 : Number(row.value);
  });
}

/** Never lowers it. */
export async function rememberSerial(database: Database, ring: RingName, serial: number): Promise<void> {
  await database.ask('meta', (queries) =>
    queries
      .insertInto('meta')
      .values({ name: `${ring} serial`, value: String(serial) })
      .onConflict((conflict) =>
        conflict
          .column('name')
          .doUpdateSet({ value: String(serial) })
          .where(sql`cast(meta.value as bigint)`, '<', serial),
      )
      .execute(),
  );
}

/** For an operator who has made rings anew on purpose: the next ones that are loaded count. */
export function forgetSerials(database: Database): Promise<true | DirectoryUnavailable> {
  return database.ask('meta', async (queries): Promise<true> => {
    await queries.deleteFrom('meta').where('name', 'in', ['keyring serial', 'data-keyring serial']).execute();
    return true;
  });
}
