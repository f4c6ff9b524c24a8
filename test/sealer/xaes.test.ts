import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createXaes } from '../../src/sealer/xaes.ts';
import { file, hex } from './support.ts';

for (const [i, given] of file.c2sp_xaes_256_gcm.entries()) {
  test(`C2SP vector ${i + 1}`, () => {
    const xaes = createXaes(hex(given.key));
    const sealed = xaes.seal(hex(given.nonce), hex(given.plaintext), hex(given.aad));
    assert.equal(sealed.toString('hex'), given.ciphertext);
    const opened = xaes.open(hex(given.nonce), sealed, hex(given.aad));
    assert.equal(opened?.toString('hex'), given.plaintext);
  });
}

test('the accumulated test of C2SP: 10,000 random keys, nonces, plaintexts and additional data', () => {
  const { iterations, shake128_32 } = file.c2sp_accumulated;
  // At most 32 + 24 + 1 + 255 + 1 + 255 bytes each.
  const stream = createHash('shake128', { outputLength: iterations * 568 }).digest();
  let at = 0;
  const take = (length: number): Buffer => {
    at += length;
    return stream.subarray(at - length, at);
  };
  const takeCounted = (): Buffer => take(take(1).readUInt8(0));
  const all = createHash('shake128', { outputLength: 32 });
  for (let i = 0; i < iterations; i++) {
    const xaes = createXaes(take(32));
    const nonce = take(24);
    const plaintext = takeCounted();
    const aad = takeCounted();
    const sealed = xaes.seal(nonce, plaintext, aad);
    all.update(sealed);
    assert.ok(xaes.open(nonce, sealed, aad)?.equals(plaintext));
  }
  assert.equal(all.digest('hex'), shake128_32);
});

const key = Buffer.alloc(32, 7);
const nonce = Buffer.alloc(24, 9);
const sealed = createXaes(key).seal(nonce, Buffer.from('plaintext'), Buffer.from('aad'));

for (const { name, nonce: n = nonce, value = sealed, aad = 'aad' } of [
  { name: 'other additional data', aad: 'aae' },
  { name: 'no additional data', aad: '' },
  { name: 'another nonce, first half', nonce: Buffer.concat([Buffer.from([8]), nonce.subarray(1)]) },
  { name: 'another nonce, second half', nonce: Buffer.concat([nonce.subarray(0, 23), Buffer.from([8])]) },
  { name: 'a nonce of 23 bytes', nonce: nonce.subarray(1) },
  { name: 'a nonce of 12 bytes', nonce: nonce.subarray(12) },
  { name: 'nothing', value: Buffer.alloc(0) },
  { name: 'a tag alone, of zeros', value: Buffer.alloc(16) },
  // Node accepts it unless told the tag's length; 4 bytes can be guessed in 2^32 attempts.
  { name: 'a tag of 4 bytes', value: sealed.subarray(0, sealed.length - 12) },
  { name: 'a tag of 15 bytes', value: sealed.subarray(0, sealed.length - 1) },
  { name: 'a byte more', value: Buffer.concat([sealed, Buffer.alloc(1)]) },
]) {
  test(`not opened: ${name}`, () => {
    assert.equal(createXaes(key).open(n, value, Buffer.from(aad)), null);
  });
}

test('not opened: another key', () => {
  assert.equal(createXaes(Buffer.alloc(32, 8)).open(nonce, sealed, Buffer.from('aad')), null);
});

test('one key object seals and opens many messages in any order', () => {
  const xaes = createXaes(key);
  const messages = Array.from({ length: 20 }, (_, i) => ({ n: Buffer.alloc(24, i), p: Buffer.alloc(i, i) }));
  const values = messages.map(({ n, p }) => xaes.seal(n, p, Buffer.of(1)));
  for (const [i, { n, p }] of [...messages.entries()].reverse()) {
    assert.ok(xaes.open(n, values[i] ?? Buffer.alloc(0), Buffer.of(1))?.equals(p));
  }
});

test('keys and nonces of another length are a mistake of the program', () => {
  for (const length of [0, 16, 31, 33]) assert.throws(() => createXaes(Buffer.alloc(length)), RangeError);
  for (const length of [0, 12, 23, 25]) {
    assert.throws(() => createXaes(key).seal(Buffer.alloc(length), Buffer.alloc(1), Buffer.alloc(0)), RangeError);
  }
});
