import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ProblemsError } from '../../src/lib/problems.ts';
import { openRevocationFeed, type RevocationFeedEvent } from '../../src/state/revocation-feed.ts';
import { formatRevocations, parseRevocations, type RevocationEntry } from '../../src/state/revocation-file.ts';

const NOW = 1_790_000_000;
const sid = Buffer.alloc(16, 1);
const otherSid = Buffer.alloc(16, 2);

async function openFeed(
  entries: readonly RevocationEntry[],
  failMode: 'open' | 'reauth' | 'closed' = 'reauth',
  capacity = 1000,
) {
  const path = join(mkdtempSync(join(tmpdir(), 'signet-')), 'revocations.yaml');
  writeFileSync(path, formatRevocations(entries, NOW));
  const time = { now: NOW };
  const events: RevocationFeedEvent[] = [];
  const feed = await openRevocationFeed({
    path,
    pollSeconds: 3600,
    staleAfter: 300,
    failMode,
    capacity,
    clock: () => time.now,
    onEvent: (event) => events.push(event),
  });
  return { feed, path, time, events };
}

const subject = (proof: number, change = {}) => ({
  sid,
  accountId: 'acct-1',
  oldestProof: proof,
  latestProof: proof,
  ...change,
});

const rows: readonly { name: string; entries: RevocationEntry[]; given: ReturnType<typeof subject>; expect: string }[] =
  [
    { name: 'nothing listed', entries: [], given: subject(NOW - 10), expect: 'good' },
    { name: 'this sid', entries: [{ kind: 'sid', sid, until: NOW + 60 }], given: subject(NOW - 10), expect: 'revoked' },
    {
      name: 'another sid',
      entries: [{ kind: 'sid', sid: otherSid, until: NOW + 60 }],
      given: subject(NOW - 10),
      expect: 'good',
    },
    { name: 'an expired entry', entries: [{ kind: 'sid', sid, until: NOW }], given: subject(NOW - 10), expect: 'good' },
    {
      name: 'the account, proof before',
      entries: [{ kind: 'account', accountId: 'acct-1', notBefore: NOW, until: NOW + 60 }],
      given: subject(NOW - 1),
      expect: 'revoked',
    },
    {
      name: 'the account, proof after',
      entries: [{ kind: 'account', accountId: 'acct-1', notBefore: NOW - 5, until: NOW + 60 }],
      given: subject(NOW - 5),
      expect: 'good',
    },
    {
      name: 'another account',
      entries: [{ kind: 'account', accountId: 'acct-2', notBefore: NOW, until: NOW + 60 }],
      given: subject(NOW - 1),
      expect: 'good',
    },
    {
      name: 'the later of two not-befores',
      entries: [
        { kind: 'account', accountId: 'acct-1', notBefore: NOW, until: NOW + 60 },
        { kind: 'account', accountId: 'acct-1', notBefore: NOW - 50, until: NOW + 60 },
      ],
      given: subject(NOW - 10),
      expect: 'revoked',
    },
    {
      name: 'everybody, proof before',
      entries: [{ kind: 'all', notBefore: NOW, until: NOW + 60 }],
      given: subject(NOW - 1),
      expect: 'revoked',
    },
    {
      name: 'everybody, proof after',
      entries: [{ kind: 'all', notBefore: NOW - 5, until: NOW + 60 }],
      given: subject(NOW - 5),
      expect: 'good',
    },
    {
      name: 'everybody reaches a flow without a sid',
      entries: [{ kind: 'all', notBefore: NOW, until: NOW + 60 }],
      given: subject(NOW - 1, { sid: null }),
      expect: 'revoked',
    },
  ];
for (const row of rows) {
  test(`feed: ${row.name}`, async () => {
    const { feed } = await openFeed(row.entries);
    assert.equal(await feed.check(row.given, NOW), row.expect);
    feed.close();
  });
}

const staleRows = [
  { name: 'five minutes old: accepted', failMode: 'reauth', age: 300, proofAge: 9999, expect: 'good' },
  { name: 'older, reauth, an old proof', failMode: 'reauth', age: 301, proofAge: 301, expect: 'reauth' },
  { name: 'older, reauth, a recent proof', failMode: 'reauth', age: 301, proofAge: 300, expect: 'good' },
  { name: 'older, open', failMode: 'open', age: 9999, proofAge: 9999, expect: 'good' },
  { name: 'older, closed, a recent proof', failMode: 'closed', age: 301, proofAge: 1, expect: 'stale' },
] as const;
for (const row of staleRows) {
  test(`stale feed: ${row.name}`, async () => {
    const { feed } = await openFeed([], row.failMode);
    const now = NOW + row.age;
    assert.equal(await feed.check(subject(now - row.proofAge), now), row.expect);
    feed.close();
  });
}

test('stale feed, reauth: a step-up just now counts, however old the session', async () => {
  const { feed } = await openFeed([]);
  const now = NOW + 9999;
  assert.equal(await feed.check(subject(NOW, { latestProof: now - 300 }), now), 'good');
  assert.equal(await feed.check(subject(NOW, { latestProof: now - 301 }), now), 'reauth');
  feed.close();
});

test('a file that stays damaged is told once', async () => {
  const { feed, path, events } = await openFeed([]);
  writeFileSync(path, 'entries: [');
  for (let i = 0; i < 5; i += 1) await feed.poll();
  assert.equal(events.filter((event) => event.kind === 'failed').length, 1);
  feed.close();
});

