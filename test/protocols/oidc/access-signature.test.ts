// What is remembered of a signature may not make anything good that verifying would not.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { SignJWT } from 'jose';
import { type AccessSignatures, createAccessSignatures } from '../../../src/protocols/oidc/access-signature.ts';

const [own, other] = ['k1', 'k2'].map((kid) => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { kid, algorithm: 'EdDSA' as const, privateKey, publicKey };
});
assert.ok(own !== undefined && other !== undefined);
const published = [own, other];

const signed = (key = own, header: object = {}, claims = {}) =>
  new SignJWT({ scope: 'openid', ...claims })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: key.kid, ...header })
    .sign(key.privateKey);

/** As this node made it; as another made it and this one has seen it; as it was never seen. */
const histories: readonly (readonly [
  name: string,
  remember: (to: AccessSignatures, token: string) => Promise<void>,
])[] = [
  ['made here', async (to, token) => to.made(token)],
  [
    'seen before',
    async (to, token) => assert.ok((await to.verify(token, 'at+jwt', published))?.includes('"scope":"openid"')),
  ],
  ['never seen', async () => {}],
];
for (const [name, remember] of histories) {
  test(`a token ${name}: good as it is, and not with any change`, async () => {
    const signatures = createAccessSignatures();
    const token = await signed();
    await remember(signatures, token);
    const [header = '', claims = '', signature = ''] = token.split('.');
    const foreign = (await signed(own, {}, { scope: 'openid email' })).split('.');
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const changed: readonly (readonly [string, string])[] = [
      // RFC 8725 §3.1, CVE-2015-9235
      ['alg none', `${encode({ alg: 'none', typ: 'at+jwt', kid: 'k1' })}.${claims}.`],
      ['alg none, signed', `${encode({ alg: 'none', typ: 'at+jwt', kid: 'k1' })}.${claims}.${signature}`],
      ['no signature', `${header}.${claims}.`],
      ['a signature that is cut', token.slice(0, -4)],
      ['a signature of zeros', `${header}.${claims}.${Buffer.alloc(64).toString('base64url')}`],
      ['the signature of another token', `${header}.${claims}.${foreign[2]}`],
      ['the claims of another token', `${header}.${foreign[1]}.${signature}`],
      ['another header', `${encode({ typ: 'at+jwt', alg: 'EdDSA', kid: 'k1', x: 1 })}.${claims}.${signature}`],
      ['another key’s name', `${encode({ alg: 'EdDSA', typ: 'at+jwt', kid: 'k2' })}.${claims}.${signature}`],
      ['a fourth part', `${token}.x`],
      ['nothing', ''],
    ];
    for (const [what, text] of changed) assert.equal(await signatures.verify(text, 'at+jwt', published), null, what);
    assert.ok(await signatures.verify(token, 'at+jwt', published));
  });

  test(`a token ${name}: for its own kind, and while its key is published`, async () => {
    const signatures = createAccessSignatures();
    const token = await signed();
    await remember(signatures, token);
    assert.equal(await signatures.verify(token, 'JWT', published), null);
    assert.equal(await signatures.verify(token, 'at+jwt', [other]), null, 'its key was retired');
    assert.equal(await signatures.verify(token, 'at+jwt', []), null);
    assert.ok(await signatures.verify(token, 'at+jwt', published));
  });
}

test('a token is good also when so many others came that it is not remembered', async () => {
  const signatures = createAccessSignatures();
  const token = await signed();
  signatures.made(token);
  for (let i = 0; i < 5000; i += 1) signatures.made(String(i));
  assert.ok(await signatures.verify(token, 'at+jwt', published));
});
