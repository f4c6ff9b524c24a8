// The job of `signet data-keys reencrypt` on real databases, while people sign in: nothing of theirs is lost or undone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reencryptSecrets, secretContext } from '../../src/core/secrets-at-rest.ts';
import { createSqlCredentials } from '../../src/directories/sql-credentials.ts';
import { createSqlSecrets } from '../../src/directories/sql-secrets.ts';
import { dataKeyOf, dataRingOf, testCipher } from '../sealer/data-support.ts';
import { databaseOpeners, NOW } from '../support/databases.ts';

const OLD = dataKeyOf(1, NOW - 3_000_000);
const NEW = dataKeyOf(2, NOW - 1_000_000);
const before = testCipher(dataRingOf([OLD])).cipher;
const after = testCipher(dataRingOf([OLD, NEW])).cipher;
const secretOf = (account: string): Uint8Array => new Uint8Array(Buffer.from(`secret of ${account}`));

for (const { kind, open } of databaseOpeners()) {
  test(`${kind}: ended in the middle and begun again while people sign in, every secret is moved and every step stays`, async () => {
    const { database, sibling } = await open();
    const store = createSqlCredentials(database);
    const accounts = Array.from({ length: 11 }, (_, i) => `account ${i} ä`);
    for (const account of accounts) {
      const secret = before.encrypt(secretContext(account, 'cred', 'totp-secret'), secretOf(account));
      const data = { kind: 'totp', secret, lastStep: 5 } as const;
      assert.equal(await store.add(account, { id: 'cred', label: '', createdAt: NOW, lineage: [], data }, 0), 'done');
    }
    const secrets = createSqlSecrets(sibling());
    let left = 6;
    const dying = {
      ...secrets,
      replace: async (...args: Parameters<typeof secrets.replace>) => {
        // Between reading and writing, the person signs in on another node.
        await store.takeTotpStep(args[0].accountId, { id: 'cred', step: 100 }, null, NOW);
        left -= 1;
        if (left === 0) throw new Error('killed');
        return secrets.replace(...args);
      },
    };
    const options = { batch: 3, dryRun: false, onProgress: () => {} };
    await assert.rejects(reencryptSecrets(dying, after, options), /killed/);
    const counts = await secrets.countByPrefix();
    assert.deepEqual([counts.get(after.prefixOf(NEW.kid)), counts.get(after.prefixOf(OLD.kid))], [5, 6]);
    const done = await reencryptSecrets(dying, after, options);
    assert.deepEqual(done, { reencrypted: 6, changedMeanwhile: 0, unreadable: 0 });
    assert.deepEqual([...(await secrets.countByPrefix())], [[after.prefixOf(NEW.kid), 11]]);
    for (const account of accounts) {
      const set = await store.list(account);
      const [credential] = 'credentials' in set ? set.credentials : assert.fail('an outage');
      if (credential?.data.kind !== 'totp') assert.fail('another kind');
      assert.deepEqual(
        after.decrypt(secretContext(account, 'cred', 'totp-secret'), credential.data.secret),
        secretOf(account),
      );
      assert.equal(credential.data.lastStep, 100);
      // Nobody who enrolls meanwhile is told that something changed.
      assert.equal('version' in set && set.version, 1);
    }
  });
}
