// What every SpentStore must do, on one node or for all of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpentKind, SpentStore } from '../../src/core/revocation.ts';

const NOW = 1_800_000_000;
const ID = Buffer.alloc(16, 7);

/** `open` gives an empty one. */
export function spentSuite(name: string, open: () => Promise<SpentStore>): void {
  const row = (title: string, run: (store: SpentStore) => Promise<void>) =>
    test(`${name}: ${title}`, async () => run(await open()));
  const spend = (
    store: SpentStore,
    claimant: string | null,
    now = NOW,
    kind: SpentKind = 'login-flow',
    id: Uint8Array | string = ID,
  ) => store.spend(kind, id, NOW + 600, claimant, now);

  row('the first is first, and nobody after it', async (store) => {
    assert.equal(await store.peek('login-flow', ID, NOW), false);
    assert.equal(await spend(store, 'r1'), 'first');
    assert.equal(await store.peek('login-flow', ID, NOW), true);
    for (const claimant of ['r2', null, 'r1 ', '']) assert.equal(await spend(store, claimant), 'spent');
  });

  row('a balancer’s repeat within 20 s is the same attempt, and then it is not', async (store) => {
    await spend(store, 'r1');
    assert.equal(await spend(store, 'r1', NOW + 20), 'same-attempt');
    assert.equal(await spend(store, 'r1', NOW + 20), 'same-attempt');
    assert.equal(await spend(store, 'r1', NOW + 21), 'spent');
  });

  row('without a trusted request id there is no grace', async (store) => {
    assert.equal(await spend(store, null), 'first');
    assert.equal(await spend(store, null), 'spent');
  });

  row('other ids and other kinds are others', async (store) => {
    await spend(store, null);
    assert.equal(await spend(store, null, NOW, 'oidc-code'), 'first');
    assert.equal(await spend(store, null, NOW, 'login-flow', Buffer.alloc(16, 8)), 'first');
    assert.equal(await spend(store, null, NOW, 'login-flow', Buffer.alloc(15, 7)), 'first');
    assert.equal(await spend(store, null, NOW, 'cas-st', `x'; drop table spent; --`), 'first');
    assert.equal(await spend(store, null, NOW, 'cas-st', `x'; drop table spent; --`), 'spent');
  });

  row('what has expired may be spent again, and not a second sooner', async (store) => {
    await spend(store, null);
    assert.equal(await spend(store, null, NOW + 599), 'spent');
    assert.equal(await store.peek('login-flow', ID, NOW + 599), true);
    assert.equal(await store.peek('login-flow', ID, NOW + 600), false);
    assert.equal(await store.spend('login-flow', ID, NOW + 1200, null, NOW + 600), 'first');
    assert.equal(await store.spend('login-flow', ID, NOW + 1800, null, NOW + 601), 'spent');
  });

  row('fifty at once: one is first', async (store) => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => spend(store, `r${n}`)));
    assert.deepEqual(answers.sort(), ['first', ...Array.from({ length: 49 }, () => 'spent')]);
  });
}
