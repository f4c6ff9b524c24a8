import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Command, CommanderError } from 'commander';
import { CliFailure } from '../../src/cli/io.ts';
import { addUsersCommand } from '../../src/cli/users.ts';
import { EMPTY_USERS_FILE, listPeople } from '../../src/directories/users-file-edit.ts';
import { ProblemsError } from '../../src/lib/problems.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { matchesHash } from '../../src/methods/argon2.ts';

const root = mkdtempSync(join(tmpdir(), 'signet-cli-users-'));
after(() => rmSync(root, { recursive: true }));
const random = systemRandom();
const password = 'a brass kettle';

function folder(users = EMPTY_USERS_FILE) {
  const dir = mkdtempSync(join(root, 'node-'));
  const config = join(dir, 'signet.yaml');
  const file = join(dir, 'users.yaml');
  const cheap = 'password: {argon2: {memory: 64, time: 1, parallelism: 1}}';
  writeFileSync(config, `publicUrl: https://idp.example.org\n${cheap}\n`);
  writeFileSync(file, users, { mode: 0o600 });
  return { config, file };
}
interface Typed {
  readonly stdin?: string;
  readonly answers?: readonly string[];
}
async function run(args: readonly string[], typed: Typed = {}): Promise<string> {
  let shown = '';
  const show = (text: string) => {
    shown += text;
  };
  const answers = [...(typed.answers ?? [])];
  const program = new Command().exitOverride().configureOutput({ writeOut: show, writeErr: show });
  addUsersCommand(program, {
    out: show,
    err: show,
    readStdin: async () => typed.stdin ?? '',
    askSecret: async () => answers.shift() ?? null,
    clock: () => 1_000_000,
    random,
    environment: {},
  });
  await program.parseAsync(['users', ...args], { from: 'user' });
  assert.doesNotMatch(shown, /brass kettle|argon2id/);
  return shown;
}
const stdin = `${password}\n`;

