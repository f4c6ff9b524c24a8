// Owns: what users.yaml means: people out of text, or everything that is wrong with it. Leaves to yaml-directory.ts:
// when to read the file; to users-file-edit.ts: changing it.
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { wantedInstead } from '../config/suggest.ts';
import { ACCOUNT_ID_MAX_BYTES, type Account, type AccountId } from '../core/account.ts';
import { LOGIN_NAME_MAX_BYTES, loginNameKey } from '../core/login-name.ts';
import { type Argon2Cost, costKey, parseArgon2String } from '../lib/argon2-string.ts';
import { type Problem, Problems } from '../lib/problems.ts';

export interface Person {
  readonly account: Account;
  /** A PHC string; null for somebody who has no password (yet). */
  readonly passwordHash: string | null;
}

export interface People {
  readonly byId: ReadonlyMap<AccountId, Person>;
  /** Keyed by `loginNameKey`. */
  readonly byLoginName: ReadonlyMap<string, Person>;
  /** The cost that most password hashes have, the dearer one of a tie; null when nobody has a password. */
  readonly commonCost: Argon2Cost | null;
}

export type UsersFile =
  | { readonly kind: 'people'; readonly people: People }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

const FILE_KEYS = ['users'];
const PERSON_KEYS = ['id', 'loginName', 'password', 'attributes', 'groups', 'disabled'];

/** Values go into XML and HTTP headers, which cannot hold these. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u{fffe}\u{ffff}]/u;
const quoted = 'text; quote what looks like a number, a date or true';
const text = (characters: number) =>
  z
    .string(quoted)
    .min(1, 'at least one character')
    .max(characters, `at most ${characters} characters`)
    .refine((value) => !UNPRINTABLE.test(value), 'no control characters');

const loginName = text(LOGIN_NAME_MAX_BYTES)
  .refine((name) => Buffer.byteLength(name) <= LOGIN_NAME_MAX_BYTES, `at most ${LOGIN_NAME_MAX_BYTES} bytes of UTF-8`)
  .refine((name) => name === name.trim(), 'no white space around it');

const person = z.object({
  id: z
    .string(quoted)
    .regex(new RegExp(`^[!-~]{1,${ACCOUNT_ID_MAX_BYTES}}$`), `1 to ${ACCOUNT_ID_MAX_BYTES} visible ASCII characters`),
  loginName,
  password: z
    .string('an Argon2id hash: use `signet users set-password`')
    .refine((value) => parseArgon2String(value) !== null, 'an Argon2id hash: use `signet users set-password`')
    .optional(),
  attributes: z
    .map(
      text(256),
      z.preprocess(
        (value) => (Array.isArray(value) ? value : [value]),
        z.array(text(4096)).min(1, 'at least one value'),
      ),
      'a mapping of names to a text or a list of texts',
    )
    .optional(),
  groups: z.array(text(256), 'a list of group names').optional(),
  disabled: z.boolean('true or false').optional(),
});

/**
 * Reads the text of a users file: all of it or nothing. `file` is what problems call it.
 * Login names must differ in `loginNameKey`, ids byte by byte. No problem ever shows a password hash.
 * `newId` gives an id to who has none; without it, that is a problem.
 */
export function parseUsersFile(source: string, file: string, newId: (() => AccountId) | null = null): UsersFile {
  const lines = new LineCounter();
  const document = parseUsersDocument(source, lines);
  const problems = new Problems();
  for (const error of [...document.errors, ...document.warnings]) {
    const { line, col } = lines.linePos(error.pos[0]);
    // The error's message may quote the file, hashes included; its code does not.
    problems.add(`${file} line ${line}`, `${error.code} at column ${col}`, 'valid YAML');
  }
  if (problems.any()) return { kind: 'problems', problems: problems.list() };
  const where = (path: readonly PropertyKey[]) => `${file}${lineOf(document, lines, path)}: ${spell(path)}`;
  const people = readPeople(document, newId, problems, where);
  return problems.any() ? { kind: 'problems', problems: problems.list() } : { kind: 'people', people };
}

/** What is wrong with people who are to be kept elsewhere: the rules are those of the file. */
export function checkPeople(people: readonly Person[]): readonly Problem[] {
  const users = people.map(({ account, passwordHash }) => {
    const { id, loginName, disabled, attributes, groups } = account;
    const password = passwordHash === null ? {} : { password: passwordHash };
    return { id, loginName, disabled, groups, attributes: Object.fromEntries(attributes), ...password };
  });
  const read = parseUsersFile(JSON.stringify({ users }), 'people');
  return read.kind === 'problems' ? read.problems : [];
}

/** One set of rules for readers and writers of the file. */
export function parseUsersDocument(source: string, lineCounter: LineCounter): Document.Parsed {
  return parseDocument(source, { lineCounter, prettyErrors: false, uniqueKeys: true, stringKeys: true });
}

type Where = (path: readonly PropertyKey[]) => string;

