import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followProblems } from '../../src/lib/follow-problems.ts';
import type { Problem } from '../../src/lib/problems.ts';

const about = (path: string): Problem => ({ path, found: 'EdDSA', wanted: 'RS256' });

test('what was there at the start is known; what comes later is told once, and again when it comes back', () => {
  let now: readonly Problem[] = [about('a')];
  const told: string[] = [];
  const look = followProblems(
    () => now,
    ({ path }) => told.push(path),
  );
  look();
  assert.deepEqual(told, []);
  now = [about('a'), about('b')];
  look();
  look();
  assert.deepEqual(told, ['b']);
  now = [];
  look();
  now = [about('a')];
  look();
  assert.deepEqual(told, ['b', 'a']);
});
