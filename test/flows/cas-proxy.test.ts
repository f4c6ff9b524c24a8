// Proxies (CAS Protocol §2.5.4 to §2.7): tickets for others, in whose name, and what a callback must be. CWE-918, CWE-441.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { APP, ask, type CasTold, casLogin, newTicket, type Params, ticketOf, validate } from '../support/cas.ts';
import { type Callbacks, startCallbacks } from '../support/cas-callback.ts';
import { NOW, type OneNode, startOneNode } from '../support/one-node.ts';
import { formTokenOf, PersonBrowser } from '../support/person.ts';

const MAIL = 'https://mail.example.org/api';
const STORE = 'https://store.example.org/';
const PAYROLL = 'https://payroll.example.org/';

let node: OneNode;
let callbacks: Callbacks;
let folder = '';
const at = (path: string, host = '127.0.0.1'): string => `https://${host}:${callbacks.port}${path}`;

before(async () => {
  callbacks = await startCallbacks();
  folder = await mkdtemp(join(tmpdir(), 'signet-cas-'));
  const authorities = join(folder, 'authorities.pem');
  await writeFile(authorities, callbacks.certificate);
  const wiki = ['/wiki?a=1', '/slow', '/endless', '/status/302', '/status/404', '/status/500', '/status/201'];
  node = await startOneNode({
    environment: {
      SIGNET_THROTTLE_ENABLED: 'false',
      SIGNET_CAS_CALLBACK_AUTHORITIES: authorities,
      SIGNET_CAS_CALLBACK_NETWORKS: '["127.0.0.1"]',
      SIGNET_CAS_CALLBACK_TIMEOUT: '1',
    },
    services: [
      {
        url: APP,
        proxy: { callbackUrls: [...wiki.map((path) => at(path)), at('/wiki', 'localhost'), at('/wiki', '127.0.0.2')] },
      },
      { url: MAIL, attributes: ['mail'], proxy: { callbackUrls: [at('/mail')] } },
      { url: STORE, proxy: { callbackUrls: [at('/store')] } },
      { url: PAYROLL, assurance: { floor: 'aal2' } },
    ],
  });
});
after(async () => {
  await node.close();
  await callbacks.close();
  await rm(folder, { recursive: true });
});

async function grantingTicket(browser = new PersonBrowser(), on = node): Promise<string> {
  const ticket = await newTicket(on, { service: APP }, browser);
  const told = await validate(on, ticket, { pgtUrl: at('/wiki?a=1') });
  assert.equal(told.user, 'alice', told.text);
  return callbacks.grantingTicket(told.pgtIou) ?? assert.fail(told.text);
}

async function proxyTicket(pgt: string, targetService = MAIL, on = node): Promise<string> {
  const told = await ask(on, 'proxy', { pgt, targetService });
  return told.proxyTicket ?? assert.fail(told.text);
}

const proxyValidate = (ticket: string, parameters: Params = {}, on = node): Promise<CasTold> =>
  ask(on, 'p3/proxyValidate', { service: MAIL, ticket, ...parameters });

test('a service gets a ticket for another, which learns who the person is and through whom', async () => {
  const pgt = await grantingTicket();
  assert.match(pgt, /^PGT-[A-Za-z0-9]{1,252}$/);
  assert.match(callbacks.asked.at(-1) ?? '', /^\/wiki\?a=1&pgtId=PGT-\w+&pgtIou=PGTIOU-\w+$/, 'its own query stays');
  const ticket = await proxyTicket(pgt);
  assert.match(ticket, /^PT-[A-Za-z0-9]{1,253}$/);
  const told = await proxyValidate(ticket);
  assert.equal(told.user, 'alice');
  assert.deepEqual(told.proxies, [at('/wiki?a=1')]);
  assert.deepEqual(told.attributes?.slice(2), [
    ['isFromNewLogin', 'false'],
    ['mail', 'person@example.org'],
  ]);
  assert.equal((await proxyValidate(ticket)).code, 'INVALID_TICKET');
  // One granting ticket, many proxy tickets.
  assert.equal((await proxyValidate(await proxyTicket(pgt))).user, 'alice');
});

