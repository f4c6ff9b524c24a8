import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LOGIN_NAME_MAX_BYTES, loginNameKey } from '../../src/core/login-name.ts';

const same: readonly (readonly [string, string])[] = [
  ['anna', 'ANNA'],
  ['zo\u00eb', 'Zoe\u0308'],
  ['anna', ' anna\t'],
  ['\u01c6', '\u01c4'],
  ['stra\u00dfe', 'Stra\u1e9ee'],
];
for (const [a, b] of same) test(`'${a}' is '${b}'`, () => assert.equal(loginNameKey(a), loginNameKey(b)));

const different: readonly (readonly [string, string])[] = [
  ['anna', 'anna2'],
  ['anna', 'an na'],
  ['anna', '\u0430nna'],
  ['anna', '\uff41nna'],
  ['strasse', 'stra\u00dfe'],
  ['anna', 'anna\u0000'],
  ['i', '\u0131'],
];
for (const [a, b] of different) test(`'${a}' is not '${b}'`, () => assert.notEqual(loginNameKey(a), loginNameKey(b)));

test('a name that is too long for anybody is not looked at, and is nobody’s', () => {
  const long = `ANNA${' '.repeat(LOGIN_NAME_MAX_BYTES)}`;
  assert.equal(loginNameKey(long), long);
  assert.equal(loginNameKey(`ANNA${' '.repeat(LOGIN_NAME_MAX_BYTES - 4)}`), 'anna');
});

test('the key of a key is itself', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 });
  fc.assert(fc.property(text, (name) => assert.equal(loginNameKey(loginNameKey(name)), loginNameKey(name))));
});
