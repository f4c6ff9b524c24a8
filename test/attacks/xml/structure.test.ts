// Signatures that read in two ways, and references to something else than the message.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { element } from '../../../src/xml/build.ts';
import { authnRequest } from '../../xml/messages.ts';
import { type Attack, assertAttack, ds, forge, RSA_SHA256, signedRoot } from './forge.ts';

const signed = forge();
const part = (name: string) => new RegExp(`<ds:${name}[ >].*</ds:${name}>`, 's').exec(signed)?.[0] ?? assert.fail();
const signedInfo = part('SignedInfo');
const digestValue = part('DigestValue');
const signatureValue = part('SignatureValue');
/** A reference's digest of other content, as an attacker would have it. */
const forgedInfo = signedInfo.replace(digestValue, '<ds:DigestValue>AAAA</ds:DigestValue>');
const evil = (xml: string) => xml.replace('https://sp.example/', 'https://evil.example/');
const FOREIGN = { prefix: 'x', uri: 'urn:x' };

const attacks: readonly Attack[] = [
  // CVE-2025-29774: two SignedInfo, one for the signature and one for the digest.
  {
    name: 'SignedInfo twice, the forged one first',
    xml: evil(signed.replace(signedInfo, forgedInfo + signedInfo)),
    code: 'structure',
    naive: false,
  },
  {
    name: 'SignedInfo twice, the forged one last',
    xml: evil(signed.replace(signedInfo, signedInfo + forgedInfo)),
    code: 'structure',
    naive: false,
  },
  {
    name: 'a SignedInfo of another namespace first',
    xml: signed.replace(signedInfo, `<x:SignedInfo xmlns:x="urn:x"></x:SignedInfo>${signedInfo}`),
    code: 'structure',
    naive: false,
  },
  {
    name: 'a SignedInfo elsewhere in the message',
    xml: forge({
      root: element(
        FOREIGN,
        'r',
        { ID: '_request' },
        element(FOREIGN, 'Issuer', {}),
        element(FOREIGN, 'SignedInfo', {}),
      ),
    }),
    code: 'structure',
    naive: true,
  },
  // CVE-2025-29775: a comment in DigestValue; the digest that is compared is not the one that is signed.
  {
    name: 'a comment in DigestValue',
    xml: evil(signed.replace('<ds:DigestValue>', '<ds:DigestValue><!--AAAA-->')),
    code: 'xml',
    naive: false,
  },
  {
    name: 'a comment in DigestValue of an unchanged message',
    xml: signed.replace('<ds:DigestValue>', '<ds:DigestValue><!--AAAA-->'),
    code: 'xml',
    naive: true,
  },
  {
    name: 'a processing instruction in DigestValue',
    xml: signed.replace('<ds:DigestValue>', '<ds:DigestValue><?AAAA?>'),
    code: 'xml',
    naive: false,
  },
  {
    name: 'DigestValue twice',
    xml: signed.replace(digestValue, digestValue + digestValue),
    code: 'structure',
    naive: false,
  },
  {
    name: 'an element in DigestValue',
    xml: signed.replace('</ds:DigestValue>', '<ds:X></ds:X></ds:DigestValue>'),
    code: 'structure',
    naive: false,
  },
  {
    name: 'an empty DigestValue',
    xml: signed.replace(digestValue, '<ds:DigestValue></ds:DigestValue>'),
    code: 'structure',
    naive: false,
  },
  {
    name: 'a DigestValue that Node would decode and base64 is not',
    xml: signed.replace('</ds:DigestValue>', '-_!</ds:DigestValue>'),
    code: 'structure',
    naive: false,
  },
  {
    name: 'SignatureValue twice',
    xml: signed.replace(signatureValue, signatureValue + signatureValue),
    code: 'structure',
    naive: true,
  },
  {
    name: 'an empty SignatureValue',
    xml: signed.replace(signatureValue, '<ds:SignatureValue></ds:SignatureValue>'),
    code: 'structure',
    naive: false,
  },
  {
    name: 'a SignatureValue with other characters',
    xml: signed.replace('<ds:SignatureValue>', '<ds:SignatureValue>*'),
    code: 'structure',
    naive: true,
  },
  {
    name: 'a SignatureValue with a comment',
    xml: signed.replace('<ds:SignatureValue>', '<ds:SignatureValue><!---->'),
    code: 'xml',
    naive: true,
  },
  { name: 'no SignatureValue', xml: signed.replace(signatureValue, ''), code: 'structure', naive: false },
  { name: 'no SignedInfo', xml: signed.replace(signedInfo, ''), code: 'structure', naive: false },
  {
    name: 'SignatureValue before SignedInfo',
    xml: signed.replace(signatureValue, '').replace(signedInfo, signatureValue + signedInfo),
    code: 'structure',
    naive: true,
  },
  // xml-crypto takes the first SignatureMethod by local name, anywhere below Signature.
  {
    name: 'a SignatureMethod before SignedInfo',
    xml: signed.replace(
      signedInfo,
      `<ds:SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1"></ds:SignatureMethod>${signedInfo}`,
    ),
    code: 'structure',
    naive: false,
  },
  { name: 'Object', xml: forge({ inSignature: [ds('Object', {}, 'x')] }), code: 'structure', naive: true },
  {
    name: 'Manifest in Object',
    xml: forge({ inSignature: [ds('Object', {}, ds('Manifest', {}))] }),
    code: 'structure',
    naive: true,
  },
  {
    name: 'KeyInfo twice',
    xml: forge({ inSignature: [ds('KeyInfo'), ds('KeyInfo')] }),
    code: 'structure',
    naive: true,
  },
  {
    name: 'KeyInfo of another namespace',
    xml: forge({ inSignature: [element(FOREIGN, 'KeyInfo', {})] }),
    code: 'structure',
    naive: true,
  },
  {
    name: 'text in Signature',
    xml: signed.replace(signatureValue, `x${signatureValue}`),
    code: 'structure',
    naive: true,
  },
  { name: 'text in SignedInfo', xml: forge({ inSignedInfo: ['x'] }), code: 'structure', naive: true },
  {
    name: 'another element in SignedInfo',
    xml: forge({ inSignedInfo: [element(FOREIGN, 'a', {})] }),
    code: 'structure',
    naive: true,
  },
  {
    name: 'another SignatureMethod in SignedInfo',
    xml: forge({ inSignedInfo: [ds('SignatureMethod', { Algorithm: RSA_SHA256 })] }),
    code: 'structure',
    naive: true,
  },
  {
    name: 'another element in Reference',
    xml: forge({ inReference: [element(FOREIGN, 'a', {})] }),
    code: 'structure',
    naive: true,
  },
  {
    name: 'an element in DigestMethod',
    xml: forge({ inDigestMethod: [element(FOREIGN, 'a', {})] }),
    code: 'structure',
    naive: true,
  },
  // saml-core §5.4.2: one reference, to the ID of the root.
  { name: 'no reference', xml: forge({ references: () => [] }), code: 'structure', naive: false },
  {
    name: 'two references to the root',
    xml: forge({ references: (own) => [own, own] }),
    code: 'structure',
    naive: true,
  },
  {
    name: 'a Reference of another namespace',
    xml: forge({ references: (own) => [own, element(FOREIGN, 'Reference', {})] }),
    code: 'structure',
    naive: false,
  },
  { name: 'an empty URI', xml: forge({ uri: '' }), code: 'reference', naive: true },
  { name: 'no URI', xml: forge({ uri: undefined }), code: 'reference', naive: true },
  { name: 'a URI that is only #', xml: forge({ uri: '#' }), code: 'reference', naive: true },
  { name: 'an ID without #', xml: forge({ uri: '_request' }), code: 'reference', naive: true },
  { name: 'an XPointer', xml: forge({ uri: '#xpointer(/)' }), code: 'reference', naive: false },
  { name: 'an XPointer to the ID', xml: forge({ uri: "#xpointer(id('_request'))" }), code: 'reference', naive: false },
  { name: 'an XPath that goes on', xml: forge({ uri: "#_request' or '1'='1" }), code: 'reference', naive: false },
  {
    name: 'an address elsewhere',
    xml: forge({ uri: 'http://evil.example/#_request' }),
    code: 'reference',
    naive: false,
  },
  { name: 'a file', xml: forge({ uri: 'file:///etc/passwd' }), code: 'reference', naive: false },
  { name: 'an ID in another letter case', xml: forge({ uri: '#_REQUEST' }), code: 'reference', naive: false },
  { name: 'a root with an empty ID', xml: forge({ root: authnRequest(''), uri: '' }), code: 'reference', naive: true },
  {
    name: 'a root with an empty ID and #',
    xml: forge({ root: authnRequest(''), uri: '#' }),
    code: 'reference',
    naive: true,
  },
];

