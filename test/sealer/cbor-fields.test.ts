import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CborValue, encodeCbor } from '../../src/sealer/cbor.ts';
import { readCborMap } from '../../src/sealer/cbor-fields.ts';

const read = (value: CborValue) =>
  readCborMap(encodeCbor(value), (fields) => ({
    id: fields.bytes(1, { min: 2, max: 2 }),
    name: fields.text(2, { min: 1, max: 4 }),
    count: fields.uint(3, { min: 1, max: 9 }),
    pairs: fields.list(4, { min: 1, max: 2 }, (items, i) =>
      items.tuple(i, (pair) => [pair.uint(0, { max: 9 }), pair.uint(1, { max: 9 })]),
    ),
    inner: fields.optional(5, (_, key) => fields.map(key, (inner) => inner.uint(1, { max: 9 }))),
  }));

const GOOD: readonly (readonly [number, CborValue])[] = [
  [1, Buffer.alloc(2)],
  [2, 'name'],
  [3, 9],
  [4, [[1, 2]]],
  [5, new Map([[1, 7]])],
];
const with_ = (...changes: readonly (readonly [number, CborValue])[]): CborValue => new Map([...GOOD, ...changes]);
const without = (key: number): CborValue => new Map(GOOD.filter(([k]) => k !== key));

test('a map is read field by field', () => {
  assert.deepEqual(read(with_())?.pairs, [[1, 2]]);
  assert.equal(read(with_())?.inner, 7);
  assert.equal(read(without(5))?.inner, null);
});

for (const { name, value } of [
  { name: 'no map', value: [1] },
  { name: 'an unknown key', value: with_([6, 0]) },
  { name: 'a required field is missing', value: without(1) },
  { name: 'a required number is missing', value: without(3) },
  { name: 'bytes too short', value: with_([1, Buffer.alloc(1)]) },
  { name: 'bytes too long', value: with_([1, Buffer.alloc(3)]) },
  { name: 'text where bytes belong', value: with_([1, 'ab']) },
  { name: 'text too short', value: with_([2, '']) },
  { name: 'text too long in bytes, not in characters', value: with_([2, 'äää']) },
  { name: 'bytes where text belongs', value: with_([2, Buffer.from('name')]) },
  { name: 'number too small', value: with_([3, 0]) },
  { name: 'number too large', value: with_([3, 10]) },
  { name: 'list too short', value: with_([4, []]) },
  {
    name: 'list too long',
    value: with_([
      4,
      [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
    ]),
  },
  { name: 'a map where a list belongs', value: with_([4, new Map([[0, [1, 2]]])]) },
  { name: 'a tuple too short', value: with_([4, [[1]]]) },
  { name: 'a tuple too long', value: with_([4, [[1, 2, 3]]]) },
  { name: 'a number where a tuple belongs', value: with_([4, [1]]) },
  { name: 'a list where a map belongs', value: with_([5, [0, 7]]) },
  {
    name: 'an unknown key in the inner map',
    value: with_([
      5,
      new Map([
        [1, 7],
        [2, 0],
      ]),
    ]),
  },
]) {
  test(`refused: ${name}`, () => assert.equal(read(value), null));
}

test('a mistake of the reader itself is not taken for a malformed value', () => {
  assert.throws(
    () =>
      readCborMap(encodeCbor(with_()), () => {
        throw new TypeError('mistake');
      }),
    TypeError,
  );
});
