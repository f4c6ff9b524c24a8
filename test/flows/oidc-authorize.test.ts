// The authorization endpoint over HTTP: the code flow's front half, every response mode, single sign-on from SAML.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { type Answer, type OneNode, startOneNode } from '../support/one-node.ts';
import { heading, PersonBrowser, statusOf } from '../support/person.ts';

const CALLBACK = 'https://wiki.example.org/callback';
const VERIFIER = 'v'.repeat(43);
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
const ISSUER = 'https://idp.example.org';

let node: OneNode;
before(async () => {
  node = await startOneNode({
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    clients: [
      { client_id: 'wiki', token_endpoint_auth_method: 'none', redirect_uris: [CALLBACK, `${CALLBACK}?tenant=a`] },
      {
        client_id: 'old',
        token_endpoint_auth_method: 'none',
        response_types: ['code id_token', 'id_token', 'code'],
        grant_types: ['authorization_code', 'implicit'],
        redirect_uris: [CALLBACK],
        id_token_signed_response_alg: 'ES256',
      },
      {
        client_id: 'app',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['http://127.0.0.1/cb', 'http://127.0.0.1:7000/ported'],
      },
    ],
  });
});
after(() => node.close());

interface Params {
  readonly [name: string]: string | undefined;
}

function path(changes: Params = {}): string {
  const parameters = {
    client_id: 'wiki',
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: 'openid email',
    state: 'st&te="1"',
    nonce: 'n-1',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...changes,
  };
  const given = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return `/oidc/authorize?${new URLSearchParams(given)}`;
}

/** What came back to the client in the query, or after the hash sign. */
function returned(answer: Answer): URLSearchParams {
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  const url = new URL(answer.headers.location ?? '');
  return new URLSearchParams(url.hash === '' ? url.search : url.hash.slice(1));
}

