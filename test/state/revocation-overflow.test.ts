// More has been ended than a node can hold (docs/operations.md, Outages): the database is asked about each value that is
// shown, and without its answer nobody is let in. CWE-613: nothing that was ended counts again because it did not fit.
import assert from 'node:assert/strict';
import { CompiledQuery, sql } from 'kysely';
import type { Database } from '../../src/database/database.ts';
import type { RevocationEntry } from '../../src/state/revocation-file.ts';
import { keysAbout, rowsWith, writeRevocation } from '../../src/state/revocation-rows.ts';
import { openSqlRevocations, type SqlRevocationEvent } from '../../src/state/sql-revocations.ts';
import { forEachDatabase, NOW, up } from '../support/databases.ts';

const CAPACITY = 10;
const sidOf = (n: number): Buffer => Buffer.alloc(16, n);
const subject = (n: number | null, { proof = NOW, accountId = 'a-anna' as string | null } = {}) => ({
  sid: n === null ? null : sidOf(n),
  accountId,
  oldestProof: proof,
  latestProof: proof,
});
const sids = (from: number, to: number, until = NOW + 3900): RevocationEntry[] =>
  Array.from({ length: to - from }, (_, n) => ({ kind: 'sid', sid: sidOf(from + n), until }));
const accounts = (from: number, to: number, until = NOW + 3900): RevocationEntry[] =>
  Array.from({ length: to - from }, (_, n) => ({ kind: 'account', accountId: `a-${from + n}`, notBefore: NOW, until }));

/** A node whose questions are counted, and whose database can be taken away. */
async function openNode(database: Database, time: { now: number }, failMode: 'open' | 'reauth' | 'closed' = 'reauth') {
  const events: SqlRevocationEvent[] = [];
  const state = { down: false, readOnly: false, writing: Promise.resolve(), asked: 0 };
  const feed = await openSqlRevocations({
    database: {
      ...database,
      ask: async (operation, run) => {
        if (operation === 'revocation-check') state.asked += 1;
        if (operation === 'revoke') await state.writing;
        const fails = state.down || (state.readOnly && operation === 'revoke');
        return fails ? { unavailable: true } : database.ask(operation, run);
      },
    },
    pollSeconds: 3600,
    staleAfter: 300,
    failMode,
    capacity: CAPACITY,
    clock: () => time.now,
    onEvent: (event) => events.push(event),
  });
  return { feed, events, state };
}

const record = async (database: Database, entries: readonly RevocationEntry[], now = NOW): Promise<void> => {
  up(
    await database.transaction('revoke', async (queries) => {
      for (const entry of entries) await writeRevocation(queries, entry, now);
      return true;
    }),
  );
};

