// What an attacker does to the authorization endpoint: addresses, PKCE, forged hints, scripts in pages.
import assert from 'node:assert/strict';
import { createHmac, createPublicKey } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  authorize,
  authorizePath,
  basic,
  CALLBACK,
  ClientKey,
  codeOf,
  ISSUER,
  type Params,
  redeem,
  returned,
} from '../../support/oidc.ts';
import { API, attackedClients, encode, forged, SECRET } from '../../support/oidc-clients.ts';
import { type Answer, type OneNode, startOneNode } from '../../support/one-node.ts';
import { PersonBrowser } from '../../support/person.ts';

let node: OneNode;
/** Alice, signed in: whatever gets past the checks gets a code at once. */
let alice: PersonBrowser;
before(async () => {
  node = await startOneNode({
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    clients: await attackedClients(),
  });
  alice = new PersonBrowser();
  await authorize(node, alice, 'wiki');
});
after(() => node.close());

const ask = (clientId: string, changes: Params): Promise<Answer> => alice.get(node, authorizePath(clientId, changes));

// RFC 9700 §4.1, CVE-2020-26938, CVE-2023-6134, CVE-2024-52289: whatever a lax comparison or a URL parser takes for the registered address.
const addresses: readonly { readonly client: string; readonly address: string }[] = [
  ...[
    `${CALLBACK}/`,
    `${CALLBACK}?x=1`,
    `${CALLBACK}#`,
    `${CALLBACK};x`,
    `${CALLBACK}%2f..`,
    `${CALLBACK}/%2e%2e/other`,
    `${CALLBACK}%00`,
    ` ${CALLBACK}`,
    `${CALLBACK}\n`,
    CALLBACK.toUpperCase(),
    CALLBACK.replace('https', 'http'),
    CALLBACK.replace('https:', ''),
    CALLBACK.replace('//', '/\\'),
    CALLBACK.replace('.org/', '.org./'),
    CALLBACK.replace('.org/', '.org:443/'),
    CALLBACK.replace('.org/', '.org.evil.example/'),
    CALLBACK.replace('.org/', '.org@evil.example/'),
    CALLBACK.replace('wiki.', 'evil.example\\.wiki.'),
    CALLBACK.replace('wiki', 'wıkı'),
    'javascript:alert(1)//https://wiki.example.org/callback',
    'data:text/html,x',
    '//evil.example/callback',
    '*',
    'null',
  ].map((address) => ({ client: 'wiki', address })),
  ...[
    'http://127.0.0.1:80@evil.example/cb',
    'http://127.0.0.1:1:2/cb',
    'http://127.0.0.1:99999/cb',
    // In another spelling than the answer would have.
    'http://127.0.0.1:0/cb',
    'http://127.0.0.1:08080/cb',
    'http://127.0.0.1:80/cb',
    'http://127.0.0.1:/cb',
    'http://127.0.0.1:/../evil',
    'http://127.0.0.1:8080/cb/',
    'http://127.0.0.1:8080/CB',
    'http://127.0.0.1:8080/cb?x',
    'http://127.0.0.1.evil.example:8080/cb',
    'http://127.0.0.2:8080/cb',
    'http://127.1:8080/cb',
    'http://2130706433:8080/cb',
    'http://[::1]:8080/cb',
    'http://localhost:8080/cb',
    'https://127.0.0.1:8080/cb',
    'org.example.app:/cb2',
    'org.example.app://cb',
    'ORG.EXAMPLE.APP:/cb',
    'org.example.app.evil:/cb',
  ].map((address) => ({ client: 'app', address })),
  // RFC 9700 §2.1: another port is for native apps only.
  { client: 'local', address: 'http://127.0.0.1:3001/cb' },
  { client: 'local', address: 'http://127.0.0.1/cb' },
];
for (const { client, address } of addresses) {
  test(`no answer and no error goes to ${JSON.stringify(address)}`, async () => {
    for (const changes of [{}, { prompt: 'none', response_type: 'nonsense' }, { response_mode: 'form_post' }]) {
      const answer = await ask(client, { ...changes, redirect_uri: address });
      assert.equal(answer.status, 400);
      assert.equal(answer.headers.location, undefined);
      assert.doesNotMatch(answer.text, /<form/);
    }
  });
}

