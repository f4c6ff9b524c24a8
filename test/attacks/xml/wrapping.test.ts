// Signature wrapping: a good signature over an element that stays in the message, and another element that is read.
// J. Somorovsky et al., On Breaking SAML (USENIX Security 2012), XSW1–8; CVE-2024-45409 (ruby-saml),
// CVE-2025-47949 (samlify), CVE-2025-54419 (node-saml).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonical, element } from '../../../src/xml/build.ts';
import { assertion, authnRequest, response, SAMLP } from '../../xml/messages.ts';
import { type Attack, assertAttack, forge, forgeFragment, signedRoot } from './forge.ts';

const signed = forge();
const signature = /<ds:Signature .*<\/ds:Signature>/s.exec(signed)?.[0] ?? assert.fail();
const original = signed.replace(signature, '');
const evil = (id: string) => canonical(authnRequest(id, 'https://evil.example/'));

/** Puts something after the Issuer of a message, where a signature belongs, or at its end. */
const afterIssuer = (xml: string, inserted: string) => xml.replace('</saml:Issuer>', `</saml:Issuer>${inserted}`);
const atEnd = (xml: string, inserted: string) => xml.replace(/<\/[^<]*>$/, (tag) => inserted + tag);
const inSignature = (inserted: string) => signature.replace('</ds:Signature>', `${inserted}</ds:Signature>`);
const extensions = (inner: string) => `<samlp:Extensions>${inner}</samlp:Extensions>`;

const signedAssertion = canonical(forgeFragment({ root: assertion(), uri: '#_assertion' }));
const assertionSignature = /<ds:Signature .*<\/ds:Signature>/s.exec(signedAssertion)?.[0] ?? assert.fail();
const bareAssertion = signedAssertion.replace(assertionSignature, '');
const evilAssertion = canonical(assertion('_evil', { attributes: 1 }));
const around = (content: string) =>
  canonical(response(element(SAMLP, 'Extensions', {}))).replace('<samlp:Extensions></samlp:Extensions>', content);

