// `signet users`, `signet sessions` and `signet migrate` on a database, and imports into either kind of directory.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCli } from '../../src/cli/signet.ts';
import { destinationCounter } from '../../src/core/attempt-counter.ts';
import { createSqlCredentials } from '../../src/directories/sql-credentials.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { createSqlAttempts } from '../../src/state/sql-attempts.ts';
import { createSqlParticipants } from '../../src/state/sql-participants.ts';
import { createSqlSessions } from '../../src/state/sql-sessions.ts';
import { NOW, openAt, targetOf, up } from '../support/databases.ts';
import { makeIdpFolder } from '../support/idp-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'signet-users-sql-'));
after(() => rmSync(root, { recursive: true }));
const HASH = '$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g';

async function signet(
  args: readonly string[],
  { stdin = '', environment = {} as Readonly<Record<string, string>> } = {},
) {
  const said = { out: '', err: '' };
  const code = await runCli(args, {
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    readStdin: async () => stdin,
    askSecret: async () => null,
    clock: () => NOW,
    random: systemRandom(),
    environment,
  });
  return { code, ...said };
}

async function newFolder(directory: 'sql' | 'yaml') {
  const folder = join(mkdtempSync(join(root, 'idp-')), 'idp');
  const config = join(folder, 'signet.yaml');
  await makeIdpFolder(folder, { directory, now: NOW });
  const run = async (...args: readonly string[]) => signet([...args, '--config', config]);
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const list = async () => JSON.parse((await run('users', 'list', '--json')).out) as Record<string, unknown>[];
  return { folder, config, run, file, list };
}

async function onDatabase<T>(
  folder: string,
  run: (database: ReturnType<typeof openAt>['database']) => Promise<T>,
): Promise<T> {
  const { database, close } = openAt(targetOf(`sqlite:${join(folder, 'data', 'signet.db')}`));
  try {
    return await run(database);
  } finally {
    await close();
  }
}

test('init makes the database with its tables, for its owner only; check finds nothing wrong', async () => {
  const { folder, run } = await newFolder('sql');
  assert.equal(statSync(join(folder, 'data/signet.db')).mode & 0o777, 0o600);
  assert.throws(() => statSync(join(folder, 'users.yaml')));
  const checked = await run('check');
  assert.deepEqual([checked.code, checked.err], [0, '']);
});

test('check looks only: a database that is not there is a problem, and is not made', async () => {
  const { folder, run } = await newFolder('sql');
  rmSync(join(folder, 'data'), { recursive: true });
  const { code, err } = await run('check');
  assert.equal(code, 1);
  assert.match(err, /database\.url/);
  assert.throws(() => statSync(join(folder, 'data')));
  assert.match((await run('migrate')).out, /schema \d+, applied: first tables/);
  assert.match((await run('migrate', '--dry-run')).out, /^schema \d+\n$/);
});

