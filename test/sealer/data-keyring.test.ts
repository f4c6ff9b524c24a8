// The data ring: what is read, which key encrypts, how it changes. Its keys never end by a clock.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ProblemsError } from '../../src/lib/problems.ts';
import { openDataKeyringFile } from '../../src/sealer/data-key-file.ts';
import {
  type DataKeyring,
  dataKey,
  dataKeyState,
  dataPrimary,
  dataRing,
  newDataKeyring,
} from '../../src/sealer/data-keyring.ts';
import { promoteData, pruneData, rotateData } from '../../src/sealer/data-rotation.ts';
import { formatKeyring, parseKeyring } from '../../src/sealer/keyring.ts';
import type { RingChange } from '../../src/sealer/ring-change.ts';
import type { RingFileEvent } from '../../src/sealer/ring-file.ts';
import { sealerRing } from '../../src/sealer/ring-kind.ts';
import { readReport, reportRing } from '../../src/sealer/ring-report.ts';
import { dataKeyOf, dataRingOf, REALM } from './data-support.ts';
import { KEY1, NOW, ringOf } from './support.ts';

const YEARS = 50 * 365 * 86_400;
const A = dataKeyOf(1, NOW - 3_000_000);
const B = dataKeyOf(2, NOW - 2_000_000);
const WAITING = dataKey(Buffer.alloc(32, 3), { created: NOW, activates: NOW + 3600 });
const POLICY = { poll: 10, skew: 60, grace: 3600 };
const random = (length: number): Buffer => Buffer.alloc(length, 0xd0);

test('a ring is read as it was written, and shows no key by itself', () => {
  const ring = dataRingOf([A, B, WAITING], { serial: 9 });
  const text = dataRing.format(ring);
  assert.equal(dataRing.format(dataRing.parse(Buffer.from(text), { minSerial: 9, realm: REALM })), text);
  assert.ok(!JSON.stringify(ring).includes(A.master.export().toString('base64url').slice(0, 8)));
  assert.ok(Object.isFrozen(ring) && Object.isFrozen(ring.keys) && Object.isFrozen(ring.keys[0]));
});

const GOOD = JSON.parse(dataRing.format(dataRingOf([A, B]))) as Record<string, unknown> & {
  keys: Record<string, unknown>[];
};
const [FIRST = {}] = GOOD.keys;
for (const { name, file, demands = { minSerial: 0 }, says } of [
  { name: 'the sealer’s format', file: { ...GOOD, format: 'signet-keyring/1' }, says: /format/ },
  { name: 'an unknown field', file: { ...GOOD, extra: 1 }, says: /extra/ },
  { name: 'keys that end', file: { ...GOOD, keys: [{ ...FIRST, expires: FIRST.created }] }, says: /expires/ },
  { name: 'revoked keys', file: { ...GOOD, revoked: [] }, says: /revoked/ },
  { name: 'a missing field', file: { ...GOOD, realm: undefined }, says: /realm/ },
  { name: 'no key', file: { ...GOOD, keys: [] }, says: /keys: found no key/ },
  { name: 'the same key twice', file: { ...GOOD, keys: [FIRST, FIRST] }, says: /twice/ },
  { name: 'another kid than the key’s', file: { ...GOOD, keys: [{ ...FIRST, kid: B.kid }] }, says: /own id/ },
  { name: 'a short key', file: { ...GOOD, keys: [{ ...FIRST, key: 'AAAA' }] }, says: /32 bytes/ },
  { name: 'another algorithm', file: { ...GOOD, keys: [{ ...FIRST, alg: 'A256GCM' }] }, says: /XAES/ },
  {
    name: 'a beginning before the making',
    file: { ...GOOD, keys: [{ ...FIRST, activates: '2020-01-01T00:00:00Z' }] },
    says: /created <= activates/,
  },
  {
    name: 'a serial below the least',
    file: GOOD,
    demands: { minSerial: 2 },
    says: /serial: found 1; wanted at least 2/,
  },
  { name: 'another realm, where one is demanded', file: GOOD, demands: { minSerial: 0, realm: 'x' }, says: /realm/ },
]) {
  test(`refused, and nothing of it is shown: ${name}`, () => {
    assert.throws(
      () => dataRing.parse(Buffer.from(JSON.stringify(file)), demands),
      (error) =>
        error instanceof ProblemsError && says.test(error.message) && !error.message.includes(String(FIRST.key)),
    );
  });
}

