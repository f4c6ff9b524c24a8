import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LINEAGE_MAX } from '../../src/core/session.ts';
import { accountDigest, type DeviceBody, decodeDevice, encodeDevice } from '../../src/sealed/device-body.ts';
import { type CborValue, cborMap, encodeCbor } from '../../src/sealer/cbor.ts';
import { maxBodyBytes } from '../../src/sealer/envelope.ts';
import { device as purpose } from '../../src/sealer/purpose.ts';
import { hex, NOW, testSealer } from '../sealer/support.ts';

const KNOWN: DeviceBody = {
  id: Uint8Array.from(hex('000102030405060708090a0b0c0d0e0f')),
  account: Uint8Array.from(accountDigest('acct-7f3c9a1e')),
  lineage: ['42b5bcb5b16ff3fe'],
};
/** Pinned: whoever reads it must read it for as long as version 1 is read. */
const PINNED = 'a30150000102030405060708090a0b0c0d0e0f0250b4c4bf011d6f9258dd14caf17cd4e85803814842b5bcb5b16ff3fe';

test('pinned: the digest and the body', () => {
  assert.equal(accountDigest('acct-7f3c9a1e').toString('hex'), 'b4c4bf011d6f9258dd14caf17cd4e858');
  assert.equal(Buffer.from(encodeDevice(KNOWN)).toString('hex'), PINNED);
  assert.deepEqual(decodeDevice(hex(PINNED)), KNOWN);
  const plain = { ...KNOWN, lineage: [] };
  assert.deepEqual(decodeDevice(encodeDevice(plain)), plain);
});

type Entry = readonly [number, CborValue];
const ENTRIES: readonly Entry[] = [
  [1, KNOWN.id],
  [2, KNOWN.account],
];
const withEntry = (key: number, value: CborValue): readonly Entry[] =>
  [...ENTRIES.filter(([other]) => other !== key), [key, value] as const].sort(([a], [b]) => a - b);

for (const { name, entries } of [
  { name: 'nothing', entries: [] },
  { name: 'no id', entries: [[2, KNOWN.account]] },
  { name: 'nobody', entries: [[1, KNOWN.id]] },
  { name: 'a key that nobody knows', entries: withEntry(4, 1) },
  { name: 'a short id', entries: withEntry(1, Buffer.alloc(15)) },
  { name: 'a long digest', entries: withEntry(2, Buffer.alloc(17)) },
  { name: 'an account by its id', entries: withEntry(2, 'acct-7f3c9a1e') },
  { name: 'an empty lineage', entries: withEntry(3, []) },
  { name: 'a lineage twice', entries: withEntry(3, [Buffer.alloc(8), Buffer.alloc(8)]) },
] satisfies readonly { readonly name: string; readonly entries: readonly Entry[] }[]) {
  test(`not read: ${name}`, () => assert.equal(decodeDevice(encodeCbor(cborMap([...entries]))), null));
}

test('over the caps nothing is written', () => {
  assert.throws(() => encodeDevice({ ...KNOWN, id: Buffer.alloc(17) }), RangeError);
  assert.throws(() => encodeDevice({ ...KNOWN, lineage: ['zz'] }), RangeError);
});

test('the sum of all caps fits the purpose', () => {
  const lineage = Array.from({ length: LINEAGE_MAX }, (_, i) => `${i}`.repeat(16));
  const body = encodeDevice({ ...KNOWN, lineage });
  assert.equal(body.length, 111);
  assert.ok(body.length <= maxBodyBytes(purpose));
  const input = { context: '__Host-signet_device', iat: NOW, exp: NOW + purpose.maxLifetime, body };
  const sealed = testSealer().sealer.seal(purpose, input);
  assert.ok('token' in sealed && sealed.token.length === purpose.maxCharacters);
});
