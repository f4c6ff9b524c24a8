// Tokens after they should have ended, and every sealed value or token in the place of every other.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCli } from '../../../src/cli/signet.ts';
import { systemRandom } from '../../../src/lib/random.ts';
import { oidcCode, oidcRefresh } from '../../../src/sealer/purpose.ts';
import { createSealer } from '../../../src/sealer/seal.ts';
import {
  authorizePath,
  ClientKey,
  call,
  codeOf,
  type Params,
  redeem,
  returned,
  type Told,
} from '../../support/oidc.ts';
import { AS_WIKI, attackedClients, refresh, tokens, userinfo } from '../../support/oidc-clients.ts';
import { type OneNode, startOneNode } from '../../support/one-node.ts';
import { PersonBrowser } from '../../support/person.ts';

const QUIET = { SIGNET_THROTTLE_ENABLED: 'false', SIGNET_KEYRING_POLL: '600' };
const auth = AS_WIKI;

interface Command {
  readonly now: number;
  readonly node: OneNode;
}

async function signet({ node, now }: Command, ...args: readonly string[]): Promise<string> {
  let said = '';
  const out = (text: string) => {
    said += text;
  };
  const code = await runCli([...args, '--config', join(node.config.folder, 'signet.yaml')], {
    out,
    err: out,
    readStdin: async () => '',
    askSecret: async () => null,
    clock: () => now,
    random: systemRandom(),
    environment: {},
  });
  assert.equal(code, 0, said);
  return said;
}

/** Everything that a client holds of one sign-in, and that it is refused. */
async function assertEnded(node: OneNode, held: Told['body'], code: string, because: string): Promise<void> {
  assert.equal(await userinfo(node, held.access_token), 401, because);
  const { body } = await call(node, '/oidc/introspect', { token: held.access_token }, auth);
  assert.deepEqual(body, { active: false }, because);
  assert.equal((await refresh(node, held.refresh_token)).body.error, 'invalid_grant', because);
  assert.equal((await redeem(node, 'wiki', code, {}, auth)).body.error, 'invalid_grant', because);
}

/** A node of its own with people in a database, for what changes them or its keys. */
async function ownNode(t: TestContext): Promise<OneNode> {
  const node = await startOneNode({ environment: QUIET, clients: await attackedClients(), database: 'sqlite' });
  t.after(() => node.close());
  return node;
}

// CWE-613, RFC 9068 §5: what must end a person's tokens, at this provider.
const endings: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: 'an operator ends the session', args: ['sessions', 'revoke', '--sid', 'SID'] },
  { name: 'the account is disabled', args: ['users', 'disable', 'alice'] },
  { name: 'signed out everywhere', args: ['sessions', 'revoke', '--user', 'alice'] },
  { name: 'everybody is signed out', args: ['sessions', 'revoke', '--all'] },
  { name: 'every key is revoked', args: ['keys', 'revoke', '--all', '--replace', '--reason', 'stolen'] },
];
for (const { name, args } of endings) {
  test(`tokens end when ${name}`, async (t) => {
    const node = await ownNode(t);
    const browser = new PersonBrowser();
    const held = await tokens(node, { scope: 'openid offline_access' }, browser);
    const code = await codeOf(node, 'wiki', {}, browser);
    assert.equal(await userinfo(node, held.access_token), 200);
    const listed = JSON.parse(await signet({ node, now: node.time.now }, 'sessions', 'list', '--json'));
    await signet({ node, now: node.time.now + 1 }, ...args.map((arg) => (arg === 'SID' ? listed[0].sid : arg)));
    node.travelTo(node.time.now + 2);
    await node.node.parts.revocations.poll();
    await assertEnded(node, held, code, name);
    // No session could be left by then; a refresh token lives for months.
    node.travelTo(node.time.now + 2 * 86_400);
    await node.node.parts.revocations.poll();
    assert.equal((await refresh(node, held.refresh_token)).body.error, 'invalid_grant', `${name}, two days later`);
  });
}

