import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openPartyRegistry } from '../../src/parties/party-registry.ts';
import { metadataXml } from '../protocols/saml/idp.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-parties-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ONE = 'https://one.example';
const TWO = 'https://two.example';
const put = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
const sp = (entityId: string): string => metadataXml({ entityId });
const aggregate = (...ids: readonly string[]): string =>
  `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${ids
    .map((id) => sp(id).replace(/<\?xml.*?-->/s, ''))
    .join('')}</md:EntitiesDescriptor>`;
const found = (problems: readonly { readonly path: string }[]): string => problems.map(({ path }) => path).join(' ');

test('parties by entityID and by hash, with the settings beside the metadata', async () => {
  await put('one.xml', sp(ONE));
  await put('one.yaml', 'displayName: The one\n');
  await put('notes.txt', 'nothing');
  const registry = await openPartyRegistry(folder);
  const party = registry.find(ONE);
  assert.ok(party);
  assert.equal(party.relyingParty.displayName, 'The one');
  assert.equal(registry.findByHash(party.hash), party);
  assert.deepEqual(registry.problems(), []);
  for (const name of ['__proto__', 'constructor', '', TWO]) assert.equal(registry.find(name), undefined);
});

test('the folder is read again: new, changed, removed', async () => {
  await put('one.xml', sp(ONE));
  const registry = await openPartyRegistry(folder);
  const before = registry.find(ONE);
  assert.equal(await registry.reload(), false);
  assert.equal(registry.find(ONE), before);
  await put('two.xml', sp(TWO));
  assert.equal(await registry.reload(), true);
  assert.equal(registry.find(ONE), before, 'an unchanged party stays the same object');
  assert.equal(registry.all().length, 2);
  await put('one.yaml', 'displayName: New\n');
  assert.equal(await registry.reload(), true);
  assert.equal(registry.find(ONE)?.relyingParty.displayName, 'New');
  await unlink(join(folder, 'two.xml'));
  assert.equal(await registry.reload(), true);
  assert.equal(registry.find(TWO), undefined);
});

const breakages: readonly { readonly name: string; readonly file: string; readonly text: string }[] = [
  { name: 'metadata cut short', file: 'one.xml', text: sp(ONE).slice(0, 200) },
  {
    name: 'an endpoint that is not allowed',
    file: 'one.xml',
    text: sp(ONE).replaceAll('https://sp.example', 'http://sp.example'),
  },
  { name: 'broken settings', file: 'one.yaml', text: 'displayName: [' },
  { name: 'unknown settings', file: 'one.yaml', text: 'displayname: x' },
  { name: 'settings that the metadata cannot keep', file: 'one.yaml', text: 'encryption: { use: required }' },
];
for (const { name, file, text } of breakages) {
  test(`the last good copy stays: ${name}`, async () => {
    await put('one.xml', sp(ONE));
    const registry = await openPartyRegistry(folder);
    const before = registry.find(ONE);
    await put(file, text);
    assert.equal(await registry.reload(), true);
    assert.equal(registry.find(ONE), before);
    assert.ok(registry.problems().length > 0);
    assert.equal(await registry.reload(), false, 'the same problem is told once');
  });
  test(`never served at all: ${name}`, async () => {
    await put('one.xml', sp(ONE));
    await put(file, text);
    const registry = await openPartyRegistry(folder);
    assert.equal(registry.find(ONE), undefined);
    assert.ok(registry.problems().length > 0);
  });
}

test('one entityID from two files: the first is served, the other reported', async () => {
  await put('a.xml', sp(ONE));
  await put('b.xml', sp(ONE));
  const registry = await openPartyRegistry(folder);
  assert.equal(registry.find(ONE)?.source, 'a.xml');
  assert.match(found(registry.problems()), /^b\.xml: /);
});

test('a file of its own wins over an aggregate', async () => {
  await put('a.xml', aggregate(ONE, TWO));
  await put('b.xml', sp(ONE));
  const registry = await openPartyRegistry(folder);
  assert.equal(registry.find(ONE)?.source, 'b.xml');
  assert.equal(registry.find(TWO)?.source, 'a.xml');
  assert.match(found(registry.problems()), /^a\.xml: /);
});

