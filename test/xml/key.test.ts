import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { isStrongKey, readCertificate } from '../../src/xml/key.ts';
import { ecKey, NOT_AFTER, rsaKey } from './keys.ts';

const rsa = await rsaKey();
const base64 = rsa.certificatePem.replace(/-----[^-]*-----|\s/g, '');
const twice = Buffer.concat([Buffer.from(base64, 'base64'), Buffer.from(base64, 'base64')]).toString('base64');

const readable = [
  { name: 'PEM', text: rsa.certificatePem },
  {
    name: 'PEM with Windows line ends and space around it',
    text: `\r\n${rsa.certificatePem.replaceAll('\n', '\r\n')} `,
  },
  { name: 'base64', text: base64 },
  { name: 'base64 as metadata indents it', text: `\n    ${base64.replace(/(.{64})/g, '$1\n    ')}\n` },
];

for (const { name, text } of readable) {
  test(`a certificate as ${name}`, () => {
    const certificate = readCertificate(text);
    assert.ok(certificate !== null);
    assert.ok(certificate.key.equals(rsa.publicKey));
    assert.equal(certificate.base64, base64);
    assert.equal(certificate.notAfter, NOT_AFTER.getTime() / 1000);
  });
}

const unreadable = [
  { name: 'nothing', text: '' },
  { name: 'other text', text: 'certificate' },
  { name: 'base64 of something else', text: Buffer.from('certificate').toString('base64') },
  { name: 'a character too many', text: `${base64}A` },
  { name: 'half of one', text: base64.slice(0, 400) },
  { name: 'base64url', text: `-_${base64.slice(2)}` },
  { name: 'a second certificate in the same bytes', text: twice },
  { name: 'a second certificate in the same PEM', text: rsa.certificatePem + rsa.certificatePem },
  { name: 'text around PEM', text: `subject=x\n${rsa.certificatePem}` },
  { name: 'a public key', text: rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString() },
  { name: 'a private key', text: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() },
];

for (const { name, text } of unreadable)
  test(`no certificate: ${name}`, () => assert.equal(readCertificate(text), null));

test('strong keys are RSA from 2048 bits and the NIST curves', async () => {
  const curves = await Promise.all([ecKey('P-256'), ecKey('P-384'), ecKey('P-521')]);
  for (const { publicKey } of [rsa, ...curves]) assert.equal(isStrongKey(publicKey), true);
  const weak = await rsaKey(1024);
  // With exponent 1 the signature is the padded digest itself: anybody can write it.
  const { n } = rsa.publicKey.export({ format: 'jwk' });
  assert.ok(n !== undefined);
  const one = createPublicKey({ key: { kty: 'RSA', n, e: 'AQ' }, format: 'jwk' });
  const others = [
    generateKeyPairSync('ed25519').publicKey,
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey,
    generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey,
  ];
  for (const key of [weak.publicKey, one, ...others]) assert.equal(isStrongKey(key), false);
});
