// The endpoints that programs call, over HTTP: codes, refresh tokens, userinfo, introspection, revocation, PAR, DPoP.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import {
  authorize,
  authorizePath,
  basic,
  CALLBACK,
  ClientKey,
  call,
  claimsOf,
  codeOf,
  ISSUER,
  type Params,
  redeem,
  returned,
} from '../support/oidc.ts';
import { type OneNode, startOneNode } from '../support/one-node.ts';
import { PersonBrowser } from '../support/person.ts';

const SECRET = 'a-secret-of-at-least-thirty-two-characters:&+ü';
const API = 'https://api.example.org';
const key = new ClientKey();

let node: OneNode;
let sibling: OneNode;
before(async () => {
  const confidential = {
    client_secret_hash: hashClientSecret(SECRET, (size) => Buffer.alloc(size, 7)),
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token'],
    signet: { resources: [API] },
  };
  node = await startOneNode({
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    clients: [
      { client_id: 'wiki', ...confidential },
      { client_id: 'other', ...confidential },
      { client_id: 'posts', ...confidential, token_endpoint_auth_method: 'client_secret_post' },
      {
        client_id: 'spa',
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
      },
      { client_id: 'api', ...confidential, signet: { introspects: [API] } },
      {
        client_id: 'bank',
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [await key.jwk()] },
        id_token_signed_response_alg: 'ES256',
        signet: { fapi: true },
      },
    ],
  });
  sibling = await node.sibling();
});
after(async () => {
  await sibling.close();
  await node.close();
});

const auth = basic('wiki', SECRET);

test('a code gives an ID token and an access token; userinfo tells the claims of the scopes', async () => {
  const code = await codeOf(node, 'wiki', { scope: 'openid email' });
  const { status, body, headers } = await redeem(node, 'wiki', code, {}, auth);
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(body.token_type, 'Bearer');
  const id = await claimsOf(node, body.id_token ?? '', 'JWT', 'wiki');
  assert.equal(id.nonce, 'n-1');
  const half = createHash('sha256')
    .update(body.access_token ?? '')
    .digest()
    .subarray(0, 16);
  assert.equal(id.at_hash, half.toString('base64url'));
  const access = await claimsOf(node, body.access_token ?? '', 'at+jwt', ISSUER);
  assert.equal(access.sub, id.sub);
  assert.equal(access.scope, 'openid email');
  assert.equal((access.exp ?? 0) - (access.iat ?? 0), 300);
  const told = await node.ask({ path: '/oidc/userinfo', headers: { Authorization: `Bearer ${body.access_token}` } });
  assert.deepEqual(JSON.parse(told.text), { sub: id.sub, email: 'person@example.org', email_verified: false });
});

test('a node redeems the code of another', async () => {
  assert.equal((await redeem(sibling, 'wiki', await codeOf(node, 'wiki'), {}, auth)).status, 200);
});

