import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FOREIGN_CORES } from '../../bench/foreign-load.ts';
import { choose, isUndisturbed } from '../../bench/rounds.ts';

const PUNCTUAL = Array.from({ length: 200 }, () => 0.8);

const ROUNDS: readonly {
  readonly name: string;
  readonly foreign: number;
  readonly lateness: readonly number[];
  readonly expect: boolean;
}[] = [
  { name: 'free cores, a punctual client', foreign: 0.02, lateness: PUNCTUAL, expect: true },
  { name: 'free cores, nothing asked at a fixed rate', foreign: 0.02, lateness: [], expect: true },
  { name: 'others had more, nothing asked at a fixed rate', foreign: 1, lateness: [], expect: false },
  { name: 'at the limit', foreign: FOREIGN_CORES, lateness: PUNCTUAL, expect: true },
  { name: 'others had more', foreign: FOREIGN_CORES + 0.01, lateness: PUNCTUAL, expect: false },
  { name: 'one question in 200 was late', foreign: 0, lateness: [...PUNCTUAL.slice(1), 90], expect: true },
  { name: 'one in fifty was late', foreign: 0, lateness: [...PUNCTUAL.slice(4), 90, 90, 90, 90], expect: false },
];

for (const { name, foreign, lateness, expect } of ROUNDS) {
  test(`${expect ? 'undisturbed' : 'disturbed'}: ${name}`, () => {
    assert.equal(isUndisturbed(foreign, lateness), expect);
  });
}

test('enough undisturbed rounds: they alone count', () => {
  assert.deepEqual(choose({ rounds: 2 }, ['a', 'b', 'c'], ['a', 'c']), { rounds: ['a', 'c'], loaded: false });
});

test('too few undisturbed rounds: all count, none is picked, and it is said', () => {
  assert.deepEqual(choose({ rounds: 2 }, ['a', 'b', 'c'], ['b']), { rounds: ['a', 'b', 'c'], loaded: true });
});
