// Whose key it is: nothing in the message may choose it, and weak keys do not count even when they are registered.
import assert from 'node:assert/strict';
import { createSecretKey, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { canonical } from '../../../src/xml/build.ts';
import { createXmlSigner, signElement } from '../../../src/xml/sign.ts';
import { isSignedElement, verifySigned } from '../../../src/xml/verify.ts';
import { ecKey, rsaKey } from '../../xml/keys.ts';
import { authnRequest } from '../../xml/messages.ts';
import { attacker, ds, forge, party } from './forge.ts';

const [weak, curve, otherCurve] = await Promise.all([rsaKey(1024), ecKey('P-256'), ecKey('P-384')]);
const signed = forge();
const codeOf = (xml: string, keys: readonly KeyObject[]) => {
  const result = verifySigned(xml, keys);
  return result.kind === 'signed' ? 'accepted' : result.code;
};

function x509(base64: string) {
  return ds('KeyInfo', {}, ds('X509Data', {}, ds('X509Certificate', {}, base64)));
}

const strip = (pem: string) => pem.replace(/-----[^-]*-----|\s/g, '');
const ecdsa = await signElement(authnRequest(), {
  id: '_request',
  signer: createXmlSigner({ ...curve, algorithm: 'ecdsa-sha256' }),
  after: 'Issuer',
});
const zeros = canonical(ecdsa).replace(
  /<ds:SignatureValue>[^<]*/,
  `<ds:SignatureValue>${Buffer.alloc(64).toString('base64')}`,
);

const rows: readonly {
  readonly name: string;
  readonly xml: string;
  readonly keys: readonly KeyObject[];
  readonly code: string;
}[] = [
  // CVE-2018-0114 and its kin: the key that the message brings along.
  {
    name: "the attacker's certificate in KeyInfo",
    xml: forge({ key: attacker.privateKey, inSignature: [x509(strip(attacker.certificatePem))] }),
    keys: [party.publicKey],
    code: 'invalid',
  },
  {
    name: "the party's certificate in KeyInfo, the attacker's signature",
    xml: forge({ key: attacker.privateKey, inSignature: [x509(strip(party.certificatePem))] }),
    keys: [party.publicKey],
    code: 'invalid',
  },
  {
    name: "twin: the attacker's certificate in KeyInfo changes nothing about a good signature",
    xml: forge({ inSignature: [x509(strip(attacker.certificatePem))] }),
    keys: [party.publicKey],
    code: 'accepted',
  },
  {
    name: 'twin: a KeyInfo that is no certificate at all',
    xml: forge({ inSignature: [x509('!')] }),
    keys: [party.publicKey],
    code: 'accepted',
  },
  { name: 'no key', xml: signed, keys: [], code: 'no-usable-key' },
  { name: 'another key', xml: signed, keys: [attacker.publicKey], code: 'invalid' },
  {
    name: 'twin: the second of three',
    xml: signed,
    keys: [attacker.publicKey, party.publicKey, curve.publicKey],
    code: 'accepted',
  },
  {
    name: 'a registered key of 1024 bits',
    xml: forge({ key: weak.privateKey }),
    keys: [weak.publicKey],
    code: 'no-usable-key',
  },
  { name: 'a key on a curve for RSA', xml: signed, keys: [curve.publicKey], code: 'no-usable-key' },
  { name: 'RSA for ECDSA', xml: canonical(ecdsa), keys: [party.publicKey], code: 'no-usable-key' },
  { name: 'a secret in place of a key', xml: signed, keys: [createSecretKey(Buffer.alloc(32))], code: 'no-usable-key' },
  { name: 'a private key in place of a public one', xml: signed, keys: [party.privateKey], code: 'no-usable-key' },
  { name: 'twin: ECDSA', xml: canonical(ecdsa), keys: [otherCurve.publicKey, curve.publicKey], code: 'accepted' },
  // CVE-2022-21449: r = s = 0 was good for every message.
  { name: 'ECDSA with r = s = 0', xml: zeros, keys: [curve.publicKey], code: 'invalid' },
  {
    name: 'ECDSA in DER, which XML Signature does not have',
    xml: forge({
      key: curve.privateKey,
      signatureUri: 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256',
    }),
    keys: [curve.publicKey],
    code: 'invalid',
  },
];

for (const { name, xml, keys, code } of rows) test(name, () => assert.equal(codeOf(xml, keys), code));

test('which key verified is said', () => {
  const result = verifySigned(signed, [attacker.publicKey, party.publicKey]);
  assert.ok(result.kind === 'signed' && result.key.equals(party.publicKey));
});

test('a signed element cannot be made by hand', () => {
  const result = verifySigned(signed, [party.publicKey]);
  assert.ok(result.kind === 'signed');
  assert.equal(isSignedElement(result), true);
  assert.equal(isSignedElement({ ...result }), false);
  assert.equal(isSignedElement({ kind: 'signed', root: result.root, key: result.key }), false);
  assert.equal(isSignedElement(null), false);
});

test('a failed key leaves nothing behind for the next one (node-saml/xml-crypto #575)', () => {
  const forged = forge({ key: attacker.privateKey });
  const result = verifySigned(forged, [party.publicKey, party.publicKey]);
  assert.deepEqual(Object.keys(result).sort(), ['code', 'detail', 'kind']);
});
