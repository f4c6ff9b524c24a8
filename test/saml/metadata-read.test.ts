import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMetadata } from '../../src/saml/metadata-read.ts';
import type { SpMetadata } from '../../src/saml/sp-metadata.ts';
import { ACS, ACS_TWO, bare, keyDescriptor, metadataXml, SP, spKey, strangerKey } from '../protocols/saml/idp.ts';
import { acs, wrong } from './metadata-documents.ts';

const read = (xml: string) => readMetadata(Buffer.from(xml), 'sp.xml');
function good(xml: string): SpMetadata {
  const { serviceProviders, problems } = read(xml);
  assert.deepEqual(problems, []);
  const [first] = serviceProviders;
  assert.ok(first);
  return first;
}

test('what is kept of an entity', () => {
  const found = good(
    metadataXml({
      role: ' AuthnRequestsSigned="1" WantAssertionsSigned="true"',
      entity: ' validUntil="2030-01-01T00:00:00Z" cacheDuration="PT6H"',
    }),
  );
  assert.equal(found.entityId, SP);
  assert.equal(found.authnRequestsSigned, true);
  assert.equal(found.wantAssertionsSigned, true);
  assert.equal(found.validUntil, 1_893_456_000);
  assert.equal(found.cacheDuration, 21_600);
  assert.deepEqual(
    found.assertionConsumerServices.map(({ url, index }) => [url, index]),
    [
      [ACS, 0],
      [ACS_TWO, 1],
      ['https://sp.example/artifact', 2],
    ],
  );
  assert.equal(found.signingKeys.length, 1);
  assert.ok(found.signingKeys[0]?.key.equals(spKey.publicKey));
  assert.equal(found.encryptionKeys.length, 0);
});

const defaults = [
  { name: 'the one that says so', endpoints: acs('index="0"') + acs('index="1" isDefault="true"', ACS), url: ACS },
  {
    name: 'the first that does not say no',
    endpoints: acs('index="0" isDefault="false"') + acs('index="1"', ACS),
    url: ACS,
  },
  {
    name: 'the first, when all say no',
    endpoints: acs('index="0" isDefault="false"', ACS) + acs('index="1" isDefault="0"'),
    url: ACS,
  },
  {
    name: 'never one of another binding',
    endpoints: `${acs('index="0" isDefault="true"').replace('HTTP-POST', 'HTTP-Artifact')}${acs('index="1"', ACS)}`,
    url: ACS,
  },
];
for (const { name, endpoints, url } of defaults) {
  test(`default endpoint: ${name}`, () => {
    assert.equal(good(metadataXml({ endpoints })).defaultAssertionConsumerService.url, url);
  });
}

test('keys by use; a descriptor without one is for both', () => {
  const keys = keyDescriptor(spKey.certificatePem) + keyDescriptor(strangerKey.certificatePem, 'signing');
  const found = good(metadataXml({ keys }));
  assert.equal(found.signingKeys.length, 2);
  assert.equal(found.encryptionKeys.length, 1);
});

test('a bare RSA key verifies', () => {
  const { n = '', e = '' } = spKey.publicKey.export({ format: 'jwk' });
  const base64 = (text: string): string => Buffer.from(text, 'base64url').toString('base64');
  const keys = `<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>${base64(n)}</ds:Modulus><ds:Exponent>${base64(e)}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo></md:KeyDescriptor>`;
  assert.ok(good(metadataXml({ keys })).signingKeys[0]?.key.equals(spKey.publicKey));
});

test('a name for people: mdui in English, else the service, else the organization', () => {
  const ui = (names: string): string =>
    `<md:Extensions><mdui:UIInfo xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui">${names}</mdui:UIInfo></md:Extensions>`;
  const names =
    '<mdui:DisplayName xml:lang="de">Das  Wiki</mdui:DisplayName><mdui:DisplayName xml:lang="en">The\n Wiki</mdui:DisplayName>';
  assert.equal(good(metadataXml({ extensions: ui(names) })).displayName, 'The Wiki');
  const services =
    '<md:AttributeConsumingService index="0"><md:ServiceName xml:lang="fr">Le wiki</md:ServiceName><md:RequestedAttribute Name="x"/></md:AttributeConsumingService>';
  assert.equal(good(metadataXml({ services })).displayName, 'Le wiki');
  assert.equal(good(metadataXml()).displayName, null);
});

test('aggregates: nested, with inherited ends; identity providers are skipped; a bad entity does not take the others along', () => {
  const entity = (xml: string): string => xml.replace(/<\?xml.*?\?>\s*<!--.*?-->/s, '');
  const xml = `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" validUntil="2029-01-01T00:00:00Z">
    ${entity(metadataXml({ entityId: 'https://one.example', entity: ' validUntil="2030-01-01T00:00:00Z"' }))}
    <md:EntitiesDescriptor>${entity(metadataXml({ entityId: 'https://two.example', entity: ' validUntil="2028-01-01T00:00:00Z"' }))}</md:EntitiesDescriptor>
    ${entity(metadataXml({ entityId: 'https://bad.example', endpoints: '' }))}
    <md:EntityDescriptor entityID="https://idp.example"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/></md:EntityDescriptor>
  </md:EntitiesDescriptor>`;
  const { single, serviceProviders, problems } = read(xml);
  assert.equal(single, false);
  assert.deepEqual(
    serviceProviders.map(({ entityId, validUntil }) => [entityId, validUntil]),
    [
      ['https://one.example', Date.UTC(2029, 0, 1) / 1000],
      ['https://two.example', Date.UTC(2028, 0, 1) / 1000],
    ],
  );
  assert.equal(problems.length, 1);
  assert.match(problems[0]?.path ?? '', /bad\.example/);
});

for (const { name, xml, path } of wrong) {
  test(`refused: ${name}`, () => {
    const { serviceProviders, problems } = read(xml);
    assert.equal(serviceProviders.length, 0);
    assert.ok(
      problems.some((problem) => path.test(problem.path)),
      JSON.stringify(problems),
    );
  });
}

test('all problems come at once', () => {
  const { problems } = read(
    metadataXml({
      endpoints: acs('', 'http://x.example'),
      keys: keyDescriptor('AAAA'),
      role: ' WantAssertionsSigned="x"',
    }),
  );
  assert.ok(problems.length >= 4, JSON.stringify(problems));
});

for (const location of [
  'http://127.0.0.1:8090/acs',
  'http://127.8.9.1/acs',
  'http://[::1]:1/acs',
  'http://localhost:3000/acs',
]) {
  test(`plain http on loopback: ${location}`, () => {
    assert.equal(
      good(metadataXml({ endpoints: acs('index="0"', location) })).defaultAssertionConsumerService.url,
      location,
    );
  });
}

test('certificates with line breaks are read', () => {
  const folded = bare(spKey.certificatePem).replace(/.{64}/g, '$&\n      ');
  const keys = `<md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n${folded}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`;
  assert.ok(good(metadataXml({ keys })).signingKeys[0]?.key.equals(spKey.publicKey));
});
