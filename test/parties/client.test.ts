import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { NEVER_ASKED } from '../../src/core/consent.ts';
import { type Client, readClient } from '../../src/parties/client.ts';
import {
  hashClientSecret,
  isClientSecretHash,
  matchesClientSecret,
  newClientSecret,
} from '../../src/parties/client-secret.ts';
import { matchesLoopback, redirectUriProblem } from '../../src/parties/client-uris.ts';
import { isProblems } from '../../src/parties/party-document.ts';

const random = (size: number): Buffer => Buffer.alloc(size, 7);
const SECRET_HASH = hashClientSecret('a-secret-of-at-least-thirty-two-characters', random);
const base = {
  client_id: 'wiki',
  client_secret_hash: SECRET_HASH,
  redirect_uris: ['https://wiki.example.org/callback'],
};
const publicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
const shortKey = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
const withKeys = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [publicKey] } };

function read(members: Record<string, unknown>): Client | readonly string[] {
  const client = readClient({ ...base, ...members }, 'wiki.client.yaml');
  return isProblems(client) ? client.map(({ path }) => path.replace('wiki.client.yaml: ', '')) : client;
}

test('the least document is a confidential web client with the code flow', () => {
  const client = read({});
  assert.ok(!Array.isArray(client) && 'metadata' in client);
  assert.equal(client.relyingParty.key, 'oidc:wiki');
  assert.equal(client.relyingParty.displayName, 'wiki');
  assert.equal(client.hash, createHash('sha256').update('oidc:wiki').digest('hex').slice(0, 12));
  const { response_types, grant_types, subject_type, id_token_signed_response_alg, signet } = client.metadata;
  assert.deepEqual(
    { response_types, grant_types, subject_type, id_token_signed_response_alg, pkce: signet.pkce },
    {
      response_types: ['code'],
      grant_types: ['authorization_code'],
      subject_type: 'pairwise',
      id_token_signed_response_alg: 'RS256',
      pkce: 'required',
    },
  );
});

const accepted: readonly { readonly name: string; readonly members: Record<string, unknown> }[] = [
  { name: 'a public client', members: { token_endpoint_auth_method: 'none', client_secret_hash: undefined } },
  { name: 'keys instead of a secret', members: { ...withKeys, client_secret_hash: undefined } },
  { name: 'a native app', members: { application_type: 'native', redirect_uris: ['org.example.app:/callback'] } },
  { name: 'a loopback address', members: { redirect_uris: ['http://127.0.0.1/callback'] } },
  {
    name: 'the enterprise response types',
    members: { response_types: ['code id_token'], grant_types: ['authorization_code', 'implicit'] },
  },
  { name: 'FAPI', members: { ...withKeys, signet: { fapi: true }, id_token_signed_response_alg: 'ES256' } },
  {
    name: 'what is told to people elsewhere',
    members: { contacts: ['a@example.org'], logo_uri: 'https://wiki.example.org/l.png' },
  },
];
test('people are asked, on these terms; links that nobody can safely follow are not shown', () => {
  const asks = { signet: { consent: 'ask', termsVersion: '2' } };
  const shown = { ...asks, tos_uri: 'https://wiki.example.org/terms', policy_uri: 'https://wiki.example.org/privacy' };
  const consent = (members: Record<string, unknown>) => {
    const client = read(members);
    return 'metadata' in client ? client.relyingParty.consent : assert.fail(JSON.stringify(client));
  };
  assert.deepEqual(consent(shown), {
    ask: true,
    termsVersion: '2',
    tosUri: 'https://wiki.example.org/terms',
    policyUri: 'https://wiki.example.org/privacy',
  });
  assert.deepEqual(consent({}), NEVER_ASKED);
  for (const uri of ['javascript:alert(1)', 'http://wiki.example.org/terms', 'https://a@wiki.example.org/', 7, {}]) {
    const { tosUri, policyUri } = consent({ ...asks, tos_uri: uri, policy_uri: uri });
    assert.deepEqual([tosUri, policyUri], [null, null], String(uri));
  }
});

for (const { name, members } of accepted) {
  test(`accepted: ${name}`, () => assert.ok('metadata' in read(members)));
}

