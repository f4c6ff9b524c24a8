// What ends with a new password (`signet users set-password --end-sessions`) and with a person (`users remove`, `reset-factors
// --id`): on a database, with people of it or of a file, and without one.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCli } from '../../src/cli/signet.ts';
import type { Database } from '../../src/database/database.ts';
import { createSqlCredentials } from '../../src/directories/sql-credentials.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { parseRevocations } from '../../src/state/revocation-file.ts';
import { createSqlAttempts } from '../../src/state/sql-attempts.ts';
import { NOW, openAt, targetOf, up } from '../support/databases.ts';
import { makeIdpFolder } from '../support/idp-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'signet-users-end-'));
after(() => rmSync(root, { recursive: true }));
const DOWN = 'postgres://signet@127.0.0.1:1/idp';
const NEW_PASSWORD = 'eleven wet badgers';

/** Anna and Ben, each with an app and an address, and a failure at the app. `database: false`: people of a file, alone. */
async function newFolder(directory: 'sql' | 'yaml', { database: hasDatabase = true } = {}) {
  const folder = join(mkdtempSync(join(root, 'idp-')), 'idp');
  await makeIdpFolder(folder, { directory, now: NOW });
  const file = `sqlite:${join(folder, 'data', 'signet.db')}`;
  const asked: string[] = [];
  const run = async (args: readonly string[], url = hasDatabase ? file : '') => {
    const said = { out: '', err: '' };
    const code = await runCli([...args, '--config', join(folder, 'signet.yaml')], {
      out: (text) => {
        said.out += text;
      },
      err: (text) => {
        said.err += text;
      },
      readStdin: async () => {
        asked.push('standard input');
        return NEW_PASSWORD;
      },
      askSecret: async () => null,
      clock: () => NOW,
      random: systemRandom(),
      environment: url === '' ? {} : { SIGNET_DATABASE_URL: url },
    });
    return { code, ...said };
  };
  const people = join(folder, 'people.json');
  writeFileSync(people, JSON.stringify(['anna', 'ben'].map((loginName) => ({ loginName, id: `${loginName}-1` }))));
  assert.equal((await run(['users', 'import', people])).code, 0);
  const on = async <T>(ask: (database: Database) => Promise<T>): Promise<T> => {
    const { database, close } = openAt(targetOf(file));
    try {
      return await ask(database);
    } finally {
      await close();
    }
  };
  if (hasDatabase) {
    assert.equal((await run(['migrate'])).code, 0);
    await on(async (database) => {
      for (const id of ['anna-1', 'ben-1']) await enrol(database, id);
    });
  }
  const rows = (table: 'credentials' | 'recovery_codes' | 'attempts' | 'revocations') =>
    on(async (database) =>
      up(await database.ask('read', (queries) => queries.selectFrom(table).selectAll().execute())),
    );
  const whoHas = async (table: 'credentials' | 'recovery_codes' | 'attempts') =>
    [...new Set((await rows(table)).map((row) => ('account_id' in row ? row.account_id : '')))].sort();
  const ended = async () => (await rows('revocations')).map((row) => ('subject' in row ? row.subject : ''));
  const list = async () => JSON.parse((await run(['users', 'list', '--json'])).out) as { password: boolean }[];
  return { folder, run, on, whoHas, ended, list, asked };
}

async function enrol(database: Database, accountId: string): Promise<void> {
  const store = createSqlCredentials(database);
  const common = { label: '', createdAt: NOW, lineage: [] };
  const enrolled = [
    { ...common, id: 'app', data: { kind: 'totp', secret: 'x', lastStep: 0 } },
    { ...common, id: 'mail', data: { kind: 'email', destination: `${accountId}@example.org` } },
  ] as const;
  for (const [version, credential] of enrolled.entries())
    assert.equal(await store.add(accountId, credential, version), 'done');
  const codes = { ...common, id: 'codes', data: { kind: 'recovery-codes', remaining: 1 } } as const;
  assert.equal(await store.add(accountId, codes, 2, [`hash of ${accountId}`]), 'done');
  const policy = { free: 5, maxDelay: 60, window: 900, ceiling: 100 };
  const answer = await createSqlAttempts(database).reserve({ method: 'totp', accountId, detail: '' }, policy, NOW);
  assert.ok('settle' in answer);
  await answer.settle('failed');
}