const attacks: readonly Attack[] = [
  {
    name: 'XSW1: the signed request inside the signature',
    xml: afterIssuer(evil('_evil'), inSignature(original)),
    code: 'structure',
    naive: true,
  },
  {
    name: 'XSW1 in Object',
    xml: afterIssuer(evil('_evil'), inSignature(`<ds:Object>${original}</ds:Object>`)),
    code: 'structure',
    naive: true,
  },
  {
    name: 'XSW2: the signed request beside its signature',
    xml: afterIssuer(evil('_evil'), original + signature),
    code: 'reference',
    naive: true,
  },
  {
    name: 'XSW2 in Extensions',
    xml: afterIssuer(evil('_evil'), signature + extensions(original)),
    code: 'reference',
    naive: true,
  },
  {
    name: 'the signed request whole in Extensions',
    xml: afterIssuer(evil('_evil'), extensions(signed)),
    code: 'misplaced',
    naive: true,
  },
  {
    name: 'the same ID twice, the signed one last',
    xml: atEnd(afterIssuer(evil('_request'), signature), original),
    code: 'duplicate-id',
    naive: false,
  },
  {
    name: 'the same ID twice, the signed one first',
    xml: afterIssuer(evil('_request'), original + signature),
    code: 'duplicate-id',
    naive: false,
  },
  {
    name: 'the ID again as Id, which xml-crypto looks up too',
    xml: afterIssuer(evil('_request'), signature + extensions(original.replace(' ID=', ' Id='))),
    code: 'duplicate-id',
    naive: false,
  },
  {
    name: 'the ID again as xml:id',
    xml: afterIssuer(signed, '').replace('<samlp:NameIDPolicy', '<samlp:NameIDPolicy xml:id="_request"'),
    code: 'duplicate-id',
    naive: false,
  },
  { name: 'the root with Id instead of ID', xml: signed.replace(' ID=', ' Id='), code: 'reference', naive: false },
  {
    name: 'a root without ID, the signed request inside',
    xml: afterIssuer(evil('_evil').replace(' ID="_evil"', ''), original + signature),
    code: 'reference',
    naive: true,
  },
  {
    name: 'XSW3: a foreign assertion before the signed one',
    xml: around(evilAssertion + signedAssertion),
    code: 'misplaced',
    naive: true,
  },
  {
    name: 'XSW4: the signed assertion inside a foreign one',
    xml: around(atEnd(evilAssertion, signedAssertion)),
    code: 'misplaced',
    naive: true,
  },
  {
    name: 'XSW5: the signature moved to a foreign assertion',
    xml: around(afterIssuer(evilAssertion, assertionSignature) + bareAssertion),
    code: 'misplaced',
    naive: true,
  },
  {
    name: 'XSW6: the signed assertion in its moved signature',
    xml: around(
      afterIssuer(evilAssertion, assertionSignature.replace('</ds:Signature>', `${bareAssertion}</ds:Signature>`)),
    ),
    code: 'misplaced',
    naive: true,
  },
  {
    name: 'XSW7: a foreign assertion in Extensions',
    xml: around(extensions(evilAssertion) + signedAssertion),
    code: 'misplaced',
    naive: true,
  },
  {
    name: 'XSW8: the signed assertion in Object',
    xml: around(
      afterIssuer(
        evilAssertion,
        assertionSignature.replace('</ds:Signature>', `<ds:Object>${bareAssertion}</ds:Object></ds:Signature>`),
      ),
    ),
    code: 'misplaced',
    naive: true,
  },
  // CVE-2025-47949: any validly signed element anywhere made the whole message trusted.
  {
    name: 'a signed assertion of the party as an extension of a foreign request',
    xml: afterIssuer(evil('_evil'), extensions(signedAssertion)),
    code: 'misplaced',
    naive: true,
  },
  {
    name: 'two signatures, the second over the root',
    xml: forge({
      root: element(
        SAMLP,
        'AuthnRequest',
        { ID: '_request' },
        element(SAMLP, 'Issuer', {}),
        forgeFragment({ root: assertion(), uri: '#_assertion' }),
      ),
    }),
    code: 'several-signatures',
    naive: true,
  },
  {
    name: 'the signature twice',
    xml: signed.replace(signature, signature + signature),
    code: 'several-signatures',
    naive: false,
  },
  {
    name: 'the signature in another element of the root',
    xml: signed.replace(signature, extensions(signature)),
    code: 'misplaced',
    naive: false,
  },
  { name: 'nothing but the signature', xml: signature, code: 'misplaced', naive: false },
  { name: 'no signature', xml: original, code: 'unsigned', naive: false },
  {
    name: 'the whole message moved to another namespace',
    xml: signed.replaceAll(SAMLP.uri, 'urn:other'),
    code: 'invalid',
    naive: false,
  },
  {
    // xml-crypto's canonicalizer does not escape namespace names: what was an attribute hides in one.
    name: 'a root whose namespace swallows an attribute',
    xml: signed.replace(/xmlns:samlp="([^"]*)" Destination="([^"]*)"/, 'xmlns:samlp="$1&quot; Destination=&quot;$2"'),
    code: 'reference',
    naive: true,
  },
  {
    name: 'a signature in another namespace',
    xml: signed.replaceAll('http://www.w3.org/2000/09/xmldsig#"', 'urn:other"'),
    code: 'unsigned',
    naive: false,
  },
];

for (const attack of attacks) test(attack.name, () => assertAttack(attack));

test('twin: a signed assertion by itself verifies', () => {
  assert.equal(signedRoot(signedAssertion).localName, 'Assertion');
});

// CVE-2025-54419: node-saml verified, and then read the document as it had arrived.
test('what is read is what was digested, not what arrived', () => {
  // xml-crypto's canonicalizer takes every attribute that starts with "xmlns" for a declaration and leaves it out.
  const extra = signed.replace('<samlp:AuthnRequest ', '<samlp:AuthnRequest xmlnsForceAuthn="true" ');
  assert.equal(signedRoot(extra).getAttribute('xmlnsForceAuthn'), null);
  // It also does not escape namespace names, so an attribute can hide in one. The digest saw the attribute.
  const root = element(
    SAMLP,
    'AuthnRequest',
    { ID: '_request' },
    element(SAMLP, 'Issuer', {}),
    element({ prefix: 'q', uri: 'urn:q' }, 'a', { v: '1' }),
  );
  const honest = forge({ root });
  const hidden = honest.replace('xmlns:q="urn:q" v="1"', 'xmlns:q="urn:q&quot; v=&quot;1"');
  assert.notEqual(hidden, honest);
  const read = (xml: string) => signedRoot(xml).getElementsByTagNameNS('urn:q', 'a')[0]?.getAttribute('v');
  assert.equal(read(hidden), '1');
  assert.equal(read(honest), '1');
});

test('the signature itself is not part of what is read', () => {
  assert.equal(signedRoot(signed).getElementsByTagNameNS('http://www.w3.org/2000/09/xmldsig#', '*').length, 0);
});
