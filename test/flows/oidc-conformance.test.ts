// The OpenID Basic OP profile, module by module, and the Form Post OP profile, which is the same with other answers: what
// comes of a sign-in. What a request may say: oidc-conformance-requests.test.ts. Config: oidc-conformance-config.test.ts.
// Each row is named as in the OpenID Foundation's conformance suite (gitlab.com/openid/conformance-suite) and does, and
// expects, what that module does. Left out, because the profile makes them optional and Signet does not serve them: modules
// that fetch a request_uri (oidcc-request-uri-*: docs say why) and dynamic registration.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before } from 'node:test';
import { decodeProtectedHeader } from 'jose';
import { basic, CHALLENGE, call, claimsOf, ISSUER, VERIFIER } from '../support/oidc.ts';
import {
  basicAndFormPost,
  later,
  SUITE_AUTH,
  SUITE_SECRET,
  type SuiteMode,
  type SuiteModule,
  startSuiteNode,
  suiteIn,
  token,
  userinfo,
} from '../support/oidc-suite.ts';
import type { OneNode } from '../support/one-node.ts';

let node: OneNode;
before(async () => {
  node = await startSuiteNode();
});
after(() => node.close());

/** What a scope module asks for, and the claims that the test person has of it. */
const scopes = [
  { module: 'oidcc-scope-profile', scope: 'openid profile', claims: ['preferred_username'] },
  { module: 'oidcc-scope-email', scope: 'openid email', claims: ['email', 'email_verified'] },
  { module: 'oidcc-scope-address', scope: 'openid address', claims: [] },
  { module: 'oidcc-scope-phone', scope: 'openid phone', claims: [] },
  {
    module: 'oidcc-scope-all',
    scope: 'openid profile email address phone',
    claims: ['preferred_username', 'email', 'email_verified'],
  },
] as const;

