import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributeName } from '../../src/saml/assertion.ts';
import { attributeFriendlyName, attributeUri } from '../../src/saml/attribute-names.ts';

const URI = 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri';
const BASIC = 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic';
const rows = [
  { name: 'mail', attributes: { FriendlyName: 'mail', Name: 'urn:oid:0.9.2342.19200300.100.1.3', NameFormat: URI } },
  {
    name: 'eduPersonPrincipalName',
    attributes: { FriendlyName: 'eduPersonPrincipalName', Name: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.6', NameFormat: URI },
  },
  {
    name: 'subject-id',
    attributes: { FriendlyName: 'subject-id', Name: 'urn:oasis:names:tc:SAML:attribute:subject-id', NameFormat: URI },
  },
  {
    name: 'https://aws.amazon.com/SAML/Attributes/Role',
    attributes: { Name: 'https://aws.amazon.com/SAML/Attributes/Role', NameFormat: URI },
  },
  { name: 'shoeSize', attributes: { Name: 'shoeSize', NameFormat: BASIC } },
  { name: 'constructor', attributes: { Name: 'constructor', NameFormat: BASIC } },
];
for (const { name, attributes } of rows) {
  test(`wire name of ${name}`, () => assert.deepEqual(attributeName(name, false).attributes, attributes));
}

test('names and URIs go both ways', () => {
  for (const name of ['cn', 'uid', 'isMemberOf', 'pairwise-id', 'eduPersonOrcid']) {
    assert.equal(attributeFriendlyName(attributeUri(name) ?? ''), name);
  }
  assert.equal(attributeFriendlyName('urn:oid:1.2.3'), undefined);
});
