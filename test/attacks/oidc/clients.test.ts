// Somebody who plays a client: forged assertions and proofs, key sets that attack who reads them.
import assert from 'node:assert/strict';
import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, type TestContext, test } from 'node:test';
import { calculateJwkThumbprint } from 'jose';
import { readClient } from '../../../src/parties/client.ts';
import { createClientKeys } from '../../../src/protocols/oidc/client-keys.ts';
import {
  basic,
  CALLBACK,
  CHALLENGE,
  ClientKey,
  call,
  codeOf,
  ISSUER,
  type Params,
  redeem,
} from '../../support/oidc.ts';
import { AS_WIKI, attackedClients, BANK_KEY, encode, forged, SECRET, SHOP_KEY } from '../../support/oidc-clients.ts';
import { type OneNode, startOneNode } from '../../support/one-node.ts';
import { tlsCertificate } from '../../support/tls-certificate.ts';

let node: OneNode;
before(async () => {
  node = await startOneNode({
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    clients: await attackedClients(),
  });
});
after(() => node.close());

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** What the client `bank` is told at the token endpoint with this assertion and a code that is none. */
async function asBank(assertion: string, client = 'bank'): Promise<string | undefined> {
  const form = { client_assertion: assertion, client_assertion_type: ASSERTION };
  return (await redeem(node, client, 'x', form)).body.error;
}

