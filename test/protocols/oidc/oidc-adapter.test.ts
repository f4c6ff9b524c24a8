import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../../../src/parties/client.ts';
import { createOidcAdapter } from '../../../src/protocols/oidc/oidc-adapter.ts';
import { encodePending, shortHash } from '../../../src/protocols/oidc/pending-answer.ts';
import type { CurrentKey } from '../../../src/signing/key-set-folder.ts';
import { ACCEPTED_IN_PART, NEWER_PROOF, NOW } from '../accepted-in-part.ts';

const CALLBACK = 'https://wiki.example.org/callback';

// OpenID Connect Core §3.1.2.1: with prompt=login or max_age, acr and auth_time are about what was proved since.
test('code and ID token are about the proofs that the request accepts, not about all that the session has seen', async () => {
  const metadata = {
    client_id: 'wiki',
    redirect_uris: [CALLBACK],
    id_token_signed_response_alg: 'EdDSA',
    signet: { resources: [] },
  };
  const client = { hash: '0123456789ab', metadata, relyingParty: { key: 'oidc:wiki' } } as unknown as Client;
  const key = { algorithm: 'EdDSA' } as CurrentKey;
  const told: unknown[] = [];
  const adapter = createOidcAdapter({
    registry: { findClientByHash: () => client },
    codes: {
      seal: (_client, { events }) => {
        told.push(events);
        return 'code';
      },
      open: () => null,
    },
    issueIdToken: async ({ events }) => {
      told.push(events);
      return 'token';
    },
    responder: {
      success: async () => ({ kind: 'redirect', status: 303, location: CALLBACK, cookies: [] }),
      failure: async () => assert.fail('it is no failure'),
    },
    subjectOf: () => 'sub',
    clock: () => NOW,
    keys: () => ({ serial: 0, updated: NOW, keys: [], current: [key], digest: '' }),
  });
  const pending = encodePending({
    partyHash: client.hash,
    redirectHash: shortHash(CALLBACK),
    loopbackPort: null,
    responseType: 'code id_token',
    responseMode: 'fragment',
    state: null,
    nonce: 'n',
    codeChallenge: null,
    dpopKey: null,
    scopes: ['openid'],
    resources: [],
    claims: { idToken: [], userinfo: [] },
    acr: [],
    acrEssential: false,
    subject: null,
    authTime: false,
  });
  const answer = await adapter.answer(ACCEPTED_IN_PART, pending, { ancestors: [], answerId: Buffer.alloc(16) });
  assert.equal(answer.kind, 'answer');
  assert.deepEqual(told, [[NEWER_PROOF], [NEWER_PROOF]]);
});
