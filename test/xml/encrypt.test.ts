import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decrypt } from 'xml-encryption';
import { canonical, element } from '../../src/xml/build.ts';
import {
  CONTENT_ALGORITHMS,
  type ContentAlgorithm,
  createRecipient,
  encryptElement,
  KEY_TRANSPORTS,
  type KeyTransport,
} from '../../src/xml/encrypt.ts';
import { readCertificate } from '../../src/xml/key.ts';
import { createXmlSigner, signElement } from '../../src/xml/sign.ts';
import { verifySigned } from '../../src/xml/verify.ts';
import { requireTool } from '../support/tools.ts';
import { SAML_SCHEMAS, validateSamlXsd, XML_SCHEMAS, xmlsecDecrypt, xmlsecVerify } from '../support/xml-tools.ts';
import { ecKey, rsaKey, type TestKey } from './keys.ts';
import { ASSERTION, assertion, RESPONSE, response, SAML } from './messages.ts';

const [idp, sp, other] = await Promise.all([rsaKey(), rsaKey(), rsaKey()]);
const signer = createXmlSigner({ ...idp, algorithm: 'rsa-sha256' });
const inner = await signElement(assertion(), { id: '_assertion', signer, after: 'Issuer' });

function recipient(key: TestKey, contentAlgorithm: ContentAlgorithm, keyTransport: KeyTransport) {
  const certificate = readCertificate(key.certificatePem);
  assert.ok(certificate !== null);
  return createRecipient({ certificate, contentAlgorithm, keyTransport });
}

async function message(to: ReturnType<typeof recipient>): Promise<string> {
  const encrypted = element(SAML, 'EncryptedAssertion', {}, await encryptElement(inner, to));
  return canonical(await signElement(response(encrypted), { id: '_response', signer, after: 'Issuer' }));
}

const contents = Object.keys(CONTENT_ALGORITHMS) as ContentAlgorithm[];

for (const content of contents) {
  test(`${content} and rsa-oaep-mgf1p: xmlsec1 verifies, decrypts, and verifies what was inside`, async (t) => {
    if (!requireTool(t, 'xmlsec1')) return;
    const xml = await message(recipient(sp, content, 'rsa-oaep-mgf1p'));
    const outer = xmlsecVerify(xml, idp.publicKey, { element: RESPONSE });
    assert.ok(outer.ok, outer.stderr);
    assert.equal(verifySigned(xml, [idp.publicKey]).kind, 'signed');
    const opened = xmlsecDecrypt(xml, sp.privateKey);
    assert.ok(opened.ok, opened.stderr);
    const inside = xmlsecVerify(opened.stdout.toString(), idp.publicKey, { element: ASSERTION, idsOf: [RESPONSE] });
    assert.ok(inside.ok, inside.stderr);
    assert.equal(xmlsecDecrypt(xml, other.privateKey).ok, false);
  });
}

for (const transport of Object.keys(KEY_TRANSPORTS) as KeyTransport[]) {
  test(`${transport}: the library of other service providers in Node decrypts it`, async () => {
    const encrypted = canonical(await encryptElement(inner, recipient(sp, 'aes256-gcm', transport)));
    const open = (key: TestKey) =>
      new Promise<string>((resolve, reject) => {
        const pem = key.privateKey.export({ type: 'pkcs8', format: 'pem' });
        decrypt(encrypted, { key: pem }, (error, text) => (error ? reject(error) : resolve(text ?? '')));
      });
    assert.equal(await open(sp), canonical(inner));
    await assert.rejects(open(other));
    assert.ok(encrypted.includes(`Algorithm="${KEY_TRANSPORTS[transport].uri}"`));
  });
}

test('an encrypted message is valid for the SAML schemas', async (t) => {
  for (const name of ['xmllint', SAML_SCHEMAS, XML_SCHEMAS]) if (!requireTool(t, name)) return;
  for (const transport of Object.keys(KEY_TRANSPORTS) as KeyTransport[]) {
    const xml = await message(recipient(sp, 'aes256-gcm', transport));
    const result = validateSamlXsd(xml, 'protocol');
    assert.ok(result.ok, result.stderr);
    assert.equal(validateSamlXsd(xml.replaceAll('xenc:CipherValue', 'xenc:Cipher'), 'protocol').ok, false);
  }
});

test('every encryption has a key of its own, and nothing of the content shows', async () => {
  const to = recipient(sp, 'aes256-gcm', 'rsa-oaep-mgf1p');
  const [first, second] = [canonical(await encryptElement(inner, to)), canonical(await encryptElement(inner, to))];
  const values = (xml: string) => [...xml.matchAll(/<xenc:CipherValue>([^<]+)</g)].map(([, value]) => value);
  assert.equal(values(first).length, 2);
  assert.equal(new Set([...values(first), ...values(second)]).size, 4);
  assert.doesNotMatch(first, /sp\.example|Assertion|\s</);
});

test('a recipient is refused for a weak key or one that cannot encrypt', async () => {
  const weak = await rsaKey(1024);
  const curve = await ecKey();
  for (const key of [weak, curve]) {
    assert.throws(() => recipient(key, 'aes256-gcm', 'rsa-oaep-mgf1p'), { name: 'TypeError', message: /2048/ });
  }
});
