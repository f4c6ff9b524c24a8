import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { editDistance, suggest, wantedInstead } from '../../src/config/suggest.ts';

const known = ['loginName', 'password', 'attributes', 'groups', 'disabled', 'id'];

const rows: readonly { readonly found: string; readonly expect: string | null }[] = [
  { found: 'pasword', expect: 'password' },
  { found: 'passwrod', expect: 'password' },
  { found: 'loginname', expect: 'loginName' },
  { found: 'login_name', expect: 'loginName' },
  { found: 'group', expect: 'groups' },
  { found: 'Id', expect: 'id' },
  { found: 'email', expect: null },
  { found: '', expect: null },
  { found: '__proto__', expect: null },
  { found: 'password'.repeat(20), expect: null },
];
for (const { found, expect } of rows) {
  test(`suggest('${found.slice(0, 20)}')`, () => assert.equal(suggest(found, known), expect));
}

test('a far key is answered with every known one', () => {
  assert.equal(wantedInstead('email', ['id', 'groups']), "one of 'id', 'groups'");
  assert.match(wantedInstead('grups', ['id', 'groups']), /perhaps 'groups'/);
});

test('the distance is zero only for equal texts, symmetric, and no more than the longer text', () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      assert.equal(distance === 0, a === b);
      assert.equal(distance, editDistance(b, a));
      assert.ok(distance <= Math.max(a.length, b.length));
      assert.ok(distance >= Math.abs(a.length - b.length));
    }),
  );
});
