// Owns: which person an id_token_hint is about (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2).
import { compactVerify, decodeProtectedHeader } from 'jose';
import type { SigningKeySet } from '../../signing/key-set-folder.ts';

export interface HintedSubject {
  readonly sub: string;
  readonly sid: string | null;
  readonly audiences: readonly string[];
}

/**
 * The subject of an ID token that was issued here, also of an expired one: it says who, not that they are signed in.
 * Null for anything else: another issuer, another key, another kind of JWT, alg none, a key as an HMAC secret.
 */
export async function readIdTokenHint(
  token: string,
  issuer: string,
  keys: SigningKeySet,
): Promise<HintedSubject | null> {
  try {
    const { alg, kid, typ } = decodeProtectedHeader(token);
    // Access tokens, logout tokens and signed userinfo have a typ of their own and are no ID tokens.
    const key = keys.keys.find((one) => one.kid === kid);
    if (key === undefined || typ !== 'JWT' || alg === undefined || alg.startsWith('HS') || alg === 'none') return null;
    const { payload } = await compactVerify(token, key.publicKey, { algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'] });
    const claims: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    if (
      typeof claims !== 'object' ||
      claims === null ||
      !('sub' in claims) ||
      !('iss' in claims) ||
      !('aud' in claims)
    ) {
      return null;
    }
    const { sub, iss, aud } = claims;
    if (iss !== issuer || typeof sub !== 'string') return null;
    const sid = 'sid' in claims && typeof claims.sid === 'string' ? claims.sid : null;
    return { sub, sid, audiences: (Array.isArray(aud) ? aud : [aud]).filter((one) => typeof one === 'string') };
  } catch {
    return null;
  }
}
