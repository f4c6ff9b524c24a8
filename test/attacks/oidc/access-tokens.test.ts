// Access tokens that somebody made or changed, at the node that issued the real one, and at one that never saw it.
import assert from 'node:assert/strict';
import { createHmac, createPublicKey } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ClientKey, call } from '../../support/oidc.ts';
import { AS_WIKI, attackedClients, encode, forged, tokens, userinfo } from '../../support/oidc-clients.ts';
import { type OneNode, startOneNode } from '../../support/one-node.ts';

let node: OneNode;
let sibling: OneNode;
before(async () => {
  node = await startOneNode({ environment: { SIGNET_THROTTLE_ENABLED: 'false' }, clients: await attackedClients() });
  sibling = await node.sibling();
});
after(async () => {
  await sibling.close();
  await node.close();
});

// RFC 8725 §2.1, §3.1, CVE-2015-9235, CVE-2016-5431, CVE-2018-0114, CVE-2022-21449; RFC 9068 §4.
test('nothing but the very token is good at userinfo and introspection, on any node', async () => {
  const { access_token: good = '', id_token: idToken = '' } = await tokens(node, { scope: 'openid email' });
  const { access_token: another = '' } = await tokens(node);
  const [head = '', body = '', signature = ''] = good.split('.');
  const header = JSON.parse(Buffer.from(head, 'base64url').toString());
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
  const { keys } = JSON.parse((await node.ask({ path: '/oidc/jwks' })).text);
  const jwk = keys.find((one: { kid: string }) => one.kid === header.kid);
  const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const hmac = (secret: string | Buffer): string => {
    const input = `${encode({ ...header, alg: 'HS256' })}.${body}`;
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
  };
  const changed = (changes: object): string => `${head}.${encode({ ...claims, ...changes })}.${signature}`;
  const stranger = new ClientKey();
  const typed = { typ: 'at+jwt', kid: header.kid };
  const table: readonly (readonly [string, string])[] = [
    ['alg none', forged(good, { ...header, alg: 'none' })],
    ['alg none, signed', forged(good, { ...header, alg: 'none' }, signature)],
    ['HS256 with the PEM', hmac(pem)],
    ['HS256 with the JWK', hmac(JSON.stringify(jwk))],
    ['HS256 with nothing', hmac('')],
    ['no signature', `${head}.${body}.`],
    ['zeros', `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`],
    ['the signature of another token', `${head}.${body}.${another.split('.')[2]}`],
    ['more scopes', changed({ scope: 'openid email profile groups' })],
    ['a longer life', changed({ exp: claims.exp + 3600 })],
    ['another client', changed({ client_id: 'other' })],
    ['another audience', changed({ aud: 'https://api.example.org' })],
    [
      'another sealed part',
      changed({ ref: JSON.parse(Buffer.from(another.split('.')[1] ?? '', 'base64url').toString()).ref }),
    ],
    ['a stranger’s key', await stranger.sign(claims, { ...typed, jwk: await stranger.jwk() })],
    ['a stranger’s key, without its name', await stranger.sign(claims, { typ: 'at+jwt' })],
    ['an ID token', idToken],
    ['the sealed part alone', claims.ref],
  ];
  for (const at of [node, sibling]) {
    for (const [name, token] of table) {
      assert.equal(await userinfo(at, token), 401, name);
      assert.deepEqual((await call(at, '/oidc/introspect', { token }, AS_WIKI)).body, { active: false }, name);
    }
    for (let again = 0; again < 2; again += 1) {
      assert.equal(await userinfo(at, good), 200, 'the real one, before and after it is remembered');
    }
    for (const [name, token] of table) assert.equal(await userinfo(at, token), 401, `${name}, after the real one`);
  }
});