// RFC 9700 §4.8.2, RFC 7636 §4.3: each would leave a code that needs no verifier, or one that is easily guessed.
const challenges: readonly { readonly name: string; readonly changes: Params }[] = [
  { name: 'none', changes: { code_challenge: undefined, code_challenge_method: undefined } },
  { name: 'a method alone', changes: { code_challenge: undefined } },
  { name: 'plain', changes: { code_challenge_method: 'plain' } },
  { name: 'no method', changes: { code_challenge_method: undefined } },
  { name: 's256', changes: { code_challenge_method: 's256' } },
  { name: 'empty', changes: { code_challenge: '' } },
  { name: 'with padding', changes: { code_challenge: `${'A'.repeat(43)}=` } },
  { name: 'another spelling of 32 bytes', changes: { code_challenge: `${'A'.repeat(42)}B` } },
  { name: 'in base64', changes: { code_challenge: `${'A'.repeat(41)}+8` } },
  { name: 'too short', changes: { code_challenge: 'A'.repeat(42) } },
];
for (const { name, changes } of challenges) {
  test(`PKCE downgrade: ${name}`, async () => {
    for (const client of ['wiki', 'spa']) {
      const told = returned(await ask(client, changes));
      assert.deepEqual([told.get('error'), told.has('code')], ['invalid_request', false]);
    }
  });
}

// OpenID Connect Core §3.1.2.1, §5.5.1: two ways to say whom the answer must be about.
test('a hint and a required sub that are two people are answered with nobody', async () => {
  const bob = new PersonBrowser();
  const [alices, bobs] = await Promise.all(
    (
      [
        ['alice', alice],
        ['bob', bob],
      ] as const
    ).map(async ([name, browser]) => {
      const code = (await authorize(node, browser, 'wiki', {}, name)).get('code') ?? '';
      const token = (await redeem(node, 'wiki', code, {}, basic('wiki', SECRET))).body.id_token ?? '';
      return { token, sub: JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sub };
    }),
  );
  const told = async (hint: string | undefined, value: string) =>
    returned(await ask('wiki', { id_token_hint: hint, claims: JSON.stringify({ id_token: { sub: { value } } }) }));
  assert.ok((await told(alices?.token, alices?.sub)).has('code'));
  assert.equal((await told(bobs?.token, alices?.sub)).get('error'), 'invalid_request');
  assert.equal((await told(alices?.token, bobs?.sub)).get('error'), 'invalid_request');
});

// RFC 9449 §10: a binding that is dropped in silence is worse than none.
test('dpop_jkt in another spelling is refused, not dropped', async () => {
  assert.equal(returned(await ask('wiki', { dpop_jkt: `${'A'.repeat(42)}B` })).get('error'), 'invalid_request');
});

// CVE-2024-23647: where PKCE is optional, a challenge taken out on the way is found out by the verifier.
test('a verifier shown for a code without a challenge is refused', async () => {
  const code = await codeOf(node, 'old', { code_challenge: undefined, code_challenge_method: undefined }, alice);
  assert.equal((await redeem(node, 'old', code, {}, basic('old', SECRET))).body.error, 'invalid_grant');
  const { status } = await redeem(node, 'old', code, { code_verifier: undefined }, basic('old', SECRET));
  assert.equal(status, 200);
});

// RFC 9700 §4.4, RFC 9207: the client tells whose answer it is, of errors too.
test('every answer names its issuer, in every mode', async () => {
  for (const response_mode of ['query', 'fragment']) {
    for (const changes of [{}, { prompt: 'none login' }, { scope: 'email' }]) {
      assert.equal(returned(await ask('wiki', { response_mode, ...changes })).get('iss'), ISSUER);
    }
  }
  const jarm = returned(await ask('wiki', { response_mode: 'jwt' })).get('response') ?? '';
  assert.equal(JSON.parse(Buffer.from(jarm.split('.')[1] ?? '', 'base64url').toString()).iss, ISSUER);
});

// OpenID Connect Core §5.1, RFC 8707: nobody widens what is registered by asking.
test('scopes and resources beyond the registration are not given', async () => {
  assert.equal(returned(await ask('spa', { resource: API })).get('error'), 'invalid_target');
  assert.equal(returned(await ask('wiki', { resource: `${API}/` })).get('error'), 'invalid_target');
  assert.equal(returned(await ask('wiki', { response_type: 'id_token' })).get('error'), 'unauthorized_client');
  assert.equal(returned(await ask('wiki', { response_type: 'token' })).get('error'), 'unsupported_response_type');
  assert.equal(returned(await ask('wiki', { response_type: 'code token' })).get('error'), 'unsupported_response_type');
});

