// Resource indicators (RFC 8707): several at once, at every endpoint that takes them, and what the access token says then.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import { authorizePath, basic, CALLBACK, codeOf, returned, type Told, VERIFIER } from '../support/oidc.ts';
import { type OneNode, startOneNode } from '../support/one-node.ts';
import { PersonBrowser } from '../support/person.ts';

const SECRET = 'a-secret-of-at-least-thirty-two-characters';
const auth = basic('wiki', SECRET);
const [NOTES, MAIL, FILES] = ['https://notes.example.org', 'https://mail.example.org', 'https://files.example.org'];
const RESOURCES = [NOTES, MAIL, FILES, ...[4, 5, 6].map((n) => `https://api${n}.example.org`)];

let node: OneNode;
const alice = new PersonBrowser();
before(async () => {
  node = await startOneNode({
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    clients: [
      {
        client_id: 'wiki',
        client_secret_hash: hashClientSecret(SECRET, (size) => Buffer.alloc(size, 7)),
        redirect_uris: [CALLBACK],
        grant_types: ['authorization_code', 'refresh_token'],
        signet: { resources: RESOURCES },
      },
    ],
  });
  await codeOf(node, 'wiki', {}, alice);
});
after(() => node.close());

function resources(...names: readonly string[]): string {
  return names.map((name) => `&resource=${encodeURIComponent(name)}`).join('');
}

/** An authorization request's parameters, as they stand in a query or a body. */
const request = (...names: readonly string[]) => `${authorizePath('wiki').split('?')[1]}${resources(...names)}`;

async function post(path: string, body: string): Promise<Told> {
  const { status, text, headers } = await node.ask({ path, body, headers: auth });
  return { status, body: JSON.parse(text), headers };
}

const redeem = (code: string, ...names: readonly string[]) =>
  post(
    '/oidc/token',
    `${new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER })}${resources(...names)}`,
  );

const refresh = ({ body }: Told, ...names: readonly string[]) =>
  post(
    '/oidc/token',
    `${new URLSearchParams({ grant_type: 'refresh_token', refresh_token: body.refresh_token ?? '' })}${resources(...names)}`,
  );

function audience({ status, body }: Told): unknown {
  assert.equal(status, 200, JSON.stringify(body));
  return JSON.parse(Buffer.from((body.access_token ?? '').split('.')[1] ?? '', 'base64url').toString()).aud;
}

async function codeFor(query: string): Promise<string> {
  const parameters = returned(await alice.get(node, `/oidc/authorize?${query}`));
  return parameters.get('code') ?? assert.fail(String(parameters));
}

const ways: readonly { readonly name: string; readonly code: (...names: readonly string[]) => Promise<string> }[] = [
  { name: 'by GET', code: (...names) => codeFor(request(...names)) },
  {
    name: 'by POST',
    code: async (...names) => {
      const posted = await node.ask({ path: '/oidc/authorize', body: request(...names) });
      assert.equal(posted.status, 303);
      const flow = new PersonBrowser();
      for (const [cookie, value] of alice.cookies) flow.cookies.set(cookie, value);
      for (const line of posted.setCookies) {
        const [, cookie = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        flow.cookies.set(cookie, value);
      }
      return returned(await flow.get(node, posted.headers.location ?? '')).get('code') ?? assert.fail();
    },
  },
  {
    name: 'pushed',
    code: async (...names) => {
      const { status, body } = await post('/oidc/par', request(...names));
      assert.equal(status, 201, JSON.stringify(body));
      return codeFor(`client_id=wiki&request_uri=${encodeURIComponent(body.request_uri ?? '')}`);
    },
  },
];
for (const { name, code } of ways) {
  test(`several resources, ${name}: the access token is for all of them, or for those that are wanted`, async () => {
    assert.deepEqual(audience(await redeem(await code(NOTES, MAIL, FILES))), [NOTES, MAIL, FILES]);
    assert.deepEqual(audience(await redeem(await code(NOTES, MAIL, FILES), FILES, NOTES)), [NOTES, FILES]);
    assert.equal(audience(await redeem(await code(NOTES, MAIL), MAIL)), MAIL);
    assert.equal(audience(await redeem(await code(NOTES))), NOTES);
  });

  test(`the same resource twice is one, ${name}`, async () => {
    assert.equal(audience(await redeem(await code(NOTES, NOTES), NOTES, NOTES)), NOTES);
  });
}

test('a refresh takes some of them, and the next one may have all again', async () => {
  const first = await redeem(await codeFor(request(NOTES, MAIL, FILES)), MAIL);
  const some = await refresh(first, NOTES, FILES);
  assert.deepEqual(audience(some), [NOTES, FILES]);
  assert.deepEqual(audience(await refresh(some)), [NOTES, MAIL, FILES]);
});

// RFC 8707 §2.2: one that was not granted refuses the whole, and nothing is used up.
test('one resource too many is told, and code and refresh token are still good', async () => {
  const code = await codeFor(request(NOTES, MAIL));
  for (const names of [[NOTES, FILES], [FILES], [NOTES, MAIL, 'https://evil.example'], [`${NOTES}/`]]) {
    const { status, body } = await redeem(code, ...names);
    assert.deepEqual([status, body.error, body.access_token], [400, 'invalid_target', undefined], String(names));
  }
  const held = await redeem(code);
  assert.equal((await refresh(held, NOTES, FILES)).body.error, 'invalid_target');
  assert.deepEqual(audience(await refresh(held, MAIL, NOTES)), [NOTES, MAIL]);
});

test('caps: more resources than a code holds, or one too long, are told before anybody signs in', async () => {
  const six = request(...RESOURCES);
  const long = request(`https://notes.example.org/${'x'.repeat(512)}`);
  for (const body of [six, long]) {
    assert.equal((await post('/oidc/par', body)).body.error, 'invalid_request');
    const asked = returned(await alice.get(node, `/oidc/authorize?${body}`));
    assert.equal(asked.get('error'), 'invalid_request');
    assert.equal(returned(await node.ask({ path: '/oidc/authorize', body })).get('error'), 'invalid_request');
  }
  const unregistered = request(NOTES, 'https://evil.example');
  assert.equal((await post('/oidc/par', unregistered)).body.error, 'invalid_target');
});

test('a resource without a value counts as left out', async () => {
  assert.equal(audience(await redeem(await codeFor(request(NOTES)), '')), NOTES);
  const { body } = await post('/oidc/par', request('', NOTES));
  const code = await codeFor(`client_id=wiki&request_uri=${encodeURIComponent(body.request_uri ?? '')}`);
  assert.equal(audience(await redeem(code)), NOTES);
});
