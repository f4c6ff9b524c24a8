// What a thief does with a code, a refresh token, an access token: at another client, twice, at two nodes at once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { basic, CALLBACK, ClientKey, call, codeOf, type Params, redeem } from '../../support/oidc.ts';
import {
  API,
  AS_WIKI,
  attackedClients,
  OTHER_API,
  refresh,
  SECRET,
  tokens,
  userinfo,
} from '../../support/oidc-clients.ts';
import { type OneNode, startOneNode } from '../../support/one-node.ts';
import { PersonBrowser, samlResponse } from '../../support/person.ts';

const QUIET = { SIGNET_THROTTLE_ENABLED: 'false', SIGNET_KEYRING_POLL: '600' };
const auth = AS_WIKI;
const other = basic('other', SECRET);

/** Two nodes on one database. */
let first: OneNode;
let second: OneNode;
/** Two nodes that share nothing but files. */
let alone: OneNode;
let neighbour: OneNode;
before(async () => {
  const clients = await attackedClients();
  first = await startOneNode({ environment: QUIET, clients, database: 'sqlite' });
  second = await first.sibling();
  alone = await startOneNode({ environment: QUIET, clients });
  neighbour = await alone.sibling();
});
after(async () => {
  for (const node of [second, first, neighbour, alone]) await node.close();
});

// RFC 6749 §10.5, RFC 9700 §4.5: a code that was stolen, or put into another person's browser.
test('a code is good for its client, its address and its verifier only', async () => {
  const code = await codeOf(first, 'wiki');
  const tries: readonly (readonly [string, Params, object])[] = [
    ['other', {}, other],
    ['other', { client_id: 'wiki' }, other],
    ['wiki', { client_id: 'other' }, auth],
    ['spa', {}, {}],
    ['wiki', { redirect_uri: `${CALLBACK}?` }, auth],
    ['wiki', { code_verifier: `${'x'.repeat(43)}` }, auth],
    ['wiki', { code_verifier: undefined }, auth],
    ['wiki', { code: `${code}A` }, auth],
    ['wiki', { code: `${code}=` }, auth],
    ['wiki', { code: ` ${code}` }, auth],
    ['wiki', { code: code.slice(0, -1) }, auth],
    ['wiki', { code: flipped(code) }, auth],
  ];
  for (const [client, changes, headers] of tries) {
    const { status, body } = await redeem(first, client, code, changes, headers);
    assert.ok(status === 400 || status === 401, JSON.stringify([client, changes]));
    assert.equal(body.access_token, undefined);
  }
  assert.equal((await redeem(first, 'wiki', code, {}, auth)).status, 200, 'none of them used it up');
});

function flipped(text: string): string {
  const middle = Math.floor(text.length / 2);
  return `${text.slice(0, middle)}${text[middle] === 'A' ? 'B' : 'A'}${text.slice(middle + 1)}`;
}

// RFC 6749 §4.1.2, CWE-294: by the attacker first or second, here or there, at once.
test('with a database a code is good once in the whole cluster, and what it gave ends everywhere', async () => {
  const code = await codeOf(first, 'wiki', { scope: 'openid offline_access' });
  const { body } = await redeem(second, 'wiki', code, {}, auth);
  assert.equal(await userinfo(first, body.access_token), 200);
  assert.equal((await redeem(first, 'wiki', code, {}, auth)).body.error, 'invalid_grant');
  for (const node of [first, second]) {
    assert.equal(await userinfo(node, body.access_token), 401);
    assert.equal((await refresh(node, body.refresh_token)).body.error, 'invalid_grant');
  }
});

test('with a database only one of many at once gets anything', async () => {
  const code = await codeOf(first, 'wiki');
  const told = await Promise.all([first, second, first, second].map((node) => redeem(node, 'wiki', code, {}, auth)));
  assert.equal(told.filter(({ status }) => status === 200).length, 1);
});

// X-Request-Id of a trusted balancer names one attempt; of another attempt it names another.
test('another request id is another attempt, and the grace for a repeat is short', async () => {
  const code = await codeOf(first, 'wiki');
  const by = (id: string) => ({ ...auth, 'X-Request-Id': id });
  const given = await redeem(first, 'wiki', code, {}, by('one'));
  const repeated = await redeem(second, 'wiki', code, {}, by('one'));
  assert.deepEqual([given.status, repeated.status], [200, 200], 'the balancer asked another node');
  for (const node of [first, second]) {
    for (const { body } of [given, repeated])
      assert.equal(await userinfo(node, body.access_token), 200, 'nothing ended');
  }
  const began = first.time.now;
  try {
    first.travelTo(began + 21);
    assert.equal((await redeem(second, 'wiki', code, {}, by('one'))).body.error, 'invalid_grant');
    assert.equal(await userinfo(first, given.body.access_token), 401, 'that was a reuse');
  } finally {
    first.travelTo(began);
  }
  const again = await codeOf(first, 'wiki');
  assert.equal((await redeem(first, 'wiki', again, {}, by('two'))).status, 200);
  assert.equal((await redeem(second, 'wiki', again, {}, by('three'))).body.error, 'invalid_grant');
});

