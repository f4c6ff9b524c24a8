// What every directory must do, wherever it keeps people.
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { type Account, isUnavailable } from '../../src/core/account.ts';
import type { PasswordDirectory } from '../../src/core/password-directory.ts';
import { createDirectoryTable } from '../../src/directories/directory-table.ts';
import { DEFAULT_ARGON2_COST } from '../../src/lib/argon2-string.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { matchesHash } from '../../src/methods/argon2.ts';
import { createPasswordMethod, type PasswordOutcome } from '../../src/methods/password.ts';

export interface SuitePerson {
  readonly loginName: string;
  /** Null: nobody has set one. */
  readonly password: string | null;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  readonly groups: readonly string[];
  readonly disabled: boolean;
}

const plain = { password: 'correct horse battery', attributes: {}, groups: [], disabled: false };

/** Whom a directory of the suite must have, and nobody else. */
export const SUITE_PEOPLE: readonly SuitePerson[] = [
  {
    ...plain,
    loginName: 'Anna',
    attributes: { mail: ['anna@example.org', 'a.m@example.org'], givenName: ['Anna'] },
    groups: ['staff', 'wiki editors'],
  },
  { ...plain, loginName: 'bert' },
  { ...plain, loginName: 'zo\u00eb', password: 'zo\u00eb is here' },
  { ...plain, loginName: 'o\u2019neil*(x)\\', groups: ['staff'] },
  { ...plain, loginName: 'gone', password: 'was right', disabled: true },
  { ...plain, loginName: 'nopass', password: null },
];

/** An opened directory; null when this machine cannot have one, after the test has been skipped by name. */
export type OpenForSuite = (t: Pick<TestContext, 'skip'>) => Promise<{
  readonly directory: PasswordDirectory;
  readonly close: () => Promise<void>;
} | null>;

const nobody: readonly string[] = [
  '',
  ' ',
  'ann',
  'annaa',
  'anna bert',
  '__proto__',
  'constructor',
  '\u00e4nna',
  'zoe',
  'a'.repeat(300),
  '\ud800',
  'anna\ud800',
  'anna@example.org',
  // CWE-90, RFC 4515: a name is a value, never part of a filter.
  '*',
  'a*',
  'anna*',
  '*)(uid=*',
  'anna)(uid=*',
  'anna)(|(uid=*',
  '(anna)',
  '\\61nna',
  '\\2a',
  'anna\\',
  'anna\0',
  '\0',
  '\0anna',
  'anna\nbert',
  // CWE-89
  "anna' OR '1'='1",
  "anna'--",
  'anna%',
  '_nna',
  // A DN is no name.
  'uid=anna,ou=people,dc=example,dc=org',
  'anna,ou=people',
  '#anna',
];

const passwords: readonly (readonly [title: string, loginName: string, password: string, proved: boolean])[] = [
  ['the right one', 'Anna', 'correct horse battery', true],
  ['the right one, for a name in other case and with spaces', ' ANNA ', 'correct horse battery', true],
  ['the right one, with letters beyond ASCII', 'zo\u00eb', 'zo\u00eb is here', true],
  ['the right one, for a name of special characters', 'o\u2019neil*(x)\\', 'correct horse battery', true],
  ['another', 'Anna', 'correct horse', false],
  ['other case', 'Anna', 'Correct horse battery', false],
  ['a space after it', 'Anna', 'correct horse battery ', false],
  // CVE-2002-1623-like truncation in a server that takes passwords for C strings.
  ['a zero byte after it', 'Anna', 'correct horse battery\0', false],
  ['a zero byte and more after it', 'Anna', 'correct horse battery\0x', false],
  ['only a zero byte', 'Anna', '\0', false],
  // RFC 4513 §5.1.2: a server agrees to a bind without a password.
  ['none', 'Anna', '', false],
  ['an asterisk', 'Anna', '*', false],
  ['a filter', 'Anna', '*)(userPassword=*', false],
  ['half a surrogate pair', 'Anna', '\ud800', false],
  ['somebody else\u2019s', 'zo\u00eb', 'correct horse battery', false],
  ['the right one of somebody disabled', 'gone', 'was right', false],
  ['any, of somebody without one', 'nopass', 'correct horse battery', false],
  ['none, of somebody without one', 'nopass', '', false],
  ['any, of nobody', 'nobody', 'correct horse battery', false],
  ['none, of nobody', 'nobody', '', false],
  ['any, of a name that matches everybody', '*', 'correct horse battery', false],
];

