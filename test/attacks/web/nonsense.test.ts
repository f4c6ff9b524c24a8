// CWE-248, CWE-20, CWE-532: whatever stands in a request, signed in or not, it is answered in words, it is no fault of the
// node's, and what was secret in it is not in the log. Drawn by a generator with a fixed seed: the same every time.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { authorizePath } from '../../support/oidc.ts';
import { AS_WIKI, attackedClients, tokens } from '../../support/oidc-clients.ts';
import { type Answer, NOW, type OneNode, startOneNode } from '../../support/one-node.ts';
import { formTokenOf, PersonBrowser, redirectPath } from '../../support/person.ts';

const APP = 'https://wiki.example.org/app';
const ROUNDS = 600;

const VALUES = [
  ...['', '\u0000', '\u0001', '\ud83d', '\ufeff', '\u202e', 'ﬀ', 'İ'.repeat(50), '\r\nx: y', '"><svg/onload=1>'],
  ...['%', '%zz', '../..', '__proto__', 'constructor', '{}', '[]', 'null', '{"id":1}', '{"id":"x","response":null}'],
  ...['1e999', '-1', '٠١٢٣٤٥', 'true', 'AAAA', 'A.B.C', 'eyJhbGciOiJub25lIn0.e30.', 'x'.repeat(5000)],
  ...['ST-', 'PT-zzzzzzzzzzz', `PGT-${'0'.repeat(200)}`, 'urn:ietf:params:oauth:request_uri:AAAA'],
  ...[APP, 'https://[::1', 'http://%', 'fe80::1%eth0', '1.2.3.4:80', 'Basic x', 'DPoP x', 'iframe', 'en;q=2'],
];
const NAMES = [
  ...[
    'SAMLRequest',
    'RelayState',
    'SigAlg',
    'Signature',
    'SAMLEncoding',
    'sp',
    'service',
    'ticket',
    'renew',
    'gateway',
  ],
  ...['method', 'format', 'pgtUrl', 'pgt', 'targetService', 'TARGET', 'client_id', 'redirect_uri', 'response_type'],
  ...['response_mode', 'scope', 'state', 'nonce', 'prompt', 'max_age', 'login_hint', 'acr_values', 'id_token_hint'],
  ...['claims', 'code_challenge', 'dpop_jkt', 'request', 'request_uri', 'resource', 'ui_locales', 'grant_type', 'code'],
  ...['refresh_token', 'code_verifier', 'token', 'client_assertion', 'client_assertion_type', 'client_secret', 'done'],
  ...['post_logout_redirect_uri', 'cas_service', 'username', 'password', 'credential', 'webauthn', 'enrol', 'label'],
  ...['destination', 'do', 'consent', 'digest'],
];
const HEADERS = [
  ...['Accept-Language', 'X-Forwarded-For', 'X-Request-Id', 'Sec-Fetch-Dest', 'Sec-Purpose', 'Origin'],
  ...['Authorization', 'DPoP', 'User-Agent'],
];
/** Names, which operators need to know: of a client that nobody has registered, and of a browser. */
const TOLD_IN_LOG = new Set(['client_id', 'User-Agent']);
const PAGES = ['/', '/sign-in', '/account', '/account/password', '/logout', '/oidc/end-session', '/saml/idp/init'];
const ASKED = ['/saml/idp/sso', '/oidc/authorize', '/cas/login', '/cas/logout', '/cas/validate', '/cas/proxy'];
const CALLED = ['/cas/serviceValidate', '/cas/p3/proxyValidate', '/oidc/userinfo', '/saml/idp/metadata'];
const POSTED = [
  ...['/oidc/authorize', '/oidc/token', '/oidc/par', '/oidc/introspect', '/oidc/revoke', '/oidc/userinfo', '/logout'],
  ...['/oidc/end-session', '/saml/idp/sso', '/cas/samlValidate', '/account/password', '/account/consents'],
  ...['/account/add/totp', '/account/add/webauthn', '/account/add/recovery-codes', '/account/add/email'],
];

/** Knuth's MMIX numbers: not random, but without an order that matters here. */
function generator(seed: bigint): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number((state >> 33n) % BigInt(below));
  };
}

