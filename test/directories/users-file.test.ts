import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUsersFile } from '../../src/directories/users-file.ts';
import { formatArgon2String } from '../../src/lib/argon2-string.ts';

const phc = (memory: number, time = 3) =>
  formatArgon2String({ cost: { memory, time, parallelism: 1 }, salt: Buffer.alloc(16, 1), hash: Buffer.alloc(32, 2) });
const one = (line: string) => `users:\n  - id: a1\n    loginName: anna\n    ${line}\n`;
const problemsOf = (source: string) => {
  const read = parseUsersFile(source, 'users.yaml');
  return read.kind === 'problems' ? read.problems : [];
};
const peopleOf = (source: string) => {
  const read = parseUsersFile(source, 'users.yaml');
  assert.ok(read.kind === 'people', JSON.stringify(read));
  return read.people;
};

test('a person with everything', () => {
  const people = peopleOf(`
users:
  - id: q83vEjRWeJq83vEjRWeJqw
    loginName: Zoë
    password: ${phc(64)}
    attributes:
      mail: zoe@example.org
      eduPersonAffiliation: [staff, member]
      __proto__: not a prototype
      constructor: [x]
    groups: [wiki]
    disabled: true
`);
  const person = people.byLoginName.get('zoë');
  assert.equal(person, people.byId.get('q83vEjRWeJq83vEjRWeJqw'));
  assert.equal(person?.passwordHash, phc(64));
  assert.deepEqual(person?.account, {
    id: 'q83vEjRWeJq83vEjRWeJqw',
    loginName: 'Zoë',
    disabled: true,
    attributes: new Map([
      ['mail', ['zoe@example.org']],
      ['eduPersonAffiliation', ['staff', 'member']],
      ['__proto__', ['not a prototype']],
      ['constructor', ['x']],
    ]),
    groups: ['wiki'],
  });
});

test('a person with id and login name only has neither password nor groups', () => {
  const person = peopleOf('users: [{id: a1, loginName: anna}]').byId.get('a1');
  assert.equal(person?.passwordHash, null);
  assert.deepEqual([person?.account.disabled, person?.account.groups, person?.account.attributes.size], [false, [], 0]);
});

const costs: readonly {
  readonly name: string;
  readonly hashes: readonly string[];
  readonly memory: number | undefined;
}[] = [
  { name: 'nobody has one', hashes: [], memory: undefined },
  { name: 'most have it', hashes: [phc(64), phc(64), phc(1024)], memory: 64 },
  { name: 'a tie goes to the dearer', hashes: [phc(64), phc(1024)], memory: 1024 },
  { name: 'passes count as work', hashes: [phc(64, 30), phc(128, 2)], memory: 64 },
];
for (const { name, hashes, memory } of costs) {
  test(`the common cost: ${name}`, () => {
    const users = hashes.map((hash, n) => `  - {id: a${n}, loginName: user${n}, password: "${hash}"}`).join('\n');
    assert.equal(peopleOf(hashes.length === 0 ? 'users: []' : `users:\n${users}`).commonCost?.memory, memory);
  });
}

