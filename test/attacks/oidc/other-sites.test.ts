// What other sites may have a browser do: read answers by scripts, sign people out, be sent on; and what is written down.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { authorizePath, CALLBACK, call, codeOf, redeem, returned } from '../../support/oidc.ts';
import { AFTERWARDS, AS_WIKI, attackedClients, forged, tokens } from '../../support/oidc-clients.ts';
import { type OneNode, startOneNode } from '../../support/one-node.ts';
import { formTokenOf, heading, PersonBrowser } from '../../support/person.ts';

let node: OneNode;
before(async () => {
  node = await startOneNode({
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    clients: await attackedClients(),
  });
});
after(() => node.close());

// CWE-942, OWASP WSTG-CLNT-07.
test('scripts of other origins read nothing but what is public, and never with cookies', async () => {
  const strangers = [
    'https://evil.example',
    'null',
    'http://wiki.example.org',
    'https://wiki.example.org.evil.example',
    'https://wiki.example.org:444',
    'org.example.app:',
    'http://127.0.0.1:1',
  ];
  const paths = [
    '/oidc/token',
    '/oidc/userinfo',
    '/oidc/par',
    '/oidc/revoke',
    '/oidc/introspect',
    '/oidc/authorize',
    '/oidc/end-session',
    '/logout',
    '/',
  ];
  for (const Origin of strangers) {
    for (const path of paths) {
      for (const method of ['GET', 'POST', 'OPTIONS'] as const) {
        const answer = await node.ask({
          path,
          method: method as 'GET',
          headers: { Origin, 'Access-Control-Request-Method': 'POST' },
        });
        assert.equal(answer.headers['access-control-allow-origin'], undefined, `${Origin} ${method} ${path}`);
      }
    }
  }
  for (const path of [...paths, '/oidc/jwks', '/.well-known/openid-configuration']) {
    const { headers } = await node.ask({ path, headers: { Origin: 'https://wiki.example.org' } });
    assert.equal(headers['access-control-allow-credentials'], undefined, path);
  }
  const Origin = 'https://wiki.example.org';
  const introspected = await call(node, '/oidc/introspect', { token: 'x' }, { ...AS_WIKI, Origin });
  assert.equal(introspected.status, 200);
  assert.equal(introspected.headers['access-control-allow-origin'], undefined, 'a page has no secret to ask with');
  const revoked = await call(node, '/oidc/revoke', { token: 'x' }, { ...AS_WIKI, Origin });
  assert.equal(revoked.headers['access-control-allow-origin'], Origin);
  const own = await node.ask({ path: '/oidc/authorize', headers: { Origin: 'https://wiki.example.org' } });
  assert.equal(own.headers['access-control-allow-origin'], undefined, 'a page is for people, not for scripts');
});

