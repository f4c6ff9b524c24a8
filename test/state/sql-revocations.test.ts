import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Database } from '../../src/database/database.ts';
import { encodeBase64url } from '../../src/lib/base64url.ts';
import { writeRevocation } from '../../src/state/revocation-rows.ts';
import { openSqlRevocations, type SqlRevocationEvent } from '../../src/state/sql-revocations.ts';
import { createSqlSessions } from '../../src/state/sql-sessions.ts';
import { forEachDatabase, NOW, openAt, targetOf, up } from '../support/databases.ts';

const SID = Buffer.alloc(16, 7);
const OTHER = Buffer.alloc(16, 8);
const subject = (proof: number, sid = SID, accountId = 'a-anna') => ({
  sid,
  accountId,
  oldestProof: proof,
  latestProof: proof,
});

async function openNode(
  database: Database,
  time: { now: number },
  change: { failMode?: 'open' | 'reauth' | 'closed'; capacity?: number } = {},
) {
  const events: SqlRevocationEvent[] = [];
  const feed = await openSqlRevocations({
    database,
    pollSeconds: 3600,
    staleAfter: 300,
    failMode: 'reauth',
    capacity: 1000,
    clock: () => time.now,
    onEvent: (event) => events.push(event),
    ...change,
  });
  return { feed, events };
}

