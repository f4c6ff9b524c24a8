// What SAML service providers and CAS services get when a person is asked whether they may be told about them.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { APP, ask, casPath, ticketOf, validate } from '../support/cas.ts';
import { type Callbacks, startCallbacks } from '../support/cas-callback.ts';
import { ConsentTab } from '../support/consent.ts';
import { type OneNode, type OneNodeOptions, plainSpMetadata, startOneNode } from '../support/one-node.ts';
import { heading, PersonBrowser, redirectPath, samlResponse, statusOf } from '../support/person.ts';

const MAIL = 'https://mail.example.org/api';
const STORE = 'https://store.example.org/';
const SETTINGS = `
consent: ask
termsVersion: "1"
policyUri: https://sp.example.org/privacy
attributes: [mail, displayName]
nameId: { format: persistent }
idpInitiated: { allowed: true }
`;

let callbacks: Callbacks;
let folder = '';
let nodes: Readonly<Record<'database' | 'alone', OneNode>>;
const callback = (): string => `https://127.0.0.1:${callbacks.port}/wiki`;

async function start(options: Pick<OneNodeOptions, 'database'>): Promise<OneNode> {
  const node = await startOneNode({
    ...options,
    attributes: new Map([['mail', ['person@example.org']]]),
    parties: [plainSpMetadata('https://sp.example.org')],
    environment: {
      SIGNET_THROTTLE_ENABLED: 'false',
      SIGNET_CAS_CALLBACK_AUTHORITIES: join(folder, 'authorities.pem'),
      SIGNET_CAS_CALLBACK_NETWORKS: '["127.0.0.1"]',
    },
    services: [
      { url: APP, consent: 'ask', attributes: ['mail'], proxy: { callbackUrls: [callback()] } },
      { url: MAIL, consent: 'ask', attributes: ['mail'] },
      { url: STORE },
    ],
  });
  await settings(node, SETTINGS);
  return node;
}

async function settings(node: OneNode, text: string): Promise<void> {
  const { folder: parties } = node.config.parties;
  const [name = assert.fail('no metadata')] = (await readdir(parties)).filter((one) => one.endsWith('.xml'));
  await writeFile(join(parties, name.replace(/xml$/, 'yaml')), text);
  assert.ok(await node.node.parts.parties.reload());
  assert.deepEqual(node.node.parts.parties.problems(), []);
}

before(async () => {
  callbacks = await startCallbacks();
  folder = await mkdtemp(join(tmpdir(), 'signet-consent-'));
  await writeFile(join(folder, 'authorities.pem'), callbacks.certificate);
  nodes = { database: await start({ database: 'sqlite' }), alone: await start({}) };
});
after(async () => {
  await Promise.all(Object.values(nodes ?? {}).map((node) => node.close()));
  await callbacks?.close();
  await rm(folder, { recursive: true, force: true });
});

const atSp = (node: OneNode, tab = new ConsentTab(), fields: { passive?: boolean; forceAuthn?: boolean } = {}) =>
  tab.open(node, redirectPath(node, { now: node.time.now, relayState: 'rs', ...fields }));
const atService = (node: OneNode, service = APP, tab = new ConsentTab(), more: Record<string, string> = {}) =>
  tab.open(node, casPath('login', { service, ...more }));
const sameBrowser = (tab: ConsentTab): ConsentTab => new ConsentTab(tab.browser);

