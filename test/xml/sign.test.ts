import assert from 'node:assert/strict';
import { createSecretKey, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import type { DigestAlgorithm, SignatureAlgorithm } from '../../src/xml/algorithms.ts';
import { canonical, element, type Fragment, type XmlElement } from '../../src/xml/build.ts';
import { createXmlSigner, type Signing, signElement, signQuery, type XmlSigner } from '../../src/xml/sign.ts';
import { verifyQuerySignature, verifySigned } from '../../src/xml/verify.ts';
import { requireTool } from '../support/tools.ts';
import { SAML_SCHEMAS, validateSamlXsd, XML_SCHEMAS, xmlsecVerify } from '../support/xml-tools.ts';
import { ecKey, rsaKey, type TestKey } from './keys.ts';
import { ASSERTION, assertion, authnRequest, MD, RESPONSE, response, SAML, spMetadata } from './messages.ts';

const [rsa, p256, p384, p521] = await Promise.all([rsaKey(), ecKey('P-256'), ecKey('P-384'), ecKey('P-521')]);

const signerOf = (key: TestKey, algorithm: SignatureAlgorithm): XmlSigner => createXmlSigner({ ...key, algorithm });
const signer = signerOf(rsa, 'rsa-sha256');

const algorithms: readonly { readonly algorithm: SignatureAlgorithm; readonly key: TestKey }[] = [
  { algorithm: 'rsa-sha256', key: rsa },
  { algorithm: 'rsa-sha384', key: rsa },
  { algorithm: 'rsa-sha512', key: rsa },
  { algorithm: 'ecdsa-sha256', key: p256 },
  { algorithm: 'ecdsa-sha384', key: p384 },
  { algorithm: 'ecdsa-sha512', key: p521 },
];
const digests: readonly DigestAlgorithm[] = ['sha256', 'sha384', 'sha512'];

/** Both xmlsec1 and verify.ts accept it, and refuse it with one digit changed. */
function assertVerifies(t: Parameters<typeof requireTool>[0], xml: string, key: KeyObject, name: string, text: string) {
  const own = verifySigned(xml, [key]);
  assert.equal(own.kind, 'signed', own.kind === 'signed' ? '' : own.detail);
  const changed = xml.replace('2026-01-01', '2026-01-02');
  assert.notEqual(changed, xml);
  assert.equal(verifySigned(changed, [key]).kind, 'signature-problem');
  if (!requireTool(t, 'xmlsec1')) return;
  const idsOf = name === RESPONSE ? [ASSERTION] : [];
  const other = xmlsecVerify(xml, key, { element: name, idsOf });
  assert.ok(other.ok, other.stderr);
  assert.equal(xmlsecVerify(changed, key, { element: name, idsOf }).ok, false);
  assert.ok(xml.includes(text));
}

for (const { algorithm, key } of algorithms) {
  for (const digest of digests) {
    test(`${algorithm} over ${digest}: xmlsec1 and verify.ts accept it`, async (t) => {
      const signing: Signing = { id: '_response', signer: signerOf(key, algorithm), after: 'Issuer', digest };
      const xml = canonical(await signElement(response(assertion()), signing));
      assertVerifies(t, xml, key.publicKey, RESPONSE, `#${algorithm}`);
    });
  }
}

test('xsi:type: the declaration of xs is signed too', async (t) => {
  const root = response(assertion('_a', { typed: true }));
  const xml = canonical(await signElement(root, { id: '_response', signer, after: 'Issuer' }));
  assertVerifies(t, xml, rsa.publicKey, RESPONSE, 'PrefixList="xs"');
});

test('a signed assertion in a signed response: each verifies where it stands', async (t) => {
  for (const typed of [false, true]) {
    const inner = await signElement(assertion('_assertion', { typed }), { id: '_assertion', signer, after: 'Issuer' });
    const xml = canonical(await signElement(response(inner), { id: '_response', signer, after: 'Issuer' }));
    // The inner one is taken out of the message, as a receiver does; its text is what stood there.
    assert.ok(xml.includes(canonical(inner)));
    assert.equal(verifySigned(canonical(inner), [rsa.publicKey]).kind, 'signed');
    if (!requireTool(t, 'xmlsec1')) return;
    for (const name of [RESPONSE, ASSERTION]) {
      const result = xmlsecVerify(xml, rsa.publicKey, { element: name, idsOf: [RESPONSE, ASSERTION] });
      assert.ok(result.ok, `${name}: ${result.stderr}`);
    }
  }
});

test('what is signed is valid for the SAML schemas', async (t) => {
  for (const name of ['xmllint', SAML_SCHEMAS, XML_SCHEMAS]) if (!requireTool(t, name)) return;
  const inner = await signElement(assertion('_a', { typed: true }), { id: '_a', signer, after: 'Issuer' });
  const message = canonical(await signElement(response(inner), { id: '_response', signer, after: 'Issuer' }));
  const metadata = canonical(await signElement(spMetadata(), { id: '_metadata', signer, after: 'start' }));
  for (const [xml, schema] of [
    [message, 'protocol'],
    [metadata, 'metadata'],
  ] as const) {
    const result = validateSamlXsd(xml, schema);
    assert.ok(result.ok, result.stderr);
  }
  // Were the schemas not found, these would pass.
  const bad = [
    [message.replace('Version="2.0"', ''), 'protocol', /Version.*missing/],
    [message.replace(/<ds:SignatureValue>[^<]*<\/ds:SignatureValue>/, ''), 'protocol', /SignatureValue/],
    [metadata.replace('entityID=', 'entityId='), 'metadata', /entityId.*not allowed/],
    [metadata.replace(/<ds:DigestValue>[^<]*<\/ds:DigestValue>/, ''), 'metadata', /DigestValue/],
  ] as const;
  for (const [xml, schema, message] of bad) {
    const result = validateSamlXsd(xml, schema);
    assert.equal(result.ok, false);
    assert.match(result.stderr, message);
  }
});

test('metadata is signed in its first child', async (t) => {
  const xml = canonical(await signElement(spMetadata(), { id: '_metadata', signer, after: 'start' }));
  assert.match(xml, /^<md:EntityDescriptor [^>]*><ds:Signature /);
  if (!requireTool(t, 'xmlsec1')) return;
  const result = xmlsecVerify(xml, rsa.publicKey, { element: `${MD.uri}:EntityDescriptor` });
  assert.ok(result.ok, result.stderr);
});

test('the certificate is in KeyInfo, and a signature by RSA has one spelling', async () => {
  const sign = () => signElement(authnRequest(), { id: '_request', signer, after: 'Issuer' });
  const xml = canonical(await sign());
  assert.ok(xml.includes(`<ds:X509Certificate>${signer.certificate}</ds:X509Certificate>`));
  assert.equal(canonical(await sign()), xml);
});

const refusedElements: readonly {
  readonly name: string;
  readonly root: XmlElement;
  readonly signing: Partial<Signing>;
}[] = [
  { name: 'no such ID', root: authnRequest('_other'), signing: {} },
  { name: 'an ID that is no name', root: authnRequest('1 2'), signing: { id: '1 2' } },
  { name: 'no ID', root: element(SAML, 'Assertion', {}, element(SAML, 'Issuer', {})), signing: {} },
  { name: 'no Issuer to sign after', root: element(SAML, 'Assertion', { ID: '_request' }), signing: {} },
];

for (const { name, root, signing } of refusedElements) {
  test(`not signed: ${name}`, async () => {
    const sign = (): Promise<Fragment> => signElement(root, { id: '_request', signer, after: 'Issuer', ...signing });
    await assert.rejects(sign, { name: 'TypeError' });
  });
}

test('a signer is refused for a weak key, a wrong kind, or a foreign certificate', async () => {
  const weak = await rsaKey(1024);
  const other = await rsaKey();
  const rows: readonly (readonly [RegExp, Parameters<typeof createXmlSigner>[0]])[] = [
    [/weaker/, { ...weak, algorithm: 'rsa-sha256' }],
    [/needs a private ec key/, { ...rsa, algorithm: 'ecdsa-sha256' }],
    [/needs a private rsa key/, { ...p256, algorithm: 'rsa-sha256' }],
    [/needs a private rsa key/, { ...rsa, privateKey: rsa.publicKey, algorithm: 'rsa-sha256' }],
    [/needs a private rsa key/, { ...rsa, privateKey: createSecretKey(Buffer.alloc(32)), algorithm: 'rsa-sha256' }],
    [/another key/, { ...rsa, certificatePem: other.certificatePem, algorithm: 'rsa-sha256' }],
    [/cannot be read/, { ...rsa, certificatePem: 'certificate', algorithm: 'rsa-sha256' }],
  ];
  for (const [message, given] of rows) assert.throws(() => createXmlSigner(given), { name: 'TypeError', message });
});

test('a query signature verifies over the very same octets only', async () => {
  const octets = 'SAMLRequest=fZ%2Bx&RelayState=a%20b&SigAlg=x';
  for (const { algorithm, key } of algorithms) {
    const own = signerOf(key, algorithm);
    const signature = await signQuery(octets, own);
    assert.equal(verifyQuerySignature(octets, signature, own.algorithmUri, [key.publicKey]), null);
    assert.equal(
      verifyQuerySignature(octets, signature, own.algorithmUri, [
        p256.publicKey,
        p521.publicKey,
        rsa.publicKey,
        p384.publicKey,
      ]),
      null,
    );
    // The same value, decoded and encoded in another way (pitfall of every framework's parsed query).
    const respelt = octets.replace('%20', '+');
    assert.equal(verifyQuerySignature(respelt, signature, own.algorithmUri, [key.publicKey])?.code, 'invalid');
  }
});
