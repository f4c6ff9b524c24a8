// Owns: changing the people in SQL: all that is asked, or nothing. Leaves to users-file.ts: what a person may look like;
// to cli/users.ts: words and passwords.
import type { AccountId, DirectoryUnavailable } from '../core/account.ts';
import { loginNameKey } from '../core/login-name.ts';
import type { Database, Queries } from '../database/database.ts';
import { costKey, parseArgon2String } from '../lib/argon2-string.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { type Problem, ProblemsError } from '../lib/problems.ts';
import { readAttributes, writeAttributes } from './sql-directory.ts';
import type { Person } from './users-file.ts';

/** A person as lists show them: whether there is a password, never its hash. */
export interface ListedPerson {
  readonly account: Person['account'];
  readonly hasPassword: boolean;
}

/** A statement's parameters are bounded: 65,535 in PostgreSQL, 32,766 in SQLite. */
const CHUNK = 500;

/**
 * Adds everybody, or nobody: `found` says whose name or id is taken already.
 * @throws ProblemsError with all of them.
 */
export async function addPeople(
  database: Database,
  people: readonly Person[],
  now: EpochSeconds,
): Promise<number | DirectoryUnavailable> {
  return database.transaction('user-add', async (queries) => {
    const taken: Problem[] = [];
    for (const some of chunks(people)) taken.push(...(await takenBy(queries, some)));
    if (taken.length > 0) throw new ProblemsError(taken);
    for (const some of chunks(people)) {
      await queries
        .insertInto('users')
        .values(some.map((person) => toRow(person, now)))
        .execute();
      const groups = some.flatMap(({ account }) =>
        [...new Set(account.groups)].map((group_name) => ({ account_id: account.id, group_name })),
      );
      for (const rows of chunks(groups)) await queries.insertInto('user_groups').values(rows).execute();
    }
    return people.length;
  });
}

async function takenBy(queries: Queries, people: readonly Person[]): Promise<readonly Problem[]> {
  const keys = people.map(({ account }) => loginNameKey(account.loginName));
  const ids = people.map(({ account }) => account.id);
  const rows = await queries
    .selectFrom('users')
    .select(['id', 'login_key'])
    .where((where) => where.or([where('login_key', 'in', keys), where('id', 'in', ids)]))
    .execute();
  return people.flatMap(({ account: { id, loginName } }): Problem[] => {
    if (rows.some((row) => row.login_key === loginNameKey(loginName))) {
      return [{ path: loginName, found: 'somebody of that name', wanted: 'a name that nobody has yet' }];
    }
    if (!rows.some((row) => row.id === id)) return [];
    return [{ path: `${loginName}: id`, found: `somebody with the id ${id}`, wanted: 'an id that nobody has yet' }];
  });
}

/** In the order of their names. */
export async function listPeople(database: Database): Promise<readonly ListedPerson[] | DirectoryUnavailable> {
  return database.ask('user-list', async (queries) => {
    const rows = await queries
      .selectFrom('users')
      .select(['id', 'login_name', 'disabled', 'attributes', 'password_cost'])
      .orderBy('login_key')
      .execute();
    const groups = await queries.selectFrom('user_groups').selectAll().orderBy('group_name').execute();
    const byAccount = Map.groupBy(groups, ({ account_id }) => account_id);
    return rows.map((row) => ({
      account: {
        id: row.id,
        loginName: row.login_name,
        disabled: row.disabled !== 0,
        attributes: readAttributes(row.attributes),
        groups: (byAccount.get(row.id) ?? []).map(({ group_name }) => group_name),
      },
      hasPassword: row.password_cost !== null,
    }));
  });
}

export interface PersonChange {
  /** A PHC string. */
  readonly passwordHash?: string;
  readonly disabled?: boolean;
}

/** What else has to happen, or the person stays as they are. */
export type WithIt = (queries: Queries, accountId: AccountId) => Promise<void>;

/** The id of who was changed; null when nobody has the name. */
export async function changePerson(
  database: Database,
  loginName: string,
  { passwordHash, disabled }: PersonChange,
  now: EpochSeconds,
  withIt: WithIt,
): Promise<AccountId | null | DirectoryUnavailable> {
  return database.transaction('user-change', async (queries): Promise<AccountId | null> => {
    const changed = await queries
      .updateTable('users')
      .set({
        updated_at: now,
        ...(passwordHash === undefined ? {} : { password_hash: passwordHash, password_cost: costOf(passwordHash) }),
        ...(disabled === undefined ? {} : { disabled: disabled ? 1 : 0 }),
      })
      .where('login_key', '=', loginNameKey(loginName))
      .returning('id')
      .executeTakeFirst();
    if (changed === undefined) return null;
    await withIt(queries, changed.id);
    return changed.id;
  });
}

/** Removes a person; what is kept of them elsewhere is `withIt`'s. The id of who was removed; null when nobody has the name. */
export async function removePerson(
  database: Database,
  loginName: string,
  withIt: WithIt,
): Promise<AccountId | null | DirectoryUnavailable> {
  return database.transaction('user-remove', async (queries): Promise<AccountId | null> => {
    const removed = await queries
      .deleteFrom('users')
      .where('login_key', '=', loginNameKey(loginName))
      .returning('id')
      .executeTakeFirst();
    if (removed === undefined) return null;
    await withIt(queries, removed.id);
    return removed.id;
  });
}

function toRow({ account, passwordHash }: Person, now: EpochSeconds) {
  return {
    id: account.id,
    login_name: account.loginName,
    login_key: loginNameKey(account.loginName),
    password_hash: passwordHash,
    password_cost: passwordHash === null ? null : costOf(passwordHash),
    disabled: account.disabled ? 1 : 0,
    attributes: writeAttributes(account.attributes),
    created_at: now,
    updated_at: now,
  };
}

function costOf(passwordHash: string): string {
  const parsed = parseArgon2String(passwordHash);
  if (parsed === null) throw new Error('not an Argon2id hash');
  return costKey(parsed.cost);
}

function chunks<T>(items: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, n) => items.slice(n * CHUNK, (n + 1) * CHUNK));
}
