// The OpenID Config and Form Post OP profiles, module by module, as oidc-conformance.test.ts does the Basic one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { parseForms } from '../support/forms.ts';
import { CALLBACK, ISSUER } from '../support/oidc.ts';
import { startSuiteNode, token, visit } from '../support/oidc-suite.ts';
import type { Answer, OneNode } from '../support/one-node.ts';
import { PersonBrowser } from '../support/person.ts';
import { fieldOf } from '../support/sign-in.ts';

let node: OneNode;
before(async () => {
  node = await startSuiteNode();
});
after(() => node.close());

type Module = readonly [name: string, run: (browser: PersonBrowser) => Promise<void>];

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
/** What a page that posts itself carries (OAuth 2.0 Form Post Response Mode). */
function posted(answer: Answer): ReadonlyMap<string, string> {
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  assert.match(String(answer.headers['cache-control']), /no-store/);
  const form = parseForms(answer.text).find(({ action }) => action === CALLBACK) ?? assert.fail('no form');
  assert.equal(form.method, 'post');
  return new Map(
    ['code', 'state', 'iss', 'error'].flatMap((name) => {
      const value = fieldOf(form, name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

const FORM_POST: readonly Module[] = [
  [
    'oidcc-server',
    async (browser) => {
      const parameters = posted((await visit(node, browser, { response_mode: 'form_post' })).answer);
      assert.deepEqual([parameters.get('state'), parameters.get('iss')], ['s', ISSUER]);
      const { body } = await token(node, parameters.get('code') ?? '');
      const { keys } = JSON.parse((await node.ask({ path: '/oidc/jwks' })).text);
      const options = { audience: 'suite', currentDate: new Date(node.time.now * 1000) };
      assert.ok((await jwtVerify(body.id_token ?? '', createLocalJWKSet({ keys }), options)).payload.sub);
    },
  ],
  [
    'oidcc-prompt-none-not-logged-in',
    async (browser) => {
      const { answer } = await visit(node, browser, { response_mode: 'form_post', prompt: 'none' });
      assert.deepEqual([posted(answer).get('error'), posted(answer).get('state')], ['login_required', 's']);
    },
  ],
  [
    'oidcc-response-type-missing',
    async (browser) => {
      const { answer } = await visit(node, browser, { response_mode: 'form_post', response_type: undefined });
      assert.equal(posted(answer).get('error'), 'invalid_request');
    },
  ],
  [
    'oidcc-ensure-registered-redirect-uri',
    async (browser) => {
      const { answer } = await visit(node, browser, {
        response_mode: 'form_post',
        redirect_uri: 'https://evil.example/',
      });
      assert.equal(answer.status, 400);
      assert.doesNotMatch(answer.text, /evil\.example/);
    },
  ],
];
for (const [module, run] of FORM_POST) test(`oidcc-formpost-basic: ${module}`, () => run(new PersonBrowser()));