const codes: readonly {
  readonly name: string;
  readonly changes?: Params;
  readonly client?: string;
  readonly headers?: object;
  readonly error: string;
}[] = [
  { name: 'another client', client: 'other', headers: basic('other', SECRET), error: 'invalid_grant' },
  { name: 'another redirect_uri', changes: { redirect_uri: `${CALLBACK}/` }, error: 'invalid_grant' },
  { name: 'no redirect_uri', changes: { redirect_uri: undefined }, error: 'invalid_grant' },
  // RFC 7636 §7, RFC 9700 §4.8
  { name: 'another verifier', changes: { code_verifier: 'x'.repeat(43) }, error: 'invalid_grant' },
  { name: 'no verifier', changes: { code_verifier: undefined }, error: 'invalid_grant' },
  { name: 'a verifier too short', changes: { code_verifier: 'short' }, error: 'invalid_grant' },
  { name: 'no code', changes: { code: undefined }, error: 'invalid_grant' },
  { name: 'a bit of another code', changes: { code: 'AQAB' }, error: 'invalid_grant' },
  { name: 'no grant_type', changes: { grant_type: undefined }, error: 'invalid_request' },
  { name: 'a password', changes: { grant_type: 'password' }, error: 'unsupported_grant_type' },
  { name: 'no client authentication', headers: {}, error: 'invalid_client' },
  { name: 'a wrong secret', headers: basic('wiki', `${SECRET}x`), error: 'invalid_client' },
  { name: 'an unknown client', client: 'nobody', headers: basic('nobody', SECRET), error: 'invalid_client' },
  { name: 'two methods', changes: { client_secret: SECRET }, error: 'invalid_request' },
  { name: 'the other method', headers: {}, changes: { client_secret: SECRET }, error: 'invalid_client' },
  { name: 'two client_ids', changes: { client_id: 'other' }, error: 'invalid_client' },
];
for (const { name, changes = {}, client = 'wiki', headers = auth, error } of codes) {
  test(`a code with ${name}: ${error}, and the code is still good`, async () => {
    const code = await codeOf(node, 'wiki');
    const refused = await redeem(node, client, code, changes, headers);
    assert.equal(refused.body.error, error);
    assert.equal(refused.status, error === 'invalid_client' ? 401 : 400);
    assert.equal(refused.body.access_token, undefined);
    assert.equal((await redeem(node, 'wiki', code, {}, auth)).status, 200);
  });
}

// RFC 6749 §4.1.2, §10.5: what a code gave ends when the code comes again.
test('a code used twice: refused, and its tokens end', async () => {
  const code = await codeOf(node, 'wiki', { scope: 'openid offline_access' });
  const first = await redeem(node, 'wiki', code, {}, auth);
  assert.equal((await redeem(node, 'wiki', code, {}, auth)).body.error, 'invalid_grant');
  const told = await node.ask({
    path: '/oidc/userinfo',
    headers: { Authorization: `Bearer ${first.body.access_token}` },
  });
  assert.equal(told.status, 401);
  assert.match(String(told.headers['www-authenticate']), /error="invalid_token"/);
  const refreshed = await call(
    node,
    '/oidc/token',
    { grant_type: 'refresh_token', refresh_token: first.body.refresh_token },
    auth,
  );
  assert.equal(refreshed.body.error, 'invalid_grant');
});

test('a balancer’s repeat of one request is not a reuse', async () => {
  const code = await codeOf(node, 'wiki');
  const headers = { ...auth, 'X-Request-Id': 'repeat-1' };
  const [first, second] = [
    await redeem(node, 'wiki', code, {}, headers),
    await redeem(node, 'wiki', code, {}, headers),
  ];
  assert.equal(second.status, 200);
  const [one, two] = await Promise.all(
    [first, second].map(({ body }) => claimsOf(node, body.access_token ?? '', 'at+jwt', ISSUER)),
  );
  assert.equal(one?.jti, two?.jti);
});

test('a code is good for a minute', async () => {
  const code = await codeOf(node, 'wiki');
  const began = node.time.now;
  try {
    node.travelTo(began + 71);
    assert.equal((await redeem(node, 'wiki', code, {}, auth)).body.error, 'invalid_grant');
  } finally {
    node.travelTo(began);
  }
});

test('refreshing gives the next token; the one before is then a reuse that ends the family', async () => {
  const { body } = await redeem(node, 'wiki', await codeOf(node, 'wiki', { scope: 'openid email' }), {}, auth);
  const refresh = (token: string | undefined, changes: Params = {}, headers = auth) =>
    call(node, '/oidc/token', { grant_type: 'refresh_token', refresh_token: token, ...changes }, headers);
  assert.equal((await refresh(body.refresh_token, { scope: 'openid email groups' })).body.error, 'invalid_scope');
  assert.equal((await refresh(body.refresh_token, {}, basic('other', SECRET))).body.error, 'invalid_grant');
  const second = await refresh(body.refresh_token, { scope: 'openid' });
  assert.equal(second.body.scope, 'openid');
  const third = await refresh(second.body.refresh_token);
  assert.equal(third.body.scope, 'openid email', 'a narrower use does not narrow the grant');
  assert.equal((await refresh(body.refresh_token)).body.error, 'invalid_grant');
  assert.equal((await refresh(third.body.refresh_token)).body.error, 'invalid_grant', 'the family has ended');
});

