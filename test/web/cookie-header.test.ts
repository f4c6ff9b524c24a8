import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSetCookie, parseCookies } from '../../src/web/cookie-header.ts';

const rows: readonly { name: string; header: string | undefined; expect: Readonly<Record<string, string>> }[] = [
  { name: 'none', header: undefined, expect: {} },
  { name: 'one', header: 'a=1', expect: { a: '1' } },
  { name: 'several, any spacing', header: 'a=1;b=2;\tc=3 ; d=4', expect: { a: '1', b: '2', c: '3', d: '4' } },
  { name: 'an equals sign in the value', header: 'a=1=2==', expect: { a: '1=2==' } },
  { name: 'no percent-decoding', header: 'a=%3D;%61=2', expect: { a: '%3D', '%61': '2' } },
  { name: 'twice: absent', header: 'a=1; b=2; a=3', expect: { b: '2' } },
  { name: 'three times: absent', header: 'a=1; a=2; a=3', expect: {} },
  { name: 'twice the same: absent all the same', header: 'a=1; a=1', expect: {} },
  { name: 'no equals sign', header: 'a; b=2', expect: { b: '2' } },
  { name: 'no name', header: '=1; b=2', expect: { b: '2' } },
  { name: 'quotes are part of the value', header: 'a="1"', expect: { a: '"1"' } },
  // A no-break space is not white space to a cookie parser.
  { name: 'a no-break space belongs to the name', header: '\u00a0a=1', expect: { '\u00a0a': '1' } },
  {
    name: 'names are compared as they are',
    header: '__host-a=1; __Host-a=2',
    expect: { '__host-a': '1', '__Host-a': '2' },
  },
  {
    name: 'prototype names',
    header: '__proto__=1; constructor=2',
    expect: JSON.parse('{"__proto__":"1","constructor":"2"}'),
  },
];
for (const row of rows) {
  test(`cookies: ${row.name}`, () => {
    assert.deepEqual([...parseCookies(row.header)], Object.entries(row.expect));
  });
}

test('Set-Cookie lines', () => {
  const cookie = { name: '__Host-a', value: 'v', maxAge: null };
  assert.equal(formatSetCookie(cookie, true), '__Host-a=v; Path=/; HttpOnly; SameSite=Lax; Secure');
  assert.equal(
    formatSetCookie({ ...cookie, name: 'a', maxAge: 0 }, false),
    'a=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax'.replace('a=;', 'a=v;'),
  );
});
