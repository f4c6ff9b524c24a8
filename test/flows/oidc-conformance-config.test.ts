// The OpenID Config OP profile, as oidc-conformance.test.ts does the others.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { authorizePath, ISSUER } from '../support/oidc.ts';
import { startSuiteNode, suiteIn } from '../support/oidc-suite.ts';
import type { OneNode } from '../support/one-node.ts';
import { PersonBrowser } from '../support/person.ts';

let node: OneNode;
before(async () => {
  node = await startSuiteNode();
});
after(() => node.close());

test('oidcc-config: oidcc-discovery-endpoint-verification', async () => {
  const answer = await node.ask({ path: '/.well-known/openid-configuration' });
  assert.match(String(answer.headers['content-type']), /^application\/json/);
  const document = JSON.parse(answer.text);
  assert.equal(document.issuer, ISSUER);
  for (const name of ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri']) {
    assert.ok(document[name].startsWith(`${ISSUER}/`), name);
  }
  assert.ok(document.response_types_supported.includes('code'));
  assert.ok(document.id_token_signing_alg_values_supported.includes('RS256'));
  assert.ok(document.scopes_supported.includes('openid'));
  assert.equal(document.claims_parameter_supported, true);
  assert.equal(document.request_uri_parameter_supported, false);
  assert.deepEqual(new Set(document.subject_types_supported), new Set(['public', 'pairwise']));
  const { keys } = JSON.parse((await node.ask({ path: new URL(document.jwks_uri).pathname })).text);
  assert.equal(new Set(keys.map(({ kid }: { kid: string }) => kid)).size, keys.length, 'a kid of its own for each key');
  for (const key of keys) assert.deepEqual([key.use, 'd' in key, 'k' in key], ['sig', false, false]);
});

const documentOf = async () => JSON.parse((await node.ask({ path: '/.well-known/openid-configuration' })).text);

// Initiating User Registration via OpenID Connect 1.0 §2 (prompt_values_supported): a client asks for what it says, and no more.
test('every prompt that is announced is understood, and no other', async () => {
  const { prompt_values_supported: announced } = await documentOf();
  const { errorOf } = suiteIn('query');
  for (const prompt of ['none', 'login', 'consent', 'select_account', 'create']) {
    const browser = new PersonBrowser();
    const { status, headers } = await browser.get(node, authorizePath('suite', { prompt }));
    assert.equal(status, 303);
    const isUnderstood = headers.location?.startsWith('/flow/') || prompt === 'none';
    assert.equal(isUnderstood, announced.includes(prompt), prompt);
  }
  assert.equal(await errorOf(node, new PersonBrowser(), { prompt: 'none' }), 'login_required');
});

// RFC 8414 §2: without the second a client does not know what to sign with.
test('an endpoint that takes signed assertions says with which algorithms', async () => {
  const document = await documentOf();
  for (const endpoint of ['token', 'introspection', 'revocation']) {
    assert.ok(document[`${endpoint}_endpoint_auth_methods_supported`].includes('private_key_jwt'));
    const algorithms = document[`${endpoint}_endpoint_auth_signing_alg_values_supported`];
    assert.ok(algorithms?.includes('ES256') && !algorithms.includes('none'), endpoint);
  }
});
