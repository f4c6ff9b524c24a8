import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase62, encodeBase62 } from '../../src/lib/base62.ts';

test('every byte string has one text of letters and digits, and comes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = encodeBase62(bytes);
      assert.match(text, /^[0-9A-Za-z]*$/);
      assert.deepEqual(decodeBase62(text), Buffer.from(bytes));
    }),
  );
});

test('every text that is read is the one that would be written', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9A-Za-z]{0,40}$/), (text) => {
      const bytes = decodeBase62(text);
      assert.ok(bytes === null || encodeBase62(bytes) === text);
    }),
    { numRuns: 2000 },
  );
});

const pinned: readonly { readonly bytes: string; readonly text: string }[] = [
  { bytes: '', text: '' },
  { bytes: '00', text: '00' },
  { bytes: 'ff', text: '47' },
  { bytes: '0000000000000000', text: '00000000000' },
  { bytes: 'ffffffffffffffff', text: 'LygHa16AHYF' },
  { bytes: '000000000000000001', text: '0000000000001' },
];
for (const { bytes, text } of pinned) {
  test(`${bytes || 'nothing'} is ${text || 'nothing'}`, () => {
    assert.equal(encodeBase62(Buffer.from(bytes, 'hex')), text);
    assert.deepEqual(decodeBase62(text), Buffer.from(bytes, 'hex'));
  });
}

const refused = [
  { name: 'a value that a byte cannot have', text: '48' },
  { name: 'a value that 8 bytes cannot have', text: 'LygHa16AHYG' },
  { name: 'the largest text of a block', text: 'zzzzzzzzzzz' },
  { name: 'a length that no bytes have', text: '0' },
  { name: 'another such length', text: '0000' },
  { name: 'base64url', text: '0_' },
  { name: 'a hyphen', text: '0-' },
  { name: 'a space', text: '0 ' },
  { name: 'a digit of another script', text: '0٣' },
];
for (const { name, text } of refused) {
  test(`refused: ${name}`, () => assert.equal(decodeBase62(text), null));
}
