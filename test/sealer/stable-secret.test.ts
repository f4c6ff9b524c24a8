import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { ProblemsError } from '../../src/lib/problems.ts';
import { newStableSecret, parseStableSecret, type StableSecret } from '../../src/sealer/stable-secret.ts';
import { hex } from './support.ts';

const text = newStableSecret(() => Buffer.from(Array.from({ length: 32 }, (_, i) => i)));
const parse = (given: string): StableSecret => parseStableSecret(Buffer.from(given));
const stable = parse(text);
const other = parse(newStableSecret(() => Buffer.alloc(32, 1)));
const SID = hex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff');
const RP = 'saml:https://wiki.example.edu/sp';

// Names that people and parties have stored: these bytes may never change.
test('pinned', () => {
  assert.deepEqual(
    {
      fingerprint: stable.fingerprint,
      pairwise: stable.pairwiseId(RP, 'acct-7f3c9a1e'),
      sessionIndex: stable.sessionIndex(RP, SID),
      decoy: stable.decoyKey.toString('hex'),
      derived: stable.derive('test').toString('hex'),
    },
    {
      fingerprint: '4a4b11ac6c06b33c',
      pairwise: 'eVtxldQ0DYUkBA8Q82kCKrzA12njITOhhKL90qOKmwM',
      sessionIndex: '96txjU1syPvcpXHpBNQKzw',
      decoy: 'e58c7b2be3f3fa8255a683a90390190479b9c55b692a6157f196babbe7cc3771',
      derived: 'b3920cfcf6b2e1bf2b2912d15c0fe75497ab7a1d9ffa2afcaf29fcb64e83bf02',
    },
  );
});

test('pairwise names differ by party, by account and by secret, and no two pairs run together', () => {
  const names = [
    stable.pairwiseId('ab', 'c'),
    stable.pairwiseId('a', 'bc'),
    stable.pairwiseId('', 'abc'),
    stable.pairwiseId('abc', ''),
    stable.pairwiseId('ab', 'd'),
    other.pairwiseId('ab', 'c'),
  ];
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[\w-]{43}$/);
});

test('a session index leads back to its sid, at its own party only', () => {
  const index = stable.sessionIndex(RP, SID);
  assert.match(index, /^[\w-]{22}$/);
  assert.deepEqual(Buffer.from(stable.sidOf(RP, index) ?? assert.fail('no sid')), SID);
  assert.notEqual(stable.sessionIndex('saml:https://other.example/sp', SID), index);
  assert.notDeepEqual(Buffer.from(stable.sidOf('saml:https://other.example/sp', index) ?? []), SID);
  assert.notDeepEqual(Buffer.from(other.sidOf(RP, index) ?? []), SID);
});

for (const index of [
  '',
  'A'.repeat(21),
  'A'.repeat(23),
  `${'A'.repeat(21)}B`,
  `${'A'.repeat(20)}==`,
  ` ${'A'.repeat(21)}`,
  'ä'.repeat(22),
]) {
  test(`no session index: ${JSON.stringify(index)}`, () => assert.equal(stable.sidOf(RP, index), null));
}

test('a sid has 16 bytes', () => {
  for (const length of [0, 15, 17, 32]) assert.throws(() => stable.sessionIndex(RP, Buffer.alloc(length)), RangeError);
});

test('every use has bytes of its own', () => {
  const uses = [
    stable.decoyKey,
    stable.derive('decoy'),
    stable.derive('pairwise'),
    stable.derive(''),
    stable.derive('x'),
  ];
  assert.equal(new Set(uses.map((bytes) => bytes.toString('hex'))).size, uses.length);
  for (const bytes of uses) assert.equal(bytes.length, 32);
});

const json = JSON.parse(text) as Record<string, string>;
const secret = json.secret ?? '';

for (const { name, given } of [
  { name: 'nothing', given: '' },
  { name: 'no JSON', given: text.slice(1) },
  { name: 'another format', given: JSON.stringify({ ...json, format: 'signet-keyring/1' }) },
  { name: 'an unknown field', given: JSON.stringify({ ...json, comment: '' }) },
  { name: 'no fingerprint', given: JSON.stringify({ format: json.format, secret }) },
  { name: 'no secret', given: JSON.stringify({ ...json, secret: undefined }) },
  { name: 'a damaged secret', given: JSON.stringify({ ...json, secret: secret.replace('AAEC', 'AAED') }) },
  { name: 'a secret too short', given: JSON.stringify({ ...json, secret: secret.slice(0, 40) }) },
  { name: 'a secret in padded base64', given: JSON.stringify({ ...json, secret: `${secret}=` }) },
  { name: 'another fingerprint', given: JSON.stringify({ ...json, fingerprint: other.fingerprint }) },
]) {
  test(`no stable secret: ${name}`, () => {
    assert.throws(
      () => parse(given),
      (error) => error instanceof ProblemsError && !error.message.includes(secret.slice(0, 8)),
    );
  });
}

test('the secret itself is not shown', () => {
  assert.ok(!inspect(stable, { depth: 9, showHidden: true }).includes(secret));
  assert.ok(!JSON.stringify(stable).includes(secret));
});
