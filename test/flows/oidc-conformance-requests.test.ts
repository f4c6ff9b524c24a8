// The OpenID Basic and Form Post OP profiles, as oidc-conformance.test.ts does them: what a request may say, and what is told
// to the client or shown to the person when it says something wrong.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { authorizePath, CALLBACK, claimsOf } from '../support/oidc.ts';
import {
  basicAndFormPost,
  later,
  type SuiteMode,
  type SuiteModule,
  startSuiteNode,
  suiteIn,
  token,
} from '../support/oidc-suite.ts';
import type { OneNode } from '../support/one-node.ts';

let node: OneNode;
before(async () => {
  node = await startSuiteNode();
});
after(() => node.close());

function modulesIn(mode: SuiteMode): readonly SuiteModule[] {
  const { usual, addressOf, parametersOf, visit, tokensFor, idClaims, errorOf } = suiteIn(mode);
  return [
    [
      'oidcc-response-type-missing',
      async (browser) => assert.equal(await errorOf(node, browser, { response_type: undefined }), 'invalid_request'),
    ],
    ...['page', 'popup'].map(
      (display): SuiteModule => [
        `oidcc-display-${display}`,
        async (browser) => assert.ok((await idClaims(node, browser, { display })).sub),
      ],
    ),
    [
      'oidcc-prompt-login',
      async (browser) => {
        const first = await idClaims(node, browser);
        await later(node, 2, async () => {
          const { answer, asked } = await visit(node, browser, { prompt: 'login' });
          assert.ok(asked);
          const { body } = await token(node, parametersOf(answer).get('code') ?? '');
          const second = await claimsOf(node, body.id_token ?? '', 'JWT', 'suite');
          assert.ok(Number(second.auth_time) > Number(first.auth_time));
          assert.equal(second.sub, first.sub);
        });
      },
    ],
    [
      'oidcc-prompt-none-not-logged-in',
      async (browser) => assert.equal(await errorOf(node, browser, { prompt: 'none' }), 'login_required'),
    ],
    [
      'oidcc-prompt-none-logged-in',
      async (browser) => {
        const first = await idClaims(node, browser);
        const second = await idClaims(node, browser, { prompt: 'none' });
        assert.deepEqual([second.sub, second.auth_time], [first.sub, first.auth_time]);
      },
    ],
    [
      'oidcc-max-age-1',
      async (browser) => {
        const first = await idClaims(node, browser, { max_age: '15000' });
        await later(node, 2, async () => {
          const { answer, asked } = await visit(node, browser, { max_age: '1' });
          assert.ok(asked, 'the proof is older than a second');
          const { body } = await token(node, parametersOf(answer).get('code') ?? '');
          const second = await claimsOf(node, body.id_token ?? '', 'JWT', 'suite');
          assert.ok(Number(second.auth_time) > Number(first.auth_time));
        });
      },
    ],
    [
      'oidcc-max-age-10000',
      async (browser) => {
        const first = await idClaims(node, browser, { max_age: '10000' });
        const { answer, asked } = await visit(node, browser, { max_age: '10000' });
        assert.equal(asked, false);
        const { body } = await token(node, parametersOf(answer).get('code') ?? '');
        assert.equal((await claimsOf(node, body.id_token ?? '', 'JWT', 'suite')).auth_time, first.auth_time);
      },
    ],
    [
      'oidcc-ensure-request-with-unknown-parameter-succeeds',
      async (browser) => assert.ok((await idClaims(node, browser, { extra: 'foobar' })).sub),
    ],
    [
      'oidcc-id-token-hint',
      async (browser) => {
        const { id_token: hint = '' } = await tokensFor(node, browser);
        const { sub } = await claimsOf(node, hint, 'JWT', 'suite');
        assert.equal((await idClaims(node, browser, { id_token_hint: hint, prompt: 'none' })).sub, sub);
      },
    ],
    ['oidcc-login-hint', async (browser) => assert.ok((await idClaims(node, browser, { login_hint: 'alice' })).sub)],
    ['oidcc-ui-locales', async (browser) => assert.ok((await idClaims(node, browser, { ui_locales: 'xx en' })).sub)],
    [
      'oidcc-claims-locales',
      async (browser) => assert.ok((await idClaims(node, browser, { claims_locales: 'se' })).sub),
    ],
    [
      'oidcc-ensure-request-with-acr-values-succeeds',
      async (browser) =>
        assert.ok((await idClaims(node, browser, { acr_values: 'https://refeds.org/profile/sfa 1 2' })).acr),
    ],
    [
      'oidcc-ensure-registered-redirect-uri',
      async (browser) => {
        const { answer } = await visit(node, browser, { redirect_uri: 'https://wiki.example.org/not-registered' });
        assert.deepEqual([answer.status, answer.headers.location], [400, undefined]);
        assert.doesNotMatch(answer.text, /not-registered/, 'nor is it named');
      },
    ],
    [
      'oidcc-redirect-uri-query-OK',
      async (browser) => {
        const { answer } = await visit(node, browser, { redirect_uri: `${CALLBACK}?dummy1=lorem&dummy2=ipsum` });
        const address = new URL(addressOf(answer)).searchParams;
        assert.deepEqual([address.get('dummy1'), address.get('dummy2')], ['lorem', 'ipsum']);
        assert.ok(parametersOf(answer).has('code'));
      },
    ],
    [
      'oidcc-redirect-uri-query-mismatch',
      async (browser) => {
        const { answer } = await visit(node, browser, { redirect_uri: `${CALLBACK}?dummy1=lorem&dummy2=other` });
        assert.deepEqual([answer.status, answer.headers.location], [400, undefined]);
      },
    ],
    [
      'oidcc-redirect-uri-query-added',
      async (browser) => {
        const { answer } = await visit(node, browser, { redirect_uri: `${CALLBACK}?foo=bar` });
        assert.deepEqual([answer.status, answer.headers.location], [400, undefined]);
      },
    ],
    [
      'oidcc-ensure-post-request-succeeds',
      async (browser) => {
        const form = Object.fromEntries(new URLSearchParams(authorizePath('suite', usual).split('?')[1]));
        const posted = await browser.postFromElsewhere(node, '/oidc/authorize', form);
        const flow = posted.headers.location ?? '';
        const answer = await browser.login(node, flow, await browser.get(node, flow));
        assert.ok(parametersOf(answer).has('code'));
      },
    ],
    [
      'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported',
      async (browser) => {
        const object = [
          '{"alg":"none"}',
          JSON.stringify({ client_id: 'suite', redirect_uri: CALLBACK, scope: 'openid', state: 'inside' }),
          '',
        ];
        const request = object.map((part) => Buffer.from(part).toString('base64url')).join('.');
        assert.equal(await errorOf(node, browser, { request }), 'invalid_request_object');
      },
    ],
    [
      'oidcc-ensure-request-object-with-redirect-uri',
      async (browser) => assert.equal(await errorOf(node, browser, { request: 'e30.e30.' }), 'invalid_request_object'),
    ],
  ];
}

basicAndFormPost(modulesIn);