test('the IOU says nothing of the ticket (§3.4.1)', async () => {
  const ticket = await newTicket(node);
  const { pgtIou } = await validate(node, ticket, { pgtUrl: at('/wiki?a=1') });
  assert.match(pgtIou ?? '', /^PGTIOU-[A-Za-z0-9]{44}$/);
  assert.equal((await ask(node, 'proxy', { pgt: pgtIou ?? '', targetService: MAIL })).code, 'INVALID_TICKET');
});

test('JSON has the proxies and the IOU too', async () => {
  const ticket = await proxyTicket(await grantingTicket());
  const parameters = { service: MAIL, ticket, format: 'JSON', pgtUrl: at('/mail') };
  const answer = await node.ask({ path: `/cas/proxyValidate?${new URLSearchParams(parameters)}` });
  const { authenticationSuccess } = JSON.parse(answer.text).serviceResponse;
  assert.deepEqual(authenticationSuccess.proxies, [at('/wiki?a=1')]);
  assert.match(authenticationSuccess.proxyGrantingTicket, /^PGTIOU-/);
  assert.equal(authenticationSuccess.attributes, undefined);
  const given = new URLSearchParams({ pgt: await grantingTicket(), targetService: MAIL, format: 'JSON' });
  const proxied = JSON.parse((await node.ask({ path: `/cas/proxy?${given}` })).text);
  assert.match(proxied.serviceResponse.proxySuccess.proxyTicket, /^PT-/);
  const refused = JSON.parse((await node.ask({ path: '/cas/proxy?format=JSON' })).text);
  assert.equal(refused.serviceResponse.authenticationFailure.code, 'INVALID_REQUEST');
});

test('two proxies, the most recent first; a third is refused', async () => {
  const first = await proxyTicket(await grantingTicket());
  const second = await proxyValidate(first, { pgtUrl: at('/mail') });
  const ticket = await proxyTicket(callbacks.grantingTicket(second.pgtIou) ?? '', STORE);
  const parameters = { service: STORE, ticket };
  const told = await ask(node, 'proxyValidate', parameters);
  assert.deepEqual(told.proxies, [at('/mail'), at('/wiki?a=1')]);
  const again = await proxyTicket(callbacks.grantingTicket(second.pgtIou) ?? '', STORE);
  const third = await ask(node, 'proxyValidate', { service: STORE, ticket: again, pgtUrl: at('/store') });
  assert.equal(third.code, 'UNAUTHORIZED_SERVICE_PROXY');
  assert.equal(third.user, null);
});

test('granted on one node, used on another, validated on a third', async () => {
  const [second, third] = [await node.sibling(), await node.sibling()];
  try {
    const ticket = await proxyTicket(await grantingTicket(), MAIL, second);
    assert.equal((await proxyValidate(ticket, {}, third)).user, 'alice');
  } finally {
    await second.close();
    await third.close();
  }
});

test('a proxy ticket is no service ticket, and no proof of a new login', async () => {
  for (const endpoint of ['serviceValidate', 'p3/serviceValidate']) {
    const ticket = await proxyTicket(await grantingTicket());
    const told = await ask(node, endpoint, { service: MAIL, ticket });
    assert.equal(told.code, 'INVALID_TICKET_SPEC');
    assert.match(told.text, /proxy ticket/, 'it says why (§2.5)');
    assert.equal((await proxyValidate(ticket)).code, 'INVALID_TICKET', 'the attempt used it up');
  }
  const old = await proxyTicket(await grantingTicket());
  assert.equal(
    (await node.ask({ path: `/cas/validate?${new URLSearchParams({ service: MAIL, ticket: old })}` })).text,
    'no\n\n',
  );
  const renewed = await proxyValidate(await proxyTicket(await grantingTicket()), { renew: 'true' });
  assert.equal(renewed.code, 'INVALID_TICKET');
  assert.equal((await proxyValidate(await newTicket(node, { service: MAIL }))).user, 'alice', 'both kinds are taken');
});

