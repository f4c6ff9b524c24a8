// Request objects that are not what they say (RFC 9101), and what they name elsewhere.
import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import {
  authorize,
  authorizePath,
  CALLBACK,
  ClientKey,
  call,
  ISSUER,
  type Params,
  returned,
} from '../../support/oidc.ts';
import { API, attackedClients, BANK_KEY, encode, forged, SHOP_KEY } from '../../support/oidc-clients.ts';
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

const authorization = (changes: Params = {}): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(authorizePath('bank', changes).split('?')[1]));

interface Claims {
  readonly [name: string]: unknown;
}

function requestObject(changes: Claims = {}, header: object = {}, key = BANK_KEY): Promise<string> {
  const { now } = node.time;
  return key.sign({ iss: 'bank', aud: ISSUER, exp: now + 60, ...authorization(), ...changes }, { ...header });
}

test('a request object counts, and nothing beside it', async () => {
  const request = await requestObject({ state: 'of the object' });
  // RFC 9101 §6.3: parameters beside the object are another person's words.
  const beside = { state: 'beside', scope: 'openid email', prompt: 'login', response_mode: 'fragment', resource: API };
  const answer = await ask('bank', { ...beside, request });
  assert.ok((answer.headers.location ?? '').startsWith(`${CALLBACK}?code=`));
  assert.equal(returned(answer).get('state'), 'of the object');
  const evil = await requestObject({ redirect_uri: 'https://evil.example/' });
  assert.equal((await ask('bank', { request: evil })).status, 400);
});

// RFC 9101 §5, RFC 6749 §3.1, CWE-235: which request counts, and whose, must not depend on who reads it.
test('a request by value or by name is there once, from one client, in one way', async () => {
  const object = `client_id=bank&request=${await requestObject()}`;
  const form = { ...Object.fromEntries(new URLSearchParams(authorizePath('spa').split('?')[1])) };
  const { body } = await call(node, '/oidc/par', form);
  const pushed = `client_id=spa&request_uri=${encodeURIComponent(body.request_uri ?? '')}`;
  for (const good of [object, pushed]) {
    const others = ['client_id=shop', 'client_id=bank', 'client_id=spa', 'request=x.y.z', 'request_uri=x'];
    others.push('request_uri=https%3A%2F%2Fevil.example%2Frequest', `request=${'x'.repeat(17_000)}`);
    for (const other of others) {
      for (const query of [`${good}&${other}`, `${other}&${good}`]) {
        // By POST: a query of 17,000 characters is refused before anybody reads it.
        for (const path of query.length > 10_000 ? [] : [`/oidc/authorize?${query}`]) {
          const { status, headers } = await alice.get(node, path);
          assert.deepEqual([status, headers.location], [400, undefined], path);
        }
        const { status, headers } = await node.ask({ path: '/oidc/authorize', body: query });
        assert.deepEqual([status, headers.location], [400, undefined], query.slice(0, 100));
      }
    }
    assert.ok(returned(await alice.get(node, `/oidc/authorize?${good}`)).has('code'));
  }
});

// RFC 9101 §10, RFC 8725 §2.
const objects: readonly { readonly name: string; readonly make: () => Promise<string> }[] = [
  { name: 'for another server', make: () => requestObject({ aud: 'https://other.example' }) },
  { name: 'for nobody', make: () => requestObject({ aud: undefined }) },
  { name: 'of another issuer', make: () => requestObject({ iss: 'shop' }) },
  { name: 'of another client', make: () => requestObject({ client_id: 'shop' }) },
  { name: 'without a client', make: () => requestObject({ client_id: undefined }) },
  { name: 'signed by another client', make: () => requestObject({}, {}, SHOP_KEY) },
  {
    name: 'signed by another client that says so',
    make: () => requestObject({ iss: 'shop', client_id: 'shop' }, {}, SHOP_KEY),
  },
  { name: 'expired', make: () => requestObject({ exp: 1 }) },
  { name: 'without an end', make: () => requestObject({ exp: undefined }) },
  { name: 'for years', make: () => requestObject({ exp: 4_000_000_000 }) },
  { name: 'not yet', make: () => requestObject({ nbf: 4_000_000_000 }) },
  { name: 'a client assertion', make: () => BANK_KEY.assertion(node, 'bank', authorization()) },
  { name: 'typ of a client assertion', make: () => requestObject({}, { typ: 'client-authentication+jwt' }) },
  { name: 'typ of a DPoP proof', make: () => requestObject({}, { typ: 'dpop+jwt' }) },
  { name: 'typ of an access token', make: () => requestObject({}, { typ: 'at+jwt' }) },
  { name: 'an object within', make: async () => requestObject({ request: await requestObject() }) },
  { name: 'another by reference within', make: () => requestObject({ request_uri: 'https://evil.example/' }) },
  {
    name: 'its own key in the header',
    make: async () => {
      const key = new ClientKey();
      return requestObject({}, { jwk: await key.jwk() }, key);
    },
  },
  { name: 'alg none', make: async () => forged(await requestObject(), { alg: 'none' }) },
  {
    name: 'alg none with the signature',
    make: async () => {
      const object = await requestObject();
      return forged(object, { alg: 'none' }, object.split('.')[2]);
    },
  },
  { name: 'HS256', make: async () => forged(await requestObject(), { alg: 'HS256' }, 'AAAA') },
  {
    name: 'an unknown critical header',
    make: async () => {
      const [, payload] = (await requestObject()).split('.');
      const input = `${encode({ alg: 'ES256', crit: ['x'], x: 1 })}.${payload}`;
      const signature = sign('sha256', Buffer.from(input), { key: BANK_KEY.privateKey, dsaEncoding: 'ieee-p1363' });
      return `${input}.${signature.toString('base64url')}`;
    },
  },
  { name: 'no JWT', make: async () => '{"redirect_uri":"x"}' },
];
for (const { name, make } of objects) {
  test(`request object: ${name}: refused`, async () => {
    const told = returned(await ask('bank', { request: await make() }));
    assert.equal(told.get('error'), 'invalid_request_object');
    assert.equal(told.has('code'), false);
  });
}

// RFC 9101 §10.5 (CWE-918): nothing that a request names is fetched.
test('what a request names is not fetched', async (t) => {
  const fetched: string[] = [];
  const server = createServer((incoming, response) => {
    fetched.push(incoming.url ?? '');
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const evil = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const told = returned(await ask('bank', { request_uri: `${evil}/object` }));
  assert.equal(told.get('error'), 'request_uri_not_supported');
  for (const header of [{ jku: `${evil}/jwks` }, { x5u: `${evil}/x5u` }]) {
    const { headers } = await ask('bank', { request: await requestObject({}, header, SHOP_KEY) });
    assert.match(headers.location ?? '', /error=invalid_request_object/);
  }
  await ask('wiki', { registration: JSON.stringify({ jwks_uri: `${evil}/jwks`, logo_uri: `${evil}/logo` }) });
  assert.deepEqual(fetched, []);
});