const SET = ['users', 'set-password', 'anna', '--password-stdin'];

for (const directory of ['sql', 'yaml'] as const) {
  test(`${directory}: a new password ends sessions where it is asked for, and only then`, async () => {
    const { run, ended, list } = await newFolder(directory);
    const plain = await run(SET);
    assert.equal(plain.out, 'new password for anna; to end their sessions: signet sessions revoke --user anna\n');
    assert.deepEqual(await ended(), []);
    const both = await run([...SET, '--end-sessions']);
    assert.deepEqual([both.code, both.out], [0, 'new password for anna; their sessions have been ended\n']);
    assert.deepEqual(await ended(), ['anna-1']);
    assert.deepEqual(
      (await list()).map(({ password }) => password),
      [true, false],
    );
  });

  // CWE-212: an address, a number and secrets of somebody who is gone are nobody's any more.
  test(`${directory}: who is removed takes along what they enrolled, and how often it was guessed at`, async () => {
    const { run, whoHas } = await newFolder(directory);
    const both = ['anna-1', 'ben-1'];
    assert.deepEqual(
      [await whoHas('credentials'), await whoHas('recovery_codes'), await whoHas('attempts')],
      [both, both, both],
    );
    assert.equal((await run(['users', 'remove', 'anna'])).code, 0);
    const ben = ['ben-1'];
    assert.deepEqual(
      [await whoHas('credentials'), await whoHas('recovery_codes'), await whoHas('attempts')],
      [ben, ben, ben],
    );
  });

  test(`${directory}: nobody is asked for the password of somebody who is not there`, async () => {
    const { run, asked } = await newFolder(directory);
    const { code, err } = await run(['users', 'set-password', 'nobody', '--password-stdin', '--end-sessions']);
    assert.deepEqual([code, err, asked], [1, "there is nobody called 'nobody'\n", []]);
  });
}

// CWE-662: a new password beside sessions that go on is what was not asked for.
test('in the database both happen, or neither', async () => {
  const { run, on, ended, list } = await newFolder('sql');
  await on((database) => database.ask('drop', ({ schema }) => schema.dropTable('sessions').execute()));
  assert.equal((await run([...SET, '--end-sessions'])).code, 1);
  assert.deepEqual(await ended(), []);
  assert.deepEqual(
    (await list()).map(({ password }) => password),
    [false, false],
  );
});

test('people of a file: what came after the file and failed is said, with its remedy', async () => {
  const { run, list, ended, whoHas } = await newFolder('yaml');
  const changed = await run([...SET, '--end-sessions'], DOWN);
  assert.equal(changed.code, 1);
  assert.match(
    changed.err,
    /^anna has the new password, and their sessions go on: .*127\.0\.0\.1:1.*; later: signet sessions revoke --user anna\n$/,
  );
  assert.equal((await list())[0]?.password, true);
  assert.equal((await run(['sessions', 'revoke', '--user', 'anna'])).code, 0);
  assert.deepEqual(await ended(), ['anna-1']);
  const removed = await run(['users', 'remove', 'anna'], DOWN);
  assert.equal(removed.code, 1);
  assert.match(
    removed.err,
    /anna is removed, what they enrolled and agreed to is not: .*reset-factors anna-1 --id, and/,
  );
  assert.equal((await run(['users', 'reset-factors', 'anna-1'])).code, 1, 'no login name');
  assert.match((await run(['users', 'reset-factors', 'anna-1', '--id'])).out, /removed 3 from anna-1/);
  assert.deepEqual(await whoHas('credentials'), ['ben-1']);
  const twice = await run(['users', 'reset-factors', 'anna-1', '--id']);
  assert.deepEqual([twice.code, twice.err], [1, "nothing was enrolled by the account id 'anna-1'\n"]);
});

// CWE-613: nodes look at the file every 5 s, and take the old password until then.
test('without a database sessions end through the file of revocations, with those that begin before nodes know', async () => {
  const { folder, run } = await newFolder('yaml', { database: false });
  assert.equal((await run([...SET, '--end-sessions'])).code, 0);
  const file = join(folder, 'revocations.yaml');
  assert.deepEqual(
    parseRevocations(file, readFileSync(file, 'utf8')).map((entry) => ({ ...entry, until: 0 })),
    [{ kind: 'account', accountId: 'anna-1', notBefore: NOW + 6, until: 0 }],
  );
});