// OpenID Connect RP-Initiated Logout §6, CWE-601, CWE-352.
test('ending a session: no address that is not registered, and nobody signed out by a stranger', async () => {
  const browser = new PersonBrowser();
  const held = await tokens(node, {}, browser);
  const signedIn = async () =>
    returned(await browser.copy().get(node, authorizePath('wiki', { prompt: 'none' }))).has('code');
  const end = (parameters: Readonly<Record<string, string>>) =>
    browser.copy().get(node, `/oidc/end-session?${new URLSearchParams(parameters)}`);
  const addresses = [
    'https://evil.example/',
    `${AFTERWARDS}/`,
    `${AFTERWARDS}?x`,
    `${AFTERWARDS}.evil.example`,
    CALLBACK,
    '//evil.example',
    'javascript:alert(1)',
    `${AFTERWARDS}\r\nX: y`,
  ];
  for (const post_logout_redirect_uri of addresses) {
    for (const who of [{ client_id: 'wiki' }, { id_token_hint: held.id_token ?? '' }, { client_id: 'spa' }, {}]) {
      const answer = await end({ post_logout_redirect_uri, ...who } as Record<string, string>);
      assert.equal(answer.headers.location, undefined, post_logout_redirect_uri);
      assert.equal(answer.status, 400);
    }
  }
  const without = await end({ post_logout_redirect_uri: AFTERWARDS });
  assert.equal(without.headers.location, undefined, 'without a client nobody has registered it');
  const stranger = await tokens(node, {}, new PersonBrowser());
  for (const hint of [
    '',
    stranger.id_token ?? '',
    held.access_token ?? '',
    forged(held.id_token ?? '', { alg: 'none', typ: 'JWT' }),
  ]) {
    const answer = await end({
      client_id: 'wiki',
      post_logout_redirect_uri: AFTERWARDS,
      ...(hint === '' ? {} : { id_token_hint: hint }),
    });
    assert.equal(answer.headers.location, undefined);
  }
  assert.equal((await end({ client_id: 'other', id_token_hint: held.id_token ?? '' })).status, 400, 'two clients');
  assert.ok(await signedIn(), 'nobody was signed out');
  const page = await end({ client_id: 'wiki', post_logout_redirect_uri: AFTERWARDS, state: 's' });
  const form = { form_token: formTokenOf(page), client_id: 'wiki', post_logout_redirect_uri: 'https://evil.example/' };
  const foreign = await browser.copy().post(node, '/logout', form, { 'Sec-Fetch-Site': 'cross-site' });
  assert.equal(foreign.status, 403);
  assert.ok(await signedIn());
  const left = await browser.copy().post(node, '/logout', form);
  assert.equal(left.headers.location, undefined, 'changed on the page: our own page instead');
  assert.notEqual(heading(left), '');
});

// CWE-352: a link that a browser follows ahead of time, and what is loaded into another page.
for (const headers of [
  { 'Sec-Purpose': 'prefetch' },
  { 'Sec-Purpose': 'prefetch;prerender' },
  { 'Sec-Fetch-Dest': 'iframe' },
  { 'Sec-Fetch-Dest': 'image' },
  { 'Sec-Fetch-Dest': 'empty' },
]) {
  test(`nobody is signed out by what they did not open: ${Object.values(headers)}`, async () => {
    const browser = new PersonBrowser();
    const held = await tokens(node, {}, browser);
    for (const query of [`id_token_hint=${held.id_token}`, 'client_id=wiki', '']) {
      const answer = await browser.get(node, `/oidc/end-session?${query}`, headers);
      assert.deepEqual([answer.status, answer.setCookies], [403, []]);
      assert.equal(heading(answer), 'Open this page by itself');
    }
    assert.equal((await browser.get(node, '/logout', headers)).status, 403);
    assert.ok(returned(await browser.get(node, authorizePath('wiki', { prompt: 'none' }))).has('code'));
    const opened = await browser.get(node, `/oidc/end-session?id_token_hint=${held.id_token}`);
    assert.equal(heading(opened), 'You are signed out');
  });
}

test('nothing secret stands in log and audit', async () => {
  const browser = new PersonBrowser();
  const held = await tokens(node, { scope: 'openid offline_access' }, browser);
  const code = await codeOf(node, 'wiki', {}, browser);
  await redeem(node, 'wiki', `${code}x`, {}, AS_WIKI);
  await redeem(node, 'wiki', code, { code_verifier: 'v'.repeat(43) }, AS_WIKI);
  await call(node, '/oidc/token', { grant_type: 'refresh_token', refresh_token: held.refresh_token }, AS_WIKI);
  await call(node, '/oidc/revoke', { token: held.refresh_token }, AS_WIKI);
  await browser.get(node, `/oidc/end-session?id_token_hint=${held.id_token}`);
  const written = node.written();
  for (const secret of [
    code,
    held.access_token,
    held.refresh_token,
    held.id_token,
    'v'.repeat(43),
    AS_WIKI.Authorization,
  ]) {
    assert.ok(secret !== undefined && !written.includes(secret.slice(0, 40)));
  }
});
