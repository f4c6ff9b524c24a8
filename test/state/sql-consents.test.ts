// Agreements on record, in both databases: kept apart by person, party and what was agreed to, and taken back whole.
import assert from 'node:assert/strict';
import type { RelyingPartyKey } from '../../src/core/authentication-request.ts';
import { createSqlConsents, forgetConsents, withdrawConsent } from '../../src/state/sql-consents.ts';
import { forEachDatabase, NOW, up } from '../support/databases.ts';

const WIKI: RelyingPartyKey = 'oidc:wiki';
const OTHER: RelyingPartyKey = 'saml:wiki';

forEachDatabase(({ test }) => {
  test('what one person has agreed to with one party is found, and nothing else', async ({ database, sibling }) => {
    const store = createSqlConsents(database);
    assert.equal(await store.record('alice', WIKI, { digest: 'a', agreedAt: NOW }), true);
    assert.equal(await store.record('alice', WIKI, { digest: 'b', agreedAt: NOW + 5 }), true);
    const elsewhere = createSqlConsents(sibling());
    const found = up(await elsewhere.find('alice', WIKI));
    assert.deepEqual(
      [...found].sort((one, other) => one.agreedAt - other.agreedAt),
      [
        { digest: 'a', agreedAt: NOW },
        { digest: 'b', agreedAt: NOW + 5 },
      ],
    );
    assert.deepEqual(await elsewhere.find('bob', WIKI), []);
    assert.deepEqual(await elsewhere.find('alice', OTHER), []);
    assert.deepEqual(await elsewhere.find('ALICE', WIKI), []);
  });

  test('the same again stays as old as it is, also when two nodes write it at once', async ({ database, sibling }) => {
    const [one, other] = [createSqlConsents(database), createSqlConsents(sibling())];
    await one.record('alice', WIKI, { digest: 'a', agreedAt: NOW });
    const late = [5, 6, 7].map((later) => other.record('alice', WIKI, { digest: 'a', agreedAt: NOW + later }));
    assert.deepEqual(await Promise.all(late), [true, true, true]);
    assert.deepEqual(await one.find('alice', WIKI), [{ digest: 'a', agreedAt: NOW }]);
  });

  test('each party is listed once, since the oldest of its agreements', async ({ database }) => {
    const store = createSqlConsents(database);
    await store.record('alice', WIKI, { digest: 'b', agreedAt: NOW + 9 });
    await store.record('alice', WIKI, { digest: 'a', agreedAt: NOW + 3 });
    await store.record('alice', OTHER, { digest: 'a', agreedAt: NOW + 1 });
    await store.record('bob', 'cas:x', { digest: 'a', agreedAt: NOW });
    assert.deepEqual(await store.list('alice'), [
      { relyingParty: WIKI, agreedAt: NOW + 3 },
      { relyingParty: OTHER, agreedAt: NOW + 1 },
    ]);
    assert.deepEqual(await store.list('nobody'), []);
  });

  test('taking back ends all of one party, of one person; afterwards there was nothing', async ({ database }) => {
    const store = createSqlConsents(database);
    for (const digest of ['a', 'b']) await store.record('alice', WIKI, { digest, agreedAt: NOW });
    await store.record('alice', OTHER, { digest: 'a', agreedAt: NOW });
    await store.record('bob', WIKI, { digest: 'a', agreedAt: NOW });
    assert.equal(await store.withdraw('alice', WIKI), true);
    assert.equal(await store.withdraw('alice', WIKI), false);
    assert.deepEqual(await store.find('alice', WIKI), []);
    assert.equal(up(await store.find('alice', OTHER)).length, 1);
    assert.equal(up(await store.find('bob', WIKI)).length, 1);
    await store.record('alice', WIKI, { digest: 'a', agreedAt: NOW + 60 });
    assert.deepEqual(await store.find('alice', WIKI), [{ digest: 'a', agreedAt: NOW + 60 }]);
  });

  // Also while a node of a newer release waits for the table: nobody is let through unasked, nobody asked for nothing.
  test('what cannot be asked is an outage, never "nothing agreed" and never "agreed"', async ({ database }) => {
    const store = createSqlConsents(database);
    up(await database.ask('drop', (queries) => queries.schema.dropTable('consents').execute()));
    const unavailable = { unavailable: true };
    assert.deepEqual(await store.find('alice', WIKI), unavailable);
    assert.deepEqual(await store.record('alice', WIKI, { digest: 'a', agreedAt: NOW }), unavailable);
    assert.deepEqual(await store.list('alice'), unavailable);
    assert.deepEqual(await store.withdraw('alice', WIKI), unavailable);
  });

  test('somebody who is removed leaves none behind, and nobody else loses any', async ({ database }) => {
    const consents = createSqlConsents(database);
    for (const [who, party] of [
      ['gone', WIKI],
      ['gone', OTHER],
      ['there', WIKI],
    ] as const) {
      up(await consents.record(who, party, { digest: 'd', agreedAt: NOW }));
    }
    await database.transaction('t', async (queries) => {
      await forgetConsents(queries, 'gone');
      return true;
    });
    assert.deepEqual(up(await consents.list('gone')), []);
    assert.equal(up(await consents.list('there')).length, 1);
  });

  test('what a transaction takes back stays when it fails', async ({ database }) => {
    const consents = createSqlConsents(database);
    up(await consents.record('half', WIKI, { digest: 'd', agreedAt: NOW }));
    const failing = database.transaction('t', async (queries) => {
      assert.equal(await withdrawConsent(queries, 'half', WIKI), true);
      assert.equal(await withdrawConsent(queries, 'half', WIKI), false);
      throw new RangeError('half way');
    });
    await assert.rejects(failing, /half way/);
    assert.equal(up(await consents.list('half')).length, 1);
  });
});
