import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openPartyRegistry, type PartyRegistry } from '../../src/parties/party-registry.ts';
import { METADATA_MAX_BYTES } from '../../src/xml/parse.ts';
import { metadataXml } from '../protocols/saml/idp.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-parties-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ONE = 'https://one.example';
const TWO = 'https://two.example';
const put = async (name: string, text: string | Buffer): Promise<void> => {
  await writeFile(join(folder, `.${name}`), text);
  await rename(join(folder, `.${name}`), join(folder, name));
};
const putNow = (name: string, text: string): void => {
  writeFileSync(join(folder, `.${name}`), text);
  renameSync(join(folder, `.${name}`), join(folder, name));
};
const entity = (entityId: string, options = {}): string =>
  metadataXml({ entityId, ...options }).replace(/<\?xml.*?-->/s, '');
const aggregate = (inside: string, attributes = ''): string =>
  `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"${attributes}>${inside}</md:EntitiesDescriptor>`;
/** So long that it is read on a thread. */
const long = (xml: string): string => `${xml}${' '.repeat(40_000)}`;
const served = (registry: PartyRegistry): readonly string[] => registry.all().map(({ metadata }) => metadata.entityId);
const found = (registry: PartyRegistry): string =>
  registry
    .problems()
    .map((one) => `${one.path}: ${one.found}`)
    .join('\n');

const BOTH = aggregate(entity(ONE) + entity(TWO));
const idp = `<md:EntityDescriptor entityID="https://idp.example"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/></md:EntityDescriptor>`;
const alone = (xml: string): string =>
  xml.replace('<md:EntityDescriptor', '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"');

const nobody: readonly { readonly name: string; readonly xml: string }[] = [
  { name: 'an aggregate of nobody', xml: aggregate('') },
  { name: 'an aggregate with a comment only', xml: aggregate('<!-- the last one has left -->') },
  { name: 'an aggregate with an identity provider only', xml: aggregate(idp) },
  { name: 'aggregates of nobody in an aggregate', xml: aggregate(aggregate('') + aggregate(idp)) },
  { name: 'one entity that is no service provider', xml: alone(idp) },
  {
    name: 'parties that speak SAML 1.1 only',
    xml: BOTH.replaceAll('urn:oasis:names:tc:SAML:2.0:protocol', 'urn:oasis:names:tc:SAML:1.1:protocol'),
  },
];
for (const { name, xml } of nobody.flatMap((one) => [
  one,
  { name: `${one.name}, in a long file`, xml: long(one.xml) },
])) {
  test(`sound metadata that lists nobody any more ends its parties at once: ${name}`, async () => {
    await put('all.xml', BOTH);
    const registry = await openPartyRegistry(folder);
    assert.deepEqual(served(registry), [ONE, TWO]);
    await put('all.xml', xml);
    assert.equal(await registry.reload(), true, 'it is told');
    assert.deepEqual(served(registry), []);
    assert.match(
      found(registry),
      /^all\.xml: no SAML 2\.0 SPSSODescriptor\nall\.xml: nobody any more: .*\(2\) have ended$/,
    );
    assert.equal(await registry.reload(), false, 'once');
    await put('all.xml', xml.slice(0, 60));
    await registry.reload();
    assert.deepEqual(served(registry), [], 'a file that breaks afterwards brings nobody back');
    await put('all.xml', BOTH);
    assert.equal(await registry.reload(), true);
    assert.deepEqual(served(registry), [ONE, TWO]);
    assert.deepEqual(registry.problems(), []);
  });
}

test('it ends them also when the settings beside it are broken', async () => {
  await put('all.xml', BOTH);
  const registry = await openPartyRegistry(folder);
  await put('all.yaml', 'displayName: [');
  await put('all.xml', aggregate(''));
  await registry.reload();
  assert.deepEqual(served(registry), []);
  assert.match(found(registry), /^all\.yaml: /);
});

