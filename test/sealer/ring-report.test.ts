import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import type { Keyring } from '../../src/sealer/keyring.ts';
import { formatDifference, ringDifferences } from '../../src/sealer/ring-diff.ts';
import { sealerRing } from '../../src/sealer/ring-kind.ts';
import { isReportNonce, type RingReport, readReport, reportRing } from '../../src/sealer/ring-report.ts';
import { DAY, KEY1, KEY2, keyOf, LONG, NOW, revoked, ringOf } from './support.ts';

const NONCE = '3q2-7wECAwQFBgcICQoLDw';
const RING = ringOf([KEY1, KEY2], { serial: 17, revoked: [revoked('00112233445566ff')] });

const asked = (held: Keyring, local: Keyring = RING, nonce = NONCE): RingReport | null =>
  readReport(
    sealerRing,
    Buffer.from(reportRing(sealerRing, held, { node: 'n1', now: NOW, nonce: NONCE })),
    local,
    nonce,
  );

test('a node with the same ring proves it, and its facts are the same', () => {
  const report = asked(RING);
  assert.equal(report?.proved, true);
  assert.equal(report?.node, 'n1');
  assert.equal(report?.time, NOW);
  assert.equal(report?.primaryKid, KEY1.kid);
  assert.deepEqual(ringDifferences(RING, report?.facts ?? assert.fail()), []);
});

test('a report shows no key and no reason', () => {
  const text = reportRing(sealerRing, RING, { node: 'n1', now: NOW, nonce: NONCE });
  for (const key of [KEY1, KEY2]) {
    for (const spelling of ['hex', 'base64', 'base64url'] as const)
      assert.ok(!text.includes(key.master.export().toString(spelling).slice(0, 8)));
  }
  assert.ok(!text.includes('leak'));
});

// The specification alone: HKDF by hand, from docs/sealed-values.md, What a node reports.
test('the proof is what the specification says', () => {
  const { report, mac } = JSON.parse(reportRing(sealerRing, RING, { node: 'n1', now: NOW, nonce: NONCE })) as Record<
    string,
    string
  >;
  const masters = [KEY1, KEY2].toSorted((a, b) => (a.kid < b.kid ? -1 : 1)).map((key) => key.master.export());
  const prk = createHmac('sha256', 'signet.keyring.v1').update(Buffer.concat(masters)).digest();
  const key = createHmac('sha256', prk).update(`report\0${RING.realm}\x01`).digest();
  assert.equal(
    mac,
    createHmac('sha256', key)
      .update(report ?? '')
      .digest('base64url'),
  );
});

test('a key that has ended by one clock is proved all the same', () => {
  const ring = ringOf([KEY1, keyOf(5, { ...LONG, retires: NOW - 2, expires: NOW - 1 })]);
  assert.equal(asked(ring, ring)?.proved, true);
});

for (const { name, held, proved, what } of [
  { name: 'one key less', held: ringOf([KEY1], { serial: 16 }), proved: false, what: /^\+ key|^ {2}serial/ },
  { name: 'one key more', held: ringOf([KEY1, KEY2, keyOf(3)], { serial: 18 }), proved: false, what: /key/ },
  {
    name: 'the same keys and another time',
    held: ringOf([{ ...KEY1, retires: LONG.retires - DAY }, KEY2], { serial: 17, revoked: RING.revoked }),
    proved: true,
    what: /retires/,
  },
  {
    name: 'the same keys, one of them revoked',
    held: { ...RING, revoked: [...RING.revoked, revoked(KEY2.kid)] },
    proved: false,
    what: /revoked/,
  },
  { name: 'the same keys without the revoked entry', held: { ...RING, revoked: [] }, proved: true, what: /revoked/ },
  { name: 'another realm', held: { ...RING, realm: 'https://other.example' }, proved: false, what: /realm/ },
  { name: 'another propagation', held: { ...RING, propagation: 30 }, proved: true, what: /propagation/ },
]) {
  test(`a node that holds another ring is told apart: ${name}`, () => {
    const report = asked(held);
    assert.equal(report?.proved, proved);
    assert.match(
      ringDifferences(RING, report?.facts ?? assert.fail())
        .map(formatDifference)
        .join('\n'),
      what,
    );
  });
}