test('settings without metadata are reported', async () => {
  await put('one.xml', sp(ONE));
  await put('on.yaml', 'displayName: x');
  await put('one.yml', 'displayName: x');
  const registry = await openPartyRegistry(folder);
  assert.equal(found(registry.problems()), 'on.yaml one.yml');
  assert.ok(registry.find(ONE));
});

test('a folder that disappears takes nobody along', async () => {
  await put('one.xml', sp(ONE));
  const registry = await openPartyRegistry(folder);
  await rename(folder, `${folder}-away`);
  assert.equal(await registry.reload(), true);
  assert.equal(await registry.reload(), false);
  assert.ok(registry.find(ONE));
  await rename(`${folder}-away`, folder);
  assert.equal(await registry.reload(), true);
  assert.deepEqual(registry.problems(), []);
});

test('a folder that is not there has no parties and a problem', async () => {
  const registry = await openPartyRegistry(join(folder, 'none'));
  assert.deepEqual(registry.all(), []);
  assert.match(found(registry.problems()), /none$/);
});

test('an entityID that a sealed login cannot carry is reported', async () => {
  await put('long.xml', sp(`https://sp.example/${'a'.repeat(240)}`));
  const registry = await openPartyRegistry(folder);
  assert.deepEqual(registry.all(), []);
  assert.match(found(registry.problems()), /^long\.xml: /);
});

const client = (id: string): string =>
  JSON.stringify({ client_id: id, token_endpoint_auth_method: 'none', redirect_uris: ['https://app.example/cb'] });

test('clients stand beside SAML parties, by client_id and by key', async () => {
  await put('one.xml', sp(ONE));
  await put('app.client.json', client('app'));
  const registry = await openPartyRegistry(folder);
  assert.deepEqual(registry.problems(), []);
  const app = registry.findClient('app');
  assert.ok(app);
  assert.equal(registry.relyingParty('oidc:app'), app.relyingParty);
  assert.equal(registry.relyingPartyByHash(app.hash), app.relyingParty);
  assert.equal(registry.findByHash(app.hash), undefined, 'no SAML party has a client’s hash');
  assert.equal(registry.relyingParty(`saml:${ONE}`), registry.find(ONE)?.relyingParty);
  assert.equal(registry.all().length, 1);
  for (const id of ['__proto__', 'APP', 'app ', ONE]) assert.equal(registry.findClient(id), undefined);
});

test('a client whose document breaks goes on as it was, with the problem of now', async () => {
  await put('app.client.yaml', `${client('app')}\n`);
  const registry = await openPartyRegistry(folder);
  const before = registry.findClient('app');
  await put('app.client.yaml', 'client_id: [');
  assert.equal(await registry.reload(), true);
  assert.equal(registry.findClient('app'), before);
  assert.deepEqual(found(registry.problems()), 'app.client.yaml');
  assert.equal(await registry.reload(), false);
  await unlink(join(folder, 'app.client.yaml'));
  assert.equal(await registry.reload(), true);
  assert.equal(registry.findClient('app'), undefined);
  assert.deepEqual(registry.problems(), []);
});

test('one client_id in two documents: the first is served, the other reported', async () => {
  await put('a.client.json', client('app'));
  await put('b.client.json', client('app'));
  const registry = await openPartyRegistry(folder);
  assert.equal(registry.findClient('app')?.source, 'a.client.json');
  assert.equal(found(registry.problems()), 'b.client.json: app');
});

test('an empty file is being written at the first look; at the second its party has ended, and comes back with its text', async () => {
  await put('one.xml', sp(ONE));
  await put('app.service.yaml', 'url: https://app.example/cas\n');
  const registry = await openPartyRegistry(folder);
  const there = () => [registry.find(ONE) !== undefined, registry.services().all().length];
  assert.deepEqual(there(), [true, 1]);
  await put('one.xml', '');
  await put('app.service.yaml', '');
  assert.equal(await registry.reload(), true);
  assert.deepEqual(there(), [true, 1]);
  assert.equal(await registry.reload(), true, 'it is told');
  assert.deepEqual(there(), [false, 0]);
  assert.match(found(registry.problems()), /one\.xml/);
  assert.equal(await registry.reload(), false);
  await put('one.xml', sp(ONE));
  await put('app.service.yaml', 'url: https://app.example/cas\n');
  await registry.reload();
  assert.deepEqual(there(), [true, 1]);
});
