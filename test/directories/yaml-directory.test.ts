import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openYamlDirectory, type YamlDirectoryEvent } from '../../src/directories/yaml-directory.ts';
import { formatArgon2String } from '../../src/lib/argon2-string.ts';
import { ProblemsError } from '../../src/lib/problems.ts';

const folder = mkdtempSync(join(tmpdir(), 'signet-users-'));
after(() => rmSync(folder, { recursive: true }));
const phc = formatArgon2String({
  cost: { memory: 64, time: 1, parallelism: 1 },
  salt: Buffer.alloc(16),
  hash: Buffer.alloc(32),
});
const anna = `users:\n  - {id: a1, loginName: Anna, password: "${phc}"}\n`;
const bert = `${anna}  - {id: b2, loginName: bert}\n`;
let count = 0;
function usersFile(text: string, mode = 0o600): string {
  count += 1;
  const path = join(folder, `users-${count}.yaml`);
  replace(path, text, mode);
  return path;
}
function replace(path: string, text: string | Buffer, mode = 0o600): void {
  writeFileSync(`${path}.next`, text);
  chmodSync(`${path}.next`, mode);
  renameSync(`${path}.next`, path);
}
async function opened(path: string, pollSeconds = 3600) {
  const events: YamlDirectoryEvent[] = [];
  const directory = await openYamlDirectory({
    name: 'users',
    path,
    pollSeconds,
    onEvent: (event) => events.push(event),
  });
  return { directory, events };
}

test('people are found by any spelling of their name and by their id, and by nothing else', async () => {
  const { directory, events } = await opened(usersFile(bert));
  const found = await directory.findByLoginName(' ANNA ');
  assert.ok(found !== null && 'id' in found && found.id === 'a1' && found.loginName === 'Anna');
  assert.equal(await directory.findById('a1'), found);
  for (const name of ['', 'a1', 'ann', '__proto__', 'constructor', 'toString']) {
    assert.equal(await directory.findByLoginName(name), null);
  }
  for (const id of ['', 'Anna', 'A1', '__proto__', 'constructor']) {
    assert.equal(await directory.findById(id), null);
    assert.equal(await directory.check.passwordHash(id), null);
  }
  assert.equal(await directory.check.passwordHash('a1'), phc);
  assert.equal(await directory.check.passwordHash('b2'), null);
  assert.deepEqual(directory.check.commonCost(), { memory: 64, time: 1, parallelism: 1 });
  assert.deepEqual(events, [{ kind: 'loaded', people: 2 }]);
});

const atStart: readonly { readonly name: string; readonly path: () => string; readonly says: RegExp }[] = [
  {
    name: 'a missing file',
    path: () => join(folder, 'none.yaml'),
    says: /no such file \(ENOENT\); wanted a readable file/,
  },
  { name: 'a folder', path: () => mkdtempSync(join(folder, 'd-')), says: /EISDIR|mode/ },
  {
    name: 'a file that others may read',
    path: () => usersFile(anna, 0o644),
    says: /mode 644; wanted no permissions for others/,
  },
  { name: 'a file that others may write', path: () => usersFile(anna, 0o602), says: /mode 602/ },
  { name: 'an empty file', path: () => usersFile(''), says: /a mapping with the key users/ },
];
for (const { name, path, says } of atStart) {
  test(`not opened: ${name}`, async () => {
    await assert.rejects(opened(path()), (error) => error instanceof ProblemsError && says.test(error.message));
  });
}

test('a file that the group may read is opened: a Kubernetes Secret with fsGroup has mode 0440', async () => {
  const { directory } = await opened(usersFile(anna, 0o440));
  assert.equal(directory.status().people, 1);
});

const breaks: readonly { readonly name: string; readonly break: (path: string) => void; readonly says: RegExp }[] = [
  { name: 'broken YAML', break: (path) => replace(path, `${bert}  - [`), says: /valid YAML/ },
  {
    name: 'one bad person among good ones',
    break: (path) => replace(path, `${bert}  - {id: c3}\n`),
    says: /loginName/,
  },
  { name: 'an empty file', break: (path) => replace(path, ''), says: /a mapping with the key users/ },
  { name: 'a file cut short', break: (path) => replace(path, bert.slice(0, -12)), says: /users.yaml|users-/ },
  { name: 'bytes that are not UTF-8', break: (path) => replace(path, Buffer.from([0xff, 0xfe])), says: /UTF-8/ },
  { name: 'no file', break: (path) => rmSync(path), says: /ENOENT/ },
  { name: 'open permissions', break: (path) => chmodSync(path, 0o644), says: /mode 644/ },
];
for (const { name, break: breakIt, says } of breaks) {
  test(`the last good copy outlives ${name}, is reported once, and repair is noticed`, async () => {
    const path = usersFile(anna);
    const { directory, events } = await opened(path);
    breakIt(path);
    await directory.reload();
    await directory.reload();
    assert.equal(await directory.check.passwordHash('a1'), phc);
    assert.equal(await directory.findById('b2'), null);
    assert.equal(directory.status().people, 1);
    assert.match(JSON.stringify(directory.status().problems), says);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['loaded', 'refused'],
    );
    replace(path, bert);
    await directory.reload();
    assert.deepEqual(directory.status(), { people: 2, problems: [] });
    assert.notEqual(await directory.findById('b2'), null);
    assert.deepEqual(events.at(-1), { kind: 'loaded', people: 2 });
  });
}

test('a good file that comes back unchanged after an outage ends the complaint', async () => {
  const path = usersFile(anna);
  const { directory } = await opened(path);
  renameSync(path, `${path}.away`);
  await directory.reload();
  assert.equal(directory.status().problems.length, 1);
  renameSync(`${path}.away`, path);
  await directory.reload();
  assert.deepEqual(directory.status(), { people: 1, problems: [] });
});

test('a change of the link in front of the file is noticed, as when Kubernetes swaps a Secret', async () => {
  const link = join(folder, 'link.yaml');
  symlinkSync(usersFile(anna), link);
  const { directory } = await opened(link);
  symlinkSync(usersFile(bert), `${link}.next`);
  renameSync(`${link}.next`, link);
  await directory.reload();
  assert.equal(directory.status().people, 2);
});

test('the poll finds a change by itself, and a closed directory looks no more', async () => {
  const path = usersFile(anna);
  const { directory } = await opened(path, 0.02);
  replace(path, bert);
  for (let waited = 0; waited < 5000 && directory.status().people === 1; waited += 20) await pause(20);
  assert.equal(directory.status().people, 2);
  directory.close();
  await directory.reload();
  replace(path, anna);
  await pause(150);
  assert.equal(directory.status().people, 2);
});

test('a large file is parsed without holding the event loop, and means the same', async () => {
  const people = Array.from(
    { length: 3000 },
    (_, n) => `  - {id: u${n}, loginName: user${n}, attributes: {mail: u${n}@example.org}}`,
  );
  const path = usersFile(anna);
  const { directory } = await opened(path);
  replace(path, `users:\n${people.join('\n')}\n`);
  let turns = 0;
  const ticking = setInterval(() => {
    turns += 1;
  }, 1);
  await directory.reload();
  clearInterval(ticking);
  assert.ok(turns > 20, `only ${turns} turns of the loop`);
  assert.equal(directory.status().people, 3000);
  const last = await directory.findByLoginName('USER2999');
  assert.ok(last !== null && 'attributes' in last);
  assert.deepEqual(last.attributes, new Map([['mail', ['u2999@example.org']]]));
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