const broken: readonly {
  readonly name: string;
  readonly source: string;
  readonly path: string;
  readonly says: RegExp;
}[] = [
  { name: 'empty file', source: '', path: 'users.yaml: the file', says: /found null; wanted a mapping/ },
  { name: 'a list', source: '- id: a1', path: 'users.yaml: the file', says: /found a list/ },
  { name: 'no users', source: '{}', path: 'users.yaml: users', says: /found nothing/ },
  {
    name: 'users without a value',
    source: 'users:',
    path: 'users.yaml line 1: users',
    says: /found null; wanted a list/,
  },
  {
    name: 'unknown key at the top',
    source: 'users: []\nuser: 1',
    path: 'users.yaml line 2: user',
    says: /perhaps 'users'/,
  },
  {
    name: 'a person who is a text',
    source: 'users: [anna]',
    path: 'users.yaml line 1: users[0]',
    says: /found "anna"/,
  },
  { name: 'unknown key', source: one('emial: x'), path: 'users.yaml line 4: users[0].emial', says: /an unknown key/ },
  {
    name: 'misspelt key',
    source: one('pasword: x'),
    path: 'users.yaml line 4: users[0].pasword',
    says: /perhaps 'password'/,
  },
  {
    name: '__proto__ as a key',
    source: one('__proto__: {disabled: true}'),
    path: 'users.yaml line 4: users[0].__proto__',
    says: /unknown/,
  },
  { name: 'a merge key', source: one('<<: {disabled: true}'), path: 'users.yaml line 4: users[0].<<', says: /unknown/ },
  {
    name: 'no id',
    source: 'users: [{loginName: anna}]',
    path: 'users.yaml line 1: users[0].id',
    says: /found nothing/,
  },
  {
    name: 'id with a space',
    source: 'users: [{id: "a 1", loginName: anna}]',
    path: 'users.yaml line 1: users[0].id',
    says: /visible ASCII/,
  },
  {
    name: 'id too long',
    source: `users: [{id: ${'a'.repeat(49)}, loginName: anna}]`,
    path: 'users.yaml line 1: users[0].id',
    says: /1 to 48/,
  },
  {
    name: 'id is the login name',
    source: 'users: [{id: Anna, loginName: anna}]',
    path: 'users.yaml line 1: users[0].id',
    says: /never changes/,
  },
  {
    name: 'login name is a number',
    source: 'users: [{id: a1, loginName: 1234}]',
    path: 'users.yaml line 1: users[0].loginName',
    says: /found 1234; wanted text; quote/,
  },
  {
    name: 'login name with space around',
    source: 'users: [{id: a1, loginName: " anna"}]',
    path: 'users.yaml line 1: users[0].loginName',
    says: /white space/,
  },
  {
    name: 'login name with a control character',
    source: 'users: [{id: a1, loginName: "an\\0na"}]',
    path: 'users.yaml line 1: users[0].loginName',
    says: /control/,
  },
  {
    name: 'login name over 256 bytes',
    source: `users: [{id: a1, loginName: ${'ë'.repeat(129)}}]`,
    path: 'users.yaml line 1: users[0].loginName',
    says: /256 bytes/,
  },
  {
    name: 'disabled: yes',
    source: one('disabled: yes'),
    path: 'users.yaml line 4: users[0].disabled',
    says: /found "yes"; wanted true or false/,
  },
  {
    name: 'groups as a text',
    source: one('groups: wiki'),
    path: 'users.yaml line 4: users[0].groups',
    says: /list of group names/,
  },
  {
    name: 'attribute without a value',
    source: one('attributes: {mail: }'),
    path: 'users.yaml line 4: users[0].attributes.mail[0]',
    says: /found null/,
  },
  {
    name: 'attribute with no values',
    source: one('attributes: {mail: []}'),
    path: 'users.yaml line 4: users[0].attributes.mail',
    says: /at least one/,
  },
  {
    name: 'attribute value is a number',
    source: one('attributes: {n: [a, 00123]}'),
    path: 'users.yaml line 4: users[0].attributes.n[1]',
    says: /quote/,
  },
  {
    name: 'attribute value that XML cannot hold',
    source: one('attributes: {n: "a\\x01"}'),
    path: 'users.yaml line 4: users[0].attributes.n[0]',
    says: /control/,
  },
  {
    name: 'attributes as a list',
    source: one('attributes: [mail]'),
    path: 'users.yaml line 4: users[0].attributes',
    says: /a mapping of names/,
  },
  {
    name: 'an id twice',
    source: 'users:\n- {id: a1, loginName: a}\n- {id: a1, loginName: b}',
    path: 'users.yaml line 3: users[1].id',
    says: /'a1' a second time/,
  },
  {
    name: 'a name twice',
    source: 'users:\n- {id: a1, loginName: zoë}\n- {id: a2, loginName: "ZOE\\u0308"}',
    path: 'users.yaml line 3: users[1].loginName',
    says: /second time/,
  },
  {
    name: 'a key twice',
    source: one('groups: []\n    groups: [admins]'),
    path: 'users.yaml line 5',
    says: /DUPLICATE_KEY/,
  },
  { name: 'users twice', source: 'users: []\nusers: []', path: 'users.yaml line 2', says: /DUPLICATE_KEY/ },
  { name: 'two documents', source: 'users: []\n---\nusers: []', path: 'users.yaml line 2', says: /MULTIPLE_DOCS/ },
  { name: 'an unknown tag', source: 'users: !!js/function []', path: 'users.yaml line 1', says: /TAG_RESOLVE_FAILED/ },
  {
    name: 'an alias',
    source: 'users:\n- &a {id: a1, loginName: anna}\n- *a',
    path: 'users.yaml: the file',
    says: /alias/,
  },
  { name: 'an open bracket', source: 'users: [', path: 'users.yaml line 1', says: /valid YAML/ },
];
for (const { name, source, path, says } of broken) {
  test(`refused: ${name}`, () => {
    const problems = problemsOf(source);
    assert.equal(problems.length, 1, JSON.stringify(problems));
    assert.equal(problems[0]?.path, path);
    assert.match(`found ${problems[0]?.found}; wanted ${problems[0]?.wanted}`, says);
  });
}

test('everything that is wrong is said at once', () => {
  const source =
    'users:\n- {id: 1, loginName: 2, pasword: x, groups: y}\n- 5\n- {id: a1, loginName: anna, disabled: 1}\nuser: x';
  assert.equal(problemsOf(source).length, 7);
});

const secret = 'hunter2hunter2';
const leaky: readonly string[] = [
  one(`password: ${secret}`),
  one(`password: [${secret}]`),
  one(`password: {a: ${secret}}`),
  one(`password: "${secret}`),
  one(`password: ${secret}\n    password: ${secret}`),
  one(`password: !x ${secret}`),
  one(`password: *${secret}`),
  one(`password: ${secret}: ${secret}: x`),
  one(`password: @${secret}`),
  one(`password: \`${secret}`),
  one(`password: $argon2id$v=19$m=99999999,t=3,p=4$${secret}$${secret}`),
];
for (const source of leaky) {
  test(`a problem shows nothing of ${JSON.stringify(source.slice(45, 80))}`, () => {
    const problems = problemsOf(source);
    assert.ok(problems.length > 0);
    assert.doesNotMatch(JSON.stringify(problems), /hunter2/);
  });
}