test('without a shared store a public client gets no refresh token, and nobody’s outlives the session', async () => {
  const spa = await redeem(node, 'spa', await codeOf(node, 'spa', { scope: 'openid offline_access' }));
  assert.equal(spa.status, 200);
  assert.equal(spa.body.refresh_token, undefined);
  const { body } = await redeem(node, 'wiki', await codeOf(node, 'wiki', { scope: 'openid offline_access' }), {}, auth);
  const began = node.time.now;
  try {
    node.travelTo(began + 43_200);
    const late = await call(
      node,
      '/oidc/token',
      { grant_type: 'refresh_token', refresh_token: body.refresh_token },
      auth,
    );
    assert.equal(late.body.error, 'invalid_grant');
  } finally {
    node.travelTo(began);
  }
});

test('signing out ends the tokens of the session', async () => {
  const browser = new PersonBrowser();
  const code = await codeOf(node, 'wiki', {}, browser);
  const { body } = await redeem(node, 'wiki', code, {}, auth);
  const page = await browser.get(node, `/oidc/end-session?id_token_hint=${body.id_token}`);
  assert.match(page.text, /You are signed out/);
  assert.deepEqual([...browser.cookies.keys()], ['__Host-signet_device']);
  const told = await node.ask({ path: '/oidc/userinfo', headers: { Authorization: `Bearer ${body.access_token}` } });
  assert.equal(told.status, 401);
  assert.deepEqual((await call(node, '/oidc/introspect', { token: body.access_token }, auth)).body, { active: false });
  const refreshed = await call(
    node,
    '/oidc/token',
    { grant_type: 'refresh_token', refresh_token: body.refresh_token },
    auth,
  );
  assert.equal(refreshed.body.error, 'invalid_grant');
});

test('introspection: one’s own tokens, and those for a resource that one serves', async () => {
  const { body } = await redeem(node, 'wiki', await codeOf(node, 'wiki', { resource: API }), {}, auth);
  assert.equal((await claimsOf(node, body.access_token ?? '', 'at+jwt', API)).client_id, 'wiki');
  const ask = (token: string | undefined, headers: object) => call(node, '/oidc/introspect', { token }, { ...headers });
  for (const headers of [auth, basic('api', SECRET)]) {
    const { body: told } = await ask(body.access_token, headers);
    assert.equal(String(told.active), 'true');
    assert.equal('ref' in told, false);
  }
  assert.deepEqual((await ask(body.access_token, basic('other', SECRET))).body, { active: false });
  for (const token of [body.id_token, body.refresh_token, 'x', 'e30.e30.e30']) {
    assert.deepEqual((await ask(token, auth)).body, { active: false });
  }
  // A token for an API is no token for userinfo (RFC 9068 §4).
  const told = await node.ask({ path: '/oidc/userinfo', headers: { Authorization: `Bearer ${body.access_token}` } });
  assert.equal(told.status, 401);
  assert.equal((await call(node, '/oidc/revoke', { token: body.refresh_token }, basic('other', SECRET))).status, 200);
  assert.equal(String((await ask(body.access_token, auth)).body.active), 'true', 'another client ends nothing');
  assert.equal((await call(node, '/oidc/revoke', { token: body.refresh_token }, auth)).status, 200);
  assert.deepEqual((await ask(body.access_token, auth)).body, { active: false });
});