function modulesIn(mode: SuiteMode): readonly SuiteModule[] {
  const { parametersOf, visit, codeFor, tokensFor, idClaims } = suiteIn(mode);
  return [
    [
      'oidcc-server',
      async (browser) => {
        const { answer } = await visit(node, browser);
        assert.equal(parametersOf(answer).get('state'), 's');
        const { body, headers } = await token(node, parametersOf(answer).get('code') ?? '');
        assert.equal(body.token_type, 'Bearer');
        assert.equal(headers['cache-control'], 'no-store');
        const claims = await claimsOf(node, body.id_token ?? '', 'JWT', 'suite');
        assert.equal(claims.iss, ISSUER);
        assert.ok(claims.sub !== undefined && claims.sub.length <= 255);
        const hash = createHash('sha256')
          .update(body.access_token ?? '')
          .digest();
        assert.equal(claims.at_hash, hash.subarray(0, 16).toString('base64url'));
      },
    ],
    [
      'oidcc-idtoken-signature',
      async (browser) => {
        const { id_token: idToken = '' } = await tokensFor(node, browser);
        const { keys } = JSON.parse((await node.ask({ path: '/oidc/jwks' })).text);
        const header = decodeProtectedHeader(idToken);
        assert.equal(header.alg, 'RS256', 'what the client is registered with');
        assert.equal(keys.filter(({ kid }: { kid: string }) => kid === header.kid).length, 1);
        assert.ok((await claimsOf(node, idToken, 'JWT', 'suite')).sub);
      },
    ],
    [
      'oidcc-ensure-request-with-valid-pkce-succeeds',
      async (browser) => {
        const pkce = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };
        const code = await codeFor(node, browser, pkce);
        assert.equal((await token(node, code)).body.error, 'invalid_grant', 'without its verifier');
        assert.equal((await token(node, code, 'suite', { code_verifier: VERIFIER })).status, 200);
      },
    ],
    [
      'oidcc-userinfo-get',
      async (browser) => {
        const { access_token: accessToken, id_token: idToken = '' } = await tokensFor(node, browser);
        const { sub } = await claimsOf(node, idToken, 'JWT', 'suite');
        assert.equal((await userinfo(node, 'GET', accessToken)).sub, sub);
      },
    ],
    [
      'oidcc-userinfo-post-header',
      async (browser) => assert.ok((await userinfo(node, 'POST', (await tokensFor(node, browser)).access_token)).sub),
    ],
    [
      // RFC 6750 §2.2 is optional and not served: the suite warns and goes on.
      'oidcc-userinfo-post-body',
      async (browser) => {
        const told = await call(node, '/oidc/userinfo', {
          access_token: (await tokensFor(node, browser)).access_token,
        });
        assert.equal(told.status, 401);
      },
    ],
    [
      'oidcc-ensure-request-without-nonce-succeeds-for-code-flow',
      async (browser) => assert.equal('nonce' in (await idClaims(node, browser, { nonce: undefined })), false),
    ],
    ...scopes.map(
      ({ module, scope, claims }): SuiteModule => [
        module,
        async (browser) => {
          const { access_token: accessToken, scope: granted } = await tokensFor(node, browser, { scope });
          assert.equal(granted, scope);
          const told = await userinfo(node, 'GET', accessToken);
          for (const claim of claims) assert.ok(told[claim] !== undefined, claim);
        },
      ],
    ),
    [
      'oidcc-ensure-other-scope-order-succeeds',
      async (browser) =>
        assert.ok(
          (await userinfo(node, 'GET', (await tokensFor(node, browser, { scope: 'email openid' })).access_token)).email,
        ),
    ],
    [
      'oidcc-codereuse',
      async (browser) => {
        const code = await codeFor(node, browser);
        assert.equal((await token(node, code)).status, 200);
        const { status, body } = await token(node, code);
        assert.deepEqual([status, body.error], [400, 'invalid_grant']);
      },
    ],
    [
      'oidcc-codereuse-30seconds',
      async (browser) => {
        const code = await codeFor(node, browser);
        const { body } = await token(node, code);
        await later(node, 30, async () => {
          assert.equal((await token(node, code)).body.error, 'invalid_grant');
          const headers = { Authorization: `Bearer ${body.access_token}` };
          assert.equal((await node.ask({ path: '/oidc/userinfo', headers })).status, 401, 'what it gave has ended');
        });
      },
    ],
    [
      'oidcc-server-client-secret-post',
      async (browser) => {
        const code = await codeFor(node, browser, {}, 'suite-post');
        assert.equal((await token(node, code, 'suite-post', { client_secret: SUITE_SECRET }, {})).status, 200);
      },
    ],
    [
      'oidcc-claims-essential',
      async (browser) => {
        const claims = JSON.stringify({ userinfo: { email: { essential: true } } });
        const { access_token: accessToken } = await tokensFor(node, browser, { claims, scope: 'openid email' });
        assert.equal((await userinfo(node, 'GET', accessToken)).email, 'person@example.org');
      },
    ],
    [
      'oidcc-refresh-token',
      async (browser) => {
        const first = await tokensFor(node, browser, { scope: 'openid offline_access', prompt: 'login' });
        const form = { grant_type: 'refresh_token', refresh_token: first.refresh_token };
        const { body } = await call(node, '/oidc/token', form, SUITE_AUTH);
        const [before, now] = await Promise.all(
          [first, body].map(({ id_token: idToken = '' }) => claimsOf(node, idToken, 'JWT', 'suite')),
        );
        // OpenID Connect Core §12.2: the same person, issuer and time of authentication.
        assert.deepEqual(
          [now?.iss, now?.sub, now?.aud, now?.auth_time],
          [before?.iss, before?.sub, before?.aud, before?.auth_time],
        );
        assert.notEqual(body.access_token, first.access_token);
        const code = await codeFor(node, browser, { scope: 'openid offline_access' });
        const own = await token(node, code);
        const stolen = { grant_type: 'refresh_token', refresh_token: own.body.refresh_token };
        const other = await call(node, '/oidc/token', stolen, basic('suite2', SUITE_SECRET));
        assert.equal(other.body.error, 'invalid_grant', 'of another client');
      },
    ],
  ];
}

basicAndFormPost(modulesIn);