// A balancer repeats what a node took and did not answer: the client must not be told that it is a thief.
test('a refresh that a balancer repeats at another node is one refresh, with or without a database', async () => {
  for (const [here, there] of [
    [first, second],
    [alone, neighbour],
  ] as const) {
    const body = await tokens(here);
    const key = new ClientKey();
    const challenged = await refresh(here, 'x', {}, { ...auth, DPoP: await key.proof(here, 'POST', '/oidc/token') });
    const nonce = String(challenged.headers['dpop-nonce']);
    const proof = {
      DPoP: await key.proof(here, 'POST', '/oidc/token', { nonce }),
      'X-Request-Id': `repeat-${here === first}`,
    };
    const answers = [
      await refresh(here, body.refresh_token, {}, { ...auth, ...proof }),
      await refresh(there, body.refresh_token, {}, { ...auth, ...proof }),
    ];
    const ids = answers.map(({ status, body: { access_token: token = '' } }) => {
      assert.equal(status, 200);
      return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti;
    });
    assert.equal(ids[0], ids[1]);
    const next = async (token: string | undefined) => {
      const DPoP = await key.proof(here, 'POST', '/oidc/token', { nonce });
      return (await refresh(here, token, {}, { ...auth, DPoP })).status;
    };
    assert.equal(await next(answers[1]?.body.refresh_token), 200);
    assert.equal(await next(answers[0]?.body.refresh_token), 400, 'both are the same generation: good once');
  }
});

test('without a database a code is good once on each node, and for no longer than a minute', async () => {
  const code = await codeOf(alone, 'wiki');
  assert.equal((await redeem(alone, 'wiki', code, {}, auth)).status, 200);
  assert.equal((await redeem(alone, 'wiki', code, {}, auth)).body.error, 'invalid_grant');
  const late = await codeOf(alone, 'wiki');
  const began = alone.time.now;
  try {
    alone.travelTo(began + 71);
    assert.equal((await redeem(neighbour, 'wiki', late, {}, auth)).body.error, 'invalid_grant');
  } finally {
    alone.travelTo(began);
  }
});

// RFC 9700 §4.14.2: rotation shows that a token is in two hands; whose the family is, nobody can know.
test('with a database a refresh token used twice ends its family on every node', async () => {
  const body = await tokens(first, { scope: 'openid offline_access' });
  const next = await refresh(second, body.refresh_token);
  assert.equal(next.status, 200);
  assert.equal((await refresh(first, body.refresh_token)).body.error, 'invalid_grant');
  for (const node of [first, second]) {
    assert.equal((await refresh(node, next.body.refresh_token)).body.error, 'invalid_grant');
    assert.equal(await userinfo(node, next.body.access_token), 401);
    assert.equal(await userinfo(node, body.access_token), 401);
  }
});

test('with a database only one of many refreshes at once gets anything', async () => {
  const body = await tokens(first);
  const told = await Promise.all([first, second, first, second].map((node) => refresh(node, body.refresh_token)));
  assert.ok(told.filter(({ status }) => status === 200).length <= 1);
});

// CWE-770: each use is remembered until the grant ends, 90 days; in the node's own table that would end single sign-on.
test('with a database any number of refreshes leaves the node its room for sign-ins', async (t) => {
  const environment = { ...QUIET, SIGNET_SPENT_CAPACITY: '100' };
  const small = await startOneNode({ environment, clients: await attackedClients(), database: 'sqlite' });
  t.after(() => small.close());
  let { refresh_token: token } = await tokens(small, { scope: 'openid offline_access' });
  for (let n = 0; n < 150; n += 1) {
    const { status, body } = await refresh(small, token);
    assert.equal(status, 200, `${n}: ${body.error}`);
    token = body.refresh_token;
  }
  const browser = new PersonBrowser();
  await browser.signIn(small);
  assert.ok(samlResponse(await browser.signIn(small)), 'and by the session alone');
});

