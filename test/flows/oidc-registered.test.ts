// What a client's registration demands or allows, over HTTP: each member does what RFC 7591 and our own names say.
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import {
  authorizePath,
  basic,
  CALLBACK,
  call,
  claimsOf,
  codeOf,
  type Params,
  redeem,
  returned,
} from '../support/oidc.ts';
import { NOW, type OneNode, startOneNode } from '../support/one-node.ts';
import { PersonBrowser } from '../support/person.ts';

const SECRET = 'a-secret-of-at-least-thirty-two-characters';
const OTHER_CALLBACK = 'https://mail.example.net/callback';
const confidential = {
  client_secret_hash: hashClientSecret(SECRET, (size) => Buffer.alloc(size, 7)),
  redirect_uris: [CALLBACK],
  grant_types: ['authorization_code', 'refresh_token'],
};

let node: OneNode;
const alice = new PersonBrowser();
before(async () => {
  node = await startOneNode({
    database: 'sqlite',
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    clients: [
      { client_id: 'wiki', ...confidential },
      { client_id: 'neighbour', ...confidential, redirect_uris: [`${CALLBACK}/two`] },
      { client_id: 'elsewhere', ...confidential, redirect_uris: [OTHER_CALLBACK] },
      { client_id: 'open', ...confidential, subject_type: 'public' },
      { client_id: 'open2', ...confidential, redirect_uris: [OTHER_CALLBACK], subject_type: 'public' },
      { client_id: 'fresh', ...confidential, default_max_age: 60 },
      { client_id: 'narrow', ...confidential, scope: 'openid email' },
      { client_id: 'pushes', ...confidential, require_pushed_authorization_requests: true },
      { client_id: 'brief', ...confidential, signet: { refreshTokenLifetime: 600 } },
    ],
  });
  await codeOf(node, 'wiki', {}, alice);
});
after(() => node.close());
beforeEach(() => travelTo(NOW));

/** The revocations have been read again: sessions sleep while they are too old. */
async function travelTo(now: number): Promise<void> {
  node.travelTo(now);
  await node.node.parts.revocations.poll();
}

const as = (clientId: string) => basic(clientId, SECRET);