test('userinfo wants a token in the header, and says so', async () => {
  const { body } = await redeem(node, 'wiki', await codeOf(node, 'wiki'), {}, auth);
  const nothing = await node.ask({ path: '/oidc/userinfo' });
  assert.equal(nothing.status, 401);
  assert.equal(nothing.headers['www-authenticate'], 'Bearer');
  for (const Authorization of [
    `Bearer ${body.id_token}`,
    `Bearer ${body.refresh_token}`,
    `Bearer ${body.access_token}x`,
  ]) {
    assert.equal((await node.ask({ path: '/oidc/userinfo', headers: { Authorization } })).status, 401);
  }
  assert.equal((await node.ask({ path: `/oidc/userinfo?access_token=${body.access_token}` })).status, 401);
  assert.equal((await call(node, '/oidc/userinfo', { access_token: body.access_token })).status, 401);
});

test('FAPI: PAR with private_key_jwt, PKCE, DPoP with a nonce; nothing of it may be left out', async () => {
  const proof = new ClientKey();
  const pushed = await call(node, '/oidc/par', {
    ...Object.fromEntries(new URLSearchParams(authorizePath('bank').split('?')[1])),
    client_assertion: await key.assertion(node, 'bank'),
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  });
  assert.equal(pushed.status, 201, JSON.stringify(pushed.body));
  const direct = returned(await new PersonBrowser().get(node, authorizePath('bank')));
  assert.equal(direct.get('error'), 'invalid_request');
  const browser = new PersonBrowser();
  await authorize(node, browser, 'spa');
  const answer = await browser.get(
    node,
    `/oidc/authorize?${new URLSearchParams({ client_id: 'bank', request_uri: pushed.body.request_uri ?? '' })}`,
  );
  const code = returned(answer).get('code') ?? '';
  // A request_uri of one client is none for another.
  const stolen = returned(
    await browser
      .get(
        node,
        `/oidc/authorize?${new URLSearchParams({ client_id: 'spa', redirect_uri: CALLBACK, request_uri: pushed.body.request_uri ?? '' })}`,
      )
      .catch(() => answer),
  ).get('error');
  assert.equal(stolen, 'invalid_request_uri');
  const token = async (dpop: string | null, assertion = key.assertion(node, 'bank')) =>
    redeem(
      node,
      'bank',
      code,
      {
        client_assertion: await assertion,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      },
      dpop === null ? {} : { DPoP: dpop },
    );
  assert.equal((await token(null)).body.error, 'invalid_dpop_proof');
  const first = await token(await proof.proof(node, 'POST', '/oidc/token'));
  assert.equal(first.body.error, 'use_dpop_nonce');
  const nonce = String(first.headers['dpop-nonce']);
  const given = await token(await proof.proof(node, 'POST', '/oidc/token', { nonce }));
  assert.equal(given.body.token_type, 'DPoP', JSON.stringify(given.body));
  const access = given.body.access_token ?? '';
  const { cnf } = await claimsOf(node, access, 'at+jwt', ISSUER);
  assert.deepEqual(cnf, { jkt: await proof.thumbprint() });
  const ath = createHash('sha256').update(access).digest('base64url');
  const userinfo = async (scheme: string, dpop: string | null) => {
    const headers = { Authorization: `${scheme} ${access}`, ...(dpop === null ? {} : { DPoP: dpop }) };
    return (await node.ask({ path: '/oidc/userinfo', headers })).status;
  };
  const good = await proof.proof(node, 'GET', '/oidc/userinfo', { nonce, ath });
  assert.equal(await userinfo('DPoP', good), 200);
  assert.equal(await userinfo('DPoP', good), 400, 'a proof is good once');
  assert.equal(await userinfo('Bearer', null), 401);
  assert.equal(await userinfo('DPoP', null), 400);
  assert.equal(await userinfo('DPoP', await proof.proof(node, 'GET', '/oidc/userinfo', { nonce })), 400, 'no ath');
  assert.equal(await userinfo('DPoP', await proof.proof(node, 'POST', '/oidc/userinfo', { nonce, ath })), 400);
  assert.equal(await userinfo('DPoP', await proof.proof(node, 'GET', '/oidc/token', { nonce, ath })), 400);
  assert.equal(await userinfo('DPoP', await new ClientKey().proof(node, 'GET', '/oidc/userinfo', { nonce, ath })), 401);
  assert.equal(
    await userinfo('DPoP', await proof.proof(node, 'GET', '/oidc/userinfo', { nonce, ath }, { typ: 'JWT' })),
    400,
  );
});

