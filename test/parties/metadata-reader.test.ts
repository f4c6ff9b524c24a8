import assert from 'node:assert/strict';
import { KeyObject } from 'node:crypto';
import { after, test } from 'node:test';
import { createMetadataReader, SLICE_ENTRIES } from '../../src/parties/metadata-reader.ts';
import { createParty } from '../../src/parties/party.ts';
import { DEFAULT_SETTINGS } from '../../src/parties/party-settings.ts';
import { type MetadataFile, readMetadata } from '../../src/saml/metadata-read.ts';
import type { SpMetadata } from '../../src/saml/sp-metadata.ts';
import { METADATA_MAX_BYTES } from '../../src/xml/parse.ts';
import { bare, keyDescriptor, metadataXml, POST_ENDPOINTS, spKey, strangerKey } from '../protocols/saml/idp.ts';
import { wrong } from '../saml/metadata-documents.ts';
import { ecKey } from '../xml/keys.ts';

const reader = createMetadataReader();
after(reader.close);

/** Longer than what is read on the caller's thread, and otherwise the same. */
const long = (xml: string): Buffer => Buffer.from(`${xml}${' '.repeat(40_000)}`);
const entity = (xml: string): string => xml.replace(/<\?xml.*?\?>\s*<!--.*?-->/s, '');
const aggregate = (inside: string, attributes = ''): string =>
  `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"${attributes}>${inside}</md:EntitiesDescriptor>`;

async function slicesOf(bytes: Uint8Array): Promise<readonly MetadataFile[]> {
  const slices: MetadataFile[] = [];
  for await (const slice of reader.read(bytes, 'sp.xml')) slices.push(slice);
  return slices;
}

async function readAside(bytes: Uint8Array): Promise<MetadataFile> {
  const slices = await slicesOf(bytes);
  const [first] = slices;
  assert.ok(first);
  return {
    single: first.single,
    listsNobody: first.listsNobody,
    serviceProviders: slices.flatMap(({ serviceProviders }) => serviceProviders),
    problems: slices.flatMap(({ problems }) => problems),
  };
}

const modulus = Buffer.from(spKey.publicKey.export({ format: 'jwk' }).n ?? '', 'base64url').toString('base64');
const ec = await ecKey();
const services =
  '<md:AttributeConsumingService index="3"><md:ServiceName xml:lang="en">Wiki</md:ServiceName><md:RequestedAttribute Name="urn:oid:0.9.2342.19200300.100.1.3"><saml:AttributeValue>a@x</saml:AttributeValue></md:RequestedAttribute></md:AttributeConsumingService>';
const method =
  '<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/></md:EncryptionMethod>';
const sound: readonly { readonly name: string; readonly xml: string }[] = [
  { name: 'one party', xml: metadataXml() },
  {
    name: 'keys of every kind',
    xml: metadataXml({
      keys: `${keyDescriptor(spKey.certificatePem, 'encryption', method)}${keyDescriptor(strangerKey.certificatePem)}${keyDescriptor(ec.certificatePem, 'signing')}<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>${modulus}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo></md:KeyDescriptor>`,
    }),
  },
  {
    name: 'names, attributes and times',
    xml: metadataXml({
      services,
      formats: ['urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'],
      entity: ' validUntil="2030-01-01T00:00:00Z" cacheDuration="PT6H"',
      role: ' WantAssertionsSigned="true" AuthnRequestsSigned="true"',
    }),
  },
  { name: 'nobody', xml: aggregate('') },
  {
    name: 'a nested aggregate that ends, with one that has a problem',
    xml: aggregate(
      `${entity(metadataXml({ entityId: 'https://one.example' }))}${aggregate(entity(metadataXml({ entityId: 'https://two.example' })))}${entity(metadataXml({ endpoints: '' }))}`,
      ' validUntil="2029-01-01T00:00:00Z"',
    ),
  },
];
for (const { name, xml } of [...sound, ...wrong]) {
  test(`a thread says what the caller would read: ${name}`, async () => {
    const bytes = long(xml);
    const expected = readMetadata(bytes, 'sp.xml');
    const found = await readAside(bytes);
    assert.deepEqual(found, expected);
    const parties = (all: readonly SpMetadata[]) => all.map((one) => createParty(one, DEFAULT_SETTINGS, 'sp.xml'));
    assert.deepEqual(parties(found.serviceProviders), parties(expected.serviceProviders));
  });
}

test('keys come over as keys, the same ones and no others', async () => {
  const { serviceProviders } = await readAside(long(metadataXml({ keys: keyDescriptor(spKey.certificatePem) })));
  const [party] = serviceProviders;
  const [signing] = party?.signingKeys ?? [];
  const [encryption] = party?.encryptionKeys ?? [];
  for (const key of [signing?.key, signing?.certificate?.key, encryption?.certificate.key]) {
    assert.ok(key instanceof KeyObject);
    assert.equal(key.type, 'public');
    assert.ok(key.equals(spKey.publicKey));
    assert.ok(!key.equals(strangerKey.publicKey));
  }
  assert.equal(signing?.certificate?.base64, bare(spKey.certificatePem));
});

test('many parties and many problems come in slices, each once, in the order of the file', async () => {
  const count = 2 * SLICE_ENTRIES + 1;
  const ids = Array.from({ length: count }, (_, index) => `https://sp${index}.example`);
  const good = ids.map((entityId) => entity(metadataXml({ entityId })));
  const bad = ids.map((id) => entity(metadataXml({ entityId: `${id}/bad`, endpoints: '', keys: '' })));
  const slices = await slicesOf(long(aggregate([...good, ...bad].join(''))));
  assert.equal(slices.length, 3);
  for (const { serviceProviders, problems } of slices) {
    assert.ok(serviceProviders.length <= SLICE_ENTRIES);
    assert.ok(problems.length <= SLICE_ENTRIES);
  }
  assert.deepEqual(
    slices.flatMap(({ serviceProviders }) => serviceProviders.map(({ entityId }) => entityId)),
    ids,
  );
  assert.deepEqual(
    slices.flatMap(({ problems }) => problems.map(({ path }) => path)),
    ids.map((id) => `sp.xml: ${id}/bad: AssertionConsumerService`),
  );
});

test('whoever stops in the middle of a file gets the next one from its start', async () => {
  const many = Array.from({ length: SLICE_ENTRIES + 1 }, (_, index) =>
    entity(metadataXml({ entityId: `https://sp${index}.example` })),
  );
  for await (const { serviceProviders } of reader.read(long(aggregate(many.join(''))), 'sp.xml')) {
    assert.equal(serviceProviders.length, SLICE_ENTRIES);
    break;
  }
  const { serviceProviders } = await readAside(long(metadataXml({ entityId: 'https://next.example' })));
  assert.deepEqual(
    serviceProviders.map(({ entityId }) => entityId),
    ['https://next.example'],
  );
});

test('a file over the limit is refused for its size', async () => {
  const bytes = Buffer.alloc(METADATA_MAX_BYTES + 1, ' ');
  assert.deepEqual(await readAside(bytes), readMetadata(bytes, 'sp.xml'));
  assert.match((await readAside(bytes)).problems[0]?.found ?? '', /^too-large/);
});

test('closing a reader that was never needed, or twice, does nothing', async () => {
  const unused = createMetadataReader();
  await unused.close();
  for await (const { single } of unused.read(Buffer.from(metadataXml({ endpoints: POST_ENDPOINTS })), 'sp.xml')) {
    assert.equal(single, true);
  }
  await unused.close();
});
