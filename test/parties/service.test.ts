// CAS services: what a document may say, and which addresses are a service's. Attack tests name what they defend against.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { NEVER_ASKED } from '../../src/core/consent.ts';
import { isProblems } from '../../src/parties/party-document.ts';
import { openPartyRegistry } from '../../src/parties/party-registry.ts';
import { readService, type Service } from '../../src/parties/service.ts';
import { callbackDigest, createServiceIndex } from '../../src/parties/service-index.ts';

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

const matches: readonly { readonly registered: string; readonly asked: readonly string[] }[] = [
  {
    registered: URL_OF_WIKI,
    asked: [
      URL_OF_WIKI,
      `${URL_OF_WIKI}/`,
      `${URL_OF_WIKI}/page?x=1&y=https://evil.example/`,
      `${URL_OF_WIKI}?x=/../..`,
      `${URL_OF_WIKI}#/route`,
      `${URL_OF_WIKI}/a%20b/c;jsessionid=1`,
      'https://WIKI.example.org:443/app',
      'HTTPS://wiki.example.org/app',
    ],
  },
  { registered: 'https://wiki.example.org/', asked: ['https://wiki.example.org', 'https://wiki.example.org//x'] },
  { registered: 'https://wiki.example.org:8443/app/', asked: ['https://wiki.example.org:8443/app'] },
  { registered: 'http://127.0.0.1:8080/', asked: ['http://127.0.0.1:8080/secret?a=b'] },
  { registered: 'https://[2001:db8::1]/', asked: ['https://[2001:db8::1]/a', 'https://[2001:DB8:0::1]/a'] },
];
for (const { registered, asked } of matches) {
  for (const text of asked) {
    test(`${text} is of ${registered}`, () => {
      assert.ok(createServiceIndex([made({ url: registered })]).find(text));
    });
  }
}

// Apereo CAS: service definitions as unanchored regular expressions; CWE-601, CWE-20, CVE-2021-42567's class: the address
// that is judged and the one that the browser goes to must be one.
const confusions = [
  'https://wiki.example.org.evil.example/app',
  'https://evil.example/https://wiki.example.org/app',
  'https://evil.example/app',
  'https://wiki.example.org@evil.example/app',
  'https://wiki.example.org:443@evil.example/app',
  'https://evil.example\\@wiki.example.org/app',
  'https:\\\\wiki.example.org\\app',
  'https:/wiki.example.org/app',
  'https:wiki.example.org/app',
  '//wiki.example.org/app',
  '/app',
  'http://wiki.example.org/app',
  'https://wiki.example.org:444/app',
  'https://wiki.example.org:80/app',
  'https://wiki.example.org./app',
  'https://wiki.example.org/application',
  'https://wiki.example.org/app.evil',
  'https://wiki.example.org/app;x/evil',
  'https://wiki.example.org/APP',
  'https://wiki.example.org/',
  'https://wiki.example.org//app',
  'https://wiki.example.org/./app',
  'https://wiki.example.org/app/../evil',
  'https://wiki.example.org/app/..',
  'https://wiki.example.org/app/..;/evil',
  'https://wiki.example.org/app/.;x/evil',
  'https://wiki.example.org/app/%2e%2e/evil',
  'https://wiki.example.org/app/.%2E/evil',
  'https://wiki.example.org/app%2fevil',
  'https://wiki.example.org/app/%5cevil',
  'https://wiki.example.org/app/%252e%252e/evil',
  'https://wiki.example.org/app/%25252fevil',
  'https://wiki.example.org/%61pp',
  'https://wiki.example.org/app\r\nSet-Cookie: a=b',
  'https://wiki.example.org/app\u0000',
  'https://wiki.example.org/app /',
  ' https://wiki.example.org/app',
  'https://wiki.example.org/app\t',
  'https://wiki.example.org\t.evil.example/app',
  'https://wiki%2eexample.org/app',
  'https://wiki。example.org/app',
  'https://ｗiki.example.org/app',
  'https://wiki.example.org/app/\u202e',
  'javascript:https://wiki.example.org/app',
  'data:text/html,https://wiki.example.org/app',
  'blob:https://wiki.example.org/app',
  'view-source:https://wiki.example.org/app',
  `${URL_OF_WIKI}/${'x'.repeat(1024)}`,
  '',
];
for (const text of confusions) {
  test(`not of ${URL_OF_WIKI}: ${JSON.stringify(text).slice(0, 70)}`, () => {
    assert.equal(createServiceIndex([made({})]).find(text), null);
  });
}

test('an exact service is one text', () => {
  const index = createServiceIndex([made({ url: `${URL_OF_WIKI}?tenant=a`, match: 'exact' })]);
  assert.ok(index.find(`${URL_OF_WIKI}?tenant=a`));
  for (const other of [
    URL_OF_WIKI,
    `${URL_OF_WIKI}?tenant=a&x=1`,
    `${URL_OF_WIKI}?tenant=a#x`,
    `${URL_OF_WIKI}/?tenant=a`,
  ]) {
    assert.equal(index.find(other), null, other);
  }
});

test('the most specific service wins, whatever the order of the files', () => {
  const all = [
    made({ url: 'https://wiki.example.org/' }),
    made({ url: `${URL_OF_WIKI}/admin` }),
    made({}),
    made({ url: `${URL_OF_WIKI}/admin/x`, match: 'exact' }),
  ];
  for (const services of [all, [...all].reverse()]) {
    const index = createServiceIndex(services);
    const keyOf = (text: string) => index.find(text)?.settings.url;
    assert.equal(keyOf('https://wiki.example.org/other'), 'https://wiki.example.org/');
    assert.equal(keyOf(`${URL_OF_WIKI}/x`), URL_OF_WIKI);
    assert.equal(keyOf(`${URL_OF_WIKI}/admin/y`), `${URL_OF_WIKI}/admin`);
    assert.equal(keyOf(`${URL_OF_WIKI}/admin/x`), `${URL_OF_WIKI}/admin/x`);
  }
});

test('a callback is found again by its digest, and shared by services', () => {
  const proxy = { callbackUrls: ['https://wiki.example.org/cb'] };
  const index = createServiceIndex([made({ proxy }), made({ url: 'https://other.example.org/', proxy })]);
  assert.equal(index.findCallback(callbackDigest('https://wiki.example.org/cb')), 'https://wiki.example.org/cb');
  assert.equal(index.findCallback('00000000'), null);
  assert.deepEqual(index.problems, []);
});

test('two callbacks that a ticket cannot tell apart are told, and neither is used', () => {
  const callbackUrls = twins();
  const index = createServiceIndex([made({ proxy: { callbackUrls } })]);
  assert.equal(index.problems.length, 1);
  assert.equal(index.findCallback(callbackDigest(callbackUrls[0] ?? '')), null);
});

/** Two addresses whose digests are alike: among 200,000 there is almost surely a pair, and the first is always the same. */
function twins(): readonly string[] {
  const seen = new Map<string, string>();
  for (let i = 0; ; i += 1) {
    const url = `https://wiki.example.org/cb/${i}`;
    const before = seen.get(callbackDigest(url));
    if (before !== undefined) return [before, url];
    seen.set(callbackDigest(url), url);
  }
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