const assertions: readonly {
  readonly name: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: object;
  readonly by?: ClientKey;
}[] = [
  // CVE-2025-27370/27371: an audience of a token endpoint, or several, let one server’s assertions be used at another.
  { name: 'aud is the token endpoint', claims: { aud: `${ISSUER}/oidc/token` } },
  { name: 'aud is a list', claims: { aud: [ISSUER] } },
  { name: 'another issuer', claims: { iss: 'wiki' } },
  { name: 'another subject', claims: { sub: 'wiki' } },
  { name: 'expired', claims: { exp: 1 } },
  { name: 'too long-lived', claims: { exp: 4_000_000_000 } },
  { name: 'no jti', claims: { jti: undefined } },
  { name: 'a request object', header: { typ: 'oauth-authz-req+jwt' } },
  { name: 'a DPoP proof', header: { typ: 'dpop+jwt' } },
  { name: 'another key', by: new ClientKey() },
];
for (const { name, claims = {}, header = {}, by = key } of assertions) {
  test(`private_key_jwt: ${name} is refused`, async () => {
    const { body } = await redeem(node, 'bank', 'x', {
      client_assertion: await by.assertion(node, 'bank', claims, header),
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    assert.equal(body.error, 'invalid_client');
  });
}

test('an assertion is good once; alg none and a public key as an HMAC secret are none', async () => {
  const assertion = await key.assertion(node, 'bank');
  const use = async (one: string) =>
    (
      await redeem(node, 'bank', 'x', {
        client_assertion: one,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      })
    ).body.error;
  assert.equal(await use(assertion), 'invalid_dpop_proof', 'authenticated');
  assert.equal(await use(assertion), 'invalid_client');
  const [, payload] = assertion.split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  assert.equal(await use(`${none}.${payload}.`), 'invalid_client');
  const hs = Buffer.from('{"alg":"HS256"}').toString('base64url');
  assert.equal(await use(`${hs}.${payload}.AAAA`), 'invalid_client');
});

test('CORS: scripts of registered origins, and no others', async () => {
  const preflight = (origin: string) =>
    node.ask({
      path: '/oidc/token',
      method: 'OPTIONS' as 'GET',
      headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
    });
  const allowed = await preflight('https://wiki.example.org');
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers['access-control-allow-origin'], 'https://wiki.example.org');
  assert.match(String(allowed.headers['access-control-allow-headers']), /DPoP/);
  assert.equal(allowed.headers['access-control-allow-credentials'], undefined);
  for (const origin of [
    'https://evil.example',
    'null',
    'https://wiki.example.org.evil.example',
    'http://wiki.example.org',
  ]) {
    assert.equal((await preflight(origin)).headers['access-control-allow-origin'], undefined, origin);
  }
});

test('what cannot be read is told as JSON', async () => {
  const twice = await node.ask({ path: '/oidc/token', body: 'code=a&code=b' });
  assert.equal(twice.status, 400);
  assert.equal(JSON.parse(twice.text).error, 'invalid_request');
  const large = await node.ask({ path: '/oidc/token', body: `code=${'x'.repeat(300_000)}` });
  assert.equal(JSON.parse(large.text).error, 'invalid_request');
});

// RFC 9110 §15.5.6: whoever tries an endpoint with a browser or a plain curl learns what it takes.
for (const path of ['/oidc/token', '/oidc/par', '/oidc/introspect', '/oidc/revoke']) {
  test(`GET ${path} is answered in JSON: POST only`, async () => {
    const { status, text, headers } = await node.ask({ path: `${path}?code=x` });
    assert.deepEqual([status, headers.allow], [405, 'POST']);
    assert.deepEqual(JSON.parse(text), {
      error: 'invalid_request',
      error_description: 'This endpoint takes POST only.',
    });
  });
}