// OWASP ASVS 5.3.3, CVE-2023-6927 (Keycloak form_post): text of the request in a page of ours.
const SCRIPTS = [
  '"><script>alert(1)</script>',
  "'><img src=x onerror=alert(1)>",
  '</form><form action=https://evil.example>',
  'javascript:alert(1)',
  '\u2028</textarea><svg/onload=alert(1)>',
];
for (const script of SCRIPTS) {
  test(`in pages only as text: ${script}`, async () => {
    const posted = await ask('wiki', { response_mode: 'form_post', state: script });
    assert.equal(posted.status, 200);
    assert.match(String(posted.headers['content-security-policy']), /default-src 'none'/);
    const pages = [
      posted,
      await ask('wiki', { response_mode: 'form_post', state: script, prompt: 'none login' }),
      await ask(script, {}),
      await ask('wiki', { redirect_uri: script }),
      await ask('wiki', { redirect_uri: `${CALLBACK}?${script}`, state: script }),
      await new PersonBrowser().get(node, authorizePath('wiki', { login_hint: script })),
      await alice.get(node, `/oidc/end-session?client_id=${encodeURIComponent(script)}`),
      await alice.get(node, `/oidc/end-session?client_id=wiki&state=${encodeURIComponent(script)}`),
    ];
    for (const { text } of pages) {
      assert.doesNotMatch(
        text,
        /<script>alert|<img src=x|<svg\/onload|<form action=https:\/\/evil|(?:href|action|src)="javascript:/,
      );
    }
  });
}

test('a name typed by a link stands in the login form as text', async () => {
  const browser = new PersonBrowser();
  const hint = '"><script>alert(1)</script>';
  const started = await browser.get(node, authorizePath('wiki', { login_hint: hint }));
  const page = await browser.get(node, started.headers.location ?? '');
  assert.match(page.text, /&quot;&gt;&lt;script&gt;/);
  assert.doesNotMatch(page.text, /<script>alert/);
});

// RFC 8725 §2.1, §3.1, CVE-2015-9235, CVE-2016-5431; OpenID Connect Core §3.1.2.1.
test('id_token_hint: nothing but an ID token of this client that is signed here', async () => {
  const tokensOf = async (client: string) =>
    (await redeem(node, client, await codeOf(node, client, {}, alice), {})).body;
  const { id_token: idToken = '', access_token: accessToken = '' } = await tokensOf('spa');
  const [{ kid } = { kid: '' }] = JSON.parse((await node.ask({ path: '/oidc/jwks' })).text).keys;
  const good = returned(await ask('spa', { id_token_hint: idToken, prompt: 'none' }));
  assert.ok(good.has('code'));
  const hints: readonly (readonly [string, string])[] = [
    ['none', forged(idToken, { alg: 'none', typ: 'JWT', kid })],
    ['None', forged(idToken, { alg: 'None', typ: 'JWT', kid })],
    ['HS256 with the public key', await hmacOf(idToken, kid)],
    ['of an unknown key', forged(idToken, { alg: 'RS256', typ: 'JWT', kid: 'x' }, 'AAAA')],
    ['with a key of its own', await selfSigned(idToken)],
    ['an access token', accessToken],
    ['its signature cut', idToken.slice(0, -6)],
    ['five parts', `${idToken}.x.y`],
    ['nothing', '.'],
  ];
  for (const [name, id_token_hint] of hints) {
    assert.equal(returned(await ask('spa', { id_token_hint, prompt: 'none' })).get('error'), 'invalid_request', name);
  }
  const foreign = returned(await ask('wiki', { id_token_hint: idToken, prompt: 'none' }));
  assert.equal(foreign.get('error'), 'invalid_request', 'another client’s');
});

async function hmacOf(token: string, kid: string): Promise<string> {
  const { keys } = JSON.parse((await node.ask({ path: '/oidc/jwks' })).text);
  const jwk = keys.find((one: { kid: string }) => one.kid === kid);
  const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const input = `${encode({ alg: 'HS256', typ: 'JWT', kid })}.${token.split('.')[1]}`;
  return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
}

/** CVE-2018-0114: the header brings the key that verifies it. */
async function selfSigned(token: string): Promise<string> {
  const key = new ClientKey();
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return key.sign(claims, { typ: 'JWT', jwk: await key.jwk() });
}
