// sealing.md §2, Lineage: what was enrolled under a key that leaked goes with the key (CWE-324, use of a key past its end).
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCli } from '../../src/cli/signet.ts';
import type { Database } from '../../src/database/database.ts';
import { createSqlCredentials } from '../../src/directories/sql-credentials.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { NOW, openAt, targetOf, up } from '../support/databases.ts';
import { makeIdpFolder } from '../support/idp-folder.ts';
import { ringIn } from './keys-run.ts';

interface Place {
  readonly config: string;
  readonly ring: string;
  readonly file: string;
  readonly database: Database;
  /** The key that seals. */
  readonly kid: string;
  readonly signet: (
    ...args: readonly string[]
  ) => Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
}

const OTHER = 'ffffffffffffffff';

/** Alice has one app enrolled under the key that seals and one under another; bob's is under another. */
async function place(t: TestContext): Promise<Place> {
  const base = mkdtempSync(join(tmpdir(), 'signet-enrolments-'));
  t.after(() => rmSync(base, { recursive: true }));
  const folder = join(base, 'idp');
  const signet: Place['signet'] = async (...args) => {
    const said = { out: '', err: '' };
    const code = await runCli(args, {
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
      environment: { SIGNET_DATABASE_STATEMENT_TIMEOUT: '0.5' },
    });
    return { code, ...said };
  };
  await makeIdpFolder(folder, { now: NOW });
  const ring = join(folder, 'keys', 'sealer.json');
  const kid = ringIn(ring).keys[0]?.kid ?? assert.fail();
  const file = join(folder, 'data', 'signet.db');
  const { database, close } = openAt(targetOf(`sqlite:${file}`));
  t.after(close);
  const store = createSqlCredentials(database);
  for (const [accountId, id, lineage] of [
    ['a-alice', 'aaaaaaaaaaa1', ['0000000000000000', kid]],
    ['a-alice', 'aaaaaaaaaaa2', [OTHER]],
    ['a-bob', 'bbbbbbbbbbb1', [OTHER]],
  ] as const) {
    const { version } = up(await store.list(accountId));
    const data = { kind: 'totp', secret: 'top-secret', lastStep: 0 } as const;
    assert.equal(await store.add(accountId, { id, label: 'my phone', createdAt: NOW, lineage, data }, version), 'done');
  }
  return { config: join(folder, 'signet.yaml'), ring, file, database, kid, signet };
}

async function disabledOf({ database }: Place, accountId: string): Promise<readonly boolean[]> {
  return up(await createSqlCredentials(database).list(accountId)).credentials.map(({ disabled }) => disabled);
}

async function revocationsOf({ database }: Place) {
  return up(
    await database.ask('test', (queries) =>
      queries.selectFrom('revocations').select(['kind', 'subject', 'not_before']).execute(),
    ),
  );
}

const LEAK = ['keys', 'revoke', '--all', '--replace', '--reason', 'leak', '--config'] as const;

test('revoke lists and disables what was enrolled under the key, ends those sessions, and touches nobody else', async (t) => {
  const here = await place(t);
  const before = up(await createSqlCredentials(here.database).list('a-alice')).version;
  const { code, out, err } = await here.signet(...LEAK, here.config);
  assert.equal(code, 0, err);
  assert.match(out, /^1 enrolments under revoked keys disabled, and the sessions of their people ended:$/m);
  assert.match(out, /^ {2}a-alice\ttotp\taaaaaaaaaaa1$/m);
  assert.doesNotMatch(out, /top-secret|my phone|aaaaaaaaaaa2|bob/);
  assert.deepEqual(await disabledOf(here, 'a-alice'), [true, false]);
  assert.deepEqual(await disabledOf(here, 'a-bob'), [false]);
  assert.deepEqual(await revocationsOf(here), [{ kind: 'account', subject: 'a-alice', not_before: NOW + 1 }]);
  // Somebody in the middle of changing the set is told that it has changed.
  const store = createSqlCredentials(here.database);
  assert.equal(await store.rename('a-alice', 'aaaaaaaaaaa1', 'mine', before), 'changed');
  const claim = await store.takeTotpStep('a-alice', { id: 'aaaaaaaaaaa1', step: 5 }, null, NOW);
  assert.equal(claim, 'spent', 'nothing is proved with it');
});

test('--dry-run lists the same, and changes neither the ring nor a row', async (t) => {
  const here = await place(t);
  const { code, out } = await here.signet(...LEAK, here.config, '--dry-run', '--json');
  assert.equal(code, 0);
  const told = JSON.parse(out) as { outcome: string; enrolments: unknown };
  assert.equal(told.outcome, 'dry-run');
  assert.deepEqual(told.enrolments, [{ accountId: 'a-alice', id: 'aaaaaaaaaaa1', kind: 'totp' }]);
  assert.deepEqual(await disabledOf(here, 'a-alice'), [false, false]);
  assert.deepEqual(await revocationsOf(here), []);
  assert.equal(ringIn(here.ring).serial, 1);
});

test('a database that does not answer: the key is revoked all the same, and the command that is printed does the rest', async (t) => {
  const here = await place(t);
  const hidden = `${here.file}.away`;
  await here.database.close();
  for (const end of ['', '-wal', '-shm']) rmSync(`${hidden}${end}`, { force: true });
  renameSync(here.file, hidden);
  writeFileSync(here.file, 'this is no database, whatever its name says');
  const failed = await here.signet(...LEAK, here.config);
  assert.equal(failed.code, 1);
  assert.match(failed.err, /the keys are revoked, what was enrolled under them is not disabled yet/);
  assert.equal(ringIn(here.ring).revoked[0]?.kid, here.kid);
  renameSync(hidden, here.file);

  const again = /signet (keys revoke --kid [0-9a-f]{16} --reason \w+)/.exec(failed.err)?.[1]?.split(' ') ?? [];
  const { code, out, err } = await here.signet(...again, '--config', here.config);
  assert.equal(code, 0, err);
  assert.match(out, /is revoked already/);
  const { database, close } = openAt(targetOf(`sqlite:${here.file}`));
  t.after(close);
  assert.deepEqual(await disabledOf({ ...here, database }, 'a-alice'), [true, false]);
});

test('with the file alone it says that nobody looked', async (t) => {
  const here = await place(t);
  const { code, out } = await here.signet('keys', 'revoke', '--all', '--replace', '--reason', 'x', '--file', here.ring);
  assert.equal(code, 0);
  assert.match(out, /was not looked for: no configuration was named/);
  assert.deepEqual(await disabledOf(here, 'a-alice'), [false, false]);
});

test('a key that nothing was enrolled under disables nothing', async (t) => {
  const here = await place(t);
  const rows = up(await createSqlCredentials(here.database).list('a-alice'));
  const gone = up(await createSqlCredentials(here.database).remove('a-alice', 'aaaaaaaaaaa1', rows.version));
  assert.equal(gone, 'done');
  const { code, out } = await here.signet(...LEAK, here.config);
  assert.equal(code, 0);
  assert.doesNotMatch(out, /enrolments under/);
  assert.deepEqual(await revocationsOf(here), []);
});