test('a change of the file is taken, a damaged one leaves the last good entries in force', async () => {
  const { feed, path, events } = await openFeed([]);
  writeFileSync(path, formatRevocations([{ kind: 'sid', sid, until: NOW + 60 }], NOW));
  await feed.poll();
  assert.equal(await feed.check(subject(NOW), NOW), 'revoked');
  writeFileSync(path, 'entries: [{ sid: broken, until: never }]\n');
  await feed.poll();
  assert.equal(await feed.check(subject(NOW), NOW), 'revoked');
  assert.equal(events.at(-1)?.kind, 'failed');
  feed.close();
});

test('a missing file is no empty file: the feed goes stale', async () => {
  const { feed, path, time } = await openFeed([]);
  rmSync(path);
  time.now = NOW + 400;
  await feed.poll();
  assert.equal(await feed.check(subject(NOW), time.now), 'reauth');
  feed.close();
});

test('a feed that was never loaded says so', async () => {
  const feed = await openRevocationFeed({
    path: '/nonexistent/revocations.yaml',
    pollSeconds: 3600,
    staleAfter: 300,
    failMode: 'reauth',
    capacity: 10,
    clock: () => NOW,
    onEvent: () => {},
  });
  assert.equal(feed.status().everLoaded, false);
  feed.close();
});

test('this node’s own logouts count at once and end with their time', async () => {
  const { feed } = await openFeed([]);
  assert.equal(await feed.revokeSid(sid, NOW + 60, NOW), 'this-node');
  assert.equal(await feed.check(subject(NOW), NOW), 'revoked');
  assert.equal(await feed.check(subject(NOW), NOW + 60), 'good');
  feed.close();
});

test('a not-before of this node’s own counts at once, and an older one does not lower it', async () => {
  const { feed } = await openFeed([]);
  const { accountId } = subject(NOW);
  assert.ok(accountId !== null);
  assert.equal(await feed.revokeAccount(accountId, NOW, NOW + 60, NOW), 'this-node');
  await feed.revokeAccount(accountId, NOW - 100, NOW + 60, NOW);
  assert.equal(await feed.check(subject(NOW - 1), NOW), 'revoked');
  assert.equal(await feed.check(subject(NOW), NOW), 'good');
  assert.equal(await feed.check({ ...subject(NOW - 1), accountId: 'somebody else' }, NOW), 'good');
  feed.close();
});

test('over the cap the entries nearest to their end go first, never a not-before, and it is told', async () => {
  const many: RevocationEntry[] = [{ kind: 'all', notBefore: NOW - 100, until: NOW + 1 }];
  for (let i = 0; i < 5; i += 1) many.push({ kind: 'sid', sid: Buffer.alloc(16, i), until: NOW + 10 + i });
  const { feed, events } = await openFeed(many, 'reauth', 3);
  assert.ok(events.some((event) => event.kind === 'dropped' && event.entries === 3));
  assert.equal(
    await feed.check({ sid: null, accountId: null, oldestProof: NOW - 101, latestProof: NOW - 101 }, NOW),
    'revoked',
  );
  assert.equal(
    await feed.check({ sid: Buffer.alloc(16, 4), accountId: null, oldestProof: NOW, latestProof: NOW }, NOW),
    'revoked',
  );
  assert.equal(
    await feed.check({ sid: Buffer.alloc(16, 0), accountId: null, oldestProof: NOW, latestProof: NOW }, NOW),
    'good',
  );
  feed.close();
});

test('over the cap is said as long as something that was left out would count', async () => {
  const many: RevocationEntry[] = [];
  for (let i = 0; i < 5; i += 1) many.push({ kind: 'sid', sid: Buffer.alloc(16, i), until: NOW + 10 + i });
  const { feed, time } = await openFeed(many, 'reauth', 3);
  assert.equal(feed.status().overCapacity, true);
  time.now = NOW + 10;
  assert.equal(feed.status().overCapacity, true);
  time.now = NOW + 11;
  assert.equal(feed.status().overCapacity, false);
  for (let i = 5; i < 10; i += 1) await feed.revokeSid(Buffer.alloc(16, i), NOW + 100, time.now);
  assert.equal(feed.status().overCapacity, true, 'this node’s own logouts, too');
  feed.close();
});

const damaged = [
  { name: 'a sid of another length', text: 'entries: [{ sid: AAAA, until: 2026-01-01T00:00:00Z }]' },
  {
    name: 'a sid with padding',
    text: `entries: [{ sid: "${sid.toString('base64url')}==", until: 2026-01-01T00:00:00Z }]`,
  },
  { name: 'a time that is none', text: 'entries: [{ all: true, notBefore: soon, until: later }]' },
  {
    name: 'all: false',
    text: 'entries: [{ all: false, notBefore: 2026-01-01T00:00:00Z, until: 2026-01-01T00:00:00Z }]',
  },
  {
    name: 'an unknown key',
    text: 'entries: [{ user: alice, notBefore: 2026-01-01T00:00:00Z, until: 2026-01-01T00:00:00Z }]',
  },
  {
    name: 'sid and account at once',
    text: `entries: [{ sid: ${sid.toString('base64url')}, account: a, until: 2026-01-01T00:00:00Z }]`,
  },
  { name: 'no YAML', text: 'entries: [' },
  { name: 'another shape', text: '- 1' },
];
for (const row of damaged) {
  test(`refused: ${row.name}`, () => {
    assert.throws(() => parseRevocations('r.yaml', row.text), ProblemsError);
  });
}

test('what is written is read back; expired entries are left out', () => {
  const entries: RevocationEntry[] = [
    { kind: 'sid', sid, until: NOW + 60 },
    { kind: 'account', accountId: 'acct-1', notBefore: NOW, until: NOW + 60 },
    { kind: 'all', notBefore: NOW, until: NOW + 60 },
  ];
  const text = formatRevocations([...entries, { kind: 'sid', sid: otherSid, until: NOW }], NOW);
  assert.deepEqual(parseRevocations('r.yaml', text), entries);
});
