import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definePurpose, PURPOSES } from '../../src/sealer/purpose.ts';

const LIMITS = { bucket: 32, maxLifetime: 60, toleranceAfterExp: 10, maxCharacters: 256 };

for (const { name, limits } of [
  { name: '', limits: {} },
  { name: 'Upper', limits: {} },
  { name: 'with space', limits: {} },
  { name: 'nul\0', limits: {} },
  { name: 'a'.repeat(33), limits: {} },
  { name: 'bucket-zero', limits: { bucket: 0 } },
  { name: 'bucket-below-header', limits: { bucket: 8 } },
  { name: 'fraction', limits: { maxLifetime: 0.5 } },
  { name: 'negative', limits: { maxCharacters: -1 } },
  { name: 'no-schema', limits: { schemas: [] } },
  { name: 'schema-too-large', limits: { schemas: [256] } },
]) {
  test(`no purpose: ${JSON.stringify(name)}`, () => {
    assert.throws(() => definePurpose(name, { ...LIMITS, ...limits }), RangeError);
  });
}

test('a purpose cannot be changed', () => {
  for (const purpose of PURPOSES.values()) assert.ok(Object.isFrozen(purpose) && Object.isFrozen(purpose.schemas));
  assert.equal(new Set([...PURPOSES.values()].map((purpose) => purpose.name)).size, 13);
});
