import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  addPerson,
  EMPTY_USERS_FILE,
  listPeople,
  setDisabled,
  setPasswordHash,
  UsersEditError,
} from '../../src/directories/users-file-edit.ts';
import { formatArgon2String } from '../../src/lib/argon2-string.ts';
import { ProblemsError } from '../../src/lib/problems.ts';
import { systemRandom } from '../../src/lib/random.ts';

const folder = mkdtempSync(join(tmpdir(), 'signet-edit-'));
after(() => rmSync(folder, { recursive: true }));
const random = systemRandom();
const phc = (fill: number) =>
  formatArgon2String({
    cost: { memory: 65_536, time: 3, parallelism: 4 },
    salt: Buffer.alloc(16, fill),
    hash: Buffer.alloc(64, fill),
  });
const nobody = { passwordHash: null, attributes: new Map(), groups: [] };
let count = 0;
function usersFile(text: string): string {
  count += 1;
  const path = join(folder, `users-${count}.yaml`);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}
const commented = `# Everybody
users:
  # the first
  - id: a1
    loginName: Anna # the boss
    password: ${phc(1)}
    attributes: { mail: anna@example.org } # flow style
  - loginName: bert
    id: b2

# the end
`;

test('a new password changes one value and nothing else in the file', async () => {
  const path = usersFile(commented);
  await setPasswordHash(path, 'ANNA', phc(2));
  assert.equal(readFileSync(path, 'utf8'), commented.replace(phc(1), phc(2)));
});

test('disabling adds one line, enabling takes it away again', async () => {
  const path = usersFile(commented);
  await setDisabled(path, 'bert', true);
  assert.equal(readFileSync(path, 'utf8'), commented.replace('    id: b2\n', '    id: b2\n    disabled: true\n'));
  await setDisabled(path, 'bert', true);
  await setDisabled(path, 'bert', false);
  assert.equal(readFileSync(path, 'utf8'), commented);
});

test('a file that is not there is made, readable by its owner only', async () => {
  const path = join(folder, 'made.yaml');
  const attributes = new Map([
    ['mail', ['zoe@example.org']],
    ['affiliation', ['staff', 'member']],
    ['__proto__', ['x']],
  ]);
  const id = await addPerson(path, { loginName: 'Zoë', passwordHash: phc(3), attributes, groups: ['wiki'] }, random);
  assert.match(id, /^[\w-]{22}$/);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const [person] = await listPeople(path);
  assert.deepEqual(person, {
    account: { id, loginName: 'Zoë', disabled: false, attributes, groups: ['wiki'] },
    passwordHash: phc(3),
  });
  const text = readFileSync(path, 'utf8');
  assert.ok(text.startsWith(EMPTY_USERS_FILE.slice(0, EMPTY_USERS_FILE.indexOf('users:'))), text);
  assert.match(text, /^users:\n {2}- id: /m);
});

test('twelve at once are all there, each with an id of their own', async () => {
  const path = usersFile(EMPTY_USERS_FILE);
  const names = Array.from({ length: 12 }, (_, n) => `user${n}`);
  await Promise.all(names.map((loginName) => addPerson(path, { ...nobody, loginName }, random)));
  const people = await listPeople(path);
  assert.deepEqual(people.map((p) => p.account.loginName).sort(), [...names].sort());
  assert.equal(new Set(people.map((p) => p.account.id)).size, 12);
  assert.deepEqual(
    readdirSync(folder).filter((name) => /tmp|lock/.test(name)),
    [],
  );
});

const add = (path: string, loginName: string) => addPerson(path, { ...nobody, loginName }, random);
const broken = 'users:\n  - {id: a1, loginName: anna, pasword: x}\n';
const refused: readonly {
  readonly name: string;
  readonly text: string;
  readonly change: (path: string) => Promise<unknown>;
  readonly error: typeof UsersEditError | typeof ProblemsError;
}[] = [
  { name: 'a name that is taken', text: commented, change: (path) => add(path, 'bert'), error: UsersEditError },
  { name: 'a name taken in other case', text: commented, change: (path) => add(path, ' aNNA'), error: UsersEditError },
  { name: 'a name with a line break', text: commented, change: (path) => add(path, 'c\nd'), error: ProblemsError },
  { name: 'an empty name', text: commented, change: (path) => add(path, ''), error: ProblemsError },
  {
    name: 'a password that is no hash',
    text: commented,
    change: (path) => setPasswordHash(path, 'bert', 'x'),
    error: ProblemsError,
  },
  {
    name: 'a password for nobody',
    text: commented,
    change: (path) => setPasswordHash(path, 'carl', phc(1)),
    error: UsersEditError,
  },
  {
    name: 'disabling nobody',
    text: commented,
    change: (path) => setDisabled(path, '__proto__', true),
    error: UsersEditError,
  },
  { name: 'a broken file', text: broken, change: (path) => add(path, 'bert'), error: ProblemsError },
  {
    name: 'a password in a broken file',
    text: broken,
    change: (path) => setPasswordHash(path, 'anna', phc(1)),
    error: ProblemsError,
  },
];
for (const { name, text, change, error } of refused) {
  test(`refused, and the file stays as it is: ${name}`, async () => {
    const path = usersFile(text);
    await assert.rejects(change(path), error);
    assert.equal(readFileSync(path, 'utf8'), text);
    assert.equal(existsSync(`${path}.lock`), false);
  });
}