test('neither ring is read as the other, even with the same key', () => {
  const sealers = ringOf([KEY1]);
  assert.throws(() => dataRing.parse(Buffer.from(formatKeyring(sealers)), { minSerial: 0 }), /format/);
  assert.throws(() => parseKeyring(Buffer.from(dataRing.format(dataRingOf([A]))), { minSerial: 0 }), /format/);
  // With the format changed by hand the key ids still tell.
  const disguised = { ...GOOD, format: 'signet-data-keyring/1', keys: [{ ...FIRST, kid: KEY1.kid }] };
  assert.throws(() => dataRing.parse(Buffer.from(JSON.stringify(disguised)), { minSerial: 0 }), /own id/);
});

for (const { name, ring, now, kid, because } of [
  { name: 'the latest that has begun', ring: dataRingOf([A, B]), now: NOW, kid: B.kid, because: 'due' },
  { name: 'also in fifty years', ring: dataRingOf([A, B]), now: NOW + YEARS, kid: B.kid, because: 'due' },
  { name: 'not one that waits', ring: dataRingOf([A, WAITING]), now: NOW + 3599, kid: A.kid, because: 'due' },
  { name: 'one that has waited', ring: dataRingOf([A, WAITING]), now: NOW + 3600, kid: WAITING.kid, because: 'due' },
  {
    name: 'not one that began before it could be everywhere (I1)',
    ring: dataRingOf([A, dataKey(Buffer.alloc(32, 4), { created: NOW - 100, activates: NOW - 100 })]),
    now: NOW,
    kid: A.kid,
    because: 'due',
  },
  { name: 'the only one, though it is new', ring: dataRingOf([WAITING]), now: NOW, kid: WAITING.kid, because: 'only' },
]) {
  test(`which key encrypts: ${name}`, () => {
    const chosen = dataPrimary(ring, now);
    assert.deepEqual([chosen.key.kid, chosen.because], [kid, because]);
  });
}

test('a tie goes to the larger kid, in whatever order the file lists them (I3)', () => {
  const [x, y] = [dataKeyOf(5), dataKeyOf(6)];
  const [, larger] = [x.kid, y.kid].sort();
  for (const keys of [
    [x, y],
    [y, x],
  ])
    assert.equal(dataPrimary(dataRingOf(keys), NOW).key.kid, larger);
});

test('states: one key encrypts, what it replaced decrypts, what waits is pending', () => {
  const ring = dataRingOf([A, B, WAITING]);
  assert.deepEqual(
    ring.keys.map((key) => dataKeyState(ring, key, NOW)),
    ['decrypt-only', 'active', 'pending'],
  );
});

function changed(change: RingChange<DataKeyring>): DataKeyring {
  return change.kind === 'changed' ? change.ring : assert.fail(JSON.stringify(change));
}
const codeOf = (change: RingChange<DataKeyring>): string =>
  change.kind === 'refused' ? change.code : `not refused: ${change.kind}`;

const rotating = { now: NOW, random, policy: POLICY, activateIn: 3600, ifOlderThan: null };

