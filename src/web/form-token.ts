// Owns: the token in our own forms, beside the Origin check (request-facts.ts).
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { encodeBase64url } from '../lib/base64url.ts';

export type FormPurpose = 'login' | 'logout' | 'portal' | 'account';

export interface FormTokens {
  /** Bound to a flow's inner id or a session's sid: 22 characters of base64url. */
  readonly make: (id: Uint8Array, purpose: FormPurpose) => string;
  readonly matches: (id: Uint8Array, purpose: FormPurpose, token: string | undefined) => boolean;
}

/** @param key 32 bytes, the same on every node */
export function createFormTokens(key: Uint8Array): FormTokens {
  // Bytes would be made into a key again for each token, which takes longer than the token.
  const secret = createSecretKey(key);
  const make = (id: Uint8Array, purpose: FormPurpose): string =>
    encodeBase64url(createHmac('sha256', secret).update(`${purpose}\0`).update(id).digest().subarray(0, 16));
  return {
    make,
    matches(id, purpose, token) {
      const wanted = Buffer.from(make(id, purpose));
      const given = Buffer.from(token ?? '');
      return wanted.length === given.length && timingSafeEqual(wanted, given);
    },
  };
}
