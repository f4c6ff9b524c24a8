// panva's openid-client (OpenID-certified) does what it knows with two nodes that it is sent to in turn: every step but
// the person's is the library's, and it checks what it gets.
import assert from 'node:assert/strict';
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { after, before, test } from 'node:test';
import * as client from 'openid-client';
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import { CALLBACK, ISSUER } from '../support/oidc.ts';
import { type OneNode, startOneNode } from '../support/one-node.ts';
import { heading, PersonBrowser } from '../support/person.ts';

const SECRET = 'a-secret-of-at-least-thirty-two-characters';
const AFTERWARDS = 'https://wiki.example.org/signed-out';

interface KeyPair {
  readonly privateKey: webcrypto.CryptoKey;
  readonly publicJwk: webcrypto.JsonWebKey;
}

async function ecKey(): Promise<KeyPair> {
  const usages: webcrypto.KeyUsage[] = ['sign', 'verify'];
  const pair = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, usages);
  return { privateKey: pair.privateKey, publicJwk: await webcrypto.subtle.exportKey('jwk', pair.publicKey) };
}

let nodes: readonly OneNode[] = [];
let signing: KeyPair;
let decryption: webcrypto.CryptoKey;

before(async () => {
  signing = await ecKey();
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  decryption = await webcrypto.subtle.importKey('pkcs8', pkcs8, { name: 'RSA-OAEP', hash: 'SHA-256' }, false, [
    'decrypt',
  ]);
  const confidential = {
    client_secret_hash: hashClientSecret(SECRET, (size) => Buffer.alloc(size, 7)),
    redirect_uris: [CALLBACK],
    post_logout_redirect_uris: [AFTERWARDS],
    grant_types: ['authorization_code', 'refresh_token'],
  };
  const sig = { ...signing.publicJwk, use: 'sig', alg: 'ES256' };
  const first = await startOneNode({
    database: 'sqlite',
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    clients: [
      { client_id: 'basic', ...confidential },
      { client_id: 'post', ...confidential, token_endpoint_auth_method: 'client_secret_post' },
      {
        client_id: 'public',
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        id_token_signed_response_alg: 'ES256',
      },
      {
        client_id: 'fapi',
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: 'private_key_jwt',
        grant_types: ['authorization_code', 'refresh_token'],
        jwks: { keys: [sig] },
        id_token_signed_response_alg: 'ES256',
        signet: { fapi: true },
      },
      {
        client_id: 'hybrid',
        ...confidential,
        response_types: ['code id_token'],
        grant_types: ['authorization_code', 'implicit'],
      },
      {
        client_id: 'sealed',
        ...confidential,
        jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), use: 'enc', alg: 'RSA-OAEP-256' }] },
        id_token_encrypted_response_alg: 'RSA-OAEP-256',
        userinfo_signed_response_alg: 'RS256',
      },
    ],
  });
  nodes = [first, await first.sibling()];
});
after(async () => {
  for (const node of nodes.toReversed()) await node.close();
});

let turn = 0;
/** The next node, as a balancer that goes round would choose. */
function nextNode(): OneNode {
  turn += 1;
  return nodes[turn % nodes.length] ?? assert.fail('no node');
}

/** The library's requests, to whichever node is next; it believes that it talks to the issuer by https. */
const throughNodes: client.CustomFetch = async (url, options) => {
  const { pathname, search, origin } = new URL(url);
  assert.equal(origin, ISSUER);
  const { body, method } = options;
  const answer = await nextNode().ask({
    path: `${pathname}${search}`,
    method: method === 'POST' ? 'POST' : 'GET',
    headers: options.headers,
    ...(body === undefined || body === null ? {} : { body: String(body) }),
  });
  const headers = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]);
  return new Response(answer.text, { status: answer.status, headers });
};

async function configured(
  clientId: string,
  authentication: client.ClientAuth,
  ...execute: ((config: client.Configuration) => void)[]
): Promise<client.Configuration> {
  const time = (nodes[0]?.time.now ?? 0) - Math.floor(Date.now() / 1000);
  const config = await client.discovery(new URL(ISSUER), clientId, { [client.clockSkew]: time }, authentication, {
    execute,
    [client.customFetch]: throughNodes,
  });
  return config;
}

interface Begun {
  readonly parameters: Record<string, string>;
  readonly checks: client.AuthorizationCodeGrantChecks & { readonly pkceCodeVerifier: string };
}

async function begin(scope = 'openid email offline_access'): Promise<Begun> {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  return {
    parameters: {
      redirect_uri: CALLBACK,
      scope,
      state: expectedState,
      nonce: expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    },
    checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true },
  };
}

/** The person's part: signs in where a page asks for it, and arrives at the client's address. */
async function arrive(url: URL, browser = new PersonBrowser()): Promise<URL> {
  const started = await browser.get(nextNode(), `${url.pathname}${url.search}`);
  const flow = started.headers.location ?? '';
  if (!flow.startsWith('/flow/')) return new URL(flow);
  const page = await browser.get(nextNode(), flow);
  assert.equal(heading(page), 'Sign in');
  return new URL((await browser.login(nextNode(), flow, page)).headers.location ?? '');
}

