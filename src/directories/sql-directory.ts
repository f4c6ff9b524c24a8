// Owns: people in SQL, as a directory that hands out hashes. Leaves to sql-people.ts: changing them; to account-cache.ts:
// not asking for every single sign-on.
import { sql } from 'kysely';
import { type Account, type DirectoryUnavailable, isUnavailable } from '../core/account.ts';
import { loginNameKey } from '../core/login-name.ts';
import type { HashCheck, PasswordDirectory } from '../core/password-directory.ts';
import { isStorable } from '../database/claims.ts';
import type { Database, Queries } from '../database/database.ts';
import { type Argon2Cost, costKey, parseArgon2String, readCostKey } from '../lib/argon2-string.ts';

export interface SqlDirectory extends PasswordDirectory {
  readonly check: HashCheck;
  readonly close: () => void;
}

/** Seconds between two looks at which cost most hashes have. */
const COST_POLL_SECONDS = 300;

/** A database that is down is no reason not to open. */
export async function openSqlDirectory(name: string, database: Database): Promise<SqlDirectory> {
  let common: Argon2Cost | null = null;
  const look = async (): Promise<void> => {
    const cost = await database.ask('user-cost', commonCost);
    if (!isUnavailable(cost)) common = cost;
  };
  await look();
  const timer = setInterval(() => void look(), COST_POLL_SECONDS * 1000).unref();

  return {
    name,
    findByLoginName: (typed) => findByLoginName(database, typed),
    findById: async (id) =>
      isStorable(id) ? database.ask('user-by-id', (queries) => findOne(queries, 'id', id)) : null,
    check: {
      kind: 'hash',
      passwordHash: async (id) => {
        if (!isStorable(id)) return null;
        return database.ask('user-password', async (queries): Promise<string | null> => {
          const row = await queries.selectFrom('users').select('password_hash').where('id', '=', id).executeTakeFirst();
          return row?.password_hash ?? null;
        });
      },
      commonCost: () => common,
      setPasswordHash: async (owner, phc, now) =>
        database.ask('user-set-password', async (queries) => {
          const changed = await queries
            .updateTable('users')
            .set({ updated_at: now, password_hash: phc, password_cost: costKey(costOf(phc)) })
            .where('id', '=', owner.id)
            .executeTakeFirst();
          return changed.numUpdatedRows === 1n ? 'done' : 'missing';
        }),
    },
    close: () => clearInterval(timer),
  };
}

/** Whoever is called this, however they type it. */
export async function findByLoginName(
  database: Database,
  typed: string,
): Promise<Account | null | DirectoryUnavailable> {
  const key = loginNameKey(typed);
  return isStorable(key) ? database.ask('user-by-name', (queries) => findOne(queries, 'login_key', key)) : null;
}

/** One question for the person and their groups. */
async function findOne(queries: Queries, by: 'id' | 'login_key', value: string): Promise<Account | null> {
  const rows = await queries
    .selectFrom('users')
    .leftJoin('user_groups', 'user_groups.account_id', 'users.id')
    .select(['users.id', 'login_name', 'disabled', 'attributes', 'group_name'])
    .where(`users.${by}`, '=', value)
    .execute();
  const [first] = rows;
  if (first === undefined) return null;
  return {
    id: first.id,
    loginName: first.login_name,
    disabled: first.disabled !== 0,
    attributes: readAttributes(first.attributes),
    groups: rows.flatMap(({ group_name }) => group_name ?? []).sort(),
  };
}

/** What `writeAttributes` wrote. */
export function readAttributes(text: string): ReadonlyMap<string, readonly string[]> {
  return new Map(JSON.parse(text) as [string, string[]][]);
}

/** Pairs, not an object: nothing can be called __proto__ with effect, and the order stays. */
export function writeAttributes(attributes: ReadonlyMap<string, readonly string[]>): string {
  return JSON.stringify([...attributes]);
}

function costOf(phc: string): Argon2Cost {
  const parsed = parseArgon2String(phc);
  if (parsed === null) throw new Error('not an Argon2id hash');
  return parsed.cost;
}

async function commonCost(queries: Queries): Promise<Argon2Cost | null | DirectoryUnavailable> {
  const [most] = await queries
    .selectFrom('users')
    .select('password_cost')
    .where('password_cost', 'is not', null)
    .groupBy('password_cost')
    .orderBy(sql`count(*)`, 'desc')
    .orderBy('password_cost', 'desc')
    .limit(1)
    .execute();
  return most?.password_cost == null ? null : readCostKey(most.password_cost);
}