async function signIn(browser: PersonBrowser, changes: Params = {}): Promise<Answer> {
  const started = await browser.get(node, path(changes));
  assert.equal(started.status, 303);
  const flow = started.headers.location ?? '';
  assert.match(flow, /^\/flow\//);
  const page = await browser.get(node, flow);
  assert.equal(heading(page), 'Sign in');
  return browser.login(node, flow, page);
}

async function verified(token: string) {
  const { keys } = JSON.parse((await node.ask({ path: '/oidc/jwks' })).text);
  const options = { issuer: ISSUER, typ: 'JWT', currentDate: new Date(node.time.now * 1000) };
  return jwtVerify(token, createLocalJWKSet({ keys }), options);
}

test('a password, then a code with state and iss; the next client needs no page', async () => {
  const browser = new PersonBrowser();
  const first = returned(await signIn(browser));
  assert.equal(first.get('state'), 'st&te="1"');
  assert.equal(first.get('iss'), ISSUER);
  assert.ok((first.get('code') ?? '').length <= 1024);
  const second = returned(await browser.get(node, path({ client_id: 'old', state: 'two' })));
  assert.equal(second.get('state'), 'two');
  assert.notEqual(second.get('code'), first.get('code'));
});

test('single sign-on from SAML to OpenID Connect and back', async () => {
  const browser = new PersonBrowser();
  const { answer, flowPath } = await browser.start(node, { now: node.time.now });
  assert.equal(statusOf(await browser.login(node, flowPath ?? '', answer)), 'Success');
  assert.ok(returned(await browser.get(node, path())).has('code'));
  const again = await browser.start(node, { now: node.time.now });
  assert.equal(statusOf(again.answer), 'Success');
});

test('an ID token in the fragment: signed, with nonce, c_hash, acr and amr', async () => {
  const browser = new PersonBrowser();
  const answer = await signIn(browser, { client_id: 'old', response_type: 'id_token code' });
  assert.match(answer.headers.location ?? '', /#/);
  const parameters = returned(answer);
  const { payload, protectedHeader } = await verified(parameters.get('id_token') ?? '');
  assert.equal(protectedHeader.alg, 'ES256');
  assert.equal(payload.nonce, 'n-1');
  assert.equal(payload.aud, 'old');
  assert.deepEqual(payload.amr, ['pwd']);
  const half = createHash('sha256')
    .update(parameters.get('code') ?? '')
    .digest()
    .subarray(0, 16);
  assert.equal(payload.c_hash, half.toString('base64url'));
  assert.equal(payload.email, undefined, 'userinfo has it');
  const alone = returned(await browser.get(node, path({ client_id: 'old', response_type: 'id_token' })));
  assert.equal(alone.has('code'), false);
  assert.equal((await verified(alone.get('id_token') ?? '')).payload.email, 'person@example.org');
});

test('every response mode carries the same parameters', async () => {
  const browser = new PersonBrowser();
  await signIn(browser);
  const fragment = await browser.get(node, path({ response_mode: 'fragment' }));
  assert.ok(new URL(fragment.headers.location ?? '').hash.includes('code='));
  const form = await browser.get(node, path({ response_mode: 'form_post' }));
  assert.equal(form.status, 200);
  assert.match(form.text, /action="https:\/\/wiki\.example\.org\/callback"/);
  assert.match(form.text, /name="state" value="st&amp;te=&quot;1&quot;"/);
  const jarm = returned(await browser.get(node, path({ response_mode: 'jwt' }))).get('response') ?? '';
  const { keys } = JSON.parse((await node.ask({ path: '/oidc/jwks' })).text);
  const options = {
    issuer: ISSUER,
    audience: 'wiki',
    typ: 'oauth-authz-resp+jwt',
    currentDate: new Date(node.time.now * 1000),
  };
  const { payload } = await jwtVerify(jarm, createLocalJWKSet({ keys }), options);
  assert.equal(payload.state, 'st&te="1"');
  assert.ok(payload.code);
});

test('a registered address keeps its own query', async () => {
  const browser = new PersonBrowser();
  const answer = await signIn(browser, { redirect_uri: `${CALLBACK}?tenant=a` });
  assert.ok((answer.headers.location ?? '').startsWith(`${CALLBACK}?tenant=a&code=`));
});

// RFC 8252 §7.3; RFC 6749 §4.1.3: the code is for the address that was asked for.
for (const [asked, where] of [
  ['http://127.0.0.1:51234/cb', 'a port of the day'],
  ['http://127.0.0.1/ported', 'no port, where one is registered'],
  ['http://127.0.0.1:7001/ported', 'another port than the registered one'],
] as const) {
  test(`a native app may listen on any port: ${where}`, async () => {
    const answer = await signIn(new PersonBrowser(), { client_id: 'app', redirect_uri: asked });
    const location = answer.headers.location ?? '';
    assert.ok(location.startsWith(`${asked}?code=`), location);
    const form = { grant_type: 'authorization_code', client_id: 'app', redirect_uri: asked, code_verifier: VERIFIER };
    const told = await node.ask({ path: '/oidc/token', form: { ...form, code: returned(answer).get('code') ?? '' } });
    assert.equal(told.status, 200, told.text);
  });
}

test('the page is posted to by a client: the session is found after the 303', async () => {
  const browser = new PersonBrowser();
  await signIn(browser);
  const form = Object.fromEntries(new URLSearchParams(path().split('?')[1]));
  const posted = await browser.postFromElsewhere(node, '/oidc/authorize', form);
  assert.equal(posted.status, 303);
  assert.ok(returned(await browser.get(node, posted.headers.location ?? '')).has('code'));
});

const told: readonly { readonly name: string; readonly changes: Params; readonly error: string }[] = [
  { name: 'no response_type', changes: { response_type: undefined }, error: 'invalid_request' },
  {
    name: 'an access token in the front channel',
    changes: { response_type: 'token' },
    error: 'unsupported_response_type',
  },
  { name: 'a type it is not registered for', changes: { response_type: 'id_token' }, error: 'unauthorized_client' },
  { name: 'no openid', changes: { scope: 'email' }, error: 'invalid_scope' },
  {
    name: 'more than a code can hold',
    changes: {
      nonce: 'n'.repeat(128),
      claims: JSON.stringify({ userinfo: { ['a'.repeat(60)]: null, ['b'.repeat(60)]: null } }),
    },
    error: 'invalid_request',
  },
  { name: 'an unknown mode', changes: { response_mode: 'web_message' }, error: 'invalid_request' },
  // RFC 9700 §4.8: PKCE downgrade.
  {
    name: 'no PKCE',
    changes: { code_challenge: undefined, code_challenge_method: undefined },
    error: 'invalid_request',
  },
  { name: 'PKCE plain', changes: { code_challenge_method: 'plain' }, error: 'invalid_request' },
  {
    name: 'PKCE plain by leaving the method out',
    changes: { code_challenge_method: undefined },
    error: 'invalid_request',
  },
  { name: 'a short challenge', changes: { code_challenge: 'abc' }, error: 'invalid_request' },
  { name: 'an unknown prompt', changes: { prompt: 'create' }, error: 'invalid_request' },
  { name: 'none and login', changes: { prompt: 'none login' }, error: 'invalid_request' },
  { name: 'a max_age that is no number', changes: { max_age: '-1' }, error: 'invalid_request' },
  { name: 'claims that are no JSON', changes: { claims: '{' }, error: 'invalid_request' },
  {
    name: 'an essential acr that nobody can have',
    changes: { claims: '{"id_token":{"acr":{"essential":true,"value":"urn:x"}}}' },
    error: 'unmet_authentication_requirements',
  },
  {
    name: 'an essential acr above what is possible here',
    changes: { claims: '{"id_token":{"acr":{"essential":true,"value":"phrh"}}}' },
    error: 'unmet_authentication_requirements',
  },
  // RFC 9101 §10.5: server-side request forgery.
  {
    name: 'a request by reference',
    changes: { request_uri: 'https://evil.example/request' },
    error: 'request_uri_not_supported',
  },
  {
    name: 'a pushed request that nobody pushed',
    changes: { request_uri: 'urn:ietf:params:oauth:request_uri:AQ' },
    error: 'invalid_request_uri',
  },
  {
    name: 'a request object of a client without keys',
    changes: { request: 'e30.e30.' },
    error: 'invalid_request_object',
  },
  { name: 'registration', changes: { registration: '{}' }, error: 'registration_not_supported' },
  { name: 'a resource that is not its own', changes: { resource: 'https://api.example.org' }, error: 'invalid_target' },
  { name: 'a hint that is no ID token', changes: { id_token_hint: 'e30.e30.e30' }, error: 'invalid_request' },
  { name: 'a state too long', changes: { state: 'x'.repeat(513) }, error: 'invalid_request' },
  { name: 'prompt=none without a session', changes: { prompt: 'none' }, error: 'login_required' },
];
for (const { name, changes, error } of told) {
  test(`told to the client: ${name}`, async () => {
    const parameters = returned(await new PersonBrowser().get(node, path(changes)));
    assert.equal(parameters.get('error'), error);
    assert.equal(parameters.get('iss'), ISSUER);
    assert.match(parameters.get('error_description') ?? '', /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/, 'RFC 6749 §4.1.2.1');
    assert.equal(parameters.has('code'), false);
  });
}

// RFC 6749 §4.1.2.1, RFC 9700 §4.11: an address that is not verified is never gone to.
const shown: readonly { readonly name: string; readonly changes: Params }[] = [
  { name: 'an unknown client', changes: { client_id: 'evil' } },
  { name: 'a client called __proto__', changes: { client_id: '__proto__' } },
  { name: 'no client', changes: { client_id: undefined } },
  { name: 'no address', changes: { redirect_uri: undefined } },
  { name: 'another address', changes: { redirect_uri: 'https://evil.example/callback' } },
  { name: 'an address with something behind it', changes: { redirect_uri: `${CALLBACK}/../evil` } },
  { name: 'an address with another case', changes: { redirect_uri: CALLBACK.replace('wiki', 'WIKI') } },
  { name: 'an address with a port', changes: { redirect_uri: CALLBACK.replace('.org', '.org:443') } },
  {
    name: 'an address with a user name',
    changes: { redirect_uri: CALLBACK.replace('//', '//wiki.example.org@evil.example/') },
  },
  { name: 'an address of another client', changes: { redirect_uri: 'http://127.0.0.1/cb' } },
  { name: 'an address with a fragment', changes: { redirect_uri: `${CALLBACK}#x` } },
  {
    name: 'a wrong address beside another error',
    changes: { redirect_uri: 'https://evil.example/', response_type: 'x' },
  },
];
for (const { name, changes } of shown) {
  test(`shown on a page: ${name}`, async () => {
    const answer = await new PersonBrowser().get(node, path(changes));
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.location, undefined);
    assert.match(answer.text, /reference/i);
  });
}

test('a repeated address is not believed, whichever of the two is registered', async () => {
  for (const both of [
    `${path()}&redirect_uri=https%3A%2F%2Fevil.example%2F`,
    `${path({ redirect_uri: 'https://evil.example/' })}&redirect_uri=${encodeURIComponent(CALLBACK)}`,
  ]) {
    assert.equal((await new PersonBrowser().get(node, both)).status, 400);
  }
  const state = returned(await new PersonBrowser().get(node, `${path()}&nonce=other`));
  assert.equal(state.get('error'), 'invalid_request');
});

test('prompt=login asks again, max_age asks when the session is older, select_account never finishes by itself', async () => {
  const browser = new PersonBrowser();
  await signIn(browser);
  for (const prompt of ['login', 'select_account']) {
    assert.match((await browser.get(node, path({ prompt }))).headers.location ?? '', /^\/flow\//, prompt);
  }
  assert.ok(returned(await browser.get(node, path({ max_age: '300' }))).has('code'));
  assert.match((await browser.get(node, path({ max_age: '0' }))).headers.location ?? '', /^\/flow\//);
  assert.ok(returned(await browser.get(node, path({ prompt: 'none' }))).has('code'));
});

test('a hint names the person; somebody else is not answered for', async () => {
  const alice = new PersonBrowser();
  const answer = await signIn(alice, { client_id: 'old', response_type: 'id_token', state: 'h' });
  const hint = returned(answer).get('id_token') ?? '';
  assert.ok(
    returned(await alice.get(node, path({ client_id: 'old', id_token_hint: hint, prompt: 'none' }))).has('code'),
  );
  const bob = new PersonBrowser();
  const started = await bob.get(node, path());
  await bob.login(node, started.headers.location ?? '', await bob.get(node, started.headers.location ?? ''), 'bob');
  const refused = returned(await bob.get(node, path({ client_id: 'old', id_token_hint: hint, prompt: 'none' })));
  assert.equal(refused.get('error'), 'login_required');
  // A token of another client says nothing to this one (audience injection).
  const foreign = returned(await alice.get(node, path({ id_token_hint: hint, prompt: 'none' })));
  assert.equal(foreign.get('error'), 'invalid_request');
});

// OpenID Connect Core §5.5.1: a sub that the claims parameter demands is a demand for that very person.
test('a demanded sub: its person is answered for, anybody else is asked to sign in', async () => {
  const browser = new PersonBrowser();
  const answer = await signIn(browser, { client_id: 'old', response_type: 'id_token' });
  const { sub } = (await verified(returned(answer).get('id_token') ?? '')).payload;
  const demanding = (value: unknown) =>
    path({ client_id: 'old', prompt: 'none', claims: JSON.stringify({ id_token: { sub: { value } } }) });
  assert.ok(returned(await browser.get(node, demanding(sub))).has('code'));
  for (const value of ['somebody', `${sub}x`]) {
    const refused = returned(await browser.get(node, demanding(value)));
    assert.deepEqual([refused.get('error'), refused.has('code')], ['login_required', false], value);
  }
});

test('discovery names this issuer, and the keys are public', async () => {
  for (const address of ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']) {
    const answer = await node.ask({ path: address });
    const document = JSON.parse(answer.text);
    assert.equal(document.issuer, ISSUER);
    assert.equal(document.jwks_uri, `${ISSUER}/oidc/jwks`);
    assert.equal(answer.headers['access-control-allow-origin'], '*');
  }
  const { keys } = JSON.parse((await node.ask({ path: '/oidc/jwks' })).text);
  assert.deepEqual(keys.map((key: { alg: string }) => key.alg).toSorted(), ['ES256', 'RS256']);
  for (const key of keys)
    assert.deepEqual(
      Object.keys(key).filter((member) => ['d', 'p', 'q', 'k'].includes(member)),
      [],
    );
});
