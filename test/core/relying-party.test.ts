import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../src/core/account.ts';
import { attributeValues, defaultRelease, releasedValues, SAFE_ATTRIBUTES } from '../../src/core/attribute-release.ts';
import { floorFor } from '../../src/core/relying-party.ts';
import { pairwiseSubjectId, subjectId } from '../../src/core/subject-identifier.ts';

const floor = {
  level: 'aal1',
  byGroup: new Map([
    ['admins', 'aal3'],
    ['staff', 'aal2'],
  ] as const),
} as const;
const floors = [
  { groups: [], level: 'aal1' },
  { groups: ['guests'], level: 'aal1' },
  { groups: ['staff'], level: 'aal2' },
  { groups: ['admins', 'staff'], level: 'aal3' },
  { groups: ['staff', 'admins'], level: 'aal3' },
  { groups: ['constructor'], level: 'aal1' },
];
for (const { groups, level } of floors) {
  test(`floor of a member of ${groups.join(' and ') || 'nothing'}`, () => assert.equal(floorFor(floor, groups), level));
}

test('a group never lowers a floor', () => {
  assert.equal(floorFor({ level: 'aal2', byGroup: new Map([['guests', 'aal1']]) }, ['guests']), 'aal2');
});

const ALICE: Account = {
  id: 'Ab',
  loginName: 'alice',
  disabled: false,
  attributes: new Map([['mail', ['a@x', 'b@x']]]),
  groups: ['staff'],
};

test('a default release is what is requested, of what is safe', () => {
  const requested = ['mail', 'uid', 'isMemberOf', 'mail', 'eduPersonEntitlement'].map((name) => ({ name, values: [] }));
  assert.deepEqual(defaultRelease(requested), [{ name: 'mail', from: 'mail', values: null }]);
  assert.deepEqual(defaultRelease([]), []);
  for (const name of ['uid', 'isMemberOf', 'eduPersonEntitlement']) assert.ok(!SAFE_ATTRIBUTES.has(name));
});

test('requested values narrow a release', () => {
  const [rule] = defaultRelease([{ name: 'mail', values: ['b@x', 'c@x'] }]);
  assert.ok(rule);
  assert.deepEqual(releasedValues(rule, ALICE), ['b@x']);
});

const values = [
  { name: 'mail', expect: ['a@x', 'b@x'] },
  { name: 'uid', expect: ['alice'] },
  { name: 'isMemberOf', expect: ['staff'] },
  { name: 'constructor', expect: [] },
  { name: 'loginName', expect: [] },
];
for (const { name, expect } of values) {
  test(`values of ${name}`, () => assert.deepEqual(attributeValues(ALICE, name), expect));
}

test('subject identifiers of accounts that differ in case only, differ without it', () => {
  const ids = ['Ab', 'aB', 'ab'].map((id) => subjectId(id, 'example.org').toLowerCase());
  assert.equal(new Set(ids).size, 3);
});

test('subject identifiers have the syntax of their specification', () => {
  const syntax = /^[A-Za-z0-9][A-Za-z0-9=-]{0,126}@[A-Za-z0-9][A-Za-z0-9.-]{0,126}$/;
  assert.match(subjectId('ä_/+'.repeat(9), 'example.org'), syntax);
  assert.match(subjectId('x'.repeat(48), 'example.org'), syntax);
  assert.match(pairwiseSubjectId('_-'.repeat(21), 'example.org'), syntax);
  assert.throws(() => subjectId('', 'example.org'), RangeError);
});