test('add, with everything, from standard input', async () => {
  const { config, file } = folder();
  const attributes = [
    'mail=anna@example.org',
    'affiliation=staff',
    'affiliation=member',
    'note=a=b',
    'empty-ish= ',
    '__proto__=x',
  ];
  const shown = await run(
    [
      'add',
      'Anna',
      '--password-stdin',
      '--config',
      config,
      ...attributes.flatMap((a) => ['--attribute', a]),
      '--group',
      'a',
      '--group',
      'b',
    ],
    { stdin },
  );
  const [person] = await listPeople(file);
  assert.ok(person !== undefined && person.passwordHash !== null);
  assert.match(shown, new RegExp(`^added Anna with id ${person.account.id}\n$`));
  assert.match(person.account.id, /^[\w-]{22}$/);
  assert.equal(await matchesHash(person.passwordHash, password), true);
  assert.match(person.passwordHash, /m=64,t=1,p=1/);
  assert.deepEqual(person.account.groups, ['a', 'b']);
  assert.deepEqual(
    person.account.attributes,
    new Map([
      ['mail', ['anna@example.org']],
      ['affiliation', ['staff', 'member']],
      ['note', ['a=b']],
      ['empty-ish', [' ']],
      ['__proto__', ['x']],
    ]),
  );
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('add asks twice on a terminal', async () => {
  const { config, file } = folder();
  await run(['add', 'anna', '--config', config], { answers: [password, password] });
  const [person] = await listPeople(file);
  assert.equal(await matchesHash(person?.passwordHash ?? '', password), true);
});

test('set-password replaces the password, disable and enable do what they say', async () => {
  const { config, file } = folder();
  await run(['add', 'anna', '--password-stdin', '--config', config], { stdin });
  const [before] = await listPeople(file);
  await run(['set-password', 'ANNA', '--password-stdin', '--config', config], { stdin: 'another horse\r\n' });
  await run(['disable', 'anna', '--config', config]);
  const [disabled] = await listPeople(file);
  assert.equal(disabled?.account.id, before?.account.id);
  assert.equal(disabled?.account.disabled, true);
  assert.equal(await matchesHash(disabled?.passwordHash ?? '', password), false);
  assert.equal(await matchesHash(disabled?.passwordHash ?? '', 'another horse'), true);
  await run(['enable', 'anna', '--config', config]);
  assert.equal((await listPeople(file))[0]?.account.disabled, false);
});

// NIST SP 800-63B-4 §3.1.1.2, CWE-521: what /account refuses is no better when an operator types it.
for (const [name, typed, says] of [
  ['an empty one', '', /too short: at least 12 characters \(password\.minLength\)/],
  ['one of 11 characters', 'brass-kettl', /at least 12 characters/],
  ['one of 11 characters in 22 units', '\u{1f600}\u{1f601}\u{1f602}\u{1f603}'.repeat(3).slice(0, 22), /at least 12/],
  ['one of 1025 bytes', 'brass'.repeat(205), /too long: at most 1024 bytes/],
  ['half a character', 'a brass kettle\ud800', /not text/],
  ['a common one', 'Summer2026!!', /everybody would guess/],
  ['a keyboard walk', '1qaz2wsx3edc', /everybody would guess/],
  ['the login name', 'anna-muster-1', /name of the person or of this service/],
  ['the mail address', 'kettle@brass.example', /name of the person or of this service/],
  ['where the service is', 'idp.example.org', /name of the person or of this service/],
] as const) {
  test(`a new password is refused: ${name}`, async () => {
    const { config, file } = folder();
    const mail = ['--attribute', 'mail=kettle@brass.example'];
    const options = ['--password-stdin', '--config', config];
    const refuse = (...args: readonly string[]) =>
      assert.rejects(run([...args, ...options], { stdin: typed }), (error: unknown) => {
        assert.ok(error instanceof CliFailure);
        assert.match(error.message, says);
        assert.ok(typed === '' || !error.message.includes(typed), 'the password is not shown');
        return true;
      });
    await refuse('add', 'anna.muster', ...mail);
    assert.deepEqual(await listPeople(file), []);
    await run(['add', 'anna.muster', ...mail, ...options], { stdin: 'eleven wet badgers' });
    await refuse('set-password', 'ANNA.muster');
    const [person] = await listPeople(file);
    assert.equal(await matchesHash(person?.passwordHash ?? '', 'eleven wet badgers'), true);
  });
}

test('how long a new password must be is the configuration’s word', async () => {
  const { config, file } = folder();
  writeFileSync(config, readFileSync(config, 'utf8').replace('{argon2', '{minLength: 15, argon2'));
  const add = (typed: string) => run(['add', 'anna', '--password-stdin', '--config', config], { stdin: typed });
  await assert.rejects(add('a brass kettle'), /at least 15 characters/);
  await add('a brass kettle!');
  assert.equal((await listPeople(file)).length, 1);
});

test('list shows everybody and no hash, for people and as JSON', async () => {
  const { config } = folder('users:\n- {id: b2, loginName: bert, disabled: true, groups: [x, y]}\n');
  await run(['add', 'anna', '--password-stdin', '--attribute', 'mail=a@example.org', '--config', config], { stdin });
  const [bert = '', anna = ''] = (await run(['list', '--config', config])).trimEnd().split('\n');
  assert.equal(bert, 'bert\tb2\tx,y\tdisabled, no password');
  assert.match(anna, /^anna\t[\w-]{22}$/);
  const [first, second] = JSON.parse(await run(['list', '--json', '--config', config]));
  assert.deepEqual(first, {
    id: 'b2',
    loginName: 'bert',
    disabled: true,
    password: false,
    groups: ['x', 'y'],
    attributes: {},
  });
  assert.deepEqual([second.password, second.attributes], [true, { mail: ['a@example.org'] }]);
});

const bert = 'users:\n- {id: b2, loginName: bert}\n';
const refused: readonly {
  readonly name: string;
  readonly args: readonly string[];
  readonly typed?: Typed;
  readonly users?: string;
  readonly says: RegExp;
  readonly error?: typeof ProblemsError | typeof CommanderError;
}[] = [
  {
    name: 'a taken name',
    args: ['add', 'BERT', '--password-stdin'],
    typed: { stdin },
    says: /already somebody called 'BERT'/,
  },
  { name: 'no terminal', args: ['add', 'anna'], says: /no terminal.*--password-stdin/ },
  {
    name: 'two different answers',
    args: ['add', 'anna'],
    typed: { answers: [password, 'a brass bottle'] },
    says: /differ/,
  },
  { name: 'one answer only', args: ['add', 'anna'], typed: { answers: [password] }, says: /differ/ },
  {
    name: 'several lines',
    args: ['add', 'anna', '--password-stdin'],
    typed: { stdin: `${password}\n${password}\n` },
    says: /several lines/,
  },
  {
    name: 'an attribute without a key',
    args: ['add', 'anna', '--password-stdin', '--attribute', '=x'],
    typed: { stdin },
    says: /wanted KEY=VALUE/,
  },
  {
    name: 'an attribute without a value',
    args: ['add', 'anna', '--password-stdin', '--attribute', 'mail'],
    typed: { stdin },
    says: /found 'mail'/,
  },
  {
    name: 'an empty value',
    args: ['add', 'anna', '--password-stdin', '--attribute', 'mail='],
    typed: { stdin },
    says: /at least one character/,
    error: ProblemsError,
  },
  {
    name: 'a name with a line break',
    args: ['add', 'a\nb', '--password-stdin'],
    typed: { stdin },
    says: /control/,
    error: ProblemsError,
  },
  {
    name: 'an empty name',
    args: ['add', '', '--password-stdin'],
    typed: { stdin },
    says: /at least one character/,
    error: ProblemsError,
  },
  {
    name: 'a password for nobody',
    args: ['set-password', 'carl', '--password-stdin'],
    typed: { stdin },
    says: /nobody called 'carl'/,
  },
  { name: 'disable nobody', args: ['disable', 'carl'], says: /nobody called 'carl'/ },
  { name: 'enable nobody', args: ['enable', 'carl'], says: /nobody called 'carl'/ },
  {
    name: 'a password as an argument',
    args: ['add', 'anna', password],
    says: /too many arguments/,
    error: CommanderError,
  },
  {
    name: 'a password as an option',
    args: ['add', 'anna', '--password', password],
    says: /unknown option/,
    error: CommanderError,
  },
  {
    name: 'a broken file',
    args: ['list'],
    users: 'users: [{id: b2}]',
    says: /users\[0\]\.loginName/,
    error: ProblemsError,
  },
  {
    name: 'a change to a broken file',
    args: ['disable', 'bert'],
    users: `${bert}- 5\n`,
    says: /users\[1\]/,
    error: ProblemsError,
  },
];
for (const { name, args, typed, users = bert, says, error = CliFailure } of refused) {
  test(`refused with exit 1, and the file stays as it is: ${name}`, async () => {
    const { config, file } = folder(users);
    await assert.rejects(run([...args, '--config', config], typed), (thrown) => {
      assert.ok(thrown instanceof error, String(thrown));
      assert.match(thrown.message, says);
      if (thrown instanceof CliFailure || thrown instanceof CommanderError) assert.equal(thrown.exitCode, 1);
      return true;
    });
    assert.equal(readFileSync(file, 'utf8'), users);
  });
}

test('a users file that is missing is made by add, and an error for list', async () => {
  const { config, file } = folder();
  rmSync(file);
  await assert.rejects(run(['list', '--config', config]), /ENOENT.*users\.yaml/);
  await run(['add', 'anna', '--password-stdin', '--config', config], { stdin });
  assert.equal((await listPeople(file)).length, 1);
});
