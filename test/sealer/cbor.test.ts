// Step 8 alone: bytes in, a value or null out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode as cborgEncode, rfc8949EncodeOptions } from 'cborg';
import fc from 'fast-check';
import { type CborValue, cborMap, decodeCbor, encodeCbor } from '../../src/sealer/cbor.ts';
import { hex } from './support.ts';

for (const { name, value, bytes } of [
  { name: 'the smallest number', value: 0, bytes: '00' },
  {
    name: 'numbers at the edges of their lengths',
    value: [23, 24, 255, 256, 65_535, 65_536],
    bytes: '8617181818ff19010019ffff1a00010000',
  },
  { name: 'the largest number', value: Number.MAX_SAFE_INTEGER, bytes: '1b001fffffffffffff' },
  { name: 'bytes', value: hex('00ff'), bytes: '4200ff' },
  { name: 'text', value: 'ä€😀', bytes: '69c3a4e282acf09f9880' },
  { name: 'text that begins with U+FEFF', value: '\ufeffx', bytes: '64efbbbf78' },
  { name: 'empty containers', value: [[], new Map(), '', new Uint8Array()], bytes: '8480a06040' },
  {
    name: 'keys in the order of their bytes',
    value: new Map([
      [256, 1],
      [24, 2],
      [1, 3],
    ]),
    bytes: 'a3010318180219010001',
  },
  { name: 'four containers inside each other', value: [[[[1]]]], bytes: '8181818101' },
]) {
  test(`one spelling: ${name}`, () => {
    assert.equal(Buffer.from(encodeCbor(value)).toString('hex'), bytes);
    const decoded = decodeCbor(hex(bytes));
    assert.ok(decoded !== null);
    assert.deepEqual(encodeCbor(decoded), encodeCbor(value));
    if (typeof value === 'string' || typeof value === 'number') assert.equal(decoded, value);
  });
}

for (const { name, bytes } of [
  { name: 'nothing', bytes: '' },
  { name: 'bytes behind the value', bytes: '0000' },
  { name: 'a number longer than it needs to be', bytes: '1817' },
  { name: 'a length longer than it needs to be', bytes: '5801ff' },
  { name: 'a number over 2^53 - 1', bytes: '1b0020000000000000' },
  { name: 'a number of 64 bits', bytes: '1bffffffffffffffff' },
  { name: 'a negative number', bytes: '20' },
  { name: 'a float that is a whole number', bytes: 'f93c00' },
  { name: 'minus zero', bytes: 'f98000' },
  { name: 'not a number', bytes: 'f97e00' },
  { name: 'infinity', bytes: 'f97c00' },
  { name: 'false', bytes: 'f4' },
  { name: 'true', bytes: 'f5' },
  { name: 'null', bytes: 'f6' },
  { name: 'undefined', bytes: 'f7' },
  { name: 'null in an array', bytes: '81f6' },
  { name: 'a simple value', bytes: 'f820' },
  { name: 'a break alone', bytes: 'ff' },
  { name: 'a tag', bytes: 'c001' },
  { name: 'a big number by tag', bytes: 'c24101' },
  { name: 'an array without length', bytes: '9f01ff' },
  { name: 'a map without length', bytes: 'bf0101ff' },
  { name: 'bytes without length', bytes: '5f4101ff' },
  { name: 'text without length', bytes: '7f6161ff' },
  { name: 'keys out of order', bytes: 'a202010101' },
  { name: 'keys ordered by length first', bytes: 'a3181802010319010001' },
  { name: 'a key twice', bytes: 'a201010102' },
  { name: 'a text as key', bytes: 'a1616101' },
  { name: 'bytes as key', bytes: 'a1410101' },
  { name: 'an array as key', bytes: 'a1800101' },
  { name: 'a negative key', bytes: 'a12001' },
  { name: 'a text key in a nested map', bytes: '81a1616101' },
  { name: 'a text key behind a nested value', bytes: 'a20181016161a0' },
  { name: 'text with a byte that is no UTF-8', bytes: '61ff' },
  { name: 'text with an overlong form', bytes: '62c080' },
  { name: 'text with a surrogate', bytes: '63eda080' },
  { name: 'five containers inside each other', bytes: '818181818101' },
  { name: 'five containers, the innermost empty', bytes: '8181818180' },
  { name: 'a map as the fifth container', bytes: '81818181a0' },
  { name: 'a hundred thousand containers', bytes: '81'.repeat(100_000) },
  { name: 'an array that ends early', bytes: '8201' },
  { name: 'an array of 2^32 - 1 items', bytes: '9affffffff01' },
  { name: 'an array of 2^53 items', bytes: '9b002000000000000001' },
  { name: 'a map of 2^32 - 1 entries', bytes: 'baffffffff0101' },
  { name: 'bytes that end early', bytes: '42ff' },
  { name: 'bytes of 4 GiB', bytes: '5affffffff' },
  { name: 'text that ends early', bytes: '6261' },
  { name: 'a reserved length', bytes: '1c' },
]) {
  test(`refused: ${name}`, () => assert.equal(decodeCbor(hex(bytes)), null));
}

