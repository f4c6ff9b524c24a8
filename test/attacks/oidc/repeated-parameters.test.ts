// Parameters that stand twice: which of the two counts is what a checker and a user of a request may see differently.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { authorizePath, CALLBACK, codeOf, redeem, returned, VERIFIER } from '../../support/oidc.ts';
import { AFTERWARDS, API, AS_WIKI, attackedClients, OTHER_API, tokens } from '../../support/oidc-clients.ts';
import { type OneNode, startOneNode } from '../../support/one-node.ts';
import { PersonBrowser } from '../../support/person.ts';

let node: OneNode;
const alice = new PersonBrowser();
before(async () => {
  node = await startOneNode({ environment: { SIGNET_THROTTLE_ENABLED: 'false' }, clients: await attackedClients() });
  await codeOf(node, 'wiki', {}, alice);
});
after(() => node.close());

const AUTHORIZE = authorizePath('wiki').split('?')[1] ?? '';
const grant = { grant_type: 'authorization_code', redirect_uri: CALLBACK, code_verifier: VERIFIER };

/** Endpoint, a body that is good but for what is put behind it, and the names of which each is put there once more. */
const bodies: readonly (readonly [path: string, body: string, names: readonly string[]])[] = [
  [
    '/oidc/token',
    `${new URLSearchParams({ ...grant, code: 'CODE' })}`,
    ['grant_type', 'code', 'redirect_uri', 'code_verifier'],
  ],
  ['/oidc/token', 'grant_type=refresh_token&refresh_token=TOKEN&scope=openid', ['refresh_token', 'scope']],
  ['/oidc/par', AUTHORIZE, ['redirect_uri', 'scope', 'state', 'nonce', 'code_challenge', 'response_type']],
  ['/oidc/introspect', 'token=TOKEN', ['token']],
  ['/oidc/revoke', 'token=TOKEN', ['token']],
];

// RFC 6749 §3.1, §3.2, CWE-235 (HTTP parameter pollution): once, whatever the second one says.
test('in a body of a program nothing but a resource may be repeated', async () => {
  const held = await tokens(node, {}, alice);
  const code = await codeOf(node, 'wiki', {}, alice);
  for (const [path, template, names] of bodies) {
    const body = template.replace('CODE', code).replace('TOKEN', held.refresh_token ?? '');
    for (const name of names) {
      const value = new URLSearchParams(body).get(name) ?? '';
      for (const again of [value, 'other', '']) {
        const twice = `${body}&${name}=${encodeURIComponent(again)}`;
        const answer = await node.ask({ path, body: twice, headers: AS_WIKI });
        const told = JSON.parse(answer.text);
        assert.deepEqual([answer.status, told.error], [400, 'invalid_request'], `${path} ${name}`);
      }
    }
  }
  assert.equal((await redeem(node, 'wiki', code, {}, AS_WIKI)).status, 200, 'none of them used the code up');
});

// The exception is for the endpoints that have it (RFC 8707 §2), and for that name as it is written.
test('a repeated resource is refused where none is taken, and no other spelling of it is one', async () => {
  const held = await tokens(node, {}, alice);
  for (const path of ['/oidc/introspect', '/oidc/revoke']) {
    const body = `token=${held.access_token}&resource=a&resource=b`;
    assert.equal((await node.ask({ path, body, headers: AS_WIKI })).status, 400, path);
  }
  const pages = ['/oidc/end-session', '/logout', '/saml/idp/sso'];
  for (const path of pages) {
    assert.equal((await node.ask({ path, body: 'resource=a&resource=b' })).status, 400, path);
  }
  for (const name of ['Resource', 'resource[]', 'resources', 'RESOURCE']) {
    const body = `${AUTHORIZE}&${encodeURIComponent(name)}=a&${encodeURIComponent(name)}=b`;
    assert.equal((await node.ask({ path: '/oidc/par', body, headers: AS_WIKI })).status, 400, name);
  }
});

test('resources cannot be mixed from query and body', async () => {
  const code = await codeOf(node, 'wiki', { resource: API }, alice);
  const body = `${new URLSearchParams({ ...grant, code })}&resource=${encodeURIComponent(API)}`;
  const path = `/oidc/token?resource=${encodeURIComponent(OTHER_API)}&code=x`;
  const { status, text } = await node.ask({ path, body, headers: AS_WIKI });
  assert.equal(status, 200, 'a query of the token endpoint is not read (RFC 6749 §3.2)');
  const [, claims = ''] = JSON.parse(text).access_token.split('.');
  assert.equal(JSON.parse(Buffer.from(claims, 'base64url').toString()).aud, API);
});

test('a posted authorization request with something twice is no request', async () => {
  for (const name of ['redirect_uri', 'client_id', 'state', 'scope']) {
    const answer = await node.ask({ path: '/oidc/authorize', body: `${AUTHORIZE}&${name}=x` });
    assert.deepEqual([answer.status, answer.headers.location], [400, undefined], name);
  }
  const both = `${AUTHORIZE}&resource=${encodeURIComponent(API)}&resource=${encodeURIComponent(`${API}/`)}`;
  assert.equal(returned(await node.ask({ path: '/oidc/authorize', body: both })).get('error'), 'invalid_target');
});

// CWE-601, CWE-444: what is posted goes on as an address; only what end-session knows may stand in it.
test('a posted end of session goes on with the parameters that it has, and with no other', async () => {
  const known = { id_token_hint: 'h', client_id: 'wiki', post_logout_redirect_uri: AFTERWARDS, state: 's&t=1' };
  const posted = async (form: Readonly<Record<string, string>>) =>
    alice.copy().postFromElsewhere(node, '/oidc/end-session', form);
  const { status, headers } = await posted({ ...known, x: 'y', form_token: 'z', logout_hint: 'alice', __proto__: 'p' });
  assert.equal(status, 303);
  const location = new URL(headers.location ?? '', 'https://idp.example.org');
  assert.equal(location.pathname, '/oidc/end-session');
  assert.deepEqual(Object.fromEntries(location.searchParams), known);
  const long: Readonly<Record<string, number>> = { id_token_hint: 4097, state: 513, post_logout_redirect_uri: 513 };
  for (const [name, length] of Object.entries(long)) {
    const answer = await posted({ ...known, [name]: 'x'.repeat(length) });
    assert.deepEqual([answer.status, answer.headers.location], [400, undefined], name);
  }
});