for (const mode of ['database', 'alone'] as const) {
  test(`SAML, ${mode}: the page, the answer, and what is asked afterwards`, async () => {
    const node = nodes[mode];
    const tab = await atSp(node);
    await tab.signIn(node);
    for (const said of [
      'It is at sp.example.org and asks',
      'A made-up name that only this application gets',
      'Your e-mail address person@example.org',
      'As soon as it is known about you, also: Your name',
      'What it does with your data (opens a new tab)',
    ]) {
      assert.ok(tab.text.includes(said), `${said}: ${tab.text}`);
    }
    await tab.agree(node);
    assert.match(samlResponse(tab.page) ?? '', /person@example\.org/);
    assert.match(tab.page.text, /name="RelayState" value="rs"/);
    const second = await atSp(node, sameBrowser(tab));
    assert.equal(second.isAsked, mode === 'alone');
  });

  // SAML core §3.2.2.2.
  test(`SAML, ${mode}: declining is RequestDenied, and nobody is signed in`, async () => {
    const node = nodes[mode];
    const tab = await atSp(node);
    await tab.signIn(node, 'bob');
    await tab.decline(node);
    assert.equal(statusOf(tab.page), 'RequestDenied');
    assert.doesNotMatch(samlResponse(tab.page) ?? '', /Assertion[ >]/);
    assert.deepEqual([...tab.browser.cookies.keys()], []);
  });

  test(`SAML, ${mode}: a passive request that would have to ask is NoPassive`, async () => {
    const node = nodes[mode];
    const browser = new PersonBrowser();
    const signedIn = await atService(node, STORE, new ConsentTab(browser));
    await signedIn.signIn(node, 'bob');
    const tab = await atSp(node, new ConsentTab(browser), { passive: true });
    assert.equal(statusOf(tab.page), 'NoPassive');
  });

  test(`SAML, ${mode}: opened from here, it is asked as well`, async () => {
    const node = nodes[mode];
    const tab = await new ConsentTab().open(node, '/saml/idp/init?sp=https://sp.example.org/metadata');
    await tab.signIn(node, 'bob');
    assert.ok(tab.isAsked, tab.page.text);
  });

  test(`CAS, ${mode}: the page, the answer, and what is asked afterwards`, async () => {
    const node = nodes[mode];
    const tab = await atService(node);
    await tab.signIn(node);
    assert.match(
      tab.text,
      /It is at wiki\.example\.org.*Your user name alice.*Your e-mail address person@example\.org/,
    );
    await tab.agree(node);
    assert.equal((await validate(node, ticketOf(tab.page))).user, 'alice');
    const second = await atService(node, APP, sameBrowser(tab));
    assert.equal(second.isAsked, mode === 'alone');
  });

  // docs/errors.md: CAS has no words for it.
  test(`CAS, ${mode}: declining is a page without a ticket`, async () => {
    const node = nodes[mode];
    const tab = await atService(node);
    await tab.signIn(node, 'bob');
    await tab.decline(node);
    assert.equal(tab.page.status, 403);
    assert.equal(heading(tab.page), 'You have cancelled');
    const line = node
      .written()
      .trimEnd()
      .split('\n')
      .findLast((one) => one.includes('"declined"'));
    assert.ok(line?.includes('"bob"') && line.includes('"cas:'), line);
    assert.doesNotMatch(tab.page.text, /ST-/);
  });

  // CAS Protocol §2.1.1.
  test(`CAS, ${mode}: gateway goes back without a ticket`, async () => {
    const node = nodes[mode];
    const browser = new PersonBrowser();
    const signedIn = await atService(node, STORE, new ConsentTab(browser));
    await signedIn.signIn(node, 'bob');
    const tab = await atService(node, APP, new ConsentTab(browser), { gateway: 'true' });
    assert.equal(tab.page.headers.location, APP);
  });
}