async function tokens(clientId: string, changes: Params = {}): Promise<Readonly<Record<string, string>>> {
  const code = await codeOf(node, clientId, changes, alice);
  const address = changes.redirect_uri === undefined ? {} : { redirect_uri: changes.redirect_uri };
  const { status, body } = await redeem(node, clientId, code, address, as(clientId));
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

const refresh = (clientId: string, token: string | undefined) =>
  call(node, '/oidc/token', { grant_type: 'refresh_token', refresh_token: token }, as(clientId));

const ask = async (clientId: string, changes: Params = {}) =>
  returned(await alice.get(node, authorizePath(clientId, changes)));

// OpenID Connect Core §8, §8.1.
test('pairwise: one sub in a sector, another in the next, and nothing of the account in it; public: one for all', async () => {
  const subOf = async (clientId: string, redirect_uri?: string) => {
    const body = await tokens(clientId, redirect_uri === undefined ? {} : { redirect_uri });
    const id = await claimsOf(node, body.id_token ?? '', 'JWT', clientId);
    const told = await node.ask({ path: '/oidc/userinfo', headers: { Authorization: `Bearer ${body.access_token}` } });
    const introspected = await call(node, '/oidc/introspect', { token: body.access_token }, as(clientId));
    assert.deepEqual([JSON.parse(told.text).sub, introspected.body.sub], [id.sub, id.sub], 'the same everywhere');
    return String(id.sub);
  };
  const wiki = await subOf('wiki');
  assert.equal(await subOf('neighbour', `${CALLBACK}/two`), wiki, 'the same host');
  const elsewhere = await subOf('elsewhere', OTHER_CALLBACK);
  const open = await subOf('open');
  assert.equal(await subOf('open2', OTHER_CALLBACK), open);
  assert.equal(new Set([wiki, elsewhere, open]).size, 3);
});

test('default_max_age: an older proof is given again', async () => {
  assert.ok((await ask('fresh')).has('code'));
  await travelTo(NOW + 61);
  assert.ok((await ask('wiki')).has('code'), 'who demands nothing is not concerned');
  assert.match((await alice.get(node, authorizePath('fresh'))).headers.location ?? '', /^\/flow\//);
  assert.ok((await ask('fresh', { max_age: '300' })).has('code'), 'what the request says goes first (§2)');
});

const refused: readonly {
  readonly name: string;
  readonly client: string;
  readonly changes?: Params;
  readonly error: string;
}[] = [
  {
    name: 'a scope that is not registered',
    client: 'narrow',
    changes: { scope: 'openid groups' },
    error: 'invalid_scope',
  },
  { name: 'a request that was not pushed', client: 'pushes', error: 'invalid_request' },
  // Capped before anything is sealed.
  { name: 'a nonce too long', client: 'wiki', changes: { nonce: 'n'.repeat(129) }, error: 'invalid_request' },
  { name: 'a state too long in bytes', client: 'wiki', changes: { state: 'ü'.repeat(257) }, error: 'invalid_request' },
  {
    name: 'a login_hint beyond all measure',
    client: 'wiki',
    changes: { login_hint: 'x'.repeat(300) },
    error: 'invalid_request',
  },
];
for (const { name, client, changes = {}, error } of refused) {
  test(`told to the client: ${name}`, async () => {
    const answer = await ask(client, changes);
    assert.deepEqual([answer.get('error'), answer.has('code')], [error, false]);
  });
}
test('a scope that is registered is given, and a pushed request is taken', async () => {
  assert.equal((await tokens('narrow', { scope: 'openid email' })).scope, 'openid email');
  const form = Object.fromEntries(new URLSearchParams(authorizePath('pushes').split('?')[1]));
  const { status, body } = await call(node, '/oidc/par', form, as('pushes'));
  assert.equal(status, 201);
  const query = new URLSearchParams({ client_id: 'pushes', request_uri: body.request_uri ?? '' });
  assert.ok(returned(await alice.get(node, `/oidc/authorize?${query}`)).has('code'));
});

// RFC 9126 §2.3: told where it is pushed, and not when the person arrives.
test('a request that is too large to be sealed is refused by the PAR endpoint', async () => {
  const form = Object.fromEntries(new URLSearchParams(authorizePath('wiki').split('?')[1]));
  const large = { ...form, state: 's'.repeat(500), login_hint: 'l'.repeat(250), acr_values: 'a'.repeat(400) };
  const { status, body } = await call(node, '/oidc/par', large, as('wiki'));
  assert.deepEqual([status, body.error, body.request_uri], [400, 'invalid_request', undefined]);
  assert.match(body.error_description ?? '', /larger than can be kept/);
});

// Refresh tokens: "lifetime and scope never grow".
test('a family ends when its first token said, however often it is refreshed', async () => {
  let token = (await tokens('brief', { scope: 'openid offline_access' })).refresh_token;
  for (const later of [200, 400, 599]) {
    await travelTo(NOW + later);
    const { status, body } = await refresh('brief', token);
    assert.equal(status, 200, `${later} s later`);
    token = body.refresh_token;
  }
  await travelTo(NOW + 600);
  assert.equal((await refresh('brief', token)).body.error, 'invalid_grant');
});

test('without offline_access refreshing ends with the session, though there is a database', async () => {
  const first = await tokens('wiki');
  const offline = await tokens('wiki', { scope: 'openid offline_access' });
  await travelTo(NOW + 12 * 3600 + 1);
  assert.equal((await refresh('wiki', first.refresh_token)).body.error, 'invalid_grant');
  const still = await refresh('wiki', offline.refresh_token);
  assert.equal(still.status, 200, JSON.stringify(still.body));
  await travelTo(NOW + 90 * 86_400 + 1);
  assert.equal((await refresh('wiki', still.body.refresh_token)).body.error, 'invalid_grant', '90 days, and no more');
});

/** Registers a client anew. */
async function register(client: { readonly client_id: string } & Readonly<Record<string, unknown>>): Promise<void> {
  await writeFile(join(node.config.parties.folder, `${client.client_id}.client.json`), JSON.stringify(client));
  assert.equal(await node.node.parts.parties.reload(), true);
}

// CWE-613: what is ended stays ended, though the setting that says for how long has become another one.
test('a family that is ended by its access token is older than the lifetime of now', async () => {
  await register({ client_id: 'shortened', ...confidential });
  const { refresh_token: old } = await tokens('shortened', { scope: 'openid offline_access' });
  const { body } = await refresh('shortened', old);
  await register({ client_id: 'shortened', ...confidential, signet: { refreshTokenLifetime: 60 } });
  assert.equal((await call(node, '/oidc/revoke', { token: body.access_token }, as('shortened'))).status, 200);
  for (const later of [0, 61, 700, 86_400]) {
    await travelTo(NOW + later);
    assert.equal((await refresh('shortened', body.refresh_token)).body.error, 'invalid_grant', `${later} s later`);
  }
});

// CWE-285: a grant of 90 days is worth no more than its client's registration.
test('a scope that is taken from a client is told no more, to no token of before', async () => {
  await register({ client_id: 'loses', ...confidential, scope: 'openid email offline_access' });
  const scope = 'openid email offline_access';
  const [held, code] = [await tokens('loses', { scope }), await codeOf(node, 'loses', { scope }, alice)];
  const told = async (token: string | undefined) =>
    Object.keys(
      JSON.parse((await node.ask({ path: '/oidc/userinfo', headers: { Authorization: `Bearer ${token}` } })).text),
    );
  assert.ok((await told(held.access_token)).includes('email'));
  await register({ client_id: 'loses', ...confidential, scope: 'openid offline_access' });
  const redeemed = await redeem(node, 'loses', code, {}, as('loses'));
  const wider = { grant_type: 'refresh_token', refresh_token: held.refresh_token, scope: 'openid email' };
  assert.equal((await call(node, '/oidc/token', wider, as('loses'))).body.error, 'invalid_scope');
  const refreshed = await refresh('loses', held.refresh_token);
  for (const { body } of [redeemed, refreshed]) assert.equal(body.scope, 'openid offline_access', JSON.stringify(body));
  for (const token of [held, redeemed.body, refreshed.body]) assert.deepEqual(await told(token.access_token), ['sub']);
});

// CWE-863: what an application demands of a sign-in it demands of what goes on from one.
test('a refresh token of a weaker sign-in ends where the floor has been raised, and not before the time of grace is over', async () => {
  const floored = (assurance: object) => register({ client_id: 'rises', ...confidential, signet: { assurance } });
  await floored({ floor: 'aal1' });
  const { refresh_token: token } = await tokens('rises', { scope: 'openid offline_access' });
  await floored({ floor: 'aal2' });
  assert.equal((await refresh('rises', token)).body.error, 'invalid_grant');
  assert.match((await alice.get(node, authorizePath('rises'))).headers.location ?? '', /error=unmet_auth|\/flow\//);
  await floored({ floor: 'aal2', graceUntil: new Date((NOW + 60) * 1000).toISOString() });
  const graced = await refresh('rises', token);
  assert.equal(graced.status, 200, JSON.stringify(graced.body));
  await travelTo(NOW + 61);
  assert.equal((await refresh('rises', graced.body.refresh_token)).body.error, 'invalid_grant');
  await floored({ floor: 'aal1' });
  assert.equal((await refresh('rises', graced.body.refresh_token)).status, 200, 'what was refused was not used up');
});

test('clients come and go with their files; what one held is nobody’s when it is gone', async () => {
  const file = join(node.config.parties.folder, 'guest.client.json');
  const path = authorizePath('guest');
  assert.equal((await alice.get(node, path)).status, 400);
  await writeFile(file, JSON.stringify({ client_id: 'guest', ...confidential }));
  await node.node.parts.parties.reload();
  const held = await tokens('guest');
  const code = await codeOf(node, 'guest', {}, alice);
  await rm(file);
  await node.node.parts.parties.reload();
  assert.equal((await alice.get(node, path)).status, 400);
  assert.equal((await redeem(node, 'guest', code, {}, as('guest'))).body.error, 'invalid_client');
  assert.equal((await refresh('guest', held.refresh_token)).body.error, 'invalid_client');
  const headers = { Authorization: `Bearer ${held.access_token}` };
  assert.equal((await node.ask({ path: '/oidc/userinfo', headers })).status, 401);
});
