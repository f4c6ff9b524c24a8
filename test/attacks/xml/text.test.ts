// What parsers read in different ways, inside messages whose signature is good: it must never come to the signature.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { element } from '../../../src/xml/build.ts';
import { verifySigned } from '../../../src/xml/verify.ts';
import { authnRequest, SAML, SAMLP } from '../../xml/messages.ts';
import { forge, isNaivelyAccepted, party, signedRoot } from './forge.ts';

const signed = forge();
const nested = (depth: number) => {
  let inner = element(SAMLP, 'a', {});
  for (let i = 2; i < depth; i += 1) inner = element(SAMLP, 'a', {}, inner);
  return forge({ root: element(SAMLP, 'r', { ID: '_request' }, element(SAML, 'Issuer', {}), inner) });
};

const attacks: readonly {
  readonly name: string;
  readonly xml: string;
  readonly problem: string;
  readonly naive: boolean;
}[] = [
  // CVE-2017-11427, -11428, -11429, -11430, CVE-2018-0489: canonicalization drops the comment, a reader stops at it.
  {
    name: 'a comment in the Issuer',
    xml: signed.replace('sp.example/', 'sp.example/<!---->.evil.example/'),
    problem: 'comment',
    naive: false,
  },
  {
    name: 'a comment that splits the Issuer',
    xml: signed.replace('https://sp.example/', 'https://sp<!---->.example/'),
    problem: 'comment',
    naive: true,
  },
  { name: 'a comment at the end', xml: `${signed}<!-- -->`, problem: 'comment', naive: true },
  // OneUptime #2989: canonicalizer and reader disagree about processing instructions.
  {
    name: 'a processing instruction in the Issuer',
    xml: signed.replace('https://sp', 'https://<?x y?>sp'),
    problem: 'processing-instruction',
    naive: false,
  },
  {
    name: 'a processing instruction before the root',
    xml: `<?x y?>${signed}`,
    problem: 'processing-instruction',
    naive: true,
  },
  {
    name: 'CDATA in the Issuer',
    xml: signed.replace('https://sp.example/<', '<![CDATA[https://sp.example/]]><'),
    problem: 'cdata',
    naive: true,
  },
  // CVE-2021-21366 (xmldom), external entities (CWE-611), entity expansion (CWE-776).
  { name: 'a DOCTYPE', xml: `<!DOCTYPE r>${signed}`, problem: 'doctype', naive: true },
  {
    name: 'an entity',
    xml: `<!DOCTYPE r [<!ENTITY e "https://sp.example/">]>${signed.replace('https://sp.example/<', '&e;<')}`,
    problem: 'doctype',
    naive: false,
  },
  {
    name: 'a default attribute from a DTD',
    xml: `<!DOCTYPE r [<!ATTLIST samlp:AuthnRequest ForceAuthn CDATA "true">]>${signed}`,
    problem: 'doctype',
    naive: true,
  },
  {
    name: 'an external DTD',
    xml: `<!DOCTYPE r SYSTEM "http://evil.example/x.dtd">${signed}`,
    problem: 'doctype',
    naive: true,
  },
  // CVE-2022-39353, CVE-2022-39299: xmldom took more than one root, and node-saml read the unsigned one.
  { name: 'a second root', xml: `${signed}<evil></evil>`, problem: 'second-root', naive: false },
  { name: 'a second root before', xml: `<evil></evil>${signed}`, problem: 'second-root', naive: false },
  { name: 'text after the root', xml: `${signed}x`, problem: 'malformed', naive: true },
  { name: 'a depth of 33', xml: nested(33), problem: 'too-deep', naive: true },
  { name: 'more than 64 KiB', xml: signed + ' '.repeat(65_536), problem: 'too-large', naive: true },
  {
    name: 'an attribute without quotes',
    xml: signed.replace('Version="2.0"', 'Version=2.0'),
    problem: 'malformed',
    naive: true,
  },
  { name: 'NUL after the root', xml: `${signed}\0`, problem: 'control-character', naive: true },
  {
    name: 'a reference to NUL',
    xml: signed.replace('</saml:Issuer>', '&#0;</saml:Issuer>'),
    problem: 'control-character',
    naive: false,
  },
];

for (const { name, xml, problem, naive } of attacks) {
  test(name, () => {
    const result = verifySigned(xml, [party.publicKey]);
    assert.ok(result.kind === 'signature-problem');
    assert.equal(result.code, 'xml');
    assert.equal(result.detail.split(':')[0], problem);
    assert.equal(isNaivelyAccepted(xml), naive, 'what naive use makes of it');
  });
}

test('twins', () => {
  signedRoot(signed);
  signedRoot(` ${signed}\r\n`);
  signedRoot(nested(32));
  signedRoot(signed.replace('https://sp.example/<', 'https&#58;//sp.example&#x2F;<'));
  signedRoot(forge({ root: authnRequest('_request', '<!-- & ]]> <?x?>') }));
});