/** `open` gives a directory with {@link SUITE_PEOPLE}. */
export function directorySuite(name: string, open: OpenForSuite): void {
  let opened: Awaited<ReturnType<OpenForSuite>> = null;
  let skip: string | undefined;
  before(async () => {
    opened = await open({
      skip: (reason?: string) => {
        skip = reason ?? 'skipped';
      },
    });
  });
  after(async () => opened?.close());
  const row = (title: string, run: (directory: PasswordDirectory) => Promise<void>) =>
    test(`${name}: ${title}`, async (t) => {
      if (opened === null) t.skip(skip ?? 'not to be had here');
      else await run(opened.directory);
    });

  row('people are found with what is known of them, by name and by id alike', async (directory) => {
    const ids = new Set<string>();
    for (const person of SUITE_PEOPLE) {
      const found = await personCalled(directory, person.loginName);
      assert.equal(found.loginName, person.loginName);
      assert.equal(found.disabled, person.disabled);
      assert.deepEqual([...found.groups].sort(), [...person.groups].sort());
      const attributes = Object.entries(person.attributes);
      for (const [key, values] of attributes)
        assert.deepEqual([...(found.attributes.get(key) ?? [])].sort(), [...values].sort());
      assert.deepEqual(await directory.findById(found.id), found);
      ids.add(found.id);
      assert.match(found.id, /^[!-~]{1,48}$/);
    }
    assert.equal(ids.size, SUITE_PEOPLE.length);
  });

  row('any spelling of a name is that name', async (directory) => {
    const { id } = await personCalled(directory, 'zo\u00eb');
    for (const typed of ['ZO\u00cb', 'zoe\u0308', ' zo\u00eb\t'])
      assert.equal((await personCalled(directory, typed)).id, id);
  });

  for (const typed of nobody) {
    row(`nobody is called ${JSON.stringify(typed.slice(0, 30))}`, async (directory) => {
      assert.equal(await directory.findByLoginName(typed), null);
    });
  }

  row('nobody has an id that was not given', async (directory) => {
    const { id } = await personCalled(directory, 'Anna');
    const others = [
      '',
      'Anna',
      '*',
      `${id}*`,
      `${id} `,
      `${id}\0`,
      id.slice(1),
      '__proto__',
      `${id})(uid=*`,
      'x'.repeat(49),
      '\ud800',
    ];
    for (const other of others) assert.equal(await directory.findById(other), null, JSON.stringify(other));
  });

  for (const [title, loginName, password, proved] of passwords) {
    row(`${proved ? 'proved' : 'not proved'} by ${title}`, async (directory) => {
      const outcome = await verify(directory, loginName, password);
      assert.equal(outcome.kind, proved ? 'proved' : 'failed');
      if (outcome.kind !== 'proved') return;
      assert.equal(outcome.account.id, (await personCalled(directory, loginName)).id);
      assert.match(outcome.event.credentialId, /^[\w-]{12}$/);
    });
  }

  row('the audit is told who is disabled', async (directory) => {
    const outcome = await verify(directory, 'gone', 'was right');
    assert.ok(outcome.kind === 'failed' && outcome.because === 'disabled');
    const { id } = await personCalled(directory, 'gone');
    assert.equal(outcome.accountId, id);
  });

  row('many at once get each their own answer', async (directory) => {
    const tried = Array.from({ length: 40 }, (_, n) => {
      const [loginName, password, expected] = [
        ['Anna', 'correct horse battery', 'proved'],
        ['bert', 'wrong', 'failed'],
        ['zo\u00eb', 'zo\u00eb is here', 'proved'],
        ['nobody', 'wrong', 'failed'],
      ][n % 4] ?? ['', '', ''];
      return verify(directory, loginName ?? '', password ?? '').then((outcome) => ({ outcome, loginName, expected }));
    });
    for (const { outcome, loginName, expected } of await Promise.all(tried)) {
      assert.equal(outcome.kind, expected);
      if (outcome.kind === 'proved') assert.equal(outcome.account.loginName, loginName);
    }
  });
}

export async function personCalled(directory: PasswordDirectory, loginName: string): Promise<Account> {
  const found = await directory.findByLoginName(loginName);
  assert.ok(found !== null && !isUnavailable(found), `no ${loginName}`);
  return found;
}

/** A whole attempt, as a login makes it, without throttling. */
export function verify(directory: PasswordDirectory, typedName: string, password: string): Promise<PasswordOutcome> {
  const method = createPasswordMethod({
    directories: createDirectoryTable([directory], () => {}),
    pool: { verify: async (phc, typed) => ({ kind: 'checked', match: await matchesHash(phc, typed) }) },
    throttle: { begin: async () => ({ kind: 'admitted', settle: async () => {} }) },
    defaultCost: { ...DEFAULT_ARGON2_COST, memory: 64, time: 1, parallelism: 1 },
    random: systemRandom(),
  });
  return method.verify({ typedName, password, address: '192.0.2.1', deviceOf: async () => null, now: 1_800_000_000 });
}
