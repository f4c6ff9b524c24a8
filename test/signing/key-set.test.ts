import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { ProblemsError } from '../../src/lib/problems.ts';
import { formatKeySet, parseKeySet, thumbprint } from '../../src/signing/key-set.ts';
import { as, made, setOf } from './sets.ts';

const [a, b, ec] = await Promise.all([made('RS256'), made('RS256'), made('ES256')]);
const good = setOf(3, as(a, 'current'), as(ec, 'next'), as(b, 'retiring'));

test('RFC 7638 §3.1: the thumbprint of the key in the specification', () => {
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
  const key = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' });
  assert.equal(thumbprint(key), 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
});

test('a set is read as it was written, and holds no private key', () => {
  const text = formatKeySet(good);
  assert.equal(formatKeySet(parseKeySet(Buffer.from(text))), text);
  assert.doesNotMatch(text, /PRIVATE/);
});

type Fields = Record<string, unknown>;

/** What a person, a program or a bad copy may leave there. */
const refusals: readonly {
  readonly name: string;
  readonly edit: (set: Fields, keys: Fields[]) => void;
  readonly expect: RegExp;
}[] = [
  { name: 'another format', edit: (set) => Object.assign(set, { format: 'signet-keyring/1' }), expect: /^format/m },
  { name: 'serial 0', edit: (set) => Object.assign(set, { serial: 0 }), expect: /^serial/m },
  { name: 'an unknown field', edit: (set) => Object.assign(set, { owner: 'x' }), expect: /^owner/m },
  { name: 'no keys', edit: (set) => Object.assign(set, { keys: [] }), expect: /no current key/ },
  { name: 'keys that are no list', edit: (set) => Object.assign(set, { keys: {} }), expect: /^keys/m },
  {
    name: 'no current key',
    edit: (_, [key]) => Object.assign(key ?? {}, { state: 'retiring' }),
    expect: /no current key/,
  },
  { name: 'an unknown state', edit: (_, [key]) => Object.assign(key ?? {}, { state: 'previous' }), expect: /state/ },
  {
    name: 'an unknown algorithm',
    edit: (_, [key]) => Object.assign(key ?? {}, { algorithm: 'none' }),
    expect: /algorithm/,
  },
  { name: 'HMAC', edit: (_, [key]) => Object.assign(key ?? {}, { algorithm: 'HS256' }), expect: /algorithm/ },
  {
    name: 'an algorithm of other keys',
    edit: (_, [key]) => Object.assign(key ?? {}, { algorithm: 'ES256' }),
    expect: /cannot do ES256/,
  },
  {
    name: 'two current keys of one algorithm',
    edit: (_, [, , key]) => Object.assign(key ?? {}, { state: 'current' }),
    expect: /2 current keys for RS256/,
  },
  {
    name: 'one key twice',
    edit: (set, [key]) => Object.assign(set, { keys: [key, { ...key, state: 'retiring' }] }),
    expect: /one key twice/,
  },
  {
    name: 'another kid',
    edit: (_, [first, second]) => Object.assign(first ?? {}, { kid: second?.kid }),
    expect: /kid: found that of another key/,
  },
  {
    name: 'the certificate of another key',
    edit: (_, [first, , third]) => Object.assign(first ?? {}, { certificate: third?.certificate }),
    expect: /a certificate for another key/,
  },
  {
    name: 'a certificate that is none',
    edit: (_, [key]) => Object.assign(key ?? {}, { certificate: 'AAAA' }),
    expect: /certificate/,
  },
  {
    name: 'a public key that is none',
    edit: (_, [key]) => Object.assign(key ?? {}, { publicKey: 'AAAA' }),
    expect: /publicKey/,
  },
  // CWE-22: the file is read with the service's rights.
  {
    name: 'a file elsewhere',
    edit: (_, [key]) => Object.assign(key ?? {}, { file: '../../etc/key.pem' }),
    expect: /file: found/,
  },
  { name: 'a hidden file', edit: (_, [key]) => Object.assign(key ?? {}, { file: '.key.pem' }), expect: /file: found/ },
  {
    name: 'a time that is none',
    edit: (_, [key]) => Object.assign(key ?? {}, { since: 'yesterday' }),
    expect: /since/,
  },
  { name: 'no time', edit: (_, [key]) => delete key?.published, expect: /published/ },
];

for (const { name, edit, expect } of refusals) {
  test(`refused: ${name}`, () => {
    const set = JSON.parse(formatKeySet(good)) as Fields;
    edit(set, set.keys as Fields[]);
    assert.throws(
      () => parseKeySet(Buffer.from(JSON.stringify(set))),
      (error) => {
        assert.ok(error instanceof ProblemsError);
        assert.match(error.message, expect);
        return true;
      },
    );
  });
}

test('refused: half a file, with nothing of it in the message', () => {
  const half = Buffer.from(formatKeySet(good)).subarray(0, 900);
  assert.throws(() => parseKeySet(half), /text that cannot be read/);
});