const HOUR = 3600;

/** Signed in for these scopes, and out again. */
async function signedOut(node: OneNode, scope: string): Promise<Told['body']> {
  const browser = new PersonBrowser();
  const held = await tokens(node, { scope }, browser);
  const page = await browser.get(node, `/oidc/end-session?id_token_hint=${held.id_token}`);
  assert.match(page.text, /You are signed out/);
  return held;
}

// CWE-613: the end of the session is remembered for as long as anything opens that ends with it, not for as long as its cookie.
for (const database of ['sqlite', undefined] as const) {
  test(`tokens that end with the session stay ended after a sign-out (${database ?? 'files'})`, async (t) => {
    const node = await startOneNode({
      environment: QUIET,
      clients: await attackedClients(),
      ...(database === undefined ? {} : { database }),
    });
    t.after(() => node.close());
    const scopes = database === undefined ? ['openid', 'openid offline_access'] : ['openid'];
    for (const scope of scopes) {
      const held = await signedOut(node, scope);
      const start = node.time.now;
      for (const after of [0, 2 * HOUR, 11 * HOUR, 13 * HOUR]) {
        node.travelTo(start + after);
        await node.node.parts.revocations.poll();
        const { body } = await refresh(node, held.refresh_token);
        assert.equal(body.error, 'invalid_grant', `${scope}, ${after} seconds later`);
      }
    }
  });
}

// OpenID Connect Back-Channel Logout §2.7, Core §11: it is for the person's absence. Revoking it, signing out everywhere and
// taking consent back end it (above, and test/flows/consent-oidc.test.ts).
test('offline_access outlives a sign-out, and what comes of it is good throughout', async (t) => {
  const node = await ownNode(t);
  const held = await signedOut(node, 'openid offline_access');
  const start = node.time.now;
  let { refresh_token: last } = held;
  for (const after of [1, 2 * HOUR, 13 * HOUR, 48 * HOUR]) {
    node.travelTo(start + after);
    await node.node.parts.revocations.poll();
    const { body } = await refresh(node, last);
    assert.equal(await userinfo(node, body.access_token), 200, `${after} seconds later: ${JSON.stringify(body)}`);
    last = body.refresh_token;
  }
  const ended = await call(node, '/oidc/revoke', { token: last }, auth);
  assert.equal(ended.status, 200);
  assert.equal((await refresh(node, last)).body.error, 'invalid_grant');
});

// docs/sealed-values.md, Lineage: what was made from something sealed under a stolen key may be the thief's.
test('what descends from a revoked key ends with it, however young its own key is', async (t) => {
  const node = await ownNode(t);
  const browser = new PersonBrowser();
  const from = await tokens(node, { scope: 'openid offline_access' }, browser);
  const stolen = node.node.parts.keyring.current().keys[0]?.kid ?? '';
  const timing = ['--every', '6h', '--longest-lifetime', '12h'];
  for (let step = 0; step < 18; step += 1) {
    if (step % 6 === 0) await signet({ node, now: node.time.now }, 'keys', 'rotate', ...timing);
    node.travelTo(node.time.now + 1800);
    await node.node.parts.revocations.poll();
    // The session is used meanwhile, and sealed again under whatever key is active.
    assert.ok(returned(await browser.get(node, authorizePath('wiki'))).has('code'));
  }
  const next = await refresh(node, from.refresh_token);
  assert.equal(next.status, 200, JSON.stringify(next.body));
  const code = await codeOf(node, 'wiki', {}, browser);
  const sealer = createSealer({
    ring: node.node.parts.keyring.current,
    reread: () => false,
    clock: () => node.time.now,
    random: systemRandom(),
    observe: () => {},
  });
  for (const [purpose, value] of [
    [oidcCode, code],
    [oidcRefresh, next.body.refresh_token],
  ] as const) {
    const opened = sealer.open(purpose, 'wiki', value ?? '');
    assert.notEqual(opened?.kid ?? stolen, stolen, `${purpose.name} is sealed under a younger key`);
  }
  await signet({ node, now: node.time.now }, 'keys', 'revoke', '--kid', stolen, '--reason', 'stolen');
  node.travelTo(node.time.now + 1);
  await assertEnded(node, next.body, code, 'lineage');
});

