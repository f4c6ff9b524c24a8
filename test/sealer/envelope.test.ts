// Steps 1–3 and 6–7 alone: no key, no cipher.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  additionalData,
  type Content,
  isLifetime,
  maxBodyBytes,
  readContent,
  readEnvelope,
  writeContent,
  writeEnvelope,
} from '../../src/sealer/envelope.ts';
import { definePurpose, PURPOSES } from '../../src/sealer/purpose.ts';
import { NOW } from './support.ts';

const purpose = definePurpose('test', { bucket: 32, maxLifetime: 100, toleranceAfterExp: 10, maxCharacters: 200 });
const kid = Buffer.alloc(8, 1);
const envelope = { kid, nonce: Buffer.alloc(24, 2), sealed: Buffer.alloc(32 + 16, 3) };
const token = writeEnvelope(envelope);

test('an envelope is read as it was written', () => {
  assert.deepEqual(readEnvelope(purpose, token), envelope);
});

const bytesOf = (length: number, first = 1): string => Buffer.alloc(length, 5).fill(first, 0, 1).toString('base64url');

for (const { name, given, expect } of [
  { name: 'undefined', given: undefined, expect: 'not-a-token' },
  { name: 'null', given: null, expect: 'not-a-token' },
  { name: 'a list of tokens, as a repeated query parameter gives', given: [token, token], expect: 'not-a-token' },
  { name: 'an object that turns into a token', given: { toString: () => token }, expect: 'not-a-token' },
  { name: 'a String object', given: Object(token), expect: 'not-a-token' },
  { name: 'bytes', given: Buffer.from(token, 'base64url'), expect: 'not-a-token' },
  { name: 'one character over the maximum', given: 'A'.repeat(201), expect: 'too-long' },
  { name: 'padded base64url', given: `${bytesOf(81)}=`, expect: 'not-canonical' },
  { name: 'wrong trailing bits', given: `${bytesOf(97).slice(0, -1)}V`, expect: 'not-canonical' },
  { name: 'white space inside', given: `${token.slice(0, 4)} ${token.slice(4)}`, expect: 'not-canonical' },
  { name: 'a line end behind', given: `${token}\n`, expect: 'not-canonical' },
  { name: 'the + and / alphabet', given: token.replaceAll('A', '+'), expect: 'not-canonical' },
  { name: 'a character beyond ASCII', given: `${token.slice(1)}ſ`, expect: 'not-canonical' },
  { name: 'nothing', given: '', expect: 'shape' },
  { name: 'overhead alone', given: bytesOf(49), expect: 'shape' },
  { name: 'a byte less than a bucket', given: bytesOf(80), expect: 'shape' },
  { name: 'a byte more than a bucket', given: bytesOf(82), expect: 'shape' },
  { name: 'version 0', given: bytesOf(81, 0), expect: 'shape' },
  { name: 'version 2', given: bytesOf(81, 2), expect: 'shape' },
]) {
  test(`no envelope: ${name}`, () => assert.equal(readEnvelope(purpose, given), expect));
}

test('the twins of those are envelopes', () => {
  assert.equal(typeof readEnvelope(purpose, bytesOf(81)), 'object');
  assert.equal(typeof readEnvelope(purpose, bytesOf(81 + 32)), 'object');
});

test('no two pairs of purpose and context share additional data', () => {
  const seen = new Set<string>();
  const pairs = ['a', 'ab', 'abc'].flatMap((name) =>
    ['', 'b', 'bc', 'c', '\0', '\0\0'].map((context) => ({ name, context })),
  );
  for (const { name, context } of pairs) {
    const other = definePurpose(name, { bucket: 32, maxLifetime: 1, toleranceAfterExp: 1, maxCharacters: 100 });
    seen.add(additionalData(kid, other, context)?.toString('hex') ?? assert.fail('no additional data'));
  }
  assert.equal(seen.size, pairs.length);
});

test('a context that does not fit, or has no UTF-8 form of its own, has no additional data', () => {
  assert.ok(additionalData(kid, purpose, 'ä'.repeat(32_767)));
  assert.equal(additionalData(kid, purpose, 'ä'.repeat(32_768)), null);
  assert.equal(additionalData(kid, purpose, 'lone \ud800 surrogate'), null);
});

