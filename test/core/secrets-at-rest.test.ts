// Moving stored secrets to a new key while nodes go on: nothing is lost, nobody is overwritten, any end is a pause.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type DataKeys,
  type ReencryptProgress,
  reencryptSecrets,
  type StoredSecret,
  secretContext,
} from '../../src/core/secrets-at-rest.ts';
import { dataKeyOf, dataRingOf, testCipher } from '../sealer/data-support.ts';
import { NOW } from '../sealer/support.ts';
import { type MemorySecrets, memorySecrets } from '../support/memory-secrets.ts';

const OLD = dataKeyOf(1, NOW - 3_000_000);
const NEW = dataKeyOf(2, NOW - 1_000_000);
const before = testCipher(dataRingOf([OLD])).cipher;
const after: DataKeys = testCipher(dataRingOf([OLD, NEW])).cipher;

const secretOf = (i: number): Uint8Array => new Uint8Array(Buffer.from(`secret of person ${i}`));
const contextOf = ({ accountId, credentialId, field }: StoredSecret): string =>
  secretContext(accountId, credentialId, field);

function stored(i: number, keys: Pick<DataKeys, 'encrypt'> = before): StoredSecret {
  const place = String(i).padStart(4, '0');
  const row = { place, accountId: `account-${i}`, credentialId: `credential${place}`, field: 'totp-secret' as const };
  return { ...row, text: keys.encrypt(secretContext(row.accountId, row.credentialId, row.field), secretOf(i)) };
}

const many = (count: number): StoredSecret[] => Array.from({ length: count }, (_, i) => stored(i));

function assertIntact(store: MemorySecrets): void {
  for (const row of store.rows.values())
    assert.deepEqual(after.decrypt(contextOf(row), row.text), secretOf(Number(row.place)));
}

const options = { batch: 4, dryRun: false, onProgress: () => {} };
const underNew = (store: MemorySecrets): number =>
  [...store.rows.values()].filter(({ text }) => after.kidOf(text) === NEW.kid).length;

for (const count of [0, 1, 3, 4, 5, 8, 23]) {
  test(`${count} secrets, four at a time: each is moved once and says the same`, async () => {
    const store = memorySecrets(many(count));
    const told: ReencryptProgress[] = [];
    const done = await reencryptSecrets(store, after, { ...options, onProgress: (progress) => told.push(progress) });
    assert.deepEqual(done, { reencrypted: count, changedMeanwhile: 0, unreadable: 0 });
    assert.deepEqual([underNew(store), store.tried()], [count, count]);
    assertIntact(store);
    assert.deepEqual(told.at(-1) ?? done, done);
    assert.deepEqual(await reencryptSecrets(store, after, options), {
      reencrypted: 0,
      changedMeanwhile: 0,
      unreadable: 0,
    });
    assert.equal(store.tried(), count);
  });
}

for (const died of [1, 4, 5, 9, 10]) {
  test(`the job dies at replacement ${died} of 10; another one goes on where it was`, async () => {
    let left = died;
    const store = memorySecrets(many(10), {
      beforeReplace: () => {
        left -= 1;
        if (left === 0) throw new Error('the database went away');
      },
    });
    await assert.rejects(reencryptSecrets(store, after, options), /went away/);
    assert.equal(underNew(store), died - 1);
    // In the middle everything can be read: by nodes with the new ring, whatever key a row is under.
    assertIntact(store);
    const done = await reencryptSecrets(store, after, options);
    assert.equal(done.reencrypted, 10 - (died - 1));
    assert.equal(underNew(store), 10);
    assertIntact(store);
  });
}

test('two jobs at once: every secret is moved, and the second of two writers is told', async () => {
  const store = memorySecrets(many(12));
  const [a, b] = await Promise.all([
    reencryptSecrets(store, after, options),
    reencryptSecrets(store, after, { ...options, batch: 5 }),
  ]);
  assert.equal(a.reencrypted + b.reencrypted, 12);
  assert.equal(underNew(store), 12);
  assertIntact(store);
});

test('a secret that is enrolled anew meanwhile is not overwritten', async () => {
  const newer = new Uint8Array(Buffer.from('enrolled meanwhile'));
  const store = memorySecrets(many(6), {
    beforeReplace: (secret) => {
      if (secret.place !== '0003') return;
      const text = before.encrypt(contextOf(secret), newer);
      store.rows.set(secret.place, { ...secret, text });
    },
  });
  const done = await reencryptSecrets(store, after, options);
  assert.deepEqual(done, { reencrypted: 5, changedMeanwhile: 1, unreadable: 0 });
  const row = store.rows.get('0003') ?? assert.fail();
  assert.deepEqual(after.decrypt(contextOf(row), row.text), newer);
  // It came from a node that still encrypts with the old key: it is left, is counted, and the next run takes it.
  assert.equal((await store.countByPrefix()).get(after.prefixOf(OLD.kid)), 1);
});

test('a secret that is removed meanwhile does not come back', async () => {
  const store = memorySecrets(many(6), {
    beforeReplace: ({ place }) => void (place === '0002' && store.rows.delete(place)),
  });
  const done = await reencryptSecrets(store, after, options);
  assert.deepEqual(done, { reencrypted: 5, changedMeanwhile: 1, unreadable: 0 });
  assert.ok(!store.rows.has('0002'));
});

test('what no key opens is counted once, left alone, and does not stop the rest', async () => {
  const lost = stored(2, testCipher(dataRingOf([dataKeyOf(9)])).cipher);
  // Copied from another row: authentic, and bound to that one.
  const moved = { ...stored(5), text: stored(4).text };
  const store = memorySecrets([...many(8).filter(({ place }) => !['0002', '0005'].includes(place)), lost, moved]);
  const done = await reencryptSecrets(store, after, { ...options, batch: 1 });
  assert.deepEqual(done, { reencrypted: 6, changedMeanwhile: 0, unreadable: 2 });
  assert.deepEqual(store.rows.get('0002'), lost);
  assert.deepEqual(store.rows.get('0005'), moved);
});

test('a dry run decrypts everything and writes nothing', async () => {
  const rows = [...many(6), stored(6, testCipher(dataRingOf([dataKeyOf(9)])).cipher)];
  const store = memorySecrets(rows);
  const done = await reencryptSecrets(store, after, { ...options, dryRun: true });
  assert.deepEqual(done, { reencrypted: 6, changedMeanwhile: 0, unreadable: 1 });
  assert.equal(store.tried(), 0);
  assert.deepEqual([...store.rows.values()], rows);
});

test('a key that begins in the middle of the job is used from then on, and the rest is counted for the next run', async () => {
  let now = NOW;
  const newest = dataKeyOf(3, NOW + 10);
  const keys = testCipher(dataRingOf([OLD, NEW, newest], { propagation: 0 }), { clock: () => now }).cipher;
  const store = memorySecrets(many(6), {
    beforeReplace: ({ place }) => {
      if (place === '0002') now = NOW + 10;
    },
  });
  await reencryptSecrets(store, keys, options);
  const counts = await store.countByPrefix();
  assert.equal(counts.get(keys.prefixOf(NEW.kid)), 3);
  assert.equal(counts.get(keys.prefixOf(newest.kid)), 3);
  await reencryptSecrets(store, keys, options);
  assert.deepEqual([...(await store.countByPrefix())], [[keys.prefixOf(newest.kid), 6]]);
});
