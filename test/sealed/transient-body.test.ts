import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeTransient, encodeTransient, openTransient, sealTransient } from '../../src/sealed/transient-body.ts';
import { type CborValue, cborMap, encodeCbor } from '../../src/sealer/cbor.ts';
import { maxBodyBytes } from '../../src/sealer/envelope.ts';
import { samlTransient } from '../../src/sealer/purpose.ts';
import { isSealRefusal } from '../../src/sealer/seal.ts';
import { file, hex, KEY1, KEY2, keyOf, LONG, NOW, revoked, ringOf, testSealer, vector } from '../sealer/support.ts';

const VECTOR = vector('transient');
const SP = VECTOR.context;
const WHO = { sid: Uint8Array.from(hex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff')), accountId: 'acct-7f3c9a1e' };
const INPUT = { ...WHO, entityId: SP, iat: VECTOR.iat };

test('the vector is made, and made again with its kid after the primary has changed', () => {
  const { sealer } = testSealer({ clock: () => VECTOR.iat });
  assert.deepEqual(sealTransient(sealer, INPUT), {
    token: VECTOR.token,
    kid: VECTOR.kid,
    iat: VECTOR.iat,
    exp: VECTOR.exp,
  });
  const later = keyOf(3, { ...LONG, activates: LONG.activates + 1 });
  const { sealer: rotated } = testSealer({ ring: ringOf([KEY1, later]), clock: () => VECTOR.iat + 11 * 3600 });
  assert.equal(rotated.primaryKid(), later.kid);
  const again = sealTransient(rotated, { ...INPUT, kid: VECTOR.kid });
  assert.equal('token' in again && again.token, VECTOR.token);
  const fresh = sealTransient(rotated, INPUT);
  assert.notEqual('token' in fresh && fresh.token, VECTOR.token);
});

test('pinned: the body', () => {
  assert.equal(Buffer.from(encodeTransient(WHO)).toString('hex'), VECTOR.body);
  assert.deepEqual(decodeTransient(hex(VECTOR.body)), WHO);
});

test('the vector opens at its party and nowhere else', () => {
  const { sealer } = testSealer({ clock: () => VECTOR.iat });
  const { iat, exp, kid } = VECTOR;
  assert.deepEqual(openTransient(sealer, SP, VECTOR.token), { ...WHO, iat, exp, kid });
  for (const other of ['', 'https://wiki.example.edu/sp/', 'https://other.example/sp', file.keys.realm]) {
    assert.equal(openTransient(sealer, other, VECTOR.token), null);
  }
});

for (const { name, token, now = VECTOR.iat, ring = ringOf([KEY1, KEY2]) } of [
  { name: 'no text', token: undefined },
  { name: 'after its end', token: VECTOR.token, now: VECTOR.exp + 60 },
  { name: 'under a revoked key', token: VECTOR.token, ring: ringOf([KEY1, KEY2], { revoked: [revoked(KEY1.kid)] }) },
  { name: 'under a key that is gone', token: VECTOR.token, ring: ringOf([KEY2]) },
]) {
  test(`not opened: ${name}`, () =>
    assert.equal(openTransient(testSealer({ ring, clock: () => now }).sealer, SP, token), null));
}

test('an authentic value with another body is not opened', () => {
  const { sealer, results } = testSealer();
  const sealed = sealer.seal(samlTransient, { context: SP, iat: NOW, exp: NOW + 60, body: Buffer.from('a0', 'hex') });
  assert.equal(openTransient(sealer, SP, 'token' in sealed ? sealed.token : ''), null);
  assert.deepEqual(results, ['ok']);
});

test('it ends exactly twelve hours after iat', () => {
  const sealed = sealTransient(testSealer().sealer, { ...INPUT, iat: NOW });
  assert.equal('exp' in sealed && sealed.exp, NOW + 12 * 3600);
});

test('a key that is gone makes nothing again', () => {
  assert.deepEqual(sealTransient(testSealer({ ring: ringOf([KEY2]) }).sealer, { ...INPUT, kid: KEY1.kid }), {
    refused: 'no-key',
  });
});

for (const { name, entries } of [
  { name: 'no sid', entries: [[2, 'a']] },
  { name: 'no account', entries: [[1, WHO.sid]] },
  {
    name: 'a short sid',
    entries: [
      [1, Buffer.alloc(15)],
      [2, 'a'],
    ],
  },
  {
    name: 'an account id too long',
    entries: [
      [1, WHO.sid],
      [2, 'a'.repeat(49)],
    ],
  },
  {
    name: 'a third key',
    entries: [
      [1, WHO.sid],
      [2, 'a'],
      [3, 0],
    ],
  },
] satisfies { name: string; entries: [number, CborValue][] }[]) {
  test(`no body: ${name}`, () => assert.equal(decodeTransient(encodeCbor(cborMap(entries))), null));
}

test('its caps fit: every transient NameID has one length, under the 256 characters of a NameID', () => {
  assert.ok(encodeTransient({ ...WHO, accountId: 'a'.repeat(48) }).length <= maxBodyBytes(samlTransient));
  for (const length of [1, 24, 48]) {
    const sealed = sealTransient(testSealer().sealer, { ...INPUT, iat: NOW, accountId: 'a'.repeat(length) });
    assert.equal(isSealRefusal(sealed) ? sealed.refused : sealed.token.length, VECTOR.token.length);
  }
});