test('rotate adds a key that begins later, changes no other, and does nothing while one waits', () => {
  const ring = changed(rotateData(dataRingOf([A, B], { serial: 4 }), rotating));
  assert.deepEqual([ring.serial, ring.updated, ring.keys.length], [5, NOW, 3]);
  assert.deepEqual(ring.keys.slice(0, 2), [A, B]);
  const added = ring.keys[2] ?? assert.fail();
  assert.deepEqual([added.created, added.activates], [NOW, NOW + 3600]);
  assert.equal(dataPrimary(ring, NOW + 3599).key.kid, B.kid);
  assert.equal(dataPrimary(ring, NOW + 3600).key.kid, added.kid);
  assert.equal(rotateData(ring, { ...rotating, now: NOW + 3599 }).kind, 'unchanged');
  assert.equal(rotateData(ring, { ...rotating, now: NOW + 3600, random: (n) => Buffer.alloc(n, 9) }).kind, 'changed');
});

test('rotate may wait for an age', () => {
  const young = { ...rotating, ifOlderThan: NOW - B.activates + 1 };
  assert.equal(rotateData(dataRingOf([A, B]), young).kind, 'unchanged');
  assert.equal(rotateData(dataRingOf([A, B]), { ...young, ifOlderThan: NOW - B.activates }).kind, 'changed');
});

test('rotate is refused where a node could be without the key (I1)', () => {
  assert.equal(codeOf(rotateData(dataRingOf([A]), { ...rotating, activateIn: 899 })), 'activates-too-soon');
  assert.equal(codeOf(rotateData(dataRingOf([A], { propagation: 70 }), rotating)), 'propagation-too-short');
});

test('promote lets a key begin that every node has, or that it is forced to', () => {
  const ring = dataRingOf([A, WAITING], { serial: 4 });
  const early = { now: NOW + 899, kid: WAITING.kid, force: false };
  assert.equal(codeOf(promoteData(ring, early)), 'not-everywhere-yet');
  const begun = changed(promoteData(ring, { ...early, now: NOW + 900 }));
  assert.equal(dataPrimary(begun, NOW + 900).key.kid, WAITING.kid);
  assert.equal(begun.serial, 5);
  const forced = changed(promoteData(ring, { ...early, force: true }));
  assert.equal(dataPrimary(forced, NOW + 899).key.kid, WAITING.kid);
  assert.equal(codeOf(promoteData(ring, { ...early, kid: A.kid })), 'not-pending');
  assert.equal(codeOf(promoteData(ring, { ...early, kid: '0000000000000000' })), 'unknown-kid');
});

const settled = B.activates + 900 + POLICY.grace + POLICY.skew;
const none = (): number => 0;

test('prune drops what was replaced, once nothing is under it', () => {
  const ring = changed(
    pruneData(dataRingOf([A, B, WAITING], { serial: 4 }), { now: NOW, policy: POLICY, count: none }),
  );
  assert.deepEqual([ring.serial, ring.keys], [5, [B, WAITING]]);
});

for (const { name, ring, now, count, kind, code } of [
  {
    name: 'one secret is under an old key',
    ring: dataRingOf([A, B]),
    now: NOW,
    count: 1,
    kind: 'refused',
    code: 'still-in-use',
  },
  { name: 'the newer key has just begun', ring: dataRingOf([A, B]), now: settled - 1, count: 0, kind: 'unchanged' },
  { name: 'nothing was replaced', ring: dataRingOf([B, WAITING]), now: NOW, count: 0, kind: 'unchanged' },
] as const) {
  test(`prune leaves every key: ${name}`, () => {
    const outcome = pruneData(ring, { now, policy: POLICY, count: (kid) => (kid === A.kid ? count : 0) });
    assert.equal(outcome.kind, kind);
    if (code !== undefined) assert.equal(codeOf(outcome), code);
  });
}

test('prune goes on at the very second, and never drops the key that encrypts', () => {
  const ring = changed(pruneData(dataRingOf([A, B]), { now: settled, policy: POLICY, count: none }));
  assert.deepEqual(ring.keys, [B]);
  assert.equal(pruneData(ring, { now: NOW + YEARS, policy: POLICY, count: none }).kind, 'unchanged');
});