for (const attack of attacks) test(attack.name, () => assertAttack(attack));

test('twins: white space in the signature, line breaks in its values, an empty KeyInfo, a namespace prefix of its own', () => {
  const wrap = (xml: string) => xml.replace(/(<ds:(?:Signature|Digest)Value>)([^<]{20})/g, '$1\n$2\r\n ');
  signedRoot(signed.replace(signatureValue, `\n  ${wrap(signatureValue)}\n`));
  signedRoot(forge({ inSignature: [ds('KeyInfo')] }));
  signedRoot(`<?xml version="1.0" encoding="UTF-8"?>\n${signed}\n`);
  signedRoot(signed.replaceAll('samlp:NameIDPolicy AllowCreate="true"', "samlp:NameIDPolicy  AllowCreate = 'true' "));
});

test('one character changed anywhere: refused, or read as it was', () => {
  const expected = signedRoot(signed).toString();
  for (let at = 0; at < signed.length; at += 13) {
    const other = signed[at] === 'x' ? 'y' : 'x';
    const changed = signed.slice(0, at) + other + signed.slice(at + 1);
    let read: string | null = null;
    try {
      read = signedRoot(changed).toString();
    } catch (error) {
      assert.ok(error instanceof assert.AssertionError);
    }
    assert.ok(read === null || read === expected, changed);
  }
});
