// Owns: metadata that is refused, each for one reason, and where that is said. Files of these tests are called sp.xml.
import { keyDescriptor, metadataXml } from '../protocols/saml/idp.ts';
import { rsaKey } from '../xml/keys.ts';

/** An endpoint for HTTP-POST; `attributes` as they stand in it. */
export const acs = (attributes: string, location = 'https://sp.example/a'): string =>
  `<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${location}" ${attributes}/>`;

const weakKey = await rsaKey(1024);
export const wrong: readonly { readonly name: string; readonly xml: string; readonly path: RegExp }[] = [
  { name: 'not XML', xml: 'nothing', path: /^sp\.xml$/ },
  { name: 'a DTD', xml: `<!DOCTYPE x>${metadataXml().replace(/<\?xml.*?\?>/, '')}`, path: /^sp\.xml$/ },
  { name: 'something else', xml: '<x/>', path: /^sp\.xml$/ },
  {
    name: 'no service provider',
    xml: '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x"/>',
    path: /^sp\.xml$/,
  },
  {
    name: 'SAML 1.1 only',
    xml: metadataXml().replace('urn:oasis:names:tc:SAML:2.0:protocol', 'urn:oasis:names:tc:SAML:1.1:protocol'),
    path: /^sp\.xml$/,
  },
  { name: 'no entityID', xml: metadataXml({ entityId: '' }), path: /entityID/ },
  { name: 'white space in the entityID', xml: metadataXml({ entityId: 'a b' }), path: /entityID/ },
  { name: 'no endpoint', xml: metadataXml({ endpoints: '' }), path: /AssertionConsumerService/ },
  {
    name: 'no POST endpoint',
    xml: metadataXml({ endpoints: acs('index="0"').replace('HTTP-POST', 'PAOS') }),
    path: /AssertionConsumerService/,
  },
  { name: 'plain http', xml: metadataXml({ endpoints: acs('index="0"', 'http://sp.example/acs') }), path: /Location/ },
  {
    name: 'plain http on a name that begins like loopback',
    xml: metadataXml({ endpoints: acs('index="0"', 'http://127.0.0.1.evil.example/acs') }),
    path: /Location/,
  },
  {
    name: 'plain http on a name that ends like loopback',
    xml: metadataXml({ endpoints: acs('index="0"', 'http://evil.localhost/acs') }),
    path: /Location/,
  },
  { name: 'javascript', xml: metadataXml({ endpoints: acs('index="0"', 'javascript:alert(1)') }), path: /Location/ },
  {
    name: 'user name in the address',
    xml: metadataXml({ endpoints: acs('index="0"', 'https://a:b@sp.example/') }),
    path: /Location/,
  },
  {
    name: 'fragment in the address',
    xml: metadataXml({ endpoints: acs('index="0"', 'https://sp.example/#x') }),
    path: /Location/,
  },
  {
    name: 'backslash in the address',
    xml: metadataXml({ endpoints: acs('index="0"', 'https://sp.example\\x') }),
    path: /Location/,
  },
  { name: 'a relative address', xml: metadataXml({ endpoints: acs('index="0"', '/acs') }), path: /Location/ },
  { name: 'no index', xml: metadataXml({ endpoints: acs('') }), path: /index/ },
  { name: 'an index twice', xml: metadataXml({ endpoints: acs('index="0"') + acs('index="0"') }), path: /index/ },
  { name: 'a large index', xml: metadataXml({ endpoints: acs('index="65536"') }), path: /index/ },
  {
    name: 'isDefault that is no boolean',
    xml: metadataXml({ endpoints: acs('index="0" isDefault="yes"') }),
    path: /isDefault/,
  },
  {
    name: 'a certificate that is none',
    xml: metadataXml({ keys: keyDescriptor('AAAA', 'signing') }),
    path: /signing key/,
  },
  {
    name: 'an empty key',
    xml: metadataXml({ keys: '<md:KeyDescriptor use="encryption"><ds:KeyInfo/></md:KeyDescriptor>' }),
    path: /encryption key/,
  },
  {
    name: 'a weak key',
    xml: metadataXml({ keys: keyDescriptor(weakKey.certificatePem, 'signing') }),
    path: /signing key/,
  },
  {
    name: 'signed requests without a key',
    xml: metadataXml({ keys: '', role: ' AuthnRequestsSigned="true"' }),
    path: /KeyDescriptor/,
  },
  {
    name: 'AuthnRequestsSigned that is no boolean',
    xml: metadataXml({ role: ' AuthnRequestsSigned="yes"' }),
    path: /AuthnRequestsSigned/,
  },
  {
    name: 'validUntil without a zone',
    xml: metadataXml({ entity: ' validUntil="2030-01-01T00:00:00"' }),
    path: /validUntil/,
  },
  {
    name: 'cacheDuration that is none',
    xml: metadataXml({ entity: ' cacheDuration="6 hours"' }),
    path: /cacheDuration/,
  },
];
