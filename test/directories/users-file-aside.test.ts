import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type Account, isUnavailable } from '../../src/core/account.ts';
import { parseUsersFile } from '../../src/directories/users-file.ts';
import { readUsersAside, SLICE_PEOPLE } from '../../src/directories/users-file-aside.ts';
import { openYamlDirectory, type YamlDirectory } from '../../src/directories/yaml-directory.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-users-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const hash = (letter: string, cost = 'm=19456,t=2,p=1') =>
  `$argon2id$v=19$${cost}$c2FsdHNhbHRzYWx0c2FsdA$${letter.repeat(42)}A`;
const entry = (n: number): string =>
  `  - id: u-${n} # the ${n}th\n    loginName: Person${n}\n    password: ${hash('A', n % 3 === 0 ? 'm=65536,t=3,p=4' : undefined)}\n    attributes: { mail: [ p${n}@example.org, q${n}@example.org ], sn: "${n}" }\n    groups: [ staff ]\n${n % 5 === 0 ? '    disabled: true\n' : ''}`;
const fileOf = (count: number): string =>
  `# Kept.\nusers:\n${Array.from({ length: count }, (_, n) => entry(n)).join('')}`;
const MANY = 2 * SLICE_PEOPLE + 1;
const LONG = 100;
assert.ok(fileOf(LONG - 1).length > 16_384, 'long enough for a thread');

for (const count of [1, SLICE_PEOPLE, SLICE_PEOPLE + 1, MANY]) {
  test(`a thread says what the caller would read: ${count} people`, async () => {
    const source = `${fileOf(count)}${'# padding\n'.repeat(2000)}`;
    const found = await readUsersAside(source, 'users.yaml');
    const expected = parseUsersFile(source, 'users.yaml');
    assert.deepEqual(found, expected);
    assert.ok(found.kind === 'people' && expected.kind === 'people');
    assert.equal(found.people.byId.size, count);
    assert.deepEqual([...found.people.byId.keys()], [...expected.people.byId.keys()], 'in the order of the file');
    assert.equal(found.people.byLoginName.get('person0'), found.people.byId.get('u-0'), 'one object for a person');
  });
}

const wrong = [
  { name: 'no YAML', source: `${fileOf(MANY)}  - [` },
  { name: 'no list', source: `users: 5\n${'# padding\n'.repeat(2000)}` },
  { name: 'an id twice, in two slices', source: fileOf(MANY) + entry(0) },
  { name: 'many problems', source: fileOf(MANY).replaceAll('groups: [ staff ]', 'group: [ staff ]') },
];
for (const { name, source } of wrong) {
  test(`a thread tells every problem, with its line: ${name}`, async () => {
    const found = await readUsersAside(source, 'users.yaml');
    assert.equal(found.kind, 'problems');
    assert.deepEqual(found, parseUsersFile(source, 'users.yaml'));
  });
}

async function openLong(): Promise<{ readonly path: string; readonly directory: YamlDirectory }> {
  const path = join(folder, 'users.yaml');
  await writeFile(path, fileOf(LONG), { mode: 0o600 });
  const directory = await openYamlDirectory({ name: 'users', path, pollSeconds: 3600, onEvent: () => {} });
  return { path, directory };
}
const person = async (directory: YamlDirectory, n: number): Promise<Account> => {
  const found = await directory.findById(`u-${n}`);
  assert.ok(found !== null && !isUnavailable(found));
  return found;
};
const setHash = (directory: YamlDirectory, owner: Account, phc: string) =>
  directory.check.setPasswordHash?.(owner, phc, 0) ?? assert.fail('a directory that takes no passwords');

test('passwords changed at once in a long file are all there, and nothing else has changed', async () => {
  const { path, directory } = await openLong();
  const owners = await Promise.all([1, 2, LONG - 1].map((n) => person(directory, n)));
  const answers = await Promise.all(owners.map((owner, n) => setHash(directory, owner, hash('BCD'[n] ?? ''))));
  assert.deepEqual(answers, ['done', 'done', 'done']);
  for (const [n, owner] of owners.entries()) {
    assert.equal(await directory.check.passwordHash(owner.id), hash('BCD'[n] ?? ''));
  }
  const expected = fileOf(LONG).split('\n');
  const changed = (await readFile(path, 'utf8')).split('\n').filter((line, at) => line !== expected[at]);
  assert.deepEqual(
    changed.map((line) => line.trim()),
    [hash('B'), hash('C'), hash('D')].map((phc) => `password: ${phc}`),
  );
  directory.close();
});

test('a long file that broke since it was read is left as it is, and who comes next is answered', async () => {
  const { path, directory } = await openLong();
  const owner = await person(directory, 1);
  await writeFile(path, `${fileOf(LONG)}  - [`);
  assert.deepEqual(await setHash(directory, owner, hash('B')), { unavailable: true });
  assert.equal(await readFile(path, 'utf8'), `${fileOf(LONG)}  - [`);
  assert.equal(await directory.check.passwordHash(owner.id), hash('A'));
  await writeFile(path, fileOf(LONG));
  assert.equal(await setHash(directory, owner, hash('B')), 'done');
  assert.equal(await directory.check.passwordHash(owner.id), hash('B'));
  directory.close();
});

test('a person whom a long file no longer has, or a file that is gone: unavailable, and nobody is added', async () => {
  const { path, directory } = await openLong();
  const owner = await person(directory, LONG - 1);
  await writeFile(path, fileOf(LONG - 1));
  assert.deepEqual(await setHash(directory, owner, hash('B')), { unavailable: true });
  assert.equal(await readFile(path, 'utf8'), fileOf(LONG - 1));
  await rm(path);
  assert.deepEqual(await setHash(directory, owner, hash('B')), { unavailable: true });
  await assert.rejects(readFile(path), { code: 'ENOENT' });
  directory.close();
});
