import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LINEAGE_MAX } from '../../src/core/session.ts';
import { PENDING_ENROLMENT_MAX_BYTES } from '../../src/methods/factor-method.ts';
import {
  decodeEnrolment,
  ENROLMENT_DATA_MAX_BYTES,
  type EnrolmentBody,
  encodeEnrolment,
} from '../../src/sealed/enrolment-body.ts';
import { type CborValue, cborMap, encodeCbor } from '../../src/sealer/cbor.ts';
import { maxBodyBytes } from '../../src/sealer/envelope.ts';
import { enrolment as purpose } from '../../src/sealer/purpose.ts';
import { hex, NOW, testSealer } from '../sealer/support.ts';

const BEGUN: EnrolmentBody = {
  id: Uint8Array.from(hex('000102030405060708090a0b0c0d0e0f')),
  boundTo: Uint8Array.from(hex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff')),
  accountId: 'acct-7f3c9a1e',
  version: 3,
  kind: 'totp',
  data: Uint8Array.from(hex('01aabbcc')),
  lineage: ['42b5bcb5b16ff3fe'],
};
/** Pinned: whoever reads it must read it for as long as version 1 is read. */
const PINNED =
  'a70150000102030405060708090a0b0c0d0e0f0250f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff036d616363742d37663363396131650403050106' +
  '4401aabbcc07814842b5bcb5b16ff3fe';

test('pinned: the body', () => {
  assert.equal(Buffer.from(encodeEnrolment(BEGUN)).toString('hex'), PINNED);
  assert.deepEqual(decodeEnrolment(hex(PINNED)), BEGUN);
});

for (const kind of ['totp', 'webauthn', 'recovery-codes', 'email', 'sms'] as const) {
  test(`${kind} comes back`, () => {
    const other = { ...BEGUN, kind, lineage: [] };
    assert.deepEqual(decodeEnrolment(encodeEnrolment(other)), other);
  });
}

type Entry = readonly [number, CborValue];
const ENTRIES: readonly Entry[] = [
  [1, BEGUN.id],
  [2, BEGUN.boundTo],
  [3, BEGUN.accountId],
  [4, BEGUN.version],
  [5, 1],
  [6, BEGUN.data],
];
const withEntry = (key: number, value: CborValue): readonly Entry[] =>
  [...ENTRIES.filter(([other]) => other !== key), [key, value] as const].sort(([a], [b]) => a - b);

for (const { name, entries } of [
  ...ENTRIES.map(([key]) => ({ name: `without key ${key}`, entries: ENTRIES.filter(([other]) => other !== key) })),
  { name: 'a key that nobody knows', entries: withEntry(8, 1) },
  { name: 'a short id', entries: withEntry(1, Buffer.alloc(15)) },
  { name: 'bound to 17 bytes', entries: withEntry(2, Buffer.alloc(17)) },
  { name: 'an account of 49 bytes', entries: withEntry(3, 'a'.repeat(49)) },
  { name: 'no account', entries: withEntry(3, '') },
  { name: 'a version as text', entries: withEntry(4, '3') },
  { name: 'kind 0', entries: withEntry(5, 0) },
  { name: 'kind 6', entries: withEntry(5, 6) },
  { name: 'no data', entries: withEntry(6, Buffer.alloc(0)) },
  { name: 'too much data', entries: withEntry(6, Buffer.alloc(ENROLMENT_DATA_MAX_BYTES + 1)) },
  { name: 'an empty lineage', entries: withEntry(7, []) },
  { name: 'a lineage twice', entries: withEntry(7, [Buffer.alloc(8), Buffer.alloc(8)]) },
]) {
  test(`not read: ${name}`, () => assert.equal(decodeEnrolment(encodeCbor(cborMap([...entries]))), null));
}

test('over the caps nothing is written', () => {
  const data = new Uint8Array(ENROLMENT_DATA_MAX_BYTES + 1);
  assert.throws(() => encodeEnrolment({ ...BEGUN, data }), RangeError);
});

test('the sum of all caps fits the purpose, and what methods keep fits the cap', () => {
  assert.equal(ENROLMENT_DATA_MAX_BYTES, PENDING_ENROLMENT_MAX_BYTES);
  const body = encodeEnrolment({
    ...BEGUN,
    accountId: 'a'.repeat(48),
    version: 2 ** 32 - 1,
    data: new Uint8Array(ENROLMENT_DATA_MAX_BYTES),
    lineage: Array.from({ length: LINEAGE_MAX }, (_, i) => `${i}`.repeat(16)),
  });
  assert.ok(body.length <= maxBodyBytes(purpose), `${body.length}`);
  const context = '__Host-signet_enrol';
  const sealed = testSealer().sealer.seal(purpose, { context, iat: NOW, exp: NOW + 600, body });
  assert.ok('token' in sealed && sealed.token.length <= purpose.maxCharacters);
});