test('no kind of ticket is taken for another, whatever its prefix says', async () => {
  const pgt = await grantingTicket();
  const rest = { service: await newTicket(node), proxy: await proxyTicket(pgt), granting: pgt };
  const prefixes = ['ST-', 'PT-', 'PGT-'];
  for (const ticket of Object.values(rest)) {
    const own = prefixes.find((prefix) => ticket.startsWith(prefix)) ?? '';
    for (const other of prefixes.filter((prefix) => prefix !== own)) {
      const forged = other + ticket.slice(own.length);
      assert.equal((await ask(node, 'proxyValidate', { service: APP, ticket: forged })).code, 'INVALID_TICKET');
      assert.equal((await ask(node, 'proxy', { pgt: forged, targetService: MAIL })).code, 'INVALID_TICKET');
    }
  }
  assert.equal((await validate(node, pgt)).code, 'INVALID_TICKET');
  assert.equal((await ask(node, 'proxy', { pgt: rest.service, targetService: MAIL })).code, 'INVALID_TICKET');
});

test('a proxy ticket is for its target alone', async () => {
  const told = await proxyValidate(await proxyTicket(await grantingTicket()), { service: STORE });
  assert.equal(told.code, 'INVALID_SERVICE');
});

const proxyRequests: readonly { readonly name: string; readonly code: string; readonly change: Params }[] = [
  { name: 'no ticket', code: 'INVALID_REQUEST', change: { pgt: undefined } },
  { name: 'no target', code: 'INVALID_REQUEST', change: { targetService: undefined } },
  { name: 'an unknown format', code: 'INVALID_REQUEST', change: { format: 'SAML' } },
  { name: 'a ticket that is none', code: 'INVALID_TICKET', change: { pgt: 'PGT-1-x' } },
  {
    name: 'a target that is not registered',
    code: 'UNAUTHORIZED_SERVICE',
    change: { targetService: 'https://evil.example/' },
  },
  { name: 'a target that wants more proof', code: 'UNAUTHORIZED_SERVICE', change: { targetService: PAYROLL } },
];
for (const { name, code, change } of proxyRequests) {
  test(`/cas/proxy, ${name}: ${code}`, async () => {
    const told = await ask(node, 'proxy', { pgt: await grantingTicket(), targetService: MAIL, ...change });
    assert.equal(told.kind, 'proxyFailure');
    assert.equal(told.code, code);
    assert.equal(told.proxyTicket, null);
  });
}

test('signing out ends what was granted in the session (§3.3.1), proxy tickets included', async () => {
  const browser = new PersonBrowser();
  const pgt = await grantingTicket(browser);
  const ticket = await proxyTicket(pgt);
  const page = await browser.get(node, '/logout');
  await browser.post(node, '/logout', { form_token: formTokenOf(page) });
  assert.equal((await ask(node, 'proxy', { pgt, targetService: MAIL })).code, 'INVALID_TICKET');
  assert.equal((await proxyValidate(ticket)).code, 'INVALID_TICKET');
});

test('a granting ticket ends with eight hours', async () => {
  const pgt = await grantingTicket();
  try {
    node.travelTo(NOW + 8 * 3600 - 1);
    const ticket = await proxyTicket(pgt);
    node.travelTo(NOW + 8 * 3600);
    assert.equal((await proxyValidate(ticket)).user, 'alice');
    assert.equal((await ask(node, 'proxy', { pgt, targetService: MAIL })).code, 'INVALID_TICKET');
  } finally {
    node.travelTo(NOW);
  }
});

const badCallbacks: readonly { readonly name: string; readonly url: () => string }[] = [
  { name: 'of another service', url: () => at('/mail') },
  { name: 'another path', url: () => at('/wiki') },
  { name: 'more of a query', url: () => at('/wiki?a=1&b=2') },
  { name: 'another case', url: () => at('/Wiki?a=1') },
  { name: 'plain http', url: () => at('/wiki?a=1').replace('https:', 'http:') },
  { name: 'a fragment', url: () => `${at('/wiki?a=1')}#x` },
  { name: 'a user name', url: () => at('/wiki?a=1').replace('//', '//a@') },
  { name: 'the same host under another name', url: () => at('/wiki?a=1', '127.1') },
  { name: 'a dot segment', url: () => at('/x/../wiki?a=1') },
  { name: 'a file', url: () => 'file:///etc/passwd' },
  { name: "a cloud's metadata", url: () => 'https://169.254.169.254/latest/meta-data/' },
];
for (const { name, url } of badCallbacks) {
  test(`no callback, and nobody is asked: ${name}`, async () => {
    const [asked, connected] = [callbacks.asked.length, callbacks.connections()];
    const told = await validate(node, await newTicket(node), { pgtUrl: url() });
    assert.equal(told.code, 'INVALID_PROXY_CALLBACK');
    assert.equal(told.user, null);
    assert.deepEqual([callbacks.asked.length, callbacks.connections()], [asked, connected]);
  });
}