forEachDatabase(({ test: on }) => {
  on(
    'a logout counts on this node at once, on another with its next look, and on a new one from its start',
    async ({ database, sibling }) => {
      const time = { now: NOW };
      const here = await openNode(database, time);
      const there = await openNode(sibling(), time);
      assert.equal(await here.feed.revokeSid(SID, NOW + 3900, NOW), 'everywhere');
      assert.equal(await here.feed.check(subject(NOW), NOW), 'revoked');
      assert.equal(await there.feed.check(subject(NOW), NOW), 'good');
      time.now += 5;
      await there.feed.poll();
      assert.equal(await there.feed.check(subject(NOW), time.now), 'revoked');
      assert.equal(await there.feed.check(subject(NOW, OTHER), time.now), 'good');
      const fresh = await openNode(sibling(), time);
      assert.equal(await fresh.feed.check(subject(NOW), time.now), 'revoked');
      // It ends with its time.
      time.now = NOW + 3900;
      await there.feed.poll();
      assert.equal(await there.feed.check(subject(NOW), time.now), 'good');
      assert.equal(there.feed.status().entries, 0);
      for (const { feed } of [here, there, fresh]) feed.close();
    },
  );

  on('an account’s not-before ends what was proved before it, and is never lowered', async ({ database, sibling }) => {
    const time = { now: NOW };
    const here = await openNode(database, time);
    const there = await openNode(sibling(), time);
    await here.feed.revokeAccount('a-anna', NOW, NOW + 43_200, NOW);
    await there.feed.revokeAccount('a-anna', NOW - 500, NOW + 60, NOW);
    const fresh = await openNode(sibling(), time);
    for (const { feed } of [here, fresh]) {
      assert.equal(await feed.check(subject(NOW - 1), NOW), 'revoked');
      assert.equal(await feed.check(subject(NOW), NOW), 'good');
      assert.equal(await feed.check(subject(NOW - 1, SID, 'a-ben'), NOW), 'good');
      assert.equal(await feed.check(subject(NOW - 1), NOW + 43_000), 'revoked');
    }
    for (const { feed } of [here, there, fresh]) feed.close();
  });

  on('everybody’s not-before ends every older session', async ({ database, sibling }) => {
    const time = { now: NOW };
    const { feed } = await openNode(sibling(), time);
    await database.ask('revoke', (queries) =>
      writeRevocation(queries, { kind: 'all', notBefore: NOW, until: NOW + 43_200 }, NOW),
    );
    await feed.poll();
    assert.equal(await feed.check(subject(NOW - 1), NOW), 'revoked');
    assert.equal(await feed.check(subject(NOW), NOW), 'good');
    feed.close();
  });

  // A transaction that began before the last look and was committed after it; a node whose clock is behind.
  for (const behind of [0, 5, 60]) {
    on(`an entry recorded ${behind} s before the last look is still seen`, async ({ database, sibling }) => {
      const time = { now: NOW };
      const { feed } = await openNode(sibling(), time);
      await database.ask('revoke', (queries) =>
        writeRevocation(queries, { kind: 'sid', sid: SID, until: NOW + 3900 }, NOW - behind),
      );
      time.now += 5;
      await feed.poll();
      assert.equal(await feed.check(subject(NOW), time.now), 'revoked');
      feed.close();
    });
  }

  on(
    'the database down: what is known goes on, a logout waits and reaches everybody later',
    async ({ database, sibling }) => {
      const time = { now: NOW };
      const flaky = sibling();
      let down = false;
      const here = await openNode(
        { ...flaky, ask: async (operation, run) => (down ? { unavailable: true } : flaky.ask(operation, run)) },
        time,
      );
      const there = await openNode(database, time);
      await here.feed.revokeSid(OTHER, NOW + 3900, NOW);
      down = true;
      assert.equal(await here.feed.revokeSid(SID, NOW + 3900, NOW), 'later');
      assert.deepEqual(here.events.at(-1), { kind: 'waiting', entries: 1 });
      for (const sid of [SID, OTHER]) assert.equal(await here.feed.check(subject(NOW, sid), NOW), 'revoked');
      await there.feed.poll();
      assert.equal(await there.feed.check(subject(NOW), NOW), 'good');
      await here.feed.poll();
      down = false;
      time.now += 10;
      await here.feed.poll();
      await there.feed.poll();
      assert.equal(await there.feed.check(subject(NOW), time.now), 'revoked');
      for (const { feed } of [here, there]) feed.close();
    },
  );

  // CWE-362: the newer word is the one that the other nodes must hear.
  on('what is ended again while its first end is being written is written as well', async ({ database, sibling }) => {
    const time = { now: NOW };
    let down = true;
    let meanwhile = async (): Promise<void> => {};
    const flaky: Database = {
      ...database,
      ask: async (operation, run) => {
        if (down) return { unavailable: true };
        const answer = await database.ask(operation, run);
        if (operation === 'revoke') await meanwhile();
        return answer;
      },
    };
    const here = await openNode(flaky, time);
    const there = await openNode(sibling(), time);
    assert.equal(await here.feed.revokeAccount('a-anna', NOW + 1, NOW + 3900, NOW), 'later');
    down = false;
    meanwhile = async () => {
      meanwhile = async () => {};
      down = true;
      assert.equal(await here.feed.revokeAccount('a-anna', NOW + 50, NOW + 3900, NOW), 'later');
      down = false;
    };
    await here.feed.poll();
    await here.feed.poll();
    await there.feed.poll();
    assert.equal(await there.feed.check({ ...subject(NOW + 20), accountId: 'a-anna' }, NOW + 60), 'revoked');
    for (const { feed } of [here, there]) feed.close();
  });

  for (const [failMode, expected] of [
    ['open', 'good'],
    ['reauth', 'reauth'],
    ['closed', 'stale'],
  ] as const) {
    on(`a feed that could not be read for over five minutes, failMode ${failMode}`, async ({ database }) => {
      const time = { now: NOW };
      let down = false;
      const { feed } = await openNode(
        { ...database, ask: async (operation, run) => (down ? { unavailable: true } : database.ask(operation, run)) },
        time,
        { failMode },
      );
      down = true;
      time.now += 300;
      await feed.poll();
      assert.equal(await feed.check(subject(NOW), time.now), 'good');
      time.now += 1;
      assert.equal(await feed.check(subject(NOW), time.now), expected);
      assert.equal(await feed.check(subject(time.now), time.now), failMode === 'closed' ? 'stale' : 'good');
      assert.equal(feed.status().age, 301);
      down = false;
      await feed.poll();
      assert.equal(await feed.check(subject(NOW), time.now), 'good');
      feed.close();
    });
  }

  // CWE-613: a command on a machine whose clock is wrong, a commit that took minutes: ended is ended, if later.
  for (const behind of [61, 3600]) {
    on(
      `an entry recorded ${behind} s before the last look is seen within five minutes`,
      async ({ database, sibling }) => {
        const time = { now: NOW };
        const { feed } = await openNode(database, time);
        const entry = { kind: 'sid', sid: SID, until: NOW + 3900 } as const;
        up(
          await sibling().ask('revoke', async (queries) => {
            await writeRevocation(queries, entry, NOW - behind);
            return true;
          }),
        );
        for (let waited = 0; waited < 300; waited += 5) {
          time.now += 5;
          await feed.poll();
        }
        assert.equal(await feed.check(subject(NOW), time.now), 'revoked');
        feed.close();
      },
    );
  }

  on('a login is listed, a step-up changes its row, and a logout ends it', async ({ database }) => {
    const time = { now: NOW };
    const { feed } = await openNode(database, time);
    const sessions = createSqlSessions(database);
    const row = {
      sid: SID,
      accountId: 'a-anna',
      createdAt: NOW,
      expiresAt: NOW + 43_200,
      methods: ['password'],
      address: '192.0.2.1',
      userAgent: `x\0${'y'.repeat(1000)}\ud800`,
    };
    await sessions.record(row);
    await sessions.record({ ...row, methods: ['password', 'totp'] });
    await sessions.record({
      ...row,
      sid: OTHER,
      accountId: 'a-ben',
      createdAt: NOW + 1,
      address: null,
      userAgent: null,
    });
    const everybody = up(await sessions.list(null, { live: true, limit: 10 }, NOW));
    assert.deepEqual(
      everybody.map(({ sid }) => encodeBase64url(sid)),
      [OTHER, SID].map(encodeBase64url),
    );
    const [anna] = up(await sessions.list('a-anna', { live: true, limit: 10 }, NOW));
    assert.deepEqual(anna?.methods, ['password', 'totp']);
    assert.ok((anna?.userAgent?.length ?? 0) <= 256 && !anna?.userAgent?.includes('\0'));
    assert.equal(anna?.endedAt, null);
    await feed.revokeSid(SID, NOW + 3900, NOW + 60);
    assert.deepEqual(await sessions.list('a-anna', { live: true, limit: 10 }, NOW), []);
    assert.equal(up(await sessions.list('a-anna', { live: false, limit: 10 }, NOW))[0]?.endedAt, NOW + 60);
    await feed.revokeAccount('a-ben', NOW + 100, NOW + 43_200, NOW + 100);
    assert.deepEqual(await sessions.list(null, { live: true, limit: 10 }, NOW), []);
    feed.close();
  });

  // CWE-451: whoever has ended everything must not read that it goes on.
  on('the list of sessions knows that everybody’s have been ended, and which came afterwards', async ({ database }) => {
    const sessions = createSqlSessions(database);
    const common = { expiresAt: NOW + 43_200, methods: ['password'], address: null, userAgent: null };
    await sessions.record({ ...common, sid: SID, accountId: 'a-anna', createdAt: NOW });
    await database.transaction('revoke', (queries) =>
      writeRevocation(queries, { kind: 'all', notBefore: NOW + 61, until: NOW + 43_200 }, NOW + 60),
    );
    await sessions.record({ ...common, sid: OTHER, accountId: 'a-anna', createdAt: NOW + 61 });
    const [later, ...earlier] = up(await sessions.list('a-anna', { live: true, limit: 10 }, NOW + 70));
    assert.deepEqual([later?.sid, earlier], [OTHER, []]);
    const all = up(await sessions.list(null, { live: false, limit: 10 }, NOW + 70));
    assert.deepEqual(
      all.map(({ createdAt, endedAt }) => [createdAt, endedAt]),
      [
        [NOW + 61, null],
        [NOW, NOW + 61],
      ],
    );
    assert.equal(up(await sessions.list(null, { live: true, limit: 1 }, NOW + 70)).length, 1);
  });
});

test('a node that starts while the database is down has never read the feed', async () => {
  const time = { now: NOW };
  const opened = openAt(targetOf('postgres://signet@127.0.0.1:1/none'), { connectTimeout: 0.5 });
  const { feed } = await openNode(opened.database, time);
  assert.equal(feed.status().everLoaded, false);
  assert.equal(await feed.check(subject(NOW - 301), NOW), 'reauth');
  feed.close();
  await opened.close();
});
