import assert from 'node:assert/strict';
import { constants, createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { test } from 'node:test';
import { localSigner } from '../../src/signing/local-signer.ts';
import { algorithmFault, type SignatureScheme, usualAlgorithm } from '../../src/signing/signer.ts';
import { ed25519 } from './sets.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
const ed = ed25519();
const DATA = Buffer.from('what is signed');

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
const table: readonly { key: KeyObject; schemes: readonly [SignatureScheme, string | null, object][] }[] = [
  {
    key: rsa,
    schemes: [
      ['rsa-sha256', 'sha256', {}],
      ['rsa-sha384', 'sha384', {}],
      ['rsa-sha512', 'sha512', {}],
      ['rsa-pss-sha256', 'sha256', pss],
    ],
  },
  {
    key: ec,
    schemes: [
      ['ecdsa-sha256', 'sha256', { dsaEncoding: 'ieee-p1363' }],
      ['ecdsa-sha384', 'sha384', { dsaEncoding: 'ieee-p1363' }],
      ['ecdsa-sha512', 'sha512', { dsaEncoding: 'ieee-p1363' }],
    ],
  },
  { key: ed, schemes: [['ed25519', null, {}]] },
];

for (const { key, schemes } of table) {
  test(`a ${key.asymmetricKeyType} key does its schemes, and no other`, async () => {
    const signer = localSigner(key);
    assert.deepEqual(
      [...signer.schemes],
      schemes.map(([scheme]) => scheme),
    );
    for (const [scheme, hash, options] of schemes) {
      const signature = await signer.sign(scheme, DATA);
      assert.ok(verify(hash, DATA, { key: createPublicKey(key), ...options }, signature), scheme);
    }
    const foreign = table.find((one) => one.key !== key)?.schemes[0]?.[0] ?? 'ed25519';
    await assert.rejects(signer.sign(foreign, DATA), /cannot sign/);
  });
}

// SP 800-131A; CVE-2022-23539: a key must not be used with an algorithm of another kind.
for (const [name, key, algorithm, fault] of [
  ['RSA-1024', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, 'RS256', /2048 are the least/],
  ['RSA-1024 for PSS', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, 'PS256', /2048 are the least/],
  ['RSA for ECDSA', rsa, 'ES256', /cannot do ES256/],
  ['P-256 for ES384', ec, 'ES384', /curve/],
  ['secp256k1', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey, 'ES256', /curve secp256k1/],
  ['Ed25519 for RSA', ed, 'RS256', /cannot do RS256/],
  ['X25519', generateKeyPairSync('x25519').privateKey, 'EdDSA', /cannot do EdDSA/],
] as const) {
  test(`${name} is refused`, () => assert.match(algorithmFault(createPublicKey(key), algorithm) ?? '', fault));
}

test('what a key is for when nobody says', () => {
  const usual = [rsa, ec, ed].map((key) => usualAlgorithm(createPublicKey(key)));
  assert.deepEqual(usual, ['RS256', 'ES256', 'EdDSA']);
  assert.equal(usualAlgorithm(createPublicKey(generateKeyPairSync('x25519').privateKey)), null);
});