for (const directory of ['sql', 'yaml'] as const) {
  test(`${directory}: add, list, find, set-password, disable, enable, remove`, async () => {
    const { config, run, list } = await newFolder(directory);
    const add = (name: string, ...more: readonly string[]) =>
      signet(['users', 'add', name, '--password-stdin', ...more, '--config', config], {
        stdin: 'correct horse battery\n',
      });
    assert.equal(
      (await add('Anna', '--attribute', 'mail=a@example.org', '--attribute', 'mail=b@example.org', '--group', 'staff'))
        .code,
      0,
    );
    const [anna] = await list();
    assert.deepEqual(
      { ...anna, id: '' },
      {
        id: '',
        loginName: 'Anna',
        disabled: false,
        password: true,
        groups: ['staff'],
        attributes: { mail: ['a@example.org', 'b@example.org'] },
      },
    );
    assert.match(String(anna?.id), /^[\w-]{22}$/);
    const taken = await add('ANNA');
    assert.equal(taken.code, 1);
    assert.match(taken.err, /ANNA/i);
    assert.equal((await add('with space ')).code, 1);
    assert.match((await run('users', 'find', 'anna')).out, /^Anna\t/);
    for (const [command, disabled] of [
      ['disable', true],
      ['enable', false],
    ] as const) {
      assert.equal((await run('users', command, 'anna')).code, 0);
      assert.equal((await list())[0]?.disabled, disabled);
    }
    const changed = await signet(['users', 'set-password', 'anna', '--password-stdin', '--config', config], {
      stdin: 'another horse battery',
    });
    assert.equal(changed.code, 0, changed.err);
    for (const command of ['disable', 'remove', 'find'])
      assert.equal((await run('users', command, 'nobody')).code, 1, command);
    assert.equal((await run('users', 'remove', 'anna')).code, 0);
    assert.deepEqual(await list(), []);
  });

  test(`${directory}: people come from JSON, YAML and CSV, everybody of a file or nobody`, async () => {
    const { run, file, list } = await newFolder(directory);
    const json = file(
      'people.json',
      JSON.stringify([
        { loginName: 'anna', password: HASH, attributes: { mail: 'a@example.org' } },
        { loginName: 'ben', id: 'ben-1', disabled: true },
      ]),
    );
    assert.match((await run('users', 'import', json)).out, /added 2 people/);
    const csv = file(
      'people.csv',
      `\ufeffloginName,mail,groups,disabled,displayName,password\r\ncarla,c@example.org;d@example.org,staff; admins,,"Carla ""C"", Example",${HASH.replace(/.*/, `"${HASH}"`)}\r\ndora,,,true,Dora,\r\n`,
    );
    const imported = await run('users', 'import', csv);
    assert.equal(imported.code, 0, imported.err);
    const yaml = file('people.yaml', 'users:\n  - loginName: emil\n    groups: [staff]\n');
    assert.equal((await run('users', 'import', yaml)).code, 0);
    const people = await list();
    const called = (name: string) => people.find(({ loginName }) => loginName === name);
    assert.equal(people.length, 5);
    assert.equal(called('ben')?.id, 'ben-1');
    assert.equal(called('ben')?.disabled, true);
    assert.equal(called('anna')?.password, true);
    const carla = called('carla');
    assert.deepEqual([...((carla?.groups ?? []) as string[])].sort(), ['admins', 'staff']);
    assert.deepEqual(carla?.attributes, {
      mail: ['c@example.org', 'd@example.org'],
      displayName: ['Carla "C", Example'],
    });
    assert.equal(called('dora')?.disabled, true);

    const before = JSON.stringify(await list());
    // Two new ones beside each problem: none of them may be there afterwards.
    const bad: readonly (readonly [name: string, text: string, ...expect: RegExp[]])[] = [
      ['twice.csv', 'loginName\nnew1\nnew1\n', /line 3/],
      ['taken.csv', 'loginName\nnew1\nANNA\n', /anna/i],
      [
        'several.csv',
        'loginName,password\nnew1,plain-text-password\n,x\n" spaced ",\n',
        /line 2.*Argon2id/,
        /line 3/,
        /line 4/,
      ],
      ['short.csv', 'loginName,mail\nnew1\n', /line 2.*1 fields/],
      ['header.csv', 'name,mail\nnew1,x\n', /loginName/],
      ['quote.csv', 'loginName,mail\nnew1,"x\n', /line 2.*quote/],
      ['ids.json', JSON.stringify([{ loginName: 'new1' }, { loginName: 'new2', id: 'ben-1' }]), /ben-1/],
      ['unknown.json', JSON.stringify([{ loginName: 'new1', admin: true }]), /admin/],
      ['broken.json', '[{"loginName": "new1"', /JSON|YAML|line/],
      ['control.json', JSON.stringify([{ loginName: 'new\u00001' }]), /control/],
    ];
    for (const [name, text, ...expect] of bad) {
      const { code, err } = await run('users', 'import', file(name, text));
      assert.equal(code, 1, name);
      for (const pattern of expect) assert.match(err, pattern, name);
      assert.ok(!err.includes('plain-text-password') && !err.includes('$argon2'), name);
      assert.doesNotMatch(err, /\n\s+at /, name);
    }
    assert.equal(JSON.stringify(await list()), before);
  });
}

test('nothing that is typed becomes SQL', async () => {
  const { run, list, config } = await newFolder('sql');
  const nasty = `x'); drop table users; --`;
  assert.equal(
    (await signet(['users', 'add', nasty, '--password-stdin', '--config', config], { stdin: 'correct horse battery' }))
      .code,
    0,
  );
  assert.equal((await run('users', 'find', `' or '1'='1`)).code, 1);
  assert.equal((await run('users', 'disable', `' or '1'='1`)).code, 1);
  assert.deepEqual(
    (await list()).map(({ loginName, disabled }) => [loginName, disabled]),
    [[nasty, false]],
  );
});