const { value: anyValue } = fc.letrec<{ leaf: CborValue; value: CborValue; level3: CborValue; level2: CborValue }>(
  (tie) => {
    const leaf = fc.oneof(
      fc.nat(),
      fc.maxSafeNat(),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.uint8Array({ maxLength: 40 }),
    );
    const containerOf = (inner: fc.Arbitrary<CborValue>): fc.Arbitrary<CborValue> =>
      fc.oneof(
        inner,
        fc.array(inner, { maxLength: 6 }),
        fc.array(fc.tuple(fc.nat({ max: 70_000 }), inner), { maxLength: 6 }).map((entries) => new Map(entries)),
      );
    return { leaf, level3: containerOf(leaf), level2: containerOf(tie('level3')), value: containerOf(tie('level2')) };
  },
);

test('every value comes back, and has one spelling only', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const bytes = encodeCbor(value);
      const decoded = decodeCbor(bytes);
      assert.ok(decoded !== null);
      assert.deepEqual(encodeCbor(decoded), bytes);
    }),
    { numRuns: 300 },
  );
});

test('hostile bytes: either refused, or exactly what would be written', () => {
  const mutated = fc.tuple(anyValue, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
    const bytes = Buffer.from(encodeCbor(value));
    bytes[at % bytes.length] = byte;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 })), (bytes) => {
      const decoded = decodeCbor(bytes);
      if (decoded !== null) assert.deepEqual(Buffer.from(encodeCbor(decoded)), Buffer.from(bytes));
    }),
    { numRuns: 2000 },
  );
});

for (const { name, value } of [
  { name: 'a negative number', value: -1 },
  { name: 'minus zero', value: -0 },
  { name: 'a fraction', value: 0.5 },
  { name: 'a number over 2^53 - 1', value: 2 ** 53 },
  { name: 'text with a lone surrogate', value: 'a\ud800' },
  { name: 'five containers inside each other', value: [[[[[1]]]]] },
  { name: 'a negative key', value: new Map([[-1, 1]]) },
]) {
  test(`not written: ${name}`, () => assert.throws(() => encodeCbor(value), RangeError));
}

test('an absent optional key is left out', () => {
  assert.equal(
    Buffer.from(
      encodeCbor(
        cborMap([
          [2, undefined],
          [1, 0],
        ]),
      ),
    ).toString('hex'),
    'a10100',
  );
});

test('an independent encoder writes the same bytes', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      assert.deepEqual(Buffer.from(encodeCbor(value)), Buffer.from(cborgEncode(value, rfc8949EncodeOptions)));
    }),
  );
});

test('of random bytes only those are read that would be written', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
      const value = decodeCbor(bytes);
      if (value !== null) assert.deepEqual(Buffer.from(encodeCbor(value)), Buffer.from(bytes));
    }),
    { numRuns: 5000 },
  );
});