test('a new ring encrypts at once', () => {
  const ring = newDataKeyring({ realm: REALM, now: NOW, random });
  assert.equal(dataPrimary(ring, NOW).because, 'only');
  assert.equal(dataPrimary(ring, NOW + 900).because, 'due');
});

function ringFile(t: TestContext, ring: DataKeyring): string {
  const folder = mkdtempSync(join(tmpdir(), 'signet-data-ring-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'data.json');
  writeFileSync(path, dataRing.format(ring), { mode: 0o600 });
  return path;
}

test('a node follows the file; a version that is refused changes nothing', (t) => {
  const path = ringFile(t, dataRingOf([A], { serial: 5 }));
  const events: RingFileEvent[] = [];
  let now = NOW;
  const source = openDataKeyringFile({
    path,
    minSerial: 5,
    pollSeconds: 3600,
    clock: () => now,
    onEvent: (event) => events.push(event),
  });
  t.after(source.close);
  const write = (ring: DataKeyring): void => writeFileSync(path, dataRing.format(ring));
  write(dataRingOf([A, B], { serial: 6 }));
  assert.equal(source.poll(), true);
  assert.equal(source.status().primary?.kid, B.kid);
  write(dataRingOf([A], { serial: 5 }));
  assert.equal(source.poll(), false);
  assert.equal(source.current().serial, 6);
  assert.match(source.status().problems[0]?.path ?? '', /serial/);
  write(dataRingOf([A], { serial: 6 }));
  assert.equal(source.poll(), false);
  assert.equal(source.current().keys.length, 2);
  write(dataRingOf([B], { serial: 7 }));
  now += 5;
  assert.equal(source.reread(), true);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['loaded', 'loaded', 'refused', 'refused', 'loaded'],
  );
  assert.deepEqual([source.status().serial, source.status().loadErrors], [7, 2]);
});

test('at the start a restored old file, one that others may read, and none at all are refused', (t) => {
  const open = (path: string, minSerial = 0) =>
    openDataKeyringFile({ path, minSerial, pollSeconds: 3600, clock: () => NOW, onEvent: () => {} });
  const path = ringFile(t, dataRingOf([A], { serial: 5 }));
  assert.throws(() => open(path, 6), ProblemsError);
  assert.throws(() => open(`${path}.missing`), ProblemsError);
  const shown = join(path, '..', 'shown.json');
  writeFileSync(shown, dataRing.format(dataRingOf([A])), { mode: 0o644 });
  assert.throws(() => open(shown), /0644/);
});

test('a changed entityID does not take the ring away', (t) => {
  const path = ringFile(t, dataRingOf([A], { realm: 'https://old.example.org' }));
  const source = openDataKeyringFile({ path, minSerial: 0, pollSeconds: 3600, clock: () => NOW, onEvent: () => {} });
  t.after(source.close);
  assert.equal(source.current().realm, 'https://old.example.org');
});

const NONCE = 'AAAAAAAAAAAAAAAAAAAAAA';

test('a node proves its data ring, and one ring’s report is not the other’s', () => {
  const ring = dataRingOf([A, B]);
  const text = Buffer.from(reportRing(dataRing, ring, { node: 'n1', now: NOW, nonce: NONCE }));
  const report = readReport(dataRing, text, ring, NONCE);
  assert.deepEqual([report?.proved, report?.primaryKid, report?.facts.keys.length], [true, B.kid, 2]);
  assert.equal(readReport(dataRing, text, dataRingOf([B]), NONCE)?.proved, false);
  assert.equal(readReport(sealerRing, text, ringOf([KEY1]), NONCE), null);
  for (const key of ring.keys) {
    for (const spelling of ['hex', 'base64', 'base64url'] as const)
      assert.ok(!text.includes(key.master.export().toString(spelling).slice(0, 8)));
  }
});