test('disabling, removing and resetting end sessions; a list says so', async () => {
  const { folder, run, file } = await newFolder('sql');
  await run(
    'users',
    'import',
    file(
      'people.json',
      JSON.stringify(['anna', 'ben', 'carla'].map((loginName) => ({ loginName, id: `${loginName}-1` }))),
    ),
  );
  const session = (accountId: string, n: number) => ({
    sid: Buffer.alloc(16, n),
    accountId,
    createdAt: NOW - 60,
    expiresAt: NOW + 3600,
    methods: ['password'],
    address: '192.0.2.1',
    userAgent: null,
  });
  await onDatabase(folder, async (database) => {
    for (const [n, id] of ['anna', 'ben', 'carla'].entries())
      await createSqlSessions(database).record(session(`${id}-1`, n));
    await createSqlSessions(database).record(session('anna-1', 9));
    const participants = createSqlParticipants(database, (error) => assert.fail(String(error)));
    for (const [n, relyingParty] of ['saml:https://one.example.org', 'oidc:wiki'].entries()) {
      const key = relyingParty as `saml:${string}`;
      participants.joined({ sid: Buffer.alloc(16, 9), relyingParty: key, at: NOW + n, expiresAt: NOW + 3600 });
    }
    await participants.close();
  });
  const where = JSON.parse((await run('sessions', 'list', '--user', 'anna', '--json')).out);
  assert.deepEqual(
    where.map(({ sid, participants }: { sid: string; participants: string[] }) => [sid, participants]),
    [
      [Buffer.alloc(16, 0).toString('base64url'), []],
      [Buffer.alloc(16, 9).toString('base64url'), ['saml:https://one.example.org', 'oidc:wiki']],
    ],
  );
  const lines = (await run('sessions', 'list', '--user', 'anna')).out;
  assert.match(lines, /\t192\.0\.2\.1\t\tsaml:https:\/\/one\.example\.org oidc:wiki\n/);
  const live = async (...args: readonly string[]) =>
    (await run('sessions', 'list', ...args)).out.split('\n').filter((line) => line !== '').length;
  assert.deepEqual([await live(), await live('--user', 'anna'), await live('--limit', '1')], [4, 2, 1]);
  assert.equal((await run('sessions', 'revoke', '--sid', Buffer.alloc(16, 9).toString('base64url'))).code, 0);
  assert.equal(await live('--user', 'anna'), 1);
  assert.match((await run('users', 'disable', 'anna')).out, /sessions have been ended/);
  assert.match((await run('users', 'remove', 'ben')).out, /sessions have been ended/);
  assert.match((await run('users', 'reset-factors', 'carla')).out, /removed 0/);
  assert.deepEqual([await live(), await live('--ended')], [0, 4]);
  for (const args of [
    ['--limit', '0'],
    ['--limit', 'x'],
    ['--user', 'nobody'],
  ])
    assert.equal((await run('sessions', 'list', ...args)).code, 1);
});

// CWE-662: somebody who is disabled and whose sessions go on, or the other way round, is neither.
test('a command that changes two things changes both or neither', async () => {
  const { folder, run, list, file } = await newFolder('sql');
  await run('users', 'import', file('people.json', JSON.stringify([{ loginName: 'anna', id: 'anna-1' }])));
  // The second of the two writes cannot be made: the list of sessions is gone.
  await onDatabase(folder, (database) => database.ask('drop', ({ schema }) => schema.dropTable('sessions').execute()));
  const before = await list();
  for (const args of [
    ['users', 'disable', 'anna'],
    ['users', 'remove', 'anna'],
    ['users', 'reset-factors', 'anna'],
    ['sessions', 'revoke', '--user', 'anna'],
    ['sessions', 'revoke', '--sid', Buffer.alloc(16, 1).toString('base64url')],
  ]) {
    const said = await run(...args);
    assert.equal(said.code, 1, args.join(' '));
    assert.match(said.err, /sessions/);
  }
  assert.deepEqual(await list(), before);
  const left = await onDatabase(folder, (database) =>
    database.ask('read', (queries) => queries.selectFrom('revocations').selectAll().execute()),
  );
  assert.deepEqual(left, []);
  assert.equal((await run('users', 'enable', 'anna')).code, 0, 'one thing is no two');
});