// docs/sealed-values.md, Purposes; RFC 8725 §3.11: each value in the place of each other.
test('nothing is good as anything but what it is', async (t) => {
  const first = await ownNode(t);
  const browser = new PersonBrowser();
  const held = await tokens(first, { scope: 'openid offline_access' }, browser);
  const code = await codeOf(first, 'wiki', {}, browser);
  const parameters = Object.fromEntries(new URLSearchParams(authorizePath('wiki').split('?')[1]));
  const pushed = await call(first, '/oidc/par', parameters, auth);
  const challenged = await refresh(
    first,
    'x',
    {},
    { ...auth, DPoP: await new ClientKey().proof(first, 'POST', '/oidc/token') },
  );
  const flow = new PersonBrowser();
  await flow.get(first, authorizePath('wiki'));
  const claims = JSON.parse(Buffer.from((held.access_token ?? '').split('.')[1] ?? '', 'base64url').toString());
  const [sessionName, session] = [...browser.cookies].find(([name]) => name.includes('sso')) ?? ['', ''];
  const values: Readonly<Record<string, string | undefined>> = {
    code,
    refresh: held.refresh_token,
    access: held.access_token,
    'inside access': claims.ref,
    id: held.id_token,
    par: String(pushed.body.request_uri),
    'par alone': String(pushed.body.request_uri).split(':').at(-1),
    nonce: String(challenged.headers['dpop-nonce']),
    session,
    flow: [...flow.cookies.values()][0],
    sid: claims.sid,
  };
  for (const [name, value] of Object.entries(values)) assert.ok(value !== undefined && value.length > 20, name);
  const proofWith = async (nonce: string) => ({
    ...auth,
    DPoP: await new ClientKey().proof(first, 'POST', '/oidc/token', { nonce }),
  });
  /** Where a person without a session is sent, by an address with this in it. */
  const sentTo = async (changes: Params, headers: Readonly<Record<string, string>> = {}): Promise<string> =>
    (await first.ask({ path: authorizePath('wiki', { prompt: 'none', ...changes }), headers })).headers.location ?? '';
  const places: Readonly<Record<string, (value: string) => Promise<boolean>>> = {
    refresh: async (value) => (await refresh(first, value)).status === 200,
    access: async (value) => (await userinfo(first, value)) === 200,
    introspected: async (value) =>
      String((await call(first, '/oidc/introspect', { token: value }, auth)).body.active) === 'true',
    request_uri: async (value) => !/error=\w*request_uri/.test(await sentTo({ request_uri: value })),
    'request_uri after its prefix': async (value) =>
      !/error=\w*request_uri/.test(await sentTo({ request_uri: `urn:ietf:params:oauth:request_uri:${value}` })),
    id_token_hint: async (value) => !/error=invalid_request/.test(await sentTo({ id_token_hint: value })),
    'session cookie': async (value) => /code=/.test(await sentTo({}, { Cookie: `${sessionName}=${value}` })),
    'nonce of a proof': async (value) =>
      (await refresh(first, 'x', {}, await proofWith(value))).body.error !== 'use_dpop_nonce',
    // The code last: it is used up by being good.
    code: async (value) => (await redeem(first, 'wiki', value, {}, auth)).status === 200,
  };
  const good: string[] = [];
  for (const [place, fits] of Object.entries(places)) {
    for (const [name, value] of Object.entries(values)) if (await fits(value ?? '')) good.push(`${name} as ${place}`);
  }
  assert.deepEqual(good, [
    'refresh as refresh',
    'access as access',
    'access as introspected',
    'par as request_uri',
    'par alone as request_uri after its prefix',
    'id as id_token_hint',
    'session as session cookie',
    'nonce as nonce of a proof',
    'code as code',
  ]);
});