// CWE-862: behind a proxy nobody is there to be asked.
test('a proxy gets no ticket for a service that the person has not agreed to, nor after taking it back', async () => {
  const node = nodes.database;
  const { consents } = node.node.parts.shared;
  const found = await node.node.parts.directories.findByLoginName('alice');
  assert.ok(consents !== null && found !== null && 'id' in found);
  const grant = async (): Promise<string> => {
    const tab = await atService(node);
    await tab.signIn(node);
    if (tab.isAsked) await tab.agree(node);
    const told = await validate(node, ticketOf(tab.page), { pgtUrl: callback() });
    return callbacks.grantingTicket(told.pgtIou) ?? assert.fail(told.text);
  };
  const pgt = await grant();
  const proxied = (targetService: string, ticket = pgt) => ask(node, 'proxy', { pgt: ticket, targetService });
  assert.equal((await proxied(MAIL)).code, 'UNAUTHORIZED_SERVICE');
  assert.ok((await proxied(STORE)).proxyTicket);
  const tab = await atService(node, MAIL);
  await tab.signIn(node);
  await tab.agree(node);
  assert.ok((await proxied(MAIL)).proxyTicket);
  await consents.withdraw(found.id, `cas:${MAIL}`);
  assert.equal((await proxied(MAIL)).code, 'UNAUTHORIZED_SERVICE');
  await consents.withdraw(found.id, `cas:${APP}`);
  assert.equal((await proxied(STORE)).code, 'UNAUTHORIZED_SERVICE');
  const began = node.time.now;
  node.travelTo(began + 120);
  try {
    const anew = await grant();
    assert.ok((await proxied(STORE, anew)).proxyTicket);
    // What was granted before it was taken back does not live again.
    assert.equal((await proxied(STORE)).code, 'UNAUTHORIZED_SERVICE');
  } finally {
    node.travelTo(began);
  }
});

test('without a database nobody is known to have agreed to a proxy', async () => {
  const node = nodes.alone;
  const tab = await atService(node);
  await tab.signIn(node);
  await tab.agree(node);
  const told = await validate(node, ticketOf(tab.page), { pgtUrl: callback() });
  const pgt = callbacks.grantingTicket(told.pgtIou) ?? assert.fail(told.text);
  assert.equal((await ask(node, 'proxy', { pgt, targetService: STORE })).code, 'UNAUTHORIZED_SERVICE');
});

const changes = [
  { name: 'another version of the terms', text: SETTINGS.replace('"1"', '"2"') },
  { name: 'one more attribute', text: SETTINGS.replace('[mail,', '[sn, mail,') },
  { name: 'another source of an attribute', text: SETTINGS.replace('[mail,', '[{ name: mail, from: uid },') },
] as const;
/** What a request has been understood to want does not change under way. */
const fromTheNextRequestOn = { name: 'another kind of name', text: SETTINGS.replace('persistent', 'emailAddress') };

// CWE-367: what is told is what was on the page.
for (const { name, text } of changes) {
  test(`SAML: ${name} between the page and the answer, and the page is shown again`, async () => {
    const node = nodes.alone;
    const tab = await atSp(node);
    await tab.signIn(node);
    const before = tab.digest;
    await settings(node, text);
    await tab.agree(node);
    assert.ok(tab.isAsked, tab.page.text);
    assert.match(tab.text, /not the same any more/);
    assert.notEqual(tab.digest, before);
    await tab.agree(node);
    assert.equal(statusOf(tab.page), 'Success');
    await settings(node, SETTINGS);
  });
}

test('SAML: what is on record is for what it was, and still is when that comes back', async () => {
  const node = nodes.database;
  const tab = await atSp(node);
  await tab.signIn(node);
  if (tab.isAsked) await tab.agree(node);
  for (const { name, text } of [...changes, fromTheNextRequestOn]) {
    await settings(node, text);
    assert.ok((await atSp(node, sameBrowser(tab))).isAsked, name);
  }
  await settings(node, SETTINGS);
  assert.equal(statusOf((await atSp(node, sameBrowser(tab))).page), 'Success');
  await settings(node, `${SETTINGS}displayName: Another name`);
  assert.equal(statusOf((await atSp(node, sameBrowser(tab))).page), 'Success');
});

test('a party that is taken away while its page is open gets nothing', async () => {
  const node = nodes.alone;
  const tab = await atSp(node);
  await tab.signIn(node);
  assert.ok(tab.isAsked);
  const { folder: parties } = node.config.parties;
  for (const name of await readdir(parties)) if (/^sp-|\.xml$/.test(name)) await rm(join(parties, name));
  await node.node.parts.parties.reload();
  await tab.agree(node);
  assert.equal(samlResponse(tab.page), null);
  assert.equal(heading(tab.page), 'This application is not registered here');
});
