// A long revocation file is parsed on a thread. CWE-613: what was ended stays so while the file is read again, and when it breaks.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ProblemsError } from '../../src/lib/problems.ts';
import { openRevocationFeed, type RevocationFeedEvent } from '../../src/state/revocation-feed.ts';
import { formatRevocations, parseRevocations, type RevocationEntry } from '../../src/state/revocation-file.ts';
import { readRevocationsAside, SLICE_ENTRIES } from '../../src/state/revocation-file-aside.ts';

const NOW = 1_790_000_000;
const sidOf = (n: number): Buffer => {
  const sid = Buffer.alloc(16, 9);
  sid.writeUInt32BE(n);
  return sid;
};
const sids = (count: number): readonly RevocationEntry[] =>
  Array.from({ length: count }, (_, n) => ({ kind: 'sid', sid: sidOf(n), until: NOW + 60 + n }));
const everyKind: readonly RevocationEntry[] = [
  { kind: 'all', notBefore: NOW - 500, until: NOW + 60 },
  { kind: 'account', accountId: 'acct-1', notBefore: NOW, until: NOW + 60 },
];
const MANY = 2 * SLICE_ENTRIES + 1;
const subject = (n: number, change = {}) => ({
  sid: sidOf(n),
  accountId: null,
  oldestProof: NOW - 10,
  latestProof: NOW - 10,
  ...change,
});

async function readAll(text: string) {
  const slices = [];
  for await (const slice of readRevocationsAside('r.yaml', text)) slices.push(slice);
  return slices;
}

for (const count of [0, 1, SLICE_ENTRIES - everyKind.length, SLICE_ENTRIES, MANY]) {
  test(`a thread says what the caller would read: ${count} sessions`, async () => {
    const text = `${formatRevocations([...everyKind, ...sids(count)], NOW)}${'# padding\n'.repeat(900)}`;
    const slices = await readAll(text);
    const plain = (entries: readonly RevocationEntry[]) =>
      entries.map((entry) =>
        entry.kind === 'sid' ? { ...entry, sid: Buffer.from(entry.sid).toString('hex') } : entry,
      );
    assert.deepEqual(plain(slices.flatMap(({ entries }) => entries)), plain(parseRevocations('r.yaml', text)));
    for (const { entries, total } of slices) {
      assert.ok(entries.length <= SLICE_ENTRIES);
      assert.equal(total, count + everyKind.length);
    }
  });
}

const wrong = [
  { name: 'no YAML', text: `${formatRevocations(sids(MANY), NOW)}  - [` },
  { name: 'the last of many entries', text: `${formatRevocations(sids(MANY), NOW)}  - sid: AAAA\n` },
  { name: 'all of many entries', text: formatRevocations(sids(MANY), NOW).replaceAll('until:', 'til:') },
];
const same = (error: unknown): unknown => error;
for (const { name, text } of wrong) {
  test(`a thread tells every problem and gives nothing: ${name}`, async () => {
    const problemsOf = (error: unknown) =>
      error instanceof ProblemsError ? error.problems : assert.fail('no problems');
    const expected = problemsOf(
      await Promise.resolve(text)
        .then((all) => parseRevocations('r.yaml', all))
        .catch(same),
    );
    const found = problemsOf(await readAll(text).catch(same));
    assert.deepEqual(found, expected);
  });
}

async function openFeed(t: TestContext, entries: readonly RevocationEntry[], capacity = 10_000) {
  const folder = mkdtempSync(join(tmpdir(), 'signet-'));
  const path = join(folder, 'revocations.yaml');
  writeFileSync(path, formatRevocations(entries, NOW));
  const events: RevocationFeedEvent[] = [];
  const feed = await openRevocationFeed({
    path,
    pollSeconds: 3600,
    staleAfter: 300,
    failMode: 'reauth',
    capacity,
    clock: () => NOW,
    onEvent: (event) => events.push(event),
  });
  t.after(() => {
    feed.close();
    rmSync(folder, { recursive: true });
  });
  return { feed, path, events };
}

test('what was ended stays so at every moment of reading a long file again', async (t) => {
  const { feed, path } = await openFeed(t, sids(MANY));
  writeFileSync(path, formatRevocations([...sids(MANY), ...everyKind], NOW));
  let done = false;
  const polled = feed.poll().then(() => {
    done = true;
  });
  let looks = 0;
  for (; !done; looks += 1) {
    for (const n of [0, MANY - 1]) assert.equal(await feed.check(subject(n), NOW), 'revoked');
    await new Promise((resolve) => setImmediate(resolve));
  }
  await polled;
  assert.ok(looks > 1, 'others had their turn');
  assert.equal(feed.status().entries, MANY + everyKind.length);
  assert.equal(await feed.check(subject(MANY, { accountId: 'acct-1' }), NOW), 'revoked');
});

test('of two changes in a row the newer counts, though the older file is the longer', async (t) => {
  const { feed, path } = await openFeed(t, []);
  writeFileSync(path, formatRevocations(sids(MANY), NOW));
  const first = feed.poll();
  await new Promise((resolve) => setImmediate(resolve));
  writeFileSync(path, formatRevocations([], NOW));
  await Promise.all([first, feed.poll()]);
  assert.equal(feed.status().entries, 0);
});

test('a long file that breaks leaves the last good entries in force, is told once, and mends', async (t) => {
  const { feed, path, events } = await openFeed(t, sids(MANY));
  writeFileSync(path, `${formatRevocations([], NOW)}${'# padding\n'.repeat(900)}\n  - [`);
  for (let i = 0; i < 3; i += 1) await feed.poll();
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['loaded', 'failed'],
  );
  assert.equal(await feed.check(subject(MANY - 1), NOW), 'revoked');
  writeFileSync(path, formatRevocations(sids(1), NOW));
  await feed.poll();
  assert.deepEqual([await feed.check(subject(0), NOW), await feed.check(subject(1), NOW)], ['revoked', 'good']);
});

test('of more than there is room for in a long file, those that matter longest are kept', async (t) => {
  const { feed, events } = await openFeed(t, [...sids(MANY), ...everyKind], 100);
  assert.deepEqual(events[0], { kind: 'dropped', entries: MANY + everyKind.length - 100 });
  assert.equal(feed.status().overCapacity, true);
  assert.equal(await feed.check(subject(MANY - 1), NOW), 'revoked');
  assert.equal(await feed.check(subject(0), NOW), 'good');
  assert.equal(await feed.check(subject(0, { accountId: 'acct-1' }), NOW), 'revoked');
});
