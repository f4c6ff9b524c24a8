import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import { ecdsaWidth, joinedSignature } from '../../src/signing/ecdsa-signature.ts';
import { localSigner } from '../../src/signing/local-signer.ts';

const DATA = Buffer.from('what is signed');

for (const [curve, width] of [
  ['prime256v1', 32],
  ['secp384r1', 48],
  ['secp521r1', 66],
] as const) {
  // Numbers that are shorter, and those with a zero in front, come by chance: one in 128 of each.
  test(`${curve}: every signature is of ${width} and ${width} bytes, and verifies`, () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
    const key = { key: publicKey, dsaEncoding: 'ieee-p1363' as const };
    assert.equal(ecdsaWidth(curve), width);
    for (let i = 0; i < 400; i++) {
      const joined = joinedSignature(sign('sha256', DATA, privateKey), width);
      assert.equal(joined.length, 2 * width);
      assert.ok(verify('sha256', DATA, key, joined));
    }
  });
}

const R = '11'.repeat(32);
const S = '22'.repeat(32);
const readable: readonly (readonly [name: string, der: string, joined: string])[] = [
  ['both as long as the curve', `3044 0220${R} 0220${S}`, `${R}${S}`],
  ['a zero in front of r', `3045 0221 00${'99'.repeat(32)} 0220${S}`, `${'99'.repeat(32)}${S}`],
  ['a short r', `3025 0201 07 0220${S}`, `${'07'.padStart(64, '0')}${S}`],
  ['a short s that begins with a high bit', `3026 0220${R} 0202 0080`, `${R}${'80'.padStart(64, '0')}`],
];
for (const [name, der, joined] of readable) {
  test(`joined: ${name}`, () => {
    assert.equal(joinedSignature(Buffer.from(der.replaceAll(' ', ''), 'hex'), 32).toString('hex'), joined);
  });
}

const unreadable: readonly (readonly [name: string, der: string])[] = [
  ['nothing', ''],
  ['no sequence', `3144 0220${R} 0220${S}`],
  ['a sequence that is shorter than the rest', `3043 0220${R} 0220${S}`],
  ['a sequence that is longer than the rest', `3045 0220${R} 0220${S}`],
  ['no integer', `3044 0320${R} 0220${S}`],
  ['one integer alone', `3022 0220${R}`],
  ['an empty integer', `3024 0200 0220${S}`],
  ['an integer that runs over the end', `3044 0220${R} 0221${S}`],
  ['a number that the curve does not have', `3045 0221 01${R} 0220${S}`],
  ['something behind it', `3046 0220${R} 0220${S} 0500`],
  ['r and s side by side already', `${R}${S}`],
];
for (const [name, der] of unreadable) {
  test(`no signature: ${name}`, () => {
    assert.throws(() => joinedSignature(Buffer.from(der.replaceAll(' ', ''), 'hex'), 32), RangeError);
  });
}

test('a curve that nothing here signs with', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  assert.equal(ecdsaWidth('secp256k1'), null);
  assert.equal(ecdsaWidth(undefined), null);
  const signer = localSigner(privateKey);
  assert.equal(signer.schemes.size, 0);
  await assert.rejects(signer.sign('ecdsa-sha256', DATA), TypeError);
});
