// Every algorithm that a client may choose: signed here, verified by jose with nothing but the published key set.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { readClient } from '../../../src/parties/client.ts';
import { JWS_ALGORITHMS, type JwsAlgorithm } from '../../../src/parties/client-metadata.ts';
import { hashClientSecret } from '../../../src/parties/client-secret.ts';
import { jwksDocument } from '../../../src/protocols/oidc/discovery.ts';
import { createIdTokens } from '../../../src/protocols/oidc/id-token.ts';
import { canSign, createJwtSigner, ownAlgorithm } from '../../../src/protocols/oidc/jwt.ts';
import type { CurrentKey, SigningKeySet } from '../../../src/signing/key-set-folder.ts';
import { localSigner } from '../../../src/signing/local-signer.ts';

const ISSUER = 'https://idp.example.org';
const NOW = 1_790_000_000;

const made: Readonly<Record<JwsAlgorithm, () => { readonly privateKey: KeyObject; readonly publicKey: KeyObject }>> = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};

function keyFor(algorithm: JwsAlgorithm, kid = `kid-${algorithm}`): CurrentKey {
  const { privateKey, publicKey } = made[algorithm]();
  const facts = { kid, algorithm, publicKey, state: 'current', file: 'key.pem', certificate: null } as const;
  return { ...facts, published: NOW, since: NOW, signer: localSigner(privateKey) };
}

const ALL = JWS_ALGORITHMS.map((algorithm) => keyFor(algorithm));
const NEXT = keyFor('RS256', 'next');
const setOf = (current: readonly CurrentKey[], more: readonly CurrentKey[] = []): SigningKeySet => ({
  serial: 1,
  updated: NOW,
  keys: [...current, ...more],
  current,
  digest: '',
});
const SET = setOf(ALL, [NEXT]);
const published = createLocalJWKSet(jwksDocument(SET) as Parameters<typeof createLocalJWKSet>[0]);

for (const algorithm of JWS_ALGORITHMS) {
  test(`${algorithm}: an ID token, its kind, and the hash of its access token`, async () => {
    const client = readClient(
      {
        client_id: 'wiki',
        client_secret_hash: hashClientSecret('s'.repeat(32), (size) => Buffer.alloc(size, 7)),
        redirect_uris: ['https://wiki.example.org/callback'],
        id_token_signed_response_alg: algorithm,
      },
      'test',
    );
    assert.ok('metadata' in client);
    const issue = createIdTokens({
      issuer: ISSUER,
      sign: createJwtSigner(() => SET),
      subjectOf: () => 'subject',
      sidFor: () => 'session',
    });
    const account = { id: 'a', loginName: 'alice', disabled: false, attributes: new Map(), groups: [] };
    const token = await issue(
      {
        client,
        account,
        sid: Buffer.alloc(16),
        events: [{ method: 'password', credentialId: 'c', at: NOW - 30 }],
        scopes: ['openid'],
        claims: [],
        nonce: 'n',
        acr: [],
        code: null,
        accessToken: 'access',
        withScopeClaims: false,
      },
      NOW,
    );
    const { payload, protectedHeader } = await jwtVerify(token, published, {
      issuer: ISSUER,
      audience: 'wiki',
      typ: 'JWT',
      algorithms: [algorithm],
      currentDate: new Date(NOW * 1000),
    });
    assert.equal(protectedHeader.kid, `kid-${algorithm}`);
    // OpenID Connect Core §3.1.3.6; Ed25519 hashes with SHA-512 itself (RFC 8032 §5.1).
    const digest = createHash(algorithm === 'EdDSA' ? 'sha512' : 'sha256')
      .update('access')
      .digest();
    assert.equal(payload.at_hash, digest.subarray(0, digest.length / 2).toString('base64url'));
    const { sub, sid, nonce, auth_time: authTime, amr, exp, iat } = payload;
    assert.deepEqual([sub, sid, nonce, authTime, amr], ['subject', 'session', 'n', NOW - 30, ['pwd']]);
    assert.deepEqual([iat, exp], [NOW, NOW + 300]);
  });
}

test('a key that is only published signs nothing, and everybody knows it already', async () => {
  const { keys } = jwksDocument(SET) as { readonly keys: readonly { readonly kid: string; readonly use: string }[] };
  assert.deepEqual(keys.map(({ kid }) => kid).sort(), [...ALL.map(({ kid }) => kid), 'next'].sort());
  const sign = createJwtSigner(() => setOf([keyFor('ES256')], [NEXT]));
  await assert.rejects(sign('RS256', 'JWT', {}), /no current key signs RS256/);
});

const cheapest: readonly (readonly [has: readonly JwsAlgorithm[], expect: JwsAlgorithm])[] = [
  [['RS256'], 'RS256'],
  [['RS256', 'PS256'], 'PS256'],
  [['RS256', 'ES256'], 'ES256'],
  [['RS256', 'PS256', 'ES256', 'EdDSA'], 'EdDSA'],
];
for (const [has, expect] of cheapest) {
  test(`of ${has.join(', ')} what only we read is signed with ${expect}`, () => {
    const set = setOf(ALL.filter(({ algorithm }) => has.some((one) => one === algorithm)));
    assert.equal(ownAlgorithm(set), expect);
    for (const algorithm of JWS_ALGORITHMS) assert.equal(canSign(set, algorithm), has.includes(algorithm));
  });
}