const refused: readonly {
  readonly name: string;
  readonly members: Record<string, unknown>;
  readonly paths: readonly string[];
}[] = [
  { name: 'no client_id', members: { client_id: undefined }, paths: ['client_id'] },
  { name: 'a client_id that does not fit', members: { client_id: 'x'.repeat(252) }, paths: ['client_id'] },
  { name: 'a secret in the open', members: { client_secret: 'x'.repeat(40) }, paths: ['client_secret'] },
  { name: 'something else for a hash', members: { client_secret_hash: 'sha256$x' }, paths: ['client_secret_hash'] },
  { name: 'no secret', members: { client_secret_hash: undefined }, paths: ['client_secret_hash'] },
  { name: 'a member nobody knows', members: { redirect_uri: 'https://x.example' }, paths: ['redirect_uri'] },
  { name: 'another word for consent', members: { signet: { consent: 'always' } }, paths: ['signet.consent'] },
  { name: 'terms without a version', members: { signet: { termsVersion: '' } }, paths: ['signet.termsVersion'] },
  { name: 'no return address', members: { redirect_uris: [] }, paths: ['redirect_uris'] },
  // RFC 9700 §2.1, §4.1.3
  { name: 'http on a host', members: { redirect_uris: ['http://wiki.example.org/cb'] }, paths: ['redirect_uris[0]'] },
  {
    name: 'http on localhost, a name',
    members: { redirect_uris: ['http://localhost/cb'] },
    paths: ['redirect_uris[0]'],
  },
  { name: 'a wildcard', members: { redirect_uris: ['https://wiki.example.org/*'] }, paths: ['redirect_uris[0]'] },
  { name: 'a fragment', members: { redirect_uris: ['https://wiki.example.org/cb#x'] }, paths: ['redirect_uris[0]'] },
  { name: 'a user name', members: { redirect_uris: ['https://a@wiki.example.org/'] }, paths: ['redirect_uris[0]'] },
  {
    name: 'javascript:',
    members: { application_type: 'native', redirect_uris: ['javascript:alert(1)'] },
    paths: ['redirect_uris[0]'],
  },
  {
    name: 'a short scheme',
    members: { application_type: 'native', redirect_uris: ['myapp:/cb'] },
    paths: ['redirect_uris[0]'],
  },
  {
    name: 'a private scheme on the web',
    members: { redirect_uris: ['org.example.app:/cb'] },
    paths: ['redirect_uris[0]'],
  },
  { name: 'jwks_uri by http', members: { jwks_uri: 'http://wiki.example.org/jwks' }, paths: ['jwks_uri'] },
  { name: 'keys twice', members: { ...withKeys, jwks_uri: 'https://wiki.example.org/jwks' }, paths: ['jwks_uri'] },
  { name: 'a private key', members: { jwks: { keys: [{ ...publicKey, d: 'x' }] } }, paths: ['jwks.keys[0]'] },
  { name: 'a secret key', members: { jwks: { keys: [{ kty: 'oct', k: 'x' }] } }, paths: ['jwks.keys[0]'] },
  {
    name: 'a key that is none',
    members: { jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ' }] } },
    paths: ['jwks.keys[0]'],
  },
  {
    name: 'a key with a number for its kid',
    members: { jwks: { keys: [{ ...publicKey, kid: 5 }] } },
    paths: ['jwks.keys[0].kid'],
  },
  { name: 'a short key', members: { jwks: { keys: [shortKey] } }, paths: ['jwks.keys[0]'] },
  {
    name: 'encryption to keys that may not be there',
    members: { id_token_encrypted_response_alg: 'ECDH-ES', jwks_uri: 'https://wiki.example.org/jwks' },
    paths: ['jwks'],
  },
  {
    name: 'encryption to a key of another kind',
    members: { id_token_encrypted_response_alg: 'RSA-OAEP-256', jwks: { keys: [publicKey] } },
    paths: ['jwks'],
  },
  { name: 'private_key_jwt without keys', members: { token_endpoint_auth_method: 'private_key_jwt' }, paths: ['jwks'] },
  {
    name: 'a public client without PKCE',
    members: { token_endpoint_auth_method: 'none', signet: { pkce: 'optional' } },
    paths: ['signet.pkce'],
  },
  { name: 'access tokens in the front channel', members: { response_types: ['token'] }, paths: ['response_types[0]'] },
  { name: 'id_token without the implicit grant', members: { response_types: ['id_token'] }, paths: ['grant_types'] },
  { name: 'alg none', members: { id_token_signed_response_alg: 'none' }, paths: ['id_token_signed_response_alg'] },
  { name: 'HS256', members: { id_token_signed_response_alg: 'HS256' }, paths: ['id_token_signed_response_alg'] },
  {
    name: 'two hosts, pairwise',
    members: { redirect_uris: ['https://a.example/', 'https://b.example/'] },
    paths: ['sector_identifier_uri'],
  },
  {
    name: 'FAPI with a secret and RS256',
    members: { signet: { fapi: true } },
    paths: ['token_endpoint_auth_method', 'id_token_signed_response_alg'],
  },
  { name: 'a tile that opens nothing', members: { signet: { portal: true } }, paths: ['signet.portal'] },
  // CWE-79: a link that a person clicks on our own page.
  ...['javascript:alert(1)', 'http://wiki.example/', 'data:text/html,x'].map((client_uri) => ({
    name: `a tile that opens ${client_uri}`,
    members: { client_uri, signet: { portal: true } },
    paths: ['client_uri'],
  })),
  {
    name: 'all at once',
    members: { redirect_uris: [], jwks_uri: 'x', token_endpoint_auth_method: 'none', signet: { pkce: 'optional' } },
    paths: ['redirect_uris', 'jwks_uri', 'signet.pkce'],
  },
];
for (const { name, members, paths } of refused) {
  test(`refused: ${name}`, () => assert.deepEqual(read(members), paths));
}

test('nothing that is no document is a client', () => {
  for (const value of [null, 'x', 5, [], true])
    assert.ok(isProblems(readClient(value, 'x.client.yaml')), String(value));
});

test('a secret is kept as a salted hash and compared with it', () => {
  const secret = newClientSecret((size) => Buffer.alloc(size, 9));
  assert.match(secret, /^[\w-]{43}$/);
  const kept = hashClientSecret(secret, random);
  assert.ok(isClientSecretHash(kept) && !kept.includes(secret));
  assert.notEqual(
    kept,
    hashClientSecret(secret, (size) => Buffer.alloc(size, 8)),
  );
  assert.ok(matchesClientSecret(secret, kept));
  for (const other of ['', `${secret} `, secret.slice(1), secret.toLowerCase(), 'x'.repeat(100_000)]) {
    assert.equal(matchesClientSecret(other, kept), false);
  }
  for (const damaged of ['', 'sha256$$', kept.slice(0, -1), kept.replace('sha256', 'sha1')]) {
    assert.equal(matchesClientSecret(secret, damaged), false);
  }
});

// RFC 8252 §7.3: any port on a loopback address, and nothing else may differ.
const loopback: readonly (readonly [asked: string, registered: string, same: boolean])[] = [
  ['http://127.0.0.1:49152/cb', 'http://127.0.0.1/cb', true],
  ['http://127.0.0.1/cb', 'http://127.0.0.1:8080/cb', true],
  ['http://[::1]:5000/cb?x=1', 'http://[::1]/cb?x=1', true],
  ['http://127.0.0.1:80/cb', 'http://127.0.0.1:8080/cb', false],
  ['http://127.0.0.1:800/cb', 'http://127.0.0.1:8080/cb', true],
  ['http://127.0.0.1:0/cb', 'http://127.0.0.1/cb', false],
  ['http://127.0.0.1:08080/cb', 'http://127.0.0.1/cb', false],
  ['http://127.0.0.1:1/other', 'http://127.0.0.1/cb', false],
  ['http://127.0.0.1:1/cb', 'http://[::1]/cb', false],
  ['http://127.0.0.1.evil.example:1/cb', 'http://127.0.0.1/cb', false],
  ['http://127.0.0.1:1@evil.example/cb', 'http://127.0.0.1/cb', false],
  ['https://127.0.0.1:1/cb', 'http://127.0.0.1/cb', false],
  ['https://wiki.example:1/cb', 'https://wiki.example/cb', false],
  ['http://127.1:80/cb', 'http://127.0.0.1/cb', false],
];
for (const [asked, registered, same] of loopback) {
  test(`loopback: ${asked} as ${registered}: ${same}`, () => assert.equal(matchesLoopback(asked, registered), same));
}

test('white space and control characters are no part of an address', () => {
  for (const uri of [
    'https://a.example/ x',
    'https://a.example/\n',
    ' https://a.example/',
    'https://a.example\\@b.example/',
  ]) {
    assert.notEqual(redirectUriProblem(uri, 'web'), null, JSON.stringify(uri));
  }
});