let node: OneNode;
let alice: PersonBrowser;
let values: readonly string[];
before(async () => {
  node = await startOneNode({
    database: 'sqlite',
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    clients: await attackedClients(),
    services: [{ url: APP }],
  });
  alice = new PersonBrowser();
  await alice.signIn(node);
  const { access_token = '', refresh_token = '', id_token = '' } = await tokens(node, {}, alice);
  values = [...VALUES, access_token, refresh_token, id_token];
});
after(() => node.close());

test('the same nonsense in every field at once is answered, and is no fault', async () => {
  for (const value of VALUES.slice(0, 20)) {
    const every = Object.fromEntries(NAMES.map((name) => [name, value]));
    const query = new URLSearchParams(every);
    for (const path of [...PAGES, ...ASKED, ...CALLED]) {
      const { status } = await alice.copy().get(node, `${path}?${query}`);
      assert.ok(status < 500, `${status} ${path} ${JSON.stringify(value)}`);
    }
    // A form holds 50 fields.
    const form = Object.fromEntries(Object.entries(every).slice(0, 45));
    for (const path of POSTED) {
      const { status } = await alice.copy().post(node, `${path}?${query}`, form);
      assert.ok(status < 500, `${status} ${path} ${JSON.stringify(value)}`);
    }
  }
  assert.doesNotMatch(node.written(), /"message":"fault"/);
});

test(`${ROUNDS} requests of nonsense are answered, and none is a fault`, async () => {
  const below = generator(20n);
  const pick = <T>(all: readonly T[]): T => all[below(all.length)] ?? assert.fail('nothing to pick');
  const field = (name: string): [string, string] => [name, pick(TOLD_IN_LOG.has(name) ? VALUES : values)];
  const fields = (most: number, names = NAMES): Record<string, string> =>
    Object.fromEntries(Array.from({ length: 1 + below(most) }, () => field(pick(names))));
  const headers = (): Record<string, string> =>
    Object.fromEntries(Object.entries(fields(3, HEADERS)).map(([name, value]) => [name, onOneLine(value)]));
  const formToken = formTokenOf(await alice.get(node, '/account'));
  const flow = alice.copy();
  const { headers: started } = await flow.get(node, redirectPath(node, { now: NOW, forceAuthn: true }));
  const flowPath = started.location ?? '';
  const flowToken = formTokenOf(await flow.get(node, flowPath));

  const requests: readonly ((browser: PersonBrowser) => readonly [string, Promise<Answer>])[] = [
    (browser) => {
      const path = `${pick([...PAGES, ...ASKED, ...CALLED])}?${new URLSearchParams(fields(5))}`;
      return [path, browser.get(node, path, headers())];
    },
    (browser) => {
      const path = authorizePath(pick(['wiki', 'spa', 'app', 'bank', 'old']), fields(3));
      return [path, browser.get(node, path)];
    },
    (browser) => {
      const path = `${pick(POSTED)}?${new URLSearchParams(fields(2))}`;
      const known = pick([{}, AS_WIKI, { client_id: 'spa' }]);
      return [path, browser.post(node, path, { form_token: formToken, ...fields(6) }, { ...headers(), ...known })];
    },
    () => {
      const form = { form_token: flowToken, username: 'alice', ...fields(4) };
      return [flowPath, flow.copy().post(node, flowPath, form)];
    },
  ];
  for (let round = 0; round < ROUNDS; round += 1) {
    const browser = pick([alice, alice, new PersonBrowser()]).copy();
    const [what, answer] = pick(requests)(browser);
    const { status } = await answer;
    assert.ok(status < 500, `${round}: ${status} ${what.slice(0, 300)}`);
  }
  const written = node.written();
  assert.doesNotMatch(written, /"message":"fault"/);
  const secrets = [...values.slice(-3), ...alice.cookies.values(), formToken, flowToken];
  for (const secret of secrets) assert.ok(!written.includes(secret), `${secret.slice(0, 12)}… is in the log`);
});

/** What a header can hold. */
function onOneLine(value: string): string {
  return value.replace(/[^\x20-\xff]/g, '');
}
