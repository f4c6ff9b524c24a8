// Owns: the port to whoever holds a private signing key, and which signatures there are. One port for every protocol:
// an HSM or a cloud's key service is one more file that makes a Signer (docs/decisions/0010). Leaves to local-signer.ts:
// keys that are in this process. Leaves to protocols: what is signed, and what their standard calls a scheme.
import type { KeyObject } from 'node:crypto';

/** Ways to sign. ECDSA values are r | s of fixed length, as XML Signature (§6.4.3) and JOSE (RFC 7518 §3.4) both want. */
export type SignatureScheme =
  | 'rsa-sha256'
  | 'rsa-sha384'
  | 'rsa-sha512'
  | 'rsa-pss-sha256'
  | 'ecdsa-sha256'
  | 'ecdsa-sha384'
  | 'ecdsa-sha512'
  | 'ed25519';

/** Whoever can sign with one private key. */
export interface Signer {
  /** What it can do; nothing else may be asked of it. */
  readonly schemes: ReadonlySet<SignatureScheme>;
  /**
   * Signs the octets (they are hashed here, not by the caller). Rejects when the key's holder does not answer or
   * refuses: the caller must then answer without a signature to nobody, that is with a fault.
   */
  readonly sign: (scheme: SignatureScheme, data: Uint8Array) => Promise<Buffer>;
}

/** What a key in a set is for, by its JOSE name (RFC 7518 §3.1, RFC 8037); SAML uses RS256 and ES… keys. */
export const KEY_ALGORITHMS = {
  RS256: { type: 'rsa', curve: null },
  PS256: { type: 'rsa', curve: null },
  ES256: { type: 'ec', curve: 'prime256v1' },
  ES384: { type: 'ec', curve: 'secp384r1' },
  ES512: { type: 'ec', curve: 'secp521r1' },
  EdDSA: { type: 'ed25519', curve: null },
} as const satisfies Readonly<Record<string, { readonly type: string; readonly curve: string | null }>>;

export type KeyAlgorithm = keyof typeof KEY_ALGORITHMS;

/** The names, in the order of preference when a key's own is to be guessed. */
export const KEY_ALGORITHM_NAMES = Object.keys(KEY_ALGORITHMS) as readonly KeyAlgorithm[];

/** Why a public key may not be used for an algorithm, in words; null when it may. RSA: SP 800-131A, exponent at least 3. */
export function algorithmFault(key: KeyObject, algorithm: KeyAlgorithm): string | null {
  const { type, curve } = KEY_ALGORITHMS[algorithm];
  const details = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== type)
    return `an ${key.asymmetricKeyType ?? 'unknown'} key, which cannot do ${algorithm}`;
  if (curve !== null && details.namedCurve !== curve) return `a key on the curve ${details.namedCurve}`;
  if (type !== 'rsa') return null;
  if ((details.modulusLength ?? 0) < 2048)
    return `an RSA key of ${details.modulusLength} bits, of which 2048 are the least`;
  // With exponent 1 every text is its own signature.
  return (details.publicExponent ?? 1n) < 3n ? 'an RSA key with exponent 1' : null;
}

/** The algorithm that a key is for when nobody says: RS256, or the ES… of its curve, or EdDSA. Null: none. */
export function usualAlgorithm(key: KeyObject): KeyAlgorithm | null {
  return KEY_ALGORITHM_NAMES.find((name) => algorithmFault(key, name) === null) ?? null;
}