test('facts alone prove nothing: a node that knows them and not the keys', () => {
  const liar = { ...RING, keys: RING.keys.map((key, i) => ({ ...key, master: keyOf(i + 1).master })) };
  const report = asked(liar);
  assert.deepEqual(ringDifferences(RING, report?.facts ?? assert.fail()), []);
  assert.equal(report?.proved, false);
});

test('a recorded report does not answer another nonce', () => {
  assert.equal(asked(RING, RING, 'AK2-7wECAwQFBgcICQoLDw'), null);
});

const GOOD = JSON.parse(reportRing(sealerRing, RING, { node: 'n1', now: NOW, nonce: NONCE })) as {
  report: string;
  mac: string;
};
const inside = (change: Record<string, unknown>): string => JSON.stringify({ ...JSON.parse(GOOD.report), ...change });

for (const { name, answer } of [
  { name: 'nothing', answer: '' },
  { name: 'a page', answer: '<html>' },
  { name: 'a list', answer: '[]' },
  { name: 'no proof', answer: { report: GOOD.report } },
  { name: 'a proof that is too short', answer: { ...GOOD, mac: GOOD.mac.slice(0, 8) } },
  { name: 'a proof in padded base64', answer: { ...GOOD, mac: `${GOOD.mac}=` } },
  { name: 'no report', answer: { mac: GOOD.mac } },
  { name: 'another format', answer: { ...GOOD, report: inside({ format: 'signet-keyring-report/2' }) } },
  { name: 'no format', answer: { ...GOOD, report: inside({ format: undefined }) } },
  { name: 'no nonce', answer: { ...GOOD, report: inside({ nonce: undefined }) } },
  { name: 'a name that could colour a terminal', answer: { ...GOOD, report: inside({ node: '\u001b[2J' }) } },
  { name: 'a kid that is none', answer: { ...GOOD, report: inside({ primary: 'x' }) } },
  { name: 'keys that are no list', answer: { ...GOOD, report: inside({ keys: {} }) } },
]) {
  test(`no report: ${name}`, () => {
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
    assert.equal(readReport(sealerRing, Buffer.from(text), RING, NONCE), null);
  });
}

test('one character of a report changed: not proved', () => {
  const text = JSON.stringify({ ...GOOD, report: inside({ node: 'n2' }) });
  assert.equal(readReport(sealerRing, Buffer.from(text), RING, NONCE)?.proved, false);
});

test('nonces are 16 to 64 bytes of canonical base64url', () => {
  assert.ok(isReportNonce(NONCE));
  for (const text of ['', 'AAAA', `${NONCE}=`, 'A'.repeat(87), '3q2-7wECAwQFBgcICQoLD.', '3q2-7wECAwQFBgcICQoLDx'])
    assert.ok(!isReportNonce(text), text);
});

test('differences name what is there, and its times', () => {
  const after = ringOf([{ ...KEY1, retires: LONG.retires + 60 }, keyOf(3)], {
    serial: 18,
    revoked: [revoked(KEY2.kid)],
  });
  const lines = ringDifferences({ ...RING, revoked: [] }, after).map(formatDifference);
  assert.equal(lines.length, 5);
  assert.match(lines[0] ?? '', /^ {2}serial {2}17 -> 18$/);
  assert.match(lines[1] ?? '', new RegExp(`^- key ${KEY2.kid}  created .* expires `));
  assert.match(lines[2] ?? '', new RegExp(`^  key ${KEY1.kid} retires  \\S+ -> \\S+$`));
  assert.match(lines[3] ?? '', new RegExp(`^\\+ key ${keyOf(3).kid}  created `));
  assert.match(lines[4] ?? '', new RegExp(`^\\+ revoked ${KEY2.kid}  at .* "leak"$`));
});

test('a changed reason is a difference, a withheld one is none', () => {
  const [entry] = RING.revoked;
  const other = { ...RING, revoked: [{ ...(entry ?? assert.fail()), reason: 'other' }] };
  assert.match(ringDifferences(RING, other).map(formatDifference).join('\n'), /reason {2}"leak" -> "other"/);
});