function readPeople(document: Document, newId: (() => AccountId) | null, problems: Problems, where: Where): People {
  const byId = new Map<AccountId, Person>();
  const byLoginName = new Map<string, Person>();
  const top = toValue(document, problems, where);
  if (problems.any()) return { byId, byLoginName, commonCost: null };
  const known = knownKeys(top, FILE_KEYS, [], problems, where);
  if (known === null) return { byId, byLoginName, commonCost: null };
  const list = known.users;
  if (!Array.isArray(list)) {
    problems.add(where(['users']), describe(list), 'a list of people; `users: []` for nobody');
    return { byId, byLoginName, commonCost: null };
  }
  for (const [index, item] of list.entries()) {
    const read = readPerson(item, newId, ['users', index], problems, where);
    if (read === null) continue;
    const { id, loginName: name } = read.account;
    const key = loginNameKey(name);
    if (byId.has(id)) problems.add(where(['users', index, 'id']), `'${id}' a second time`, 'an id of their own');
    if (byLoginName.has(key)) {
      const wanted = 'a name that differs in more than upper and lower case';
      problems.add(where(['users', index, 'loginName']), `'${name}' a second time`, wanted);
    }
    byId.set(id, read);
    byLoginName.set(key, read);
  }
  return { byId, byLoginName, commonCost: commonCostOf([...byId.values()]) };
}

function toValue(document: Document, problems: Problems, where: Where): unknown {
  try {
    // Maps, never object literals: nothing in the file can be called __proto__ with effect.
    return document.toJS({ mapAsMap: true, maxAliasCount: 0 });
  } catch {
    problems.add(where([]), 'an alias (*name)', 'every value written out');
    return null;
  }
}

function readPerson(
  item: unknown,
  newId: (() => AccountId) | null,
  path: readonly PropertyKey[],
  problems: Problems,
  where: Where,
): Person | null {
  const found = knownKeys(item, PERSON_KEYS, path, problems, where);
  if (found === null) return null;
  const known = found.id === undefined && newId !== null ? { ...found, id: newId() } : found;
  const parsed = person.safeParse(known);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const at = [...path, ...issue.path];
      const isSecret = issue.path[0] === 'password';
      problems.add(where(at), isSecret ? 'something else' : describe(valueAt(known, issue.path)), issue.message);
    }
    return null;
  }
  const { id, loginName: name, password, attributes, groups, disabled } = parsed.data;
  if (loginNameKey(name) === loginNameKey(id)) {
    problems.add(
      where([...path, 'id']),
      'the login name',
      'an id that never changes: `signet users add` makes random ones',
    );
  }
  return {
    account: {
      id,
      loginName: name,
      disabled: disabled ?? false,
      attributes: attributes ?? new Map(),
      groups: groups ?? [],
    },
    passwordHash: password ?? null,
  };
}

/** The mapping's known keys as an object; each unknown one is a problem. */
function knownKeys(
  value: unknown,
  known: readonly string[],
  path: readonly PropertyKey[],
  problems: Problems,
  where: Where,
): Record<string, unknown> | null {
  if (!(value instanceof Map)) {
    problems.add(
      where(path),
      describe(value),
      `a mapping with the key${known.length > 1 ? 's' : ''} ${known.join(', ')}`,
    );
    return null;
  }
  for (const key of value.keys()) {
    if (!known.includes(String(key))) {
      problems.add(where([...path, String(key)]), 'an unknown key', wantedInstead(String(key), known));
    }
  }
  return Object.fromEntries(known.filter((key) => value.has(key)).map((key) => [key, value.get(key)]));
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value;
  for (const part of path) {
    if (found instanceof Map) found = found.get(part);
    else if (Array.isArray(found)) found = found[Number(part)];
    else if (typeof found === 'object' && found !== null)
      found = Object.entries(found).find(([key]) => key === part)?.[1];
    // A single attribute value stands for a list of one.
  }
  return found;
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value instanceof Map) return 'a mapping';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  const shown = JSON.stringify(value) ?? typeof value;
  return shown.length > 80 ? `${shown.slice(0, 80)}… (${shown.length} characters)` : shown;
}

function spell(path: readonly PropertyKey[]): string {
  const spelled = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return spelled === '' ? 'the file' : spelled.replace(/^\./, '');
}

/** The line of the innermost part of the path that the document has. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): string {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return ` line ${lines.linePos(node.range[0]).line}`;
  }
  return '';
}

function commonCostOf(people: readonly Person[]): Argon2Cost | null {
  const counts = new Map<string, { readonly cost: Argon2Cost; count: number }>();
  for (const { passwordHash } of people) {
    const cost = passwordHash === null ? undefined : parseArgon2String(passwordHash)?.cost;
    if (cost === undefined) continue;
    const seen = counts.get(costKey(cost));
    if (seen === undefined) counts.set(costKey(cost), { cost, count: 1 });
    else seen.count += 1;
  }
  const work = ({ memory, time }: Argon2Cost) => memory * time;
  const [most] = [...counts.values()].sort((a, b) => b.count - a.count || work(b.cost) - work(a.cost));
  return most?.cost ?? null;
}