test('whoever is left out of an aggregate ends, the others stay', async () => {
  await put('all.xml', long(BOTH));
  const registry = await openPartyRegistry(folder);
  await put('all.xml', long(aggregate(entity(TWO))));
  assert.equal(await registry.reload(), true);
  assert.deepEqual(served(registry), [TWO]);
  assert.deepEqual(registry.problems(), []);
});

const broken: readonly { readonly name: string; readonly xml: string | Buffer }[] = [
  { name: 'nothing', xml: '' },
  { name: 'white space', xml: '\n  \n' },
  { name: 'an aggregate cut short', xml: BOTH.slice(0, -30) },
  { name: 'an aggregate cut short before its first party', xml: aggregate('').split('</')[0] ?? '' },
  { name: 'a page that says that there is an error', xml: '<html><body>502 Bad Gateway</body></html>' },
  { name: 'another namespace', xml: aggregate('').replace('SAML:2.0:metadata', 'SAML:2.0:metadata2') },
  { name: 'an aggregate of nobody with a DTD', xml: `<!DOCTYPE x>${aggregate('')}` },
  { name: 'an aggregate of nobody whose end cannot be read', xml: aggregate('', ' validUntil="tomorrow"') },
  {
    name: 'nobody in one part, an end that cannot be read in another',
    xml: aggregate(aggregate('') + aggregate(entity(ONE), ' validUntil="x"')),
  },
  { name: 'only parties with problems', xml: aggregate(entity(ONE, { endpoints: '' })) },
  { name: 'an aggregate of nobody over the limit', xml: Buffer.from(aggregate(' '.repeat(METADATA_MAX_BYTES))) },
  { name: 'other bytes than UTF-8', xml: Buffer.from(aggregate('<!-- \u00e4 -->'), 'latin1') },
];
for (const { name, xml } of broken) {
  test(`what cannot be read ends nobody: ${name}`, async () => {
    await put('all.xml', BOTH);
    const registry = await openPartyRegistry(folder);
    await put('all.xml', xml);
    assert.equal(await registry.reload(), true, 'it is told');
    assert.deepEqual(served(registry), [ONE, TWO]);
    assert.match(found(registry), /^all\.xml/);
  });
}

test('what cannot be opened is told once, and its parties stay', async () => {
  await put('all.xml', BOTH);
  const registry = await openPartyRegistry(folder);
  await rm(join(folder, 'all.xml'));
  await mkdir(join(folder, 'all.xml'));
  assert.equal(await registry.reload(), true);
  assert.equal(await registry.reload(), false);
  assert.deepEqual(served(registry), [ONE, TWO]);
  assert.equal(found(registry), 'all.xml: a folder (EISDIR)');
});

test('of many changes in a row the newest wins, also when each is asked for while another is being read', async () => {
  const registry = await openPartyRegistry(folder);
  // Of another length each: two files of one size, written in one tick of the file system's clock, look the same.
  const ids = Array.from({ length: 12 }, (_, index) => `https://${'s'.repeat(index + 1)}.example`);
  const looks: Promise<void>[] = [];
  for (const [index, id] of ids.entries()) {
    // Long and short files take turns, so that a newer one is the sooner read. Written at once, so that looks are under way.
    putNow('all.xml', index % 2 === 0 ? long(aggregate(entity(id))) : aggregate(entity(id)));
    looks.push(
      registry.reload().then(() => {
        const [now = ''] = served(registry);
        assert.ok(ids.indexOf(now) >= index, `after change ${index} there is ${now}`);
      }),
    );
    await nextTurn();
  }
  await Promise.all(looks);
  assert.deepEqual(served(registry), ids.slice(-1));
});

test('who asks while a look is under way gets a look that begins after the asking', async () => {
  await put('all.xml', long(BOTH));
  const registry = await openPartyRegistry(folder);
  await put('one.xml', long(entity(ONE)));
  const first = registry.reload();
  await put('all.xml', aggregate(entity('https://three.example')));
  const second = registry.reload();
  assert.equal(registry.reload(), second, 'and shares it with who asks at the same time');
  await first;
  await second;
  assert.deepEqual([...served(registry)].sort(), [ONE, 'https://three.example']);
});
