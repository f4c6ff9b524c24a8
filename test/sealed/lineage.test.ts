import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session } from '../../src/core/session.ts';
import { inheritLineage, isLineageRevoked, sealFrom } from '../../src/sealed/lineage.ts';
import { decodeSession, encodeSession } from '../../src/sealed/session-body.ts';
import { ssoSession } from '../../src/sealer/purpose.ts';
import { createSealer } from '../../src/sealer/seal.ts';
import { keyOf, LONG, NOW, revoked, ringOf, testSealer } from '../sealer/support.ts';

const kid = (digit: number): string => `${digit}`.repeat(16);
const kids = (...digits: number[]): string[] => digits.map(kid);

for (const { name, from, seal, expect } of [
  { name: 'nothing opened', from: [], seal: 1, expect: kids() },
  { name: 'the same key', from: [{ kid: kid(1), lineage: [] }], seal: 1, expect: kids() },
  { name: 'another key', from: [{ kid: kid(1), lineage: [] }], seal: 2, expect: kids(1) },
  { name: 'back to an ancestor', from: [{ kid: kid(2), lineage: kids(1) }], seal: 1, expect: kids(2) },
  {
    name: 'sorted, each once',
    from: [
      { kid: kid(5), lineage: kids(3, 4) },
      { kid: kid(1), lineage: kids(4, 5) },
    ],
    seal: 9,
    expect: kids(1, 3, 4, 5),
  },
  {
    name: 'eight',
    from: [{ kid: kid(8), lineage: kids(1, 2, 3, 4, 5, 6, 7) }],
    seal: 9,
    expect: kids(1, 2, 3, 4, 5, 6, 7, 8),
  },
  {
    name: 'nine, one of them current',
    from: [{ kid: kid(9), lineage: kids(1, 2, 3, 4, 5, 6, 7, 8) }],
    seal: 9,
    expect: kids(1, 2, 3, 4, 5, 6, 7, 8),
  },
  { name: 'nine', from: [{ kid: kid(8), lineage: kids(0, 1, 2, 3, 4, 5, 6, 7) }], seal: 9, expect: null },
]) {
  test(`lineage: ${name}`, () => assert.deepEqual(inheritLineage(from, kid(seal)), expect));
}

test('one revoked key anywhere in the descent is enough', () => {
  const sealer = { isRevokedKid: (id: string) => id === kid(3) };
  assert.equal(isLineageRevoked(sealer, { kid: kid(1), lineage: kids(2, 4) }), false);
  assert.equal(isLineageRevoked(sealer, { kid: kid(3), lineage: [] }), true);
  assert.equal(isLineageRevoked(sealer, { kid: kid(1), lineage: kids(2, 3) }), true);
});

const session = (lineage: readonly string[]): Session => ({
  sid: new Uint8Array(16),
  accountId: 'a',
  created: NOW,
  events: [{ method: 'password', credentialId: 'pw', at: NOW }],
  participants: [],
  lineage,
});
const INPUT = {
  context: 'c',
  iat: NOW,
  exp: NOW + 3600,
  body: (lineage: readonly string[]) => encodeSession(session(lineage)),
};

test('a session forged under a leaked key stays forged, however often it is sealed again', () => {
  const keys = [1, 2, 3].map((byte) => keyOf(byte, { ...LONG, activates: LONG.activates + byte }));
  const [leaked] = keys;
  assert.ok(leaked);
  let ring = ringOf([leaked]);
  const sealer = createSealer({
    ring: () => ring,
    reread: () => false,
    clock: () => NOW,
    random: (n) => Buffer.alloc(n),
    observe: () => {},
  });
  let sealed = sealFrom(sealer, ssoSession, [], INPUT);
  for (let rotated = 2; rotated <= 3; rotated++) {
    ring = ringOf(keys.slice(0, rotated));
    const opened = sealer.open(ssoSession, 'c', 'token' in sealed ? sealed.token : '');
    assert.ok(opened?.laterKey);
    const { lineage } = decodeSession(opened.body) ?? assert.fail('no session');
    sealed = sealFrom(sealer, ssoSession, [{ kid: opened.kid, lineage }], INPUT);
  }
  ring = ringOf(keys, { revoked: [revoked(leaked.kid)] });
  const opened = sealer.open(ssoSession, 'c', 'token' in sealed ? sealed.token : '');
  assert.ok(opened, 'its own key is healthy');
  const { lineage } = decodeSession(opened.body) ?? assert.fail('no session');
  assert.equal(isLineageRevoked(sealer, { kid: opened.kid, lineage }), true);
});

test('the key that seals is the one that the lineage was computed for, though the primary changes in between', () => {
  const [older, newer] = [keyOf(1), keyOf(2, { ...LONG, activates: NOW + 1 })];
  let now = NOW;
  // Each look at the clock is a second later: the primary changes between two looks.
  const { sealer } = testSealer({ ring: ringOf([older, newer]), clock: () => now++ });
  const ancestor = { kid: older.kid, lineage: [] };
  const sealed = sealFrom(sealer, ssoSession, [ancestor], INPUT);
  assert.equal(sealer.primaryKid(), newer.kid);
  const opened = sealer.open(ssoSession, 'c', 'token' in sealed ? sealed.token : '');
  assert.ok(opened);
  const { lineage } = decodeSession(opened.body) ?? assert.fail('no session');
  assert.ok([opened.kid, ...lineage].includes(older.kid));
});

test('no key, or too long a descent, is refused', () => {
  assert.deepEqual(sealFrom(testSealer({ ring: ringOf([]) }).sealer, ssoSession, [], INPUT), { refused: 'no-key' });
  const nine = { kid: kid(8), lineage: kids(0, 1, 2, 3, 4, 5, 6, 7) };
  assert.deepEqual(sealFrom(testSealer().sealer, ssoSession, [nine], INPUT), { refused: 'lineage' });
});