function hmac(token: string, secret: string | Buffer, header: object): string {
  const input = `${encode(header)}.${token.split('.')[1]}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

/** RFC 7797: what is signed is the payload as it stands there, and no JWT is like that (§7). */
function unencoded(token: string): string {
  const input = `${encode({ alg: 'ES256', b64: false, crit: ['b64'] })}.${token.split('.')[1]}`;
  const key = { key: BANK_KEY.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}

// RFC 7523 §3, RFC 8725, CVE-2015-9235, CVE-2022-21449 (a signature of zeros).
test('a client assertion is signed by the client’s own key, by an algorithm for such keys', async () => {
  const good = await BANK_KEY.assertion(node, 'bank');
  const pem = BANK_KEY.publicKey.export({ type: 'spki', format: 'pem' });
  const jwk = JSON.stringify(await BANK_KEY.jwk());
  const tries: readonly (readonly [string, string])[] = [
    ['none', forged(good, { alg: 'none' })],
    ['none with a signature', forged(good, { alg: 'none' }, good.split('.')[2])],
    ['HS256 with the PEM', hmac(good, pem, { alg: 'HS256' })],
    ['HS256 with the JWK', hmac(good, jwk, { alg: 'HS256' })],
    ['HS256 with nothing', hmac(good, '', { alg: 'HS256' })],
    ['zeros', forged(good, { alg: 'ES256' }, Buffer.alloc(64).toString('base64url'))],
    ['another algorithm’s name', forged(good, { alg: 'ES384' }, good.split('.')[2])],
    ['a key in the header', await new ClientKey().assertion(node, 'bank', {}, { jwk: await new ClientKey().jwk() })],
    ['of another client', await SHOP_KEY.assertion(node, 'shop')],
    ['of another client, for this one', await SHOP_KEY.assertion(node, 'bank')],
    ['for another server', await BANK_KEY.assertion(node, 'bank', { aud: 'https://other.example' })],
    ['for the token endpoint', await BANK_KEY.assertion(node, 'bank', { aud: `${ISSUER}/oidc/token` })],
    ['for several', await BANK_KEY.assertion(node, 'bank', { aud: [ISSUER, 'https://other.example'] })],
    ['an unencoded payload', unencoded(good)],
    ['an unknown critical header', forged(good, { alg: 'ES256', crit: ['x'], x: 1 }, good.split('.')[2])],
    ['an empty list of critical headers', forged(good, { alg: 'ES256', crit: [] }, good.split('.')[2])],
    ['a kid of a file', await BANK_KEY.assertion(node, 'bank', {}, { kid: '../../keys/sealer.json' })],
    ['a kid that every object has', await BANK_KEY.assertion(node, 'bank', {}, { kid: '__proto__' })],
    ['a DPoP proof', await BANK_KEY.proof(node, 'POST', '/oidc/token', { iss: 'bank', sub: 'bank', aud: ISSUER })],
    [
      'a request object',
      await BANK_KEY.assertion(node, 'bank', { response_type: 'code' }, { typ: 'oauth-authz-req+jwt' }),
    ],
  ];
  for (const [name, assertion] of tries) assert.equal(await asBank(assertion), 'invalid_client', name);
  assert.equal(await asBank(good, 'shop'), 'invalid_client');
  assert.equal(await asBank(good), 'invalid_grant', 'the good one gets as far as the code');
  assert.equal(await asBank(good), 'invalid_client', 'once (RFC 7523 §3)');
});

// RFC 6749 §2.3, §2.3.1: one way in one request, and in one spelling.
test('a client shows its secret once, and what is almost that is nothing', async () => {
  const code = await codeOf(node, 'wiki');
  const Authorization = String(AS_WIKI.Authorization);
  const encoded = Authorization.slice('Basic '.length);
  const bare = Buffer.from('wiki').toString('base64');
  const tries: readonly (readonly [name: string, form: Params, header: string, error: string])[] = [
    ['header and form', { client_secret: SECRET }, Authorization, 'invalid_request'],
    ['header and an empty form field', { client_secret: '' }, Authorization, 'invalid_request'],
    ['header and assertion', { client_assertion: 'x' }, Authorization, 'invalid_request'],
    ['form and assertion', { client_secret: SECRET, client_assertion: 'x' }, 'none', 'invalid_request'],
    ['the form, where the header is registered', { client_secret: SECRET }, 'none', 'invalid_client'],
    ['two names', { client_id: 'other' }, Authorization, 'invalid_client'],
    ['the header twice', {}, `${Authorization}, ${Authorization}`, 'invalid_client'],
    ['something behind it', {}, `${Authorization} x`, 'invalid_client'],
    ['another spelling of its bytes', {}, `Basic ${encoded.replace(/=+$/, '')}`, 'invalid_client'],
    ['no base64', {}, `Basic ${encoded}!`, 'invalid_client'],
    ['no colon', {}, `Basic ${bare}`, 'invalid_client'],
    ['an escape that is none', {}, `Basic ${Buffer.from(`wiki:${SECRET}%zz`).toString('base64')}`, 'invalid_client'],
    ['as a bearer token', {}, `Bearer ${SECRET}`, 'invalid_client'],
  ];
  for (const [name, form, header, error] of tries) {
    const told = await redeem(node, 'wiki', code, form, { Authorization: header });
    assert.equal(told.body.error, error, name);
  }
  assert.equal((await redeem(node, 'wiki', code, {}, AS_WIKI)).status, 200, 'none of them used the code up');
});

// CWE-532.
test('a secret that was sent in the place of the name is not in the log', async () => {
  const form = { grant_type: 'authorization_code', code: 'x' };
  assert.equal((await call(node, '/oidc/token', form, basic(SECRET, 'wiki'))).body.error, 'invalid_client');
  const swapped = { ...form, client_id: SECRET, client_secret: 'wiki' };
  assert.equal((await call(node, '/oidc/token', swapped)).body.error, 'invalid_client');
  assert.equal((await call(node, '/oidc/token', form, basic('nobody', SECRET))).body.error, 'invalid_client');
  assert.ok(node.written().includes(`unknown client ${SECRET.slice(0, 8)}…`));
  assert.ok(node.written().includes('unknown client nobody'));
  assert.ok(!node.written().includes(SECRET.slice(0, 9)));
});

// RFC 9449 §4.3, §11.
test('a DPoP proof is signed by the key that it shows, for this request, now', async () => {
  const key = new ClientKey();
  const at = (claims = {}, header = {}) => key.proof(node, 'POST', '/oidc/token', claims, header);
  const told = async (DPoP: string) => redeem(node, 'spa', 'x', {}, { DPoP });
  const challenged = await told(await at());
  assert.equal(challenged.body.error, 'use_dpop_nonce');
  const nonce = String(challenged.headers['dpop-nonce']);
  const good = await at({ nonce });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const secret = { kty: 'oct', k: Buffer.from('secret').toString('base64url') };
  const tries: readonly (readonly [string, string])[] = [
    ['none', forged(good, { alg: 'none', typ: 'dpop+jwt', jwk: await key.jwk() })],
    ['HS256 with a key that it shows', hmac(good, 'secret', { alg: 'HS256', typ: 'dpop+jwt', jwk: secret })],
    ['a private key', await at({ nonce }, { jwk: privateKey.export({ format: 'jwk' }) })],
    ['another key', await at({ nonce }, { jwk: await new ClientKey().jwk() })],
    ['no key', await at({ nonce }, { jwk: undefined })],
    ['another typ', await at({ nonce }, { typ: 'JWT' })],
    ['another method', await at({ nonce, htm: 'GET' })],
    ['another address', await at({ nonce, htu: 'https://evil.example/oidc/token' })],
    ['another endpoint', await at({ nonce, htu: `${ISSUER}/oidc/userinfo` })],
    ['a query', await at({ nonce, htu: `${ISSUER}/oidc/token?x=1` })],
    ['dot segments', await at({ nonce, htu: `${ISSUER}/oidc/../oidc/token` })],
    ['addresses', await at({ nonce, htu: [`${ISSUER}/oidc/token`] })],
    ['a method in lower case', await at({ nonce, htm: 'post' })],
    ['an empty jti', await at({ nonce, jti: '' })],
    ['a jti of 257 characters', await at({ nonce, jti: 'x'.repeat(257) })],
    ['an end that is over', await at({ nonce, exp: 1 })],
    ['a critical header', forged(good, { alg: 'ES256', typ: 'dpop+jwt', jwk: await key.jwk(), crit: ['x'], x: 1 })],
    ['of long ago', await at({ nonce, iat: node.time.now - 3600 })],
    ['of the future', await at({ nonce, iat: node.time.now + 3600 })],
    ['no jti', await at({ nonce, jti: undefined })],
    ['two of them', `${good}, ${good}`],
  ];
  for (const [name, proof] of tries) assert.equal((await told(proof)).body.error, 'invalid_dpop_proof', name);
  for (const other of ['x', nonce.slice(0, -2), await codeOf(node, 'spa')]) {
    assert.equal((await told(await at({ nonce: other }))).body.error, 'use_dpop_nonce');
  }
  assert.equal((await told(good)).body.error, 'invalid_grant', 'the good one gets as far as the code');
  const redeemed = await redeem(node, 'spa', await codeOf(node, 'spa'), {}, { DPoP: good });
  assert.equal(redeemed.status, 200, 'what gave nothing was not used up');
  const second = await codeOf(node, 'spa');
  assert.equal((await redeem(node, 'spa', second, {}, { DPoP: good })).body.error, 'invalid_dpop_proof', 'once');
  assert.equal((await redeem(node, 'spa', second, {}, { DPoP: await at({ nonce }) })).status, 200);
});

// CWE-770, CWE-400: of a public client anybody can send any number of proofs; what was used is remembered in a table that
// everybody's sign-in needs, or in rows of the database.
test('who shows proofs and nothing else leaves no trace in the table of what was used', async (t) => {
  const environment = { SIGNET_SPENT_CAPACITY: '100', SIGNET_THROTTLE_ENABLED: 'false' };
  const small = await startOneNode({ environment, clients: await attackedClients() });
  t.after(() => small.close());
  const key = new ClientKey();
  const challenged = await redeem(small, 'spa', 'x', {}, { DPoP: await key.proof(small, 'POST', '/oidc/token') });
  const nonce = String(challenged.headers['dpop-nonce']);
  const ath = createHash('sha256').update('x').digest('base64url');
  const request = {
    client_id: 'spa',
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: 'openid',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
  };
  for (let n = 0; n < 50; n += 1) {
    const DPoP = await key.proof(small, 'POST', '/oidc/token', { nonce });
    assert.equal((await redeem(small, 'spa', 'x', {}, { DPoP })).body.error, 'invalid_grant');
    const refreshed = { grant_type: 'refresh_token', client_id: 'spa', refresh_token: 'x' };
    assert.equal((await call(small, '/oidc/token', refreshed, { DPoP })).body.error, 'invalid_grant');
    const pushed = { DPoP: await key.proof(small, 'POST', '/oidc/par', { nonce }) };
    assert.equal((await call(small, '/oidc/par', request, pushed)).status, 201);
    const shown = { DPoP: await key.proof(small, 'GET', '/oidc/userinfo', { nonce, ath }), Authorization: 'DPoP x' };
    assert.equal((await small.ask({ path: '/oidc/userinfo', headers: shown })).status, 401);
  }
  assert.ok(await codeOf(small, 'spa'), 'people sign in as before');
});

// RFC 9449 §10: a code whose key is named in advance is of no use to who has another.
test('a code bound by dpop_jkt needs that key', async () => {
  const key = new ClientKey();
  const jkt = await calculateJwkThumbprint(await key.jwk());
  const code = await codeOf(node, 'spa', { dpop_jkt: jkt });
  const challenged = await redeem(node, 'spa', 'x', {}, { DPoP: await key.proof(node, 'POST', '/oidc/token') });
  const nonce = String(challenged.headers['dpop-nonce']);
  const thief = await new ClientKey().proof(node, 'POST', '/oidc/token', { nonce });
  assert.equal((await redeem(node, 'spa', code, {}, { DPoP: thief })).body.error, 'invalid_grant');
  assert.equal((await redeem(node, 'spa', code)).body.error, 'invalid_grant');
  const own = await key.proof(node, 'POST', '/oidc/token', { nonce });
  assert.equal((await redeem(node, 'spa', code, {}, { DPoP: own })).status, 200);
});

/** A client's own server, by https; its certificate is none that this machine believes, so that is switched off here. */
async function keyServer(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(await tlsCertificate('127.0.0.1'), listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  t.after(() => {
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    server.closeAllConnections();
    server.close();
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

// CWE-918, CWE-400: a client's key set is fetched from where it is registered, a little of it, for a short time.
test('a key set elsewhere, too large, too slow or absent: no key, and no harm', async (t) => {
  const asked: string[] = [];
  const key = { ...(await BANK_KEY.jwk()), kid: 'k' };
  const base = await keyServer(t, (incoming, response) => {
    asked.push(incoming.url ?? '');
    if (incoming.url === '/good') response.end(JSON.stringify({ keys: [key] }));
    else if (incoming.url === '/moved') response.writeHead(302, { Location: '/internal' }).end();
    else if (incoming.url === '/large') response.end(`{"keys":[],"x":"${'x'.repeat(70_000)}"}`);
    else if (incoming.url === '/slow') response.write('{');
    else response.writeHead(404).end();
  });
  const find = async (path: string) => {
    const client = readClient(
      {
        client_id: 'c',
        token_endpoint_auth_method: 'private_key_jwt',
        redirect_uris: [CALLBACK],
        jwks_uri: `${base}${path}`,
      },
      'test',
    );
    assert.ok('metadata' in client);
    return createClientKeys().of(client)?.({ alg: 'ES256', kid: 'k' }, { payload: '', signature: '' });
  };
  assert.ok(await find('/good'));
  for (const path of ['/moved', '/large', '/slow', '/none']) await assert.rejects(Promise.resolve(find(path)), path);
  assert.ok(!asked.includes('/internal'), 'redirects are not followed');
});