// RFC 6749 §6, RFC 8707 §2.2: what is granted never grows, by any way round.
test('no refresh widens scope, audience or time', async () => {
  const body = await tokens(first, { scope: 'openid email', resource: API });
  for (const scope of ['openid email profile', 'groups', 'openid  email offline_access', 'admin']) {
    assert.equal((await refresh(first, body.refresh_token, { scope })).body.error, 'invalid_scope', scope);
  }
  assert.equal((await refresh(first, body.refresh_token, { resource: OTHER_API })).body.error, 'invalid_target');
  assert.equal((await refresh(first, body.refresh_token, {}, other)).body.error, 'invalid_grant');
  assert.equal((await refresh(first, body.refresh_token, { client_id: 'other' })).body.error, 'invalid_client');
  const narrow = await refresh(first, body.refresh_token, { scope: 'openid' });
  assert.equal(narrow.body.scope, 'openid');
  const audiences = (token = '') => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).aud;
  assert.equal(audiences(narrow.body.access_token), API);
  assert.equal(await userinfo(first, narrow.body.access_token), 401, 'RFC 9068 §4: for the API, and not for userinfo');
});

test('a code’s resource can be narrowed when it is redeemed, and not replaced', async () => {
  const code = await codeOf(first, 'wiki', { resource: API });
  assert.equal((await redeem(first, 'wiki', code, { resource: OTHER_API }, auth)).body.error, 'invalid_target');
  assert.equal((await redeem(first, 'wiki', code, { resource: API }, auth)).status, 200);
  const plain = await codeOf(first, 'wiki');
  assert.equal((await redeem(first, 'wiki', plain, { resource: API }, auth)).body.error, 'invalid_target');
});

/** A key, and what proves it at the token endpoint of `first`. */
async function keyWithNonce() {
  const key = new ClientKey();
  const challenged = await refresh(first, 'x', {}, { ...auth, DPoP: await key.proof(first, 'POST', '/oidc/token') });
  assert.equal(challenged.body.error, 'use_dpop_nonce');
  const nonce = String(challenged.headers['dpop-nonce']);
  const shown = async () => ({ DPoP: await key.proof(first, 'POST', '/oidc/token', { nonce }) });
  return { shown, jkt: await key.thumbprint() };
}

// RFC 9449 §5: a stolen refresh token of a client that cannot prove who it is.
test('a proof shown with a public client’s refresh binds what follows', async () => {
  const [own, thief] = [await keyWithNonce(), await keyWithNonce()];
  const as = async (token: string | undefined, headers: object) => refresh(first, token, { client_id: 'spa' }, headers);
  const { body } = await redeem(first, 'spa', await codeOf(first, 'spa'));
  const bound = await as(body.refresh_token, await own.shown());
  assert.equal(bound.body.token_type, 'DPoP');
  assert.equal(await userinfo(first, bound.body.access_token), 401, 'RFC 9449 §7.2: never as a bearer token');
  assert.equal((await as(bound.body.refresh_token, {})).body.error, 'invalid_grant');
  assert.equal((await as(bound.body.refresh_token, await thief.shown())).body.error, 'invalid_grant');
  assert.equal((await as(bound.body.refresh_token, await own.shown())).status, 200, 'none of them used it up');
});

// RFC 9449 §5: "not bound to the DPoP proof public key", so that a client of many machines may have a key on each.
test('a refresh token of a client that proves who it is goes with each of its keys', async () => {
  const jktOf = (token = '') => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).cnf?.jkt;
  const keys = [await keyWithNonce(), await keyWithNonce()] as const;
  const code = await codeOf(first, 'wiki');
  let told = await redeem(first, 'wiki', code, {}, { ...auth, ...(await keys[0].shown()) });
  assert.equal(jktOf(told.body.access_token), keys[0].jkt);
  for (const { shown, jkt } of [keys[1], keys[0]]) {
    const stolen = await refresh(first, told.body.refresh_token, {}, { ...other, ...(await shown()) });
    assert.equal(stolen.body.error, 'invalid_grant', 'of another client');
    told = await refresh(first, told.body.refresh_token, {}, { ...auth, ...(await shown()) });
    assert.equal(told.body.token_type, 'DPoP');
    assert.equal(jktOf(told.body.access_token), jkt, 'the access token is the shown key’s');
    assert.equal(await userinfo(first, told.body.access_token), 401, 'never as a bearer token');
  }
});

// RFC 7009 §2.1: what was ended by its access token does not come back when that would have been over.
test('a family ended by an access token stays ended', async () => {
  for (const node of [first, alone]) {
    const body = await tokens(node, { scope: 'openid offline_access' });
    assert.equal((await call(node, '/oidc/revoke', { token: body.access_token }, auth)).status, 200);
    const began = node.time.now;
    try {
      for (const later of [0, 400, 3600, 36_000]) {
        node.travelTo(began + later);
        // A feed that was not read for so long ends nothing: it makes the node say that it cannot know.
        await node.node.parts.revocations.poll();
        assert.equal((await refresh(node, body.refresh_token)).body.error, 'invalid_grant', `${later} s later`);
      }
    } finally {
      node.travelTo(began);
    }
  }
});
