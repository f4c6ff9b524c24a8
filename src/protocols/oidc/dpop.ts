// Owns: proofs of possession of a key (RFC 9449). Leaves to callers: what the key is compared with.
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, errors, jwtVerify } from 'jose';
import { isUnavailable } from '../../core/account.ts';
import type { SpentStore } from '../../core/revocation.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import { JWS_ALGORITHMS } from '../../parties/client-metadata.ts';
import { cborMap, encodeCbor } from '../../sealer/cbor.ts';
import { readCborMap } from '../../sealer/cbor-fields.ts';
import { oidcDpopNonce } from '../../sealer/purpose.ts';
import { isSealRefusal, type Sealer } from '../../sealer/seal.ts';
import { unavailable } from './client-authentication.ts';
import { type TokenProblem, tokenProblem } from './token-errors.ts';

export interface DpopProof {
  /** RFC 7638 thumbprint of the key, 32 bytes. */
  readonly key: Buffer;
  /**
   * Uses the proof up; null: it had not been used (RFC 9449 §11.1). Asked when something else in the request has been found
   * good, and before anything is given: anybody can make proofs, and what is used up is remembered in a table that is full one day
   * (CWE-770).
   */
  readonly use: () => Promise<TokenProblem | null>;
}

interface Expected {
  readonly method: 'GET' | 'POST';
  /** The endpoint's address, from the configuration and never from the request. */
  readonly url: string;
  /** At a resource: the access token that the proof must be about (§4.3). */
  readonly accessToken: string | null;
  readonly attempt: string | null;
  readonly now: EpochSeconds;
}

export interface Dpop {
  /** Whether it is good; it is not used up by that. */
  readonly verify: (proof: string, expected: Expected) => Promise<DpopProof | TokenProblem>;
  /** A nonce for the next proof; null when no key seals. */
  readonly nonce: (now: EpochSeconds) => string | null;
}

/** A nonce is good for this many seconds: so long a proof that somebody made in advance is worth something. */
const NONCE_SECONDS = 300;
const PROOF_MAX_CHARACTERS = 4096;

export function createDpop(deps: {
  readonly sealer: Sealer;
  readonly spent: Pick<SpentStore, 'spend'>;
  readonly skew: number;
}): Dpop {
  const { sealer, spent, skew } = deps;
  const nonce = (now: EpochSeconds): string | null => {
    const sealed = sealer.seal(oidcDpopNonce, { context: '', iat: now, exp: now + NONCE_SECONDS, body: EMPTY });
    return isSealRefusal(sealed) ? null : sealed.token;
  };
  const isOurNonce = (text: unknown): boolean => {
    const opened = typeof text === 'string' ? sealer.open(oidcDpopNonce, '', text) : null;
    return opened !== null && readCborMap(opened.body, () => true) === true;
  };

  const use = async (id: string, attempt: string | null, now: EpochSeconds): Promise<TokenProblem | null> => {
    const used = await spent.spend('oidc-jti', id, now + 2 * (NONCE_SECONDS + skew), attempt, now);
    if (typeof used !== 'string' && isUnavailable(used)) return unavailable('spent store');
    if (used === 'full') return unavailable('spent table full');
    return used === 'spent' ? bad('shown before') : null;
  };

  const verify: Dpop['verify'] = async (proof, { method, url, accessToken, attempt, now }) => {
    if (proof.length > PROOF_MAX_CHARACTERS) return bad('too long');
    try {
      const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
        algorithms: [...JWS_ALGORITHMS],
        typ: 'dpop+jwt',
        requiredClaims: ['iat', 'jti', 'htm', 'htu'],
        currentDate: new Date(now * 1000),
        clockTolerance: skew,
      });
      const { jwk } = protectedHeader;
      if (jwk === undefined || 'd' in jwk || 'k' in jwk) return bad('no public key');
      if (payload.htm !== method || payload.htu !== url) return bad('of another request');
      const { jti, iat = 0 } = payload;
      if (typeof jti !== 'string' || jti === '' || jti.length > 256) return bad('a jti that is none');
      if (!isOurNonce(payload.nonce)) {
        const fresh = nonce(now);
        const problem = tokenProblem(
          'use_dpop_nonce',
          'The proof needs the nonce of the DPoP-Nonce header.',
          'no nonce, or old',
        );
        return fresh === null ? unavailable('no key seals') : { ...problem, dpopNonce: fresh };
      }
      if (Math.abs(now - iat) > NONCE_SECONDS + skew) return bad('not of now');
      if (accessToken !== null && payload.ath !== tokenHash(accessToken)) return bad('about another access token');
      const thumbprint = await calculateJwkThumbprint(jwk, 'sha256');
      return {
        key: Buffer.from(thumbprint, 'base64url'),
        use: () => use(`dpop\0${thumbprint}\0${jti}`, attempt, now),
      };
    } catch (error) {
      return bad(error instanceof errors.JOSEError ? error.code : 'unreadable');
    }
  };
  return { verify, nonce };
}

const EMPTY = encodeCbor(cborMap([]));

/** §4.2: base64url of SHA-256 of the token's ASCII. */
function tokenHash(token: string): string {
  return createHash('sha256').update(token, 'ascii').digest('base64url');
}

function bad(detail: string): TokenProblem {
  return tokenProblem('invalid_dpop_proof', 'The DPoP proof is not good.', detail);
}
