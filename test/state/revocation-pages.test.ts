// More has been ended than is read at once: nothing is lost between two pages, nor while they are read. CWE-613.
import assert from 'node:assert/strict';
import type { Database } from '../../src/database/database.ts';
import type { RevocationsTable } from '../../src/database/schema.ts';
import { encodeBase64url } from '../../src/lib/base64url.ts';
import { openSqlRevocations } from '../../src/state/sql-revocations.ts';
import { forEachDatabase, NOW, up } from '../support/databases.ts';

const PAGES = 2500;
const sidOf = (n: number): Buffer => {
  const sid = Buffer.alloc(16, 7);
  sid.writeUInt32BE(n);
  return sid;
};
const subject = (n: number | null, accountId: string | null = null) => ({
  sid: n === null ? null : sidOf(n),
  accountId,
  oldestProof: NOW - 10,
  latestProof: NOW - 10,
});

/** `count` sessions, recorded three rows a second, and an account after each hundred of them. */
function rows(count: number, recordedAt: number): readonly RevocationsTable[] {
  return Array.from({ length: count }, (_, n): RevocationsTable[] => {
    const common = { expires_at: NOW + 9000, recorded_at: recordedAt + Math.floor(n / 3) };
    const account = { kind: 'account', subject: `a-${n}`, not_before: NOW, ...common };
    const sid = { kind: 'sid', subject: encodeBase64url(sidOf(n)), not_before: 0, ...common };
    return n % 100 === 0 ? [sid, account] : [sid];
  }).flat();
}

async function insert(database: Database, all: readonly RevocationsTable[]): Promise<void> {
  for (let at = 0; at < all.length; at += 500) {
    const some = all.slice(at, at + 500);
    up(await database.ask('insert', (queries) => queries.insertInto('revocations').values(some).execute()));
  }
}

interface Options {
  readonly capacity?: number;
  /** Before the n-th page is read, beginning with 1; false: the database does not answer. */
  readonly onPage?: (page: number) => Promise<boolean>;
}

async function openNode(database: Database, time: { now: number }, { capacity = 10_000, onPage }: Options = {}) {
  const state = { pages: 0, checks: 0 };
  const feed = await openSqlRevocations({
    database: {
      ...database,
      ask: async (operation, run) => {
        if (operation === 'revocation-check') state.checks += 1;
        if (operation !== 'revocations') return database.ask(operation, run);
        state.pages += 1;
        return (await onPage?.(state.pages)) === false ? { unavailable: true } : database.ask(operation, run);
      },
    },
    pollSeconds: 3600,
    staleAfter: 300,
    failMode: 'reauth',
    capacity,
    clock: () => time.now,
    onEvent: () => {},
  });
  return { feed, state };
}

forEachDatabase(({ test: on }) => {
  on('all there is comes in pages, each row once', async ({ database }) => {
    await insert(database, rows(PAGES, NOW - 5000));
    const { feed, state } = await openNode(database, { now: NOW });
    assert.equal(state.pages, 3);
    assert.equal(feed.status().entries, PAGES + PAGES / 100);
    for (let n = 0; n < PAGES; n += 1) assert.equal(await feed.check(subject(n), NOW), 'revoked', `session ${n}`);
    for (let n = 0; n < PAGES; n += 100) assert.equal(await feed.check(subject(null, `a-${n}`), NOW), 'revoked');
    assert.equal(await feed.check(subject(PAGES), NOW), 'good');
    assert.equal(state.checks, 0);
    feed.close();
  });

  on('what is new comes in pages too, several rows of one second across their ends', async ({ database }) => {
    const time = { now: NOW };
    const { feed, state } = await openNode(database, time);
    await insert(database, rows(PAGES, NOW));
    time.now = NOW + 5;
    await feed.poll();
    assert.equal(state.pages, 1 + 3);
    assert.equal(feed.status().entries, PAGES + PAGES / 100);
    for (let n = 0; n < PAGES; n += 1) assert.equal(await feed.check(subject(n), NOW), 'revoked', `session ${n}`);
    feed.close();
  });

  on('what is new and does not fit: the database is asked about everything', async ({ database }) => {
    const time = { now: NOW };
    const { feed } = await openNode(database, time, { capacity: 1200 });
    await insert(database, rows(PAGES, NOW));
    time.now = NOW + 5;
    await feed.poll();
    assert.equal(feed.status().overCapacity, true);
    for (const n of [0, 1199, 1200, 1201, PAGES - 1]) assert.equal(await feed.check(subject(n), NOW), 'revoked');
    for (let n = 0; n < PAGES; n += 100) assert.equal(await feed.check(subject(null, `a-${n}`), NOW), 'revoked');
    assert.equal(await feed.check(subject(PAGES), NOW), 'good');
    feed.close();
  });

  on('a row that is written behind the page that is read is there at the next look', async ({ database, sibling }) => {
    const other = sibling();
    await insert(database, rows(PAGES, NOW - 5000));
    const first = { kind: 'account', subject: '!', not_before: NOW, expires_at: NOW + 9000, recorded_at: NOW };
    const time = { now: NOW };
    const { feed } = await openNode(database, time, {
      onPage: async (page) => {
        if (page === 2) await insert(other, [first]);
        return true;
      },
    });
    time.now = NOW + 5;
    await feed.poll();
    assert.equal(await feed.check(subject(null, '!'), NOW), 'revoked');
    feed.close();
  });

  on('while all is read again, and when that fails, what did not fit is still asked for', async ({ database }) => {
    await insert(database, rows(PAGES, NOW - 5000));
    const time = { now: NOW };
    const checks: string[] = [];
    let whole = 0;
    const { feed } = await openNode(database, time, {
      capacity: 1200,
      onPage: async (page) => {
        // Every look has two pages; from the third on there is a feed to ask.
        if (page > 2) checks.push(await feed.check(subject(PAGES - 1), time.now));
        if (page === 4) whole += 1;
        return page !== 4;
      },
    });
    time.now = NOW + 200;
    await feed.poll();
    assert.deepEqual([checks.length, feed.status().age], [1, 0], 'a look at what is new has one page here');
    time.now = NOW + 400;
    await feed.poll();
    assert.equal(whole, 1);
    assert.equal(feed.status().age, 200, 'it was not read to its end');
    assert.equal(await feed.check(subject(PAGES - 1), time.now), 'revoked');
    assert.equal(await feed.check(subject(PAGES), time.now), 'good');
    assert.equal(feed.status().overCapacity, true);
    await feed.poll();
    assert.equal(feed.status().age, 0);
    assert.deepEqual(new Set(checks), new Set(['revoked']));
    feed.close();
  });

  on('all read again and fits: the database is asked no more', async ({ database }) => {
    const time = { now: NOW };
    const { feed, state } = await openNode(database, time, { capacity: 1200 });
    await Promise.all(Array.from({ length: 1300 }, (_, n) => feed.revokeSid(sidOf(n), NOW + 100, NOW)));
    assert.equal(feed.status().overCapacity, true);
    time.now = NOW + 400;
    await feed.poll();
    assert.equal(feed.status().overCapacity, false);
    assert.equal(await feed.check(subject(PAGES), time.now), 'good');
    assert.equal(state.checks, 0);
    feed.close();
  });
});
