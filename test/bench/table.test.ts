import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scattered, steadily } from '../../bench/load.ts';
import { median, percentile } from '../../bench/statistics.ts';
import { formatTable, number, type Row } from '../../bench/table.ts';

const ROW: Row = { what: 'w', value: 'v', comparedWith: 'c', ratio: 'r', bar: 'b', held: null };
const VERDICTS: readonly (readonly [row: Partial<Row>, verdict: string])[] = [
  [{}, ''],
  [{ held: true }, 'held'],
  [{ held: false }, 'MISSED'],
  [{ held: true, loaded: true }, 'held, loaded'],
  // A loaded machine is no excuse.
  [{ held: false, loaded: true }, 'MISSED, loaded'],
  [{ loaded: true }, 'loaded'],
  [{ held: true, loaded: false }, 'held'],
];

for (const [given, verdict] of VERDICTS) {
  test(`a row with ${JSON.stringify(given)} ends in '${verdict}'`, () => {
    const [, , line = ''] = formatTable([{ ...ROW, ...given }]).split('\n');
    assert.equal(line.split('|').at(-2)?.trim(), verdict);
  });
}

test('every line of the table has as many columns, and is as long', () => {
  const lines = formatTable([ROW, { ...ROW, what: 'much longer', held: false }]).split('\n');
  assert.deepEqual(
    lines.map((line) => line.split('|').length),
    [8, 8, 8, 8],
  );
  assert.equal(new Set(lines.map(({ length }) => length)).size, 1);
});

test('numbers: whole ones from a hundred on, three digits below', () => {
  assert.deepEqual([1234.5, 100, 99.94, 7.5, 0.4421].map(number), ['1,235', '100', '99.9', '7.50', '0.442']);
});

const HUNDRED = Array.from({ length: 100 }, (_, i) => i + 1).reverse();
const STATISTICS: readonly (readonly [what: string, found: () => number, expect: number])[] = [
  ['median of an odd number', () => median([3, 1, 2]), 2],
  ['median of an even number', () => median([4, 1, 3, 2]), 2.5],
  ['p99 of a hundred', () => percentile(HUNDRED, 0.99), 99],
  ['p50 of a hundred', () => percentile(HUNDRED, 0.5), 50],
  ['p99 of a few is the greatest', () => percentile([1, 9, 5], 0.99), 9],
  ['p0 is the least', () => percentile([4, 2], 0), 2],
];

for (const [what, found, expect] of STATISTICS) {
  test(what, () => assert.equal(found(), expect));
}

test('there are no statistics of nothing', () => {
  assert.throws(() => median([]), RangeError);
  assert.throws(() => percentile([], 0.99), RangeError);
});

test('steady: evenly, from the start', () => {
  assert.deepEqual(steadily(4, 100), [0, 10, 20, 30]);
});

test('scattered: the same rate, in order, each in a slot of its own', () => {
  const due = scattered(500, 100);
  assert.ok(due.every((at, i) => at >= i * 10 && at < (i + 1) * 10));
  assert.ok(new Set(due.map((at, i) => Math.round((at - i * 10) * 10))).size > 20);
});
