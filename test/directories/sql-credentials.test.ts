import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SecretsUnavailableError } from '../../src/core/secrets-at-rest.ts';
import { createSqlCredentials } from '../../src/directories/sql-credentials.ts';
import { disableEnrolledUnder } from '../../src/directories/sql-lineage.ts';
import { createSqlSecrets } from '../../src/directories/sql-secrets.ts';
import { credentialStoreSuite } from '../suites/credential-store-suite.ts';
import { databaseOpeners, NOW } from '../support/databases.ts';
import { createMemoryCredentials } from '../support/memory-credentials.ts';

credentialStoreSuite('memory', async () => createMemoryCredentials());

for (const { kind, open } of databaseOpeners()) {
  credentialStoreSuite(kind, async () => createSqlCredentials((await open()).database));

  const totp = (id: string, secret: string) =>
    ({ id, label: '', createdAt: NOW, lineage: [], data: { kind: 'totp', secret, lastStep: 0 } }) as const;

  test(`${kind}: secrets under other keys are handed out in order, and replaced if they are still the same`, async () => {
    const { database } = await open();
    const store = createSqlCredentials(database);
    const secrets = createSqlSecrets(database);
    const old = (n: number) => `oldoldoldold-${n}`;
    for (let n = 0; n < 5; n += 1) await store.add(`account-${n}`, totp('id', old(n)), 0);
    await store.add('account-9', totp('id', 'newnewnewnew-9'), 0);
    await store.add('account-9', { ...totp('mail', ''), data: { kind: 'email', destination: 'x@example.org' } }, 1);
    assert.deepEqual(
      await secrets.countByPrefix(),
      new Map([
        ['oldoldoldold', 5],
        ['newnewnewnew', 1],
      ]),
    );
    const first = await secrets.next('newnewnewnew', null, 3);
    const rest = await secrets.next('newnewnewnew', first.at(-1)?.place ?? null, 3);
    assert.deepEqual(
      [...first, ...rest].map(({ accountId, credentialId, field, text }) => [accountId, credentialId, field, text]),
      Array.from({ length: 5 }, (_, n) => [`account-${n}`, 'id', 'totp-secret', old(n)]),
    );
    const [one] = first;
    assert.ok(one !== undefined);
    assert.equal(await secrets.replace(one, 'newnewnewnew-0'), true);
    assert.equal(await secrets.replace(one, 'newnewnewnew-1'), false);
    const set = await store.list('account-0');
    assert.ok('version' in set);
    assert.equal(set.version, 1);
    assert.deepEqual(set.credentials[0]?.data, { kind: 'totp', secret: 'newnewnewnew-0', lastStep: 0 });
  });

  test(`${kind}: what was enrolled under a revoked key counts no more, and nothing else is touched`, async () => {
    const { database } = await open();
    const store = createSqlCredentials(database);
    const [leaked, healthy] = ['42b5bcb5b16ff3fe', '42b5bcb5b16ff3ff'];
    const under = (id: string, ...lineage: readonly string[]) => ({ ...totp(id, 'secret'), lineage });
    await store.add('anna', under('a', leaked), 0);
    await store.add('anna', under('b', healthy), 1);
    await store.add('ben', under('c', healthy, leaked), 0);
    await store.add('ben', under('d'), 1);
    const ended: string[] = [];
    const end = async (_: unknown, accountId: string): Promise<void> => void ended.push(accountId);
    const disabled = await disableEnrolledUnder(database, [leaked, '0000000000000000'], end);
    assert.ok(Array.isArray(disabled));
    assert.deepEqual(disabled.map(({ accountId, id }) => `${accountId} ${id}`).sort(), ['anna a', 'ben c']);
    assert.deepEqual(await disableEnrolledUnder(database, [leaked], end), []);
    assert.deepEqual(ended.sort(), ['anna', 'ben'], 'whose sessions end');
    for (const [account, id, expected] of [
      ['anna', 'a', 'spent'],
      ['anna', 'b', 'first'],
      ['ben', 'c', 'spent'],
      ['ben', 'd', 'first'],
    ] as const) {
      assert.equal(await store.takeTotpStep(account, { id, step: 5 }, null, NOW), expected, id);
    }
    const set = await store.list('anna');
    assert.ok('credentials' in set);
    assert.deepEqual(set.credentials.map(({ id, disabled }) => [id, disabled]).sort(), [
      ['a', true],
      ['b', false],
    ]);
  });

  test(`${kind}: a database that is down is no empty set of secrets`, async () => {
    const { database } = await open();
    await database.close();
    await assert.rejects(createSqlSecrets(database).countByPrefix(), SecretsUnavailableError);
    assert.deepEqual(await createSqlCredentials(database).list('account-0'), { unavailable: true });
  });
}