for (const path of ['/status/302', '/status/404', '/status/500', '/status/201', '/slow']) {
  test(`a registered callback that answers wrongly: ${path}`, async () => {
    const told = await validate(node, await newTicket(node), { pgtUrl: at(path) });
    assert.equal(told.code, 'INVALID_PROXY_CALLBACK');
    assert.equal(told.pgtIou, null);
  });
}

test('a redirect is not followed', () => {
  assert.ok(!callbacks.asked.some((path) => path.startsWith('/elsewhere')));
});

test('an answer without an end is not waited for', async () => {
  const told = await validate(node, await newTicket(node), { pgtUrl: at('/endless') });
  assert.match(told.pgtIou ?? '', /^PGTIOU-/);
});

// CWE-918, CVE-2023-28857's class: what the name leads to decides, not the name.
for (const host of ['localhost', '127.0.0.2']) {
  test(`a registered callback at an address that is not allowed is never connected to: ${host}`, async () => {
    const connected = callbacks.connections();
    const told = await validate(node, await newTicket(node), { pgtUrl: at('/wiki', host) });
    assert.equal(told.code, 'INVALID_PROXY_CALLBACK');
    if (host !== 'localhost') assert.equal(callbacks.connections(), connected);
    assert.match(node.written(), /callback-failed/);
  });
}

test('without the setting, this machine is no place for callbacks; without the authority, nobody is believed', async () => {
  const alone = await node.sibling({ SIGNET_CAS_CALLBACK_NETWORKS: '[]' });
  const trusting = await startOneNode({
    environment: { SIGNET_CAS_CALLBACK_NETWORKS: '["127.0.0.1"]' },
    services: [{ url: APP, proxy: { callbackUrls: [at('/wiki?a=1')] } }],
  });
  try {
    const [asked, connected] = [callbacks.asked.length, callbacks.connections()];
    const refused = await validate(alone, await newTicket(alone), { pgtUrl: at('/wiki?a=1') });
    assert.equal(refused.code, 'INVALID_PROXY_CALLBACK');
    assert.equal(callbacks.connections(), connected);
    const unknown = await validate(trusting, await newTicket(trusting), { pgtUrl: at('/wiki?a=1') });
    assert.equal(unknown.code, 'INVALID_PROXY_CALLBACK');
    assert.equal(callbacks.connections(), connected + 1);
    assert.equal(callbacks.asked.length, asked);
  } finally {
    await alone.close();
    await trusting.close();
  }
});

test('a service that loses its callback loses what was granted there', async () => {
  const pgt = await grantingTicket();
  const ticket = await proxyTicket(pgt);
  const file = join(node.config.parties.folder, 's0.service.json');
  const before = await readFile(file, 'utf8');
  try {
    await writeFile(file, JSON.stringify({ url: APP }));
    await node.node.parts.parties.reload();
    assert.equal((await ask(node, 'proxy', { pgt, targetService: MAIL })).code, 'INVALID_TICKET');
    assert.equal((await proxyValidate(ticket)).code, 'INVALID_TICKET');
  } finally {
    await writeFile(file, before);
    await node.node.parts.parties.reload();
  }
});

test('nothing of a ticket is in the log', async () => {
  const browser = new PersonBrowser();
  const ticket = ticketOf(await casLogin(node, browser));
  await validate(node, ticket, { service: STORE });
  const pgt = await grantingTicket(browser);
  const service = `https://evil.example/?ticket=${ticket}&PGT=${pgt}`;
  await ask(node, 'proxy', { pgt, targetService: service });
  await validate(node, ticket, { service });
  await browser.get(node, `/cas/login?${new URLSearchParams({ service })}`);
  assert.match(node.written(), /evil\.example/);
  for (const secret of [ticket, pgt]) assert.ok(!node.written().includes(secret.slice(4, 40)));
});
