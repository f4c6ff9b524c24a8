import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IdpMetadata, writeIdpMetadata } from '../../src/saml/metadata-write.ts';
import { createXmlSigner } from '../../src/xml/sign.ts';
import { bare, ENTITY_ID, idpEcKey, idpKey, SSO_URL } from '../protocols/saml/idp.ts';
import { requireTool } from '../support/tools.ts';
import { SAML_SCHEMAS, validateSamlXsd, xmlsecVerify } from '../support/xml-tools.ts';

const SMALL: IdpMetadata = {
  entityId: ENTITY_ID,
  ssoUrl: SSO_URL,
  certificates: [bare(idpKey.certificatePem)],
  wantAuthnRequestsSigned: false,
  errorUrl: null,
  scopes: [],
  displayName: null,
  cacheDuration: 86_400,
};
const FULL: IdpMetadata = {
  ...SMALL,
  certificates: [bare(idpKey.certificatePem), bare(idpEcKey.certificatePem)],
  wantAuthnRequestsSigned: true,
  errorUrl: 'https://idp.example/error?a=1&b=2',
  scopes: ['example.org', 'example.com'],
  displayName: 'Sign in <here>',
};

for (const [name, metadata] of [
  ['small', SMALL],
  ['full', FULL],
] as const) {
  test(`${name} metadata is valid, signed and not`, async (t) => {
    if (!requireTool(t, 'xmlsec1') || !requireTool(t, SAML_SCHEMAS)) return;
    const signer = createXmlSigner({ ...idpKey, algorithm: 'rsa-sha256' });
    const signed = await writeIdpMetadata(metadata, { signer, id: '_m1' });
    for (const xml of [await writeIdpMetadata(metadata, null), signed]) {
      const valid = validateSamlXsd(xml, 'metadata');
      assert.ok(valid.ok, valid.stderr);
    }
    const verified = xmlsecVerify(signed, idpKey.publicKey, {
      element: 'urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor',
    });
    assert.ok(verified.ok, verified.stderr);
  });
}

test('what it says', async () => {
  const xml = await writeIdpMetadata(FULL, null);
  assert.match(xml, /entityID="https:\/\/idp\.example\/saml\/idp\/metadata"/);
  assert.match(xml, /cacheDuration="PT86400S"/);
  assert.match(xml, /WantAuthnRequestsSigned="true"/);
  assert.match(xml, /errorURL="https:\/\/idp\.example\/error\?a=1&amp;b=2"/);
  assert.match(xml, />example\.org<\/shibmd:Scope>/);
  assert.match(xml, /Sign in &lt;here&gt;/);
  assert.equal(xml.match(/<md:KeyDescriptor use="signing">/g)?.length, 2);
  assert.equal(xml.match(/<md:SingleSignOnService /g)?.length, 2);
  assert.equal(xml.match(/<md:NameIDFormat>/g)?.length, 4);
});