const header = { schema: 1, iat: NOW, exp: NOW + 100 };

for (const { length, padded } of [
  { length: 0, padded: 32 },
  { length: 20, padded: 32 },
  { length: 21, padded: 32 },
  { length: 22, padded: 64 },
]) {
  test(`a body of ${length} bytes is padded to ${padded}`, () => {
    const body = Buffer.alloc(length, 255);
    const plaintext = writeContent(purpose, header, body);
    assert.equal(plaintext.length, padded);
    assert.deepEqual(readContent(purpose, plaintext, NOW), { ...header, body });
  });
}

function changed(at: number, value: number, length = 64): Buffer {
  const plaintext = Buffer.concat([writeContent(purpose, header, Buffer.alloc(40, 9))], length);
  plaintext[at] = value;
  return plaintext;
}

for (const { name, plaintext, now = NOW, expect } of [
  { name: 'length past the end', plaintext: changed(10, 54), expect: 'padding' },
  { name: 'length far past the end', plaintext: changed(9, 255), expect: 'padding' },
  { name: 'first byte of padding not zero', plaintext: changed(51, 1), expect: 'padding' },
  { name: 'last byte of padding not zero', plaintext: changed(63, 1), expect: 'padding' },
  { name: 'a whole bucket of padding', plaintext: changed(0, 1, 96), expect: 'padding' },
  {
    name: 'a body cut short by its length, so that the rest is padding',
    plaintext: changed(10, 39),
    expect: 'padding',
  },
  { name: 'schema 0', plaintext: changed(0, 0), expect: 'schema' },
  { name: 'schema 2', plaintext: changed(0, 2), expect: 'schema' },
  {
    name: 'exp a second too late',
    plaintext: writeContent(purpose, { ...header, exp: NOW + 101 }, kid),
    expect: 'lifetime',
  },
  { name: 'exp equal to iat', plaintext: writeContent(purpose, { ...header, exp: NOW }, kid), expect: 'lifetime' },
  { name: 'exp before iat', plaintext: writeContent(purpose, { ...header, exp: NOW - 1 }, kid), expect: 'lifetime' },
  { name: 'issued 61 s ahead', plaintext: changed(0, 1), now: NOW - 61, expect: 'future' },
  { name: 'expired, tolerance used up', plaintext: changed(0, 1), now: NOW + 110, expect: 'expired' },
]) {
  test(`no content: ${name}`, () => assert.equal(readContent(purpose, plaintext, now), expect));
}

test('the edges of the lifetime are inside', () => {
  for (const now of [NOW - 60, NOW, NOW + 99, NOW + 100, NOW + 109]) {
    assert.equal((readContent(purpose, changed(0, 1), now) as Content).iat, NOW, `${now - NOW}`);
  }
});

for (const [iat, exp, expect] of [
  [NOW, NOW + 1, true],
  [NOW, NOW + 100, true],
  [0, 1, true],
  [-1, 1, false],
  [NOW + 0.5, NOW + 1, false],
  [NOW, Number.NaN, false],
  [2 ** 32 - 2, 2 ** 32 - 1, true],
  [2 ** 32 - 1, 2 ** 32, false],
] as const) {
  test(`lifetime from ${iat} to ${exp}: ${expect}`, () => assert.equal(isLifetime(purpose, iat, exp), expect));
}

test('the longest body of every purpose just fits its characters', () => {
  for (const p of PURPOSES.values()) {
    const tokenOf = (length: number): string => {
      const plaintext = writeContent(p, { schema: 1, iat: NOW, exp: NOW + 1 }, Buffer.alloc(length));
      return writeEnvelope({ kid, nonce: envelope.nonce, sealed: Buffer.concat([plaintext, Buffer.alloc(16)]) });
    };
    assert.ok(tokenOf(maxBodyBytes(p)).length <= p.maxCharacters, p.name);
    assert.ok(tokenOf(maxBodyBytes(p) + 1).length > p.maxCharacters, p.name);
  }
});