const rows = [
  { clientId: 'basic', authentication: () => client.ClientSecretBasic(SECRET) },
  { clientId: 'post', authentication: () => client.ClientSecretPost(SECRET) },
] as const;
for (const { clientId, authentication } of rows) {
  test(`${clientId}: code flow with PKCE, userinfo, refresh, introspection, revocation, end session`, async () => {
    const config = await configured(clientId, authentication());
    const { parameters, checks } = await begin();
    const browser = new PersonBrowser();
    const arrived = await arrive(client.buildAuthorizationUrl(config, parameters), browser);
    const tokens = await client.authorizationCodeGrant(config, arrived, checks);
    const { sub = '', auth_time: authTime } = tokens.claims() ?? {};
    assert.equal(typeof authTime, 'number');
    const told = await client.fetchUserInfo(config, tokens.access_token, sub);
    assert.equal(told.email, 'person@example.org');
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
    assert.equal(refreshed.claims()?.sub, sub);
    assert.equal((await client.tokenIntrospection(config, refreshed.access_token)).active, true);
    await client.tokenRevocation(config, refreshed.refresh_token ?? '');
    assert.equal((await client.tokenIntrospection(config, refreshed.access_token)).active, false);
    await assert.rejects(client.refreshTokenGrant(config, refreshed.refresh_token ?? ''), { error: 'invalid_grant' });
    const leave = client.buildEndSessionUrl(config, {
      post_logout_redirect_uri: AFTERWARDS,
      id_token_hint: refreshed.id_token ?? '',
      state: 'bye',
    });
    const left = await browser.get(nextNode(), `${leave.pathname}${leave.search}`);
    assert.equal(left.headers.location, `${AFTERWARDS}?state=bye`);
    const again = client.buildAuthorizationUrl(config, { ...parameters, prompt: 'none' });
    await assert.rejects(client.authorizationCodeGrant(config, await arrive(again, browser), checks), {
      error: 'login_required',
    });
  });
}

test('a public client with DPoP: tokens that only its key can use, and a refresh', async () => {
  const config = await configured('public', client.None());
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
  const { parameters, checks } = await begin();
  const thumbprint = await DPoP.calculateThumbprint();
  const arrived = await arrive(client.buildAuthorizationUrl(config, { ...parameters, dpop_jkt: thumbprint }));
  const tokens = await client.authorizationCodeGrant(config, arrived, checks, {}, { DPoP });
  assert.equal(tokens.token_type, 'dpop');
  const { sub = '' } = tokens.claims() ?? {};
  assert.equal((await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP })).sub, sub);
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '', {}, { DPoP });
  const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
  await assert.rejects(client.refreshTokenGrant(config, refreshed.refresh_token ?? '', {}, { DPoP: other }));
  await assert.rejects(client.fetchUserInfo(config, refreshed.access_token, sub));
});

test('FAPI 2.0: a signed request object is pushed, private_key_jwt, DPoP, a signed answer (JARM)', async () => {
  const key = { key: signing.privateKey };
  // RFC 7523bis: the audience of an assertion is the issuer.
  const authentication = client.PrivateKeyJwt(key);
  const config = await configured('fapi', authentication, client.useJwtResponseMode);
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
  const { parameters, checks } = await begin();
  const { searchParams } = await client.buildAuthorizationUrlWithJAR(config, parameters, key);
  const url = await client.buildAuthorizationUrlWithPAR(config, searchParams, { DPoP });
  assert.deepEqual([...url.searchParams.keys()].toSorted(), ['client_id', 'request_uri']);
  const arrived = await arrive(url);
  assert.deepEqual([...arrived.searchParams.keys()], ['response']);
  const tokens = await client.authorizationCodeGrant(config, arrived, checks, {}, { DPoP });
  assert.equal(tokens.token_type, 'dpop');
  const { sub = '' } = tokens.claims() ?? {};
  assert.equal((await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP })).sub, sub);
  assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, true);
});

test('code id_token: the library checks c_hash, nonce and the signature of what comes by the front', async () => {
  const config = await configured('hybrid', client.ClientSecretBasic(SECRET), client.useCodeIdTokenResponseType);
  const { parameters, checks } = await begin('openid');
  const arrived = await arrive(client.buildAuthorizationUrl(config, parameters));
  assert.match(arrived.hash, /id_token=/);
  const tokens = await client.authorizationCodeGrant(config, arrived, checks);
  assert.ok(tokens.claims()?.sub);
});

test('an ID token that only the client can read, and userinfo that is signed', async () => {
  const decrypts = (config: client.Configuration): void =>
    client.enableDecryptingResponses(config, ['A256GCM'], decryption);
  const config = await configured('sealed', client.ClientSecretBasic(SECRET), decrypts);
  const { parameters, checks } = await begin();
  const arrived = await arrive(client.buildAuthorizationUrl(config, parameters));
  const tokens = await client.authorizationCodeGrant(config, arrived, checks);
  assert.equal(tokens.id_token?.split('.').length, 5, 'as it came');
  const { sub = '' } = tokens.claims() ?? {};
  assert.equal((await client.fetchUserInfo(config, tokens.access_token, sub)).email, 'person@example.org');
});

// RFC 9207: the library notices an answer of another server.
test('a mixed-up answer is noticed by the client', async () => {
  const config = await configured('basic', client.ClientSecretBasic(SECRET));
  const { parameters, checks } = await begin();
  const arrived = await arrive(client.buildAuthorizationUrl(config, parameters));
  const other = new URL(arrived);
  other.searchParams.set('iss', 'https://evil.example');
  await assert.rejects(client.authorizationCodeGrant(config, other, checks));
  other.searchParams.delete('iss');
  await assert.rejects(
    client.authorizationCodeGrant(config, other, checks),
    'promised in discovery, so it must be there',
  );
  assert.ok((await client.authorizationCodeGrant(config, arrived, checks)).id_token);
});