forEachDatabase(({ test: on, kind }) => {
  on('what fits is answered from memory', async ({ database }) => {
    await record(database, sids(0, CAPACITY));
    const { feed, events, state } = await openNode(database, { now: NOW });
    assert.equal(await feed.check(subject(0), NOW), 'revoked');
    assert.equal(await feed.check(subject(99), NOW), 'good');
    assert.deepEqual([state.asked, feed.status().overCapacity], [0, false]);
    assert.deepEqual(
      events.map((event) => event.kind),
      ['loaded'],
    );
    feed.close();
  });

  on('one more than fits: every ended session is refused, every other one counts', async ({ database }) => {
    await record(database, sids(0, CAPACITY + 1));
    const { feed, events, state } = await openNode(database, { now: NOW });
    for (let n = 0; n <= CAPACITY; n += 1) assert.equal(await feed.check(subject(n), NOW), 'revoked', `session ${n}`);
    assert.equal(state.asked, 1, 'the one that there was no room for');
    assert.equal(await feed.check(subject(99), NOW), 'good');
    assert.deepEqual(feed.status(), { everLoaded: true, age: 0, entries: CAPACITY, overCapacity: true });
    assert.deepEqual(
      events.map((event) => event.kind),
      ['loaded', 'over-capacity'],
    );
    feed.close();
  });

  on('sessions left out: what has none, a login under way, is answered from memory', async ({ database }) => {
    await record(database, [...sids(0, 30), ...accounts(0, 2)]);
    const { feed, state } = await openNode(database, { now: NOW });
    assert.equal(await feed.check(subject(null, { accountId: 'a-1', proof: NOW - 1 }), NOW), 'revoked');
    assert.equal(await feed.check(subject(null), NOW), 'good');
    assert.equal(state.asked, 0);
    feed.close();
  });

  on('more accounts than fit, and everybody’s not-before beside them: each is looked up', async ({ database }) => {
    await record(database, [...accounts(0, 25), ...sids(0, 5)]);
    const { feed } = await openNode(database, { now: NOW });
    for (let n = 0; n < 25; n += 1) {
      const of = (proof: number) => feed.check(subject(null, { accountId: `a-${n}`, proof }), NOW);
      assert.deepEqual([await of(NOW - 1), await of(NOW)], ['revoked', 'good'], `account ${n}`);
    }
    for (let n = 0; n < 5; n += 1) assert.equal(await feed.check(subject(n), NOW), 'revoked');
    assert.equal(await feed.check(subject(99, { proof: NOW - 100 }), NOW), 'good');
    await record(database, [{ kind: 'all', notBefore: NOW - 50, until: NOW + 3900 }]);
    assert.equal(await feed.check(subject(99, { proof: NOW - 100 }), NOW), 'revoked');
    assert.equal(await feed.check(subject(99, { proof: NOW - 50 }), NOW), 'good');
    feed.close();
  });

  for (const failMode of ['open', 'reauth', 'closed'] as const) {
    on(`the database is down, failMode ${failMode}: nobody is let in, and nobody signed out`, async ({ database }) => {
      await record(database, sids(0, 30));
      const time = { now: NOW };
      const { feed, state } = await openNode(database, time, failMode);
      state.down = true;
      assert.equal(await feed.check(subject(99), NOW), 'unavailable');
      time.now = NOW + 3000;
      await feed.poll();
      assert.equal(await feed.check(subject(99), time.now), 'unavailable', 'however long');
      state.down = false;
      assert.equal(await feed.check(subject(99), time.now), 'good', 'an answer of now is not stale');
      assert.equal(await feed.check(subject(29), time.now), 'revoked');
      feed.close();
    });
  }

  on(
    'a logout that there is no room for counts on this node and on the others at once',
    async ({ database, sibling }) => {
      await record(database, sids(0, 30));
      const time = { now: NOW };
      const [here, there] = [await openNode(database, time), await openNode(sibling(), time)];
      assert.equal(await here.feed.revokeSid(sidOf(77), NOW + 3900, NOW), 'everywhere');
      assert.equal(await here.feed.revokeAccount('a-new', NOW, NOW + 3900, NOW), 'everywhere');
      for (const { feed } of [here, there]) assert.equal(await feed.check(subject(77), NOW), 'revoked');
      await there.feed.poll();
      for (const { feed } of [here, there]) {
        assert.equal(await feed.check(subject(98, { accountId: 'a-new', proof: NOW - 1 }), NOW), 'revoked');
      }
      for (const { feed } of [here, there]) feed.close();
    },
  );

  on('a logout during an outage counts from the moment that the database answers again', async ({ database }) => {
    await record(database, sids(0, 30));
    const { feed, state } = await openNode(database, { now: NOW });
    state.down = true;
    assert.equal(await feed.revokeSid(sidOf(77), NOW + 3900, NOW), 'later');
    assert.equal(await feed.revokeAccount('a-new', NOW, NOW + 3900, NOW), 'later');
    state.down = false;
    // It has not been written yet: the table knows nothing of it.
    assert.equal(await feed.check(subject(77), NOW), 'revoked');
    assert.equal(await feed.check(subject(98, { accountId: 'a-new', proof: NOW - 1 }), NOW), 'revoked');
    assert.equal(await feed.check(subject(98, { accountId: 'a-new' }), NOW), 'good');
    feed.close();
  });

  // CWE-613, CWE-636: a full disk, or a replica that has not been promoted yet, answers questions and takes nothing.
  on('what the database does not take counts on when all has been read again', async ({ database }) => {
    const time = { now: NOW };
    await record(database, sids(0, 30, NOW + 200));
    const { feed, state } = await openNode(database, time);
    state.readOnly = true;
    assert.equal(await feed.revokeSid(sidOf(77), NOW + 3900, NOW), 'later');
    assert.equal(await feed.revokeAccount('a-new', NOW, NOW + 3900, NOW), 'later');
    const isEnded = async (): Promise<void> => {
      assert.equal(await feed.check(subject(77), time.now), 'revoked');
      assert.equal(await feed.check(subject(98, { accountId: 'a-new', proof: NOW - 1 }), time.now), 'revoked');
    };
    await isEnded();
    time.now = NOW + 300;
    await feed.poll();
    assert.equal(feed.status().overCapacity, false);
    await isEnded();
    state.readOnly = false;
    await feed.poll();
    await isEnded();
    feed.close();
  });

  on('what is being written while all is read again counts on', async ({ database }) => {
    const time = { now: NOW };
    await record(database, sids(0, 30, NOW + 200));
    const { feed, state } = await openNode(database, time);
    const writing = Promise.withResolvers<void>();
    state.writing = writing.promise;
    const revoked = feed.revokeSid(sidOf(77), NOW + 3900, NOW);
    time.now = NOW + 300;
    await feed.poll();
    assert.equal(feed.status().overCapacity, false);
    assert.equal(await feed.check(subject(77), time.now), 'revoked');
    writing.resolve();
    assert.equal(await revoked, 'everywhere');
    assert.equal(await feed.check(subject(77), time.now), 'revoked');
    feed.close();
  });

  on('a node that was running when it became too much', async ({ database, sibling }) => {
    const time = { now: NOW };
    const { feed, events, state } = await openNode(sibling(), time);
    await record(database, [...sids(0, 8), ...accounts(0, 8)]);
    time.now += 5;
    await feed.poll();
    for (let n = 0; n < 8; n += 1) {
      assert.equal(await feed.check(subject(n), time.now), 'revoked');
      assert.equal(await feed.check(subject(99, { accountId: `a-${n}`, proof: NOW - 1 }), time.now), 'revoked');
    }
    assert.equal(state.asked, 6, 'the sessions made room for the accounts');
    assert.equal(events.filter((event) => event.kind === 'over-capacity').length, 1);
    feed.close();
  });

  on('when enough have ended, all fit again, and nothing is asked', async ({ database, sibling }) => {
    const time = { now: NOW };
    await record(database, [...sids(0, 12, NOW + 100), ...sids(12, 16)]);
    const { feed, events, state } = await openNode(sibling(), time);
    time.now = NOW + 100;
    await feed.poll();
    assert.equal(feed.status().overCapacity, true, 'not before all has been read again');
    time.now = NOW + 300;
    await feed.poll();
    assert.equal(feed.status().overCapacity, false);
    const before = state.asked;
    assert.equal(await feed.check(subject(15), time.now), 'revoked');
    assert.equal(await feed.check(subject(0), time.now), 'good');
    assert.equal(state.asked, before);
    assert.equal(events.at(-1)?.kind, 'fits-again');
    feed.close();
  });

  on('an entry whose time is over ends nobody, though its row is still there', async ({ database }) => {
    await record(database, [...sids(0, 30), ...sids(50, 51, NOW + 10)]);
    const { feed } = await openNode(database, { now: NOW });
    assert.equal(await feed.check(subject(50), NOW + 9), 'revoked');
    assert.equal(await feed.check(subject(50), NOW + 10), 'good');
    feed.close();
  });

  on('the question finds its rows by the primary key, however many there are', async ({ database }) => {
    const rows = Array.from({ length: 20_000 }, (_, n) => ({
      kind: 'sid',
      subject: sidOf(0).toString('base64url') + n,
      ...{ not_before: 0, expires_at: NOW + 60, recorded_at: NOW },
    }));
    up(
      await database.transaction('fill', async (queries) => {
        for (let at = 0; at < rows.length; at += 2000)
          await queries
            .insertInto('revocations')
            .values(rows.slice(at, at + 2000))
            .execute();
        return true;
      }),
    );
    const plan = await database.ask('explain', async (queries) => {
      if (kind === 'postgres') await sql`analyze revocations`.execute(queries);
      const { sql: text, parameters } = rowsWith(queries, keysAbout(subject(99))).compile();
      const explain = kind === 'postgres' ? 'explain' : 'explain query plan';
      return queries.executeQuery(CompiledQuery.raw(`${explain} ${text}`, [...parameters]));
    });
    const words = JSON.stringify(up(plan).rows);
    assert.match(words, /revocations_pk|sqlite_autoindex_revocations_1/);
    assert.doesNotMatch(words, /Seq Scan|SCAN revocations/);
  });
});
