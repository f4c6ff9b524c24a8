// CAS services: what a document may say, and that files may change. Which addresses are theirs: service-index.test.ts.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { NEVER_ASKED } from '../../src/core/consent.ts';
import { isProblems } from '../../src/parties/party-document.ts';
import { openPartyRegistry } from '../../src/parties/party-registry.ts';
import { readService, type Service } from '../../src/parties/service.ts';

const URL_OF_WIKI = 'https://wiki.example.org/app';

function read(members: Record<string, unknown>): Service | readonly string[] {
  const service = readService({ url: URL_OF_WIKI, ...members }, 'wiki.service.yaml');
  return isProblems(service) ? service.map(({ path }) => path.replace('wiki.service.yaml: ', '')) : service;
}

function made(members: Record<string, unknown>): Service {
  const service = read(members);
  return 'settings' in service ? service : assert.fail(service.join());
}

test('the least document is an address: everything under it, the login name, nothing else', () => {
  const { relyingParty, settings } = made({});
  assert.equal(relyingParty.key, `cas:${URL_OF_WIKI}`);
  assert.equal(relyingParty.displayName, 'wiki.example.org');
  assert.deepEqual(relyingParty.release, []);
  assert.equal(relyingParty.floor.level, 'aal1');
  assert.deepEqual(relyingParty.consent, NEVER_ASKED);
  assert.deepEqual(settings, {
    url: URL_OF_WIKI,
    match: 'prefix',
    portal: true,
    attributes: [],
    consent: 'never',
    assurance: { floor: 'aal1', byGroup: {} },
    proxy: { callbackUrls: [] },
  });
});

const refused: readonly { readonly name: string; readonly members: Record<string, unknown>; readonly at: string }[] = [
  { name: 'no address', members: { url: undefined }, at: 'url' },
  { name: 'plain http', members: { url: 'http://wiki.example.org/' }, at: 'url' },
  { name: 'another scheme', members: { url: 'ftp://wiki.example.org/' }, at: 'url' },
  { name: 'no scheme', members: { url: 'wiki.example.org' }, at: 'url' },
  { name: 'a user name', members: { url: 'https://wiki@wiki.example.org/' }, at: 'url' },
  { name: 'a wildcard', members: { url: 'https://*.example.org/' }, at: 'url' },
  { name: 'a wildcard', members: { url: `${URL_OF_WIKI}/*` }, at: 'url' },
  { name: 'a fragment', members: { url: `${URL_OF_WIKI}#top` }, at: 'url' },
  { name: 'a query under which nothing lies', members: { url: `${URL_OF_WIKI}?a=b` }, at: 'url' },
  { name: 'a dot segment', members: { url: `${URL_OF_WIKI}/../x` }, at: 'url' },
  { name: 'another alphabet', members: { url: 'https://wíki.example.org/' }, at: 'url' },
  { name: 'more than a sealed login has room for', members: { url: `${URL_OF_WIKI}/${'x'.repeat(240)}` }, at: 'url' },
  { name: 'a regular expression', members: { match: 'regex' }, at: 'match' },
  { name: 'an unknown member', members: { serviceId: '^https://.*' }, at: '' },
  {
    name: 'a callback over http',
    members: { proxy: { callbackUrls: ['http://127.0.0.1/cb'] } },
    at: 'proxy.callbackUrls[0]',
  },
  {
    name: 'a callback with a user',
    members: { proxy: { callbackUrls: ['https://a@wiki/cb'] } },
    at: 'proxy.callbackUrls[0]',
  },
  { name: 'another word for consent', members: { consent: true }, at: 'consent' },
  { name: 'terms over http', members: { tosUri: 'http://wiki.example.org/terms' }, at: 'tosUri' },
  { name: 'an attribute that is no name', members: { attributes: ['urn:oid:1.2'] }, at: 'attributes[0]' },
  { name: 'markup as a name', members: { attributes: ['a><b'] }, at: 'attributes[0]' },
  { name: "the protocol's own name", members: { attributes: ['mail', 'isFromNewLogin'] }, at: 'attributes[1]' },
  { name: 'an attribute twice', members: { attributes: ['mail', { name: 'mail', from: 'x' }] }, at: 'attributes[1]' },
];
for (const { name, members, at } of refused) {
  test(`refused: ${name}`, () => {
    const found = read(members);
    assert.ok(Array.isArray(found), 'it was accepted');
    assert.ok(
      found.some((path) => path.startsWith(at)),
      found.join(),
    );
  });
}

test('services live in the folder of parties, change while a node runs, and keep their last good state', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'signet-services-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'wiki.service.yaml');
  await writeFile(file, `url: ${URL_OF_WIKI}\nname: Wiki\n`);
  const registry = await openPartyRegistry(folder);
  assert.deepEqual(registry.problems(), []);
  const hash = registry.services().find(URL_OF_WIKI)?.hash ?? '';
  assert.equal(registry.services().findByHash(hash)?.relyingParty.displayName, 'Wiki');
  assert.equal(registry.relyingParty(`cas:${URL_OF_WIKI}`)?.displayName, 'Wiki');
  assert.equal(registry.relyingPartyByHash(hash)?.displayName, 'Wiki');
  assert.equal(registry.findClientByHash(hash), undefined);
  await writeFile(file, 'url: https://wiki.example.org/app/../x\n');
  assert.equal(await registry.reload(), true);
  assert.equal(registry.problems().length, 1);
  assert.ok(registry.services().find(URL_OF_WIKI), 'the last good one is served');
  await writeFile(join(folder, 'twin.service.json'), JSON.stringify({ url: URL_OF_WIKI }));
  await writeFile(file, `url: ${URL_OF_WIKI}\nname: Wiki again\n`);
  assert.equal(await registry.reload(), true);
  assert.match(registry.problems()[0]?.found ?? '', /twin\.service\.json has too/);
  await rm(file);
  await rm(join(folder, 'twin.service.json'));
  assert.equal(await registry.reload(), true);
  assert.equal(registry.services().find(URL_OF_WIKI), null);
});
