// RFC 9470 from end to end: an API's challenge leads through max_age and acr_values to a sign-in, and back to its answer.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { createLocalJWKSet } from 'jose';
import { generateSync } from 'otplib';
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import { AccountTab, APP_CODE } from '../support/account-tab.ts';
import { authorize, authorizePath, basic, CALLBACK, ISSUER, type Params, redeem, returned } from '../support/oidc.ts';
import { NOW, type OneNode, startOneNode } from '../support/one-node.ts';
import { formTokenOf, heading, PersonBrowser } from '../support/person.ts';
import { createApi } from './step-up-api.ts';

const SECRET = 'a-secret-of-at-least-thirty-two-characters';
const API = 'https://api.example.org';
const OTHER_API = 'https://other.example.org';

let node: OneNode;
let api: Server;
const environment = { SIGNET_THROTTLE_ENABLED: 'false' };
const clients = [
  {
    client_id: 'wiki',
    client_secret_hash: hashClientSecret(SECRET, (size) => Buffer.alloc(size, 7)),
    redirect_uris: [CALLBACK],
    signet: { resources: [API, OTHER_API] },
  },
];
before(async () => {
  node = await startOneNode({ database: 'sqlite', environment, clients });
  const keys = createLocalJWKSet(JSON.parse((await node.ask({ path: '/oidc/jwks' })).text));
  api = createServer(createApi({ issuer: ISSUER, audience: API, keys, clock: () => node.time.now }));
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  api.close();
  await node.close();
});
beforeEach(() => node.travelTo(NOW));

/** What a client's own code does: signs the person in, and redeems the code. */
async function tokens(browser: PersonBrowser, changes: Params = {}, loginName = 'alice') {
  return redeemed(await authorize(node, browser, 'wiki', { resource: API, ...changes }, loginName));
}

async function redeemed(answer: URLSearchParams): Promise<Readonly<Record<string, string>>> {
  const code = answer.get('code') ?? assert.fail(String(answer));
  return (await redeem(node, 'wiki', code, {}, basic('wiki', SECRET))).body;
}

async function ask(path: string, token: string): Promise<{ readonly status: number; readonly challenge: string }> {
  const { port } = api.address() as AddressInfo;
  const headers = { Authorization: `Bearer ${token}` };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  await response.text();
  return { status: response.status, challenge: response.headers.get('www-authenticate') ?? '' };
}

/** The parameters of a challenge, as a client passes them on. */
function demanded(challenge: string): Params {
  assert.match(challenge, /^Bearer error="insufficient_user_authentication"/);
  const pairs = [...challenge.matchAll(/(max_age|acr_values)="([^"]*)"/g)];
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
}

test('a proof that is too old: the challenge, the password once more, the answer', async () => {
  const browser = new PersonBrowser();
  const { access_token: first = '' } = await tokens(browser);
  assert.equal((await ask('/salaries', first)).status, 200);
  node.travelTo(NOW + 120);
  const refused = await ask('/salaries', first);
  assert.equal(refused.status, 401);
  assert.equal((await ask('/notes', first)).status, 200, 'where nothing more is asked it is still good');
  // Without what the API said, single sign-on gives another token that is as old.
  assert.equal((await ask('/salaries', (await tokens(browser)).access_token ?? '')).status, 401);
  const { access_token: fresh = '' } = await tokens(browser, demanded(refused.challenge));
  assert.equal((await ask('/salaries', fresh)).status, 200);
});

test('a proof that is too weak: who cannot give a stronger one is not let through', async () => {
  const browser = new PersonBrowser();
  const { access_token: weak = '' } = await tokens(browser);
  const refused = await ask('/vault', weak);
  assert.equal(refused.status, 401);
  const { acr_values: wanted = '' } = demanded(refused.challenge);
  assert.match(wanted, /^https:\/\/refeds\.org\/profile\/mfa /);
  const again = await tokens(browser, { acr_values: wanted });
  assert.equal((await ask('/vault', again.access_token ?? '')).status, 401, 'acr_values are a wish');
  // Essential (OpenID Connect Core §5.5.1.1): told before anybody is asked for what they do not have.
  const essential = JSON.stringify({ id_token: { acr: { essential: true, values: wanted.split(' ') } } });
  const without = await startOneNode({ environment, clients });
  try {
    const answer = await authorize(without, new PersonBrowser(), 'wiki', { resource: API, claims: essential });
    assert.deepEqual([answer.get('error'), answer.get('code')], ['unmet_authentication_requirements', null]);
  } finally {
    await without.close();
  }
  // Where one can be set up, that is what the person is led to.
  const led = await browser.get(node, authorizePath('wiki', { resource: API, claims: essential }));
  assert.match(led.headers.location ?? '', /^\/flow\//);
});

test('a proof that is too weak: the challenge, the second factor alone, the answer', async () => {
  const { apps } = await (await new AccountTab(() => node).signIn('bob')).addApp();
  // Until the app's next code: each counts once.
  node.travelTo(NOW + 60);
  const browser = new PersonBrowser();
  const { access_token: weak = '' } = await tokens(browser, {}, 'bob');
  const refused = await ask('/vault', weak);
  assert.equal(refused.status, 401);
  const asked = await browser.get(node, authorizePath('wiki', { resource: API, ...demanded(refused.challenge) }));
  const flow = asked.headers.location ?? '';
  const page = await browser.get(node, flow);
  assert.equal(heading(page), APP_CODE, 'the password was proved already');
  assert.equal((await ask('/vault', weak)).status, 401, 'asking for it is not having it');
  const code = generateSync({ secret: apps.get('phone') ?? '', epoch: node.time.now });
  const answer = await browser.post(node, flow, { form_token: formTokenOf(page), method: 'totp', code });
  const { access_token: strong = '' } = await redeemed(returned(answer));
  assert.equal((await ask('/vault', strong)).status, 200);
  assert.equal((await ask('/salaries', strong)).status, 200);
  // RFC 9470 §5: what was demanded may be both; a strong proof grows old like any other.
  node.travelTo(NOW + 60 + 120);
  const old = await ask('/salaries', (await tokens(browser, {}, 'bob')).access_token ?? '');
  assert.deepEqual(demanded(old.challenge), { max_age: '60' });
});

test('the API takes nothing else for an access token', async () => {
  const { access_token: good = '', id_token: idToken = '' } = await tokens(new PersonBrowser());
  const forOther = await tokens(new PersonBrowser(), { resource: OTHER_API });
  const forNobody = await tokens(new PersonBrowser(), { resource: undefined });
  const [head = '', claims = '', signature = ''] = good.split('.');
  const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
  const table = [
    ['no token', ''],
    // RFC 9068 §4, RFC 8725 §3.11: an ID token is no access token.
    ['an ID token', idToken],
    ['a token for another API', forOther.access_token ?? ''],
    ['a token for userinfo', forNobody.access_token ?? ''],
    // CVE-2015-9235.
    ['alg none', `${none}.${claims}.`],
    ['another signature', `${head}.${claims}.${signature.slice(4)}AAAA`],
  ] as const;
  for (const [name, token] of table) {
    const { status, challenge } = await ask('/notes', token);
    assert.deepEqual([status, challenge], [401, 'Bearer error="invalid_token"'], name);
  }
  node.travelTo(NOW + 301);
  assert.equal((await ask('/notes', good)).status, 401, 'after five minutes');
});
