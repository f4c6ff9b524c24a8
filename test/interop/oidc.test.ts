// The reader in another language opens what the OpenID Provider gives away, and makes it again byte for byte.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decodeJwt } from 'jose';
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import { decodeCode } from '../../src/sealed/code-body.ts';
import { decodeRefresh } from '../../src/sealed/refresh-body.ts';
import { oidcCode, oidcRefresh } from '../../src/sealer/purpose.ts';
import { authorizePath, basic, CALLBACK, CHALLENGE, ClientKey, call, codeOf, redeem } from '../support/oidc.ts';
import { type OneNode, startOneNode } from '../support/one-node.ts';
import { PersonBrowser } from '../support/person.ts';
import { decoded, encodedAgain, type Found, requireDecoder, sealerOf } from './signet.ts';

const SECRET = 'a-secret-of-at-least-thirty-two-characters';
const API = 'https://api.example.org';
const key = new ClientKey();

let node: OneNode;
before(async () => {
  node = await startOneNode({
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    clients: [
      {
        client_id: 'wiki',
        client_secret_hash: hashClientSecret(SECRET, (size) => Buffer.alloc(size, 7)),
        redirect_uris: [CALLBACK],
        grant_types: ['authorization_code', 'refresh_token'],
        signet: { resources: [API] },
      },
      {
        // Whose refresh tokens are bound to its key (RFC 9449 §5).
        client_id: 'spa',
        token_endpoint_auth_method: 'none',
        redirect_uris: [CALLBACK],
        grant_types: ['authorization_code', 'refresh_token'],
        signet: { resources: [API] },
      },
    ],
  });
});
after(() => node.close());

const auth = basic('wiki', SECRET);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const FULL = {
  scope: 'openid email offline_access',
  resource: API,
  acr_values: 'https://refeds.org/profile/sfa',
  claims: '{"userinfo":{"name":null},"id_token":{"email":null}}',
};

async function nonceFor(path: string): Promise<string> {
  const proof = await key.proof(node, 'POST', path);
  const refused = await call(
    node,
    path,
    { grant_type: 'authorization_code', client_id: 'wiki' },
    { ...auth, DPoP: proof },
  );
  return String(refused.headers['dpop-nonce']);
}

function readTwice(found: Found) {
  const value = decoded(node, found);
  assert.equal(encodedAgain(node, value), found.token);
  return value.body;
}

test('a login cookie of an authorization request', async (t) => {
  if (!requireDecoder(t)) return;
  const browser = new PersonBrowser();
  await browser.get(node, authorizePath('wiki', { ...FULL, state: 'täglich' }));
  const [context = '', token = ''] = [...browser.cookies].find(([name]) => name.startsWith('__Host-signet_f_')) ?? [];
  const { party, protocol, pending } = readTwice({ purpose: 'login-flow', context, token });
  assert.deepEqual([party, protocol], ['oidc:wiki', 2]);
  const { state, nonce, codeChallenge, scopes, claims, acr, response } = pending as Record<string, unknown>;
  assert.deepEqual([state, nonce, scopes, acr], ['täglich', 'n-1', 0b1000101, [6]]);
  assert.equal(codeChallenge, Buffer.from(CHALLENGE, 'base64url').toString('hex'));
  assert.deepEqual(claims, { idToken: 'email', userinfo: 'name' });
  assert.deepEqual(response, { type: 0, mode: 0 });
});

test('a code, a refresh token, what stands in an access token, a DPoP nonce', async (t) => {
  if (!requireDecoder(t)) return;
  const nonce = await nonceFor('/oidc/token');
  assert.deepEqual(readTwice({ purpose: 'oidc-dpop-nonce', context: '', token: nonce }), {});

  const code = await codeOf(node, 'spa', FULL);
  const codeBody = readTwice({ purpose: 'oidc-code', context: 'spa', token: code });
  const opened = decodeCode(sealerOf(node).open(oidcCode, 'spa', code)?.body ?? Buffer.alloc(0));
  assert.ok(opened);
  assert.deepEqual(
    [codeBody.id, codeBody.sid, codeBody.account, codeBody.scopes, codeBody.redirectUri],
    [hex(opened.id), hex(opened.sid), opened.accountId, opened.scope, hex(opened.redirectUri)],
  );
  assert.deepEqual(codeBody.resources, opened.resources.map(hex));

  const proof = await key.proof(node, 'POST', '/oidc/token', { nonce });
  const { status, body } = await redeem(node, 'spa', code, {}, { DPoP: proof });
  assert.equal(status, 200, JSON.stringify(body));
  const refreshToken = body.refresh_token ?? '';
  const refresh = readTwice({ purpose: 'oidc-refresh', context: 'spa', token: refreshToken });
  const grant = decodeRefresh(sealerOf(node).open(oidcRefresh, 'spa', refreshToken)?.body ?? Buffer.alloc(0));
  assert.ok(grant);
  assert.deepEqual([refresh.family, refresh.generation, refresh.ends], [hex(grant.family), 0, grant.ends]);
  assert.equal(refresh.dpopKey, Buffer.from(await key.thumbprint(), 'base64url').toString('hex'));
  const { ref } = decodeJwt(body.access_token ?? '');
  const access = readTwice({ purpose: 'oidc-access', context: 'spa', token: String(ref) });
  assert.deepEqual([access.sid, access.family, access.claims], [codeBody.sid, refresh.family, 'name']);
});

test('a pushed request', async (t) => {
  if (!requireDecoder(t)) return;
  const form = {
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: 'openid',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
  };
  const { body } = await call(node, '/oidc/par', form, auth);
  const token = (body.request_uri ?? '').replace('urn:ietf:params:oauth:request_uri:', '');
  const { parameters, signed } = readTwice({ purpose: 'oidc-par', context: 'wiki', token });
  assert.equal(signed, 0);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(String(parameters))), { ...form, client_id: 'wiki' });
});
