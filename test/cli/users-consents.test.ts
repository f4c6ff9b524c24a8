// `signet users consents`, and what `users remove` takes along: on a database, with people of it or of a file.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCli } from '../../src/cli/signet.ts';
import type { RelyingPartyKey } from '../../src/core/authentication-request.ts';
import type { Database } from '../../src/database/database.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { createSqlConsents } from '../../src/state/sql-consents.ts';
import { NOW, openAt, targetOf, up } from '../support/databases.ts';
import { makeIdpFolder } from '../support/idp-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'signet-users-consents-'));
after(() => rmSync(root, { recursive: true }));
const WIKI: RelyingPartyKey = 'oidc:wiki';
const SP: RelyingPartyKey = 'saml:https://sp.example.org/metadata';

/** Anna has agreed to two applications, Ben to one. */
async function newFolder(directory: 'sql' | 'yaml') {
  const folder = join(mkdtempSync(join(root, 'idp-')), 'idp');
  await makeIdpFolder(folder, { directory, now: NOW });
  const run = async (args: readonly string[], url = `sqlite:${join(folder, 'data', 'signet.db')}`) => {
    const said = { out: '', err: '' };
    const code = await runCli([...args, '--config', join(folder, 'signet.yaml')], {
      out: (text) => {
        said.out += text;
      },
      err: (text) => {
        said.err += text;
      },
      readStdin: async () => '',
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
  assert.equal((await run(['migrate'])).code, 0);
  const on = async <T>(ask: (database: Database) => Promise<T>): Promise<T> => {
    const { database, close } = openAt(targetOf(`sqlite:${join(folder, 'data', 'signet.db')}`));
    try {
      return await ask(database);
    } finally {
      await close();
    }
  };
  await on(async (database) => {
    const consents = createSqlConsents(database);
    for (const [who, party] of [
      ['anna-1', WIKI],
      ['anna-1', SP],
      ['ben-1', WIKI],
    ] as const) {
      up(await consents.record(who, party, { digest: 'd', agreedAt: NOW - 60 }));
    }
  });
  const of = (id: string) =>
    on(async (database) => up(await createSqlConsents(database).list(id)).map(({ relyingParty }) => relyingParty));
  const audit = () =>
    on(async (database) => up(await database.ask('read', (q) => q.selectFrom('audit').selectAll().execute())));
  return { run, on, of, audit };
}

for (const directory of ['sql', 'yaml'] as const) {
  test(`${directory}: listed; one is taken back, with its line of the audit, and nobody else's`, async () => {
    const { run, of, audit } = await newFolder(directory);
    const listed = await run(['users', 'consents', 'ANNA']);
    assert.equal(listed.out, `${WIKI}\t2026-09-21T14:12:20.000Z\n${SP}\t2026-09-21T14:12:20.000Z\n`);
    const json = JSON.parse((await run(['users', 'consents', 'anna', '--json'])).out);
    assert.deepEqual(json[1], { relyingParty: SP, agreed: '2026-09-21T14:12:20.000Z' });
    assert.deepEqual(await audit(), []);
    const done = await run(['users', 'consents', 'anna', '--withdraw', WIKI]);
    assert.deepEqual([done.code, done.out], [0, `${WIKI}: taken back for anna; the next sign-in asks again\n`]);
    assert.deepEqual([await of('anna-1'), await of('ben-1')], [[SP], [WIKI]]);
    const rows = await audit();
    assert.deepEqual(
      rows.map((row) => [row.action, row.outcome, row.reason, row.account_id, row.relying_party, row.request_id]),
      [['consent', 'success', 'withdrawn', 'anna-1', WIKI, 'signet users consents']],
    );
    const twice = await run(['users', 'consents', 'anna', '--withdraw', WIKI]);
    assert.equal(twice.code, 1);
    assert.match(twice.err, /anna has agreed to nothing with 'oidc:wiki'/);
    assert.equal((await audit()).length, 1);
  });

  test(`${directory}: who is removed takes along what they agreed to`, async () => {
    const { run, of } = await newFolder(directory);
    assert.equal((await run(['users', 'remove', 'nobody'])).code, 1);
    assert.equal((await of('anna-1')).length, 2);
    assert.equal((await run(['users', 'remove', 'anna'])).code, 0);
    assert.deepEqual([await of('anna-1'), await of('ben-1')], [[], [WIKI]]);
  });
}

test('everything is taken back, also of somebody whom no directory has', async () => {
  const { run, on, of, audit } = await newFolder('sql');
  await on(async (database) =>
    up(await createSqlConsents(database).record('left', WIKI, { digest: 'd', agreedAt: NOW })),
  );
  const all = await run(['users', 'consents', 'anna', '--withdraw-all', '--json']);
  assert.deepEqual(JSON.parse(all.out), { withdrawn: [WIKI, SP] });
  assert.equal((await run(['users', 'consents', 'left', '--withdraw-all'])).code, 1);
  assert.equal((await run(['users', 'consents', 'left', '--id', '--withdraw-all'])).code, 0);
  assert.deepEqual([await of('anna-1'), await of('left'), await of('ben-1')], [[], [], [WIKI]]);
  assert.deepEqual((await audit()).map(({ account_id: id }) => id).sort(), ['anna-1', 'anna-1', 'left']);
});

test('what cannot be done is said, and changes nothing', async () => {
  const { run, of, on } = await newFolder('sql');
  for (const [args, why] of [
    [['users', 'consents', 'nobody'], /nobody called 'nobody'/],
    [['users', 'consents', 'anna', '--withdraw', 'wiki'], /nothing with 'wiki'/],
    [['users', 'consents', 'anna', '--withdraw', "' or '1'='1"], /nothing with/],
    [['users', 'consents', 'anna', '--withdraw', WIKI, '--withdraw-all'], /cannot be used with/],
    [['users', 'consents', 'ben-2', '--id', '--withdraw-all'], /ben-2 has agreed to nothing/],
  ] as const) {
    const { code, err } = await run(args);
    assert.equal(code, 1, args.join(' '));
    assert.match(err, why);
  }
  // CWE-778: the line of the audit cannot be written.
  await on((database) => database.ask('drop', ({ schema }) => schema.dropTable('audit').execute()));
  assert.equal((await run(['users', 'consents', 'anna', '--withdraw-all'])).code, 1);
  assert.deepEqual([await of('anna-1'), await of('ben-1')], [[WIKI, SP], [WIKI]]);
});

test('without a database nothing is kept; one that is down keeps nobody from being removed', async () => {
  const { run, of } = await newFolder('yaml');
  const down = 'postgres://signet@127.0.0.1:1/idp';
  const alone = await run(['users', 'consents', 'anna'], '');
  assert.deepEqual([alone.code, /database\.url is not set/.test(alone.err)], [1, true]);
  assert.equal((await run(['users', 'consents', 'anna'], down)).code, 1);
  const removed = await run(['users', 'remove', 'anna'], down);
  assert.equal(removed.code, 1);
  assert.match(
    removed.err,
    /anna is removed, what they enrolled and agreed to is not: .*127\.0\.0\.1:1.*anna-1 --id --withdraw-all/,
  );
  assert.doesNotMatch((await run(['users', 'list'], '')).out, /anna/);
  assert.equal((await of('anna-1')).length, 2);
  assert.equal((await run(['users', 'consents', 'anna-1', '--id', '--withdraw-all'])).code, 0);
  assert.deepEqual(await of('anna-1'), []);
  assert.equal((await run(['users', 'remove', 'ben'], '')).code, 0);
});
