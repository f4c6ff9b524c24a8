// Owns: ID tokens (OpenID Connect Core §2): their claims, their signature, and encryption for a client that wants it.
import { createHash } from 'node:crypto';
import { CompactEncrypt, importJWK } from 'jose';
import type { Account } from '../../core/account.ts';
import type { AuthenticationEvent } from '../../core/authentication-event.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import type { Client } from '../../parties/client.ts';
import type { JwsAlgorithm } from '../../parties/client-metadata.ts';
import { encryptionKeyOf } from '../../parties/encryption-key.ts';
import { type AcrValue, amrOf, provedAcr } from './acr.ts';
import { claimsOfScopes, releaseClaims } from './claims-release.ts';
import { SIGNED_SECONDS, type SignJwt } from './jwt.ts';
import type { Scope } from './scopes.ts';
import type { SubjectOf } from './subject.ts';

/** What a token says; the same for a code that was redeemed and for a token in the front channel. */
export interface IdTokenFacts {
  readonly client: Client;
  readonly account: Account;
  readonly sid: Uint8Array;
  readonly events: readonly AuthenticationEvent[];
  readonly scopes: readonly Scope[];
  /** Names from the claims parameter. */
  readonly claims: readonly string[];
  readonly nonce: string | null;
  readonly acr: readonly AcrValue[];
  /** Hashed into the token, so that they cannot be swapped (§3.3.2.11). */
  readonly code: string | null;
  readonly accessToken: string | null;
  /** No userinfo will be asked for, so the claims of the scopes stand here (§5.4). */
  readonly withScopeClaims: boolean;
}

export type IssueIdToken = (facts: IdTokenFacts, now: EpochSeconds) => Promise<string>;

export function createIdTokens(options: {
  readonly issuer: string;
  readonly sign: SignJwt;
  readonly subjectOf: SubjectOf;
  /** The client's name for a session: another one for each client. */
  readonly sidFor: (client: Client, sid: Uint8Array) => string;
}): IssueIdToken {
  const { issuer, sign, subjectOf, sidFor } = options;
  return async (facts, now) => {
    const { client, account, events } = facts;
    const { metadata } = client;
    const algorithm = metadata.id_token_signed_response_alg;
    const methods = events.map((event) => event.method);
    const names = [...facts.claims, ...(facts.withScopeClaims ? claimsOfScopes(facts.scopes) : [])];
    const half = (value: string | null): string | undefined =>
      value === null ? undefined : leftHalf(value, algorithm);
    const token = await sign(algorithm, 'JWT', {
      ...releaseClaims(client, account, facts.scopes, names),
      iss: issuer,
      sub: subjectOf(client, account.id),
      aud: metadata.client_id,
      iat: now,
      // It is read at once; afterwards the client has a session of its own.
      exp: now + SIGNED_SECONDS,
      // Always, though only max_age and require_auth_time ask for it: clients that have it can be strict.
      auth_time: events.reduce((latest, event) => Math.max(latest, event.at), 0),
      nonce: facts.nonce ?? undefined,
      acr: provedAcr(facts.acr, methods)?.value,
      amr: amrOf(methods),
      sid: sidFor(client, facts.sid),
      c_hash: half(facts.code),
      at_hash: half(facts.accessToken),
    });
    return encryptFor(client, token);
  };
}

/** The left half of the hash that belongs to the algorithm, base64url (§3.1.3.6). */
function leftHalf(value: string, algorithm: JwsAlgorithm): string {
  // RFC 8037 leaves the hash of EdDSA open; SHA-512 is what Ed25519 itself hashes with.
  const digest = createHash(algorithm === 'EdDSA' ? 'sha512' : 'sha256')
    .update(value, 'ascii')
    .digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

/** Signed first, encrypted afterwards (§10.2), for clients that registered an algorithm and a key for it. */
async function encryptFor({ metadata }: Client, token: string): Promise<string> {
  const algorithm = metadata.id_token_encrypted_response_alg;
  if (algorithm === undefined) return token;
  const key = encryptionKeyOf(metadata);
  if (key === undefined) throw new Error(`client ${metadata.client_id} has no key for ${algorithm}`);
  const header = { alg: algorithm, enc: metadata.id_token_encrypted_response_enc ?? 'A256GCM', cty: 'JWT' };
  const withKid = key.kid === undefined ? header : { ...header, kid: key.kid };
  return new CompactEncrypt(Buffer.from(token, 'ascii'))
    .setProtectedHeader(withKid)
    .encrypt(await importJWK(key, algorithm));
}