test('reset-factors takes everything that was enrolled; unlock forgets failures and takes nothing', async () => {
  const { folder, run, file } = await newFolder('sql');
  await run('users', 'import', file('people.json', JSON.stringify([{ loginName: 'anna', id: 'a-1' }])));
  const policy = { free: 1, maxDelay: 60, window: 900, ceiling: 1 };
  const totp = { method: 'totp', accountId: 'a-1', detail: '' };
  await onDatabase(folder, async (database) => {
    const credential = {
      id: 'totp-1',
      label: '',
      createdAt: NOW,
      lineage: [],
      data: { kind: 'totp', secret: 'x', lastStep: 0 },
    } as const;
    await createSqlCredentials(database).add('a-1', credential, 0);
    const answer = await createSqlAttempts(database).reserve(totp, policy, NOW);
    assert.ok('settle' in answer);
    await answer.settle('failed');
    assert.deepEqual(await createSqlAttempts(database).reserve(totp, policy, NOW), { kind: 'locked' });
  });
  assert.equal((await run('users', 'unlock', 'anna')).code, 0);
  await onDatabase(folder, async (database) => {
    assert.ok('settle' in (await createSqlAttempts(database).reserve(totp, policy, NOW)));
    assert.equal(up(await createSqlCredentials(database).list('a-1')).credentials.length, 1);
  });
  assert.match((await run('users', 'reset-factors', 'anna')).out, /removed 1/);
  await onDatabase(folder, async (database) => {
    assert.deepEqual(await createSqlCredentials(database).list('a-1'), { version: 2, credentials: [] });
  });
});

test('unlock and reset-factors forget what was guessed at codes sent to the person, and to nobody else', async () => {
  const { folder, run, file } = await newFolder('sql');
  await run('users', 'import', file('people.json', JSON.stringify([{ loginName: 'anna', id: 'a-1' }])));
  const policy = { free: 1, maxDelay: 60, window: 900, ceiling: 1 };
  const hers = [
    { use: 'email-code', destination: 'anna@example.org' },
    { use: 'sms-code', destination: '+491701234567' },
  ] as const;
  const other = { use: 'email-code', destination: 'ben@example.org' } as const;
  const isOpen = async (sentTo: typeof other | (typeof hers)[number]): Promise<boolean> =>
    onDatabase(folder, async (database) => {
      const answer = await createSqlAttempts(database).reserve(destinationCounter(sentTo), policy, NOW);
      if ('settle' in answer) await answer.settle('failed');
      return 'settle' in answer;
    });
  await onDatabase(folder, async (database) => {
    for (const [version, { use, destination }] of hers.entries()) {
      const data = { kind: use === 'email-code' ? 'email' : 'sms', destination } as const;
      const credential = { id: use, label: '', createdAt: NOW, lineage: [], data };
      assert.equal(await createSqlCredentials(database).add('a-1', credential, version), 'done');
    }
  });
  assert.equal(await isOpen(other), true);
  for (const sentTo of hers) assert.equal(await isOpen(sentTo), true);
  for (const command of ['unlock', 'reset-factors']) {
    for (const sentTo of hers) assert.equal(await isOpen(sentTo), false, `before ${command}`);
    assert.equal((await run('users', command, 'anna')).code, 0);
    for (const sentTo of hers) assert.equal(await isOpen(sentTo), true, `after ${command}`);
    assert.equal(await isOpen(other), false);
  }
});

test('without a database, commands that need one say so', async () => {
  const { run, file } = await newFolder('yaml');
  await run('users', 'import', file('people.json', JSON.stringify([{ loginName: 'anna' }])));
  for (const args of [
    ['sessions', 'list'],
    ['users', 'reset-factors', 'anna'],
    ['users', 'unlock', 'anna'],
    ['migrate'],
  ]) {
    const { code, err } = await run(...args);
    assert.deepEqual([code, /database\.url is not set/.test(err)], [1, true], args.join(' '));
  }
});

test('a database that does not answer: one line that says so, without a password', async () => {
  const { config } = await newFolder('sql');
  const environment = {
    SIGNET_DATABASE_URL: 'postgres://signet@127.0.0.1:1/idp',
    SIGNET_DATABASE_PASSWORD: 'hunter2hunter2',
  };
  for (const args of [
    ['users', 'list'],
    ['users', 'find', 'anna'],
    ['sessions', 'list'],
    ['sessions', 'revoke', '--all'],
    ['migrate'],
    ['check'],
  ]) {
    const { code, err, out } = await signet([...args, '--config', config], { environment });
    assert.equal(code, 1, args.join(' '));
    assert.match(err, /postgres:\/\/127\.0\.0\.1:1\/idp cannot be asked|cannot be looked for/, args.join(' '));
    assert.ok(!`${err}${out}`.includes('hunter2'));
    assert.doesNotMatch(err, /\n\s+at /);
  }
});

test('the YAML file keeps its comments when people are imported and removed', async () => {
  const { folder, run, file } = await newFolder('yaml');
  await run('users', 'import', file('people.json', JSON.stringify([{ loginName: 'anna' }, { loginName: 'ben' }])));
  await run('users', 'remove', 'anna');
  const text = readFileSync(join(folder, 'users.yaml'), 'utf8');
  assert.match(text, /^# The people who can sign in/);
  assert.match(text, /ben/);
  assert.doesNotMatch(text, /anna/);
});
