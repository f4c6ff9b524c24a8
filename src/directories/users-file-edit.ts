// Owns: changing users.yaml without losing a comment, the order or a concurrent change.
// Leaves to users-file.ts: the rules, which the file must meet before and after; to methods/: making the hash.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Document, isMap, isSeq, LineCounter, type YAMLMap } from 'yaml';
import type { AccountId } from '../core/account.ts';
import { loginNameKey } from '../core/login-name.ts';
import { withLock, writeAtomically } from '../lib/atomic-file.ts';
import { encodeBase64url } from '../lib/base64url.ts';
import { ProblemsError } from '../lib/problems.ts';
import type { Random } from '../lib/random.ts';
import { type People, type Person, parseUsersDocument, parseUsersFile } from './users-file.ts';

/** A users file with nobody in it. */
export const EMPTY_USERS_FILE = `# The people who can sign in. Change it by hand or with \`signet users\`; nodes notice within seconds.
# It holds password hashes: keep it readable by the service only.
users: []
`;

/** A change that cannot be made: the name is taken, or there is no such person. The message is for a person. */
export class UsersEditError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsersEditError';
  }
}

export interface NewPerson {
  readonly loginName: string;
  /** A PHC string; null for somebody who gets a password later. */
  readonly passwordHash: string | null;
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  readonly groups: readonly string[];
}

/**
 * Adds a person under a new random 128-bit id; makes the file when there is none.
 * @throws UsersEditError when the name is taken; ProblemsError when the file is broken or would be.
 */
export async function addPerson(path: string, added: NewPerson, random: Random): Promise<AccountId> {
  const id = newAccountId(random);
  const { loginName, passwordHash, attributes, groups } = added;
  await addPeople(path, [{ account: { id, loginName, disabled: false, attributes, groups }, passwordHash }]);
  return id;
}

/** Random, 128 bits, never used again. */
export function newAccountId(random: Random): AccountId {
  return encodeBase64url(random(16));
}

/**
 * Adds all of them or none; makes the file when there is none.
 * @throws UsersEditError when a name is taken; ProblemsError when the file is broken or would be.
 */
export async function addPeople(path: string, added: readonly Person[]): Promise<void> {
  await edit(path, (document, people) => {
    for (const { account } of added) {
      if (!people.byLoginName.has(loginNameKey(account.loginName))) continue;
      throw new UsersEditError(`there is already somebody called '${account.loginName}'`);
    }
    const list = document.get('users', true);
    if (!isSeq(list)) throw new UsersEditError(`${path} has no list called 'users'`);
    list.flow = false;
    for (const person of added) list.add(document.createNode(spelledOut(person)));
  });
}

/** @throws UsersEditError when there is nobody of this name; ProblemsError when the file is broken. */
export async function removePerson(path: string, loginName: string): Promise<void> {
  await edit(path, (document, people) => {
    document.deleteIn(['users', [...people.byId.values()].indexOf(personCalled(people, loginName))]);
  });
}

/** @throws UsersEditError when there is nobody of this name; ProblemsError when the file is broken. */
export async function setPasswordHash(path: string, loginName: string, passwordHash: string): Promise<void> {
  await editPerson(path, loginName, (entry) => entry.set('password', passwordHash));
}

/** @throws UsersEditError when there is nobody of this name; ProblemsError when the file is broken. */
export async function setDisabled(path: string, loginName: string, disabled: boolean): Promise<void> {
  await editPerson(path, loginName, (entry) => {
    if (disabled) entry.set('disabled', true);
    else entry.delete('disabled');
  });
}

/** Everybody, in the order of the file. @throws ProblemsError when the file is broken. */
export async function listPeople(path: string): Promise<readonly Person[]> {
  return [...parse(await readFile(path, 'utf8'), path).byId.values()];
}

function spelledOut({ account, passwordHash }: Person): Map<string, unknown> {
  const { id, loginName, disabled, attributes, groups } = account;
  const entry = new Map<string, unknown>([
    ['id', id],
    ['loginName', loginName],
  ]);
  if (passwordHash !== null) entry.set('password', passwordHash);
  if (attributes.size > 0) {
    entry.set(
      'attributes',
      new Map([...attributes].map(([name, values]) => [name, values.length === 1 ? values[0] : values])),
    );
  }
  if (groups.length > 0) entry.set('groups', groups);
  if (disabled) entry.set('disabled', true);
  return entry;
}

async function editPerson(path: string, loginName: string, change: (entry: YAMLMap) => void): Promise<void> {
  await edit(path, (document, people) => {
    const index = [...people.byId.values()].indexOf(personCalled(people, loginName));
    const entry = document.getIn(['users', index], true);
    if (isMap(entry)) change(entry);
  });
}

function personCalled(people: People, loginName: string): Person {
  const person = people.byLoginName.get(loginNameKey(loginName));
  if (person === undefined) throw new UsersEditError(`there is nobody called '${loginName}'`);
  return person;
}

async function edit(path: string, change: (document: Document.Parsed, people: People) => void): Promise<void> {
  await withLock(path, async () => {
    const before = await readOrEmpty(path);
    const people = parse(before, path);
    const document = parseUsersDocument(before, new LineCounter());
    change(document, people);
    // No folding: a hash or a long attribute stays on its line, as it was.
    const after = document.toString({ lineWidth: 0 });
    parse(after, path);
    await writeAtomically(path, after, { mode: 0o600 });
  });
}

function parse(source: string, path: string): People {
  const read = parseUsersFile(source, basename(path));
  if (read.kind === 'problems') throw new ProblemsError(read.problems);
  return read.people;
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return EMPTY_USERS_FILE;
    throw error;
  }
}
