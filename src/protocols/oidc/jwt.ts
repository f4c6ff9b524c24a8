// Owns: making signed JWTs through the Signer port, so that a key may live in an HSM. Leaves to jose: verifying and
// encrypting. Every kind of token has a `typ` of its own, so that none passes for another (RFC 8725 §3.11).
import type { JwsAlgorithm } from '../../parties/client-metadata.ts';
import type { CurrentKey, SigningKeySet } from '../../signing/key-set-folder.ts';
import type { SignatureScheme } from '../../signing/signer.ts';

/** The longest that anything signed here is good for, in seconds. */
export const SIGNED_SECONDS = 300;

const SCHEMES = {
  RS256: 'rsa-sha256',
  PS256: 'rsa-pss-sha256',
  ES256: 'ecdsa-sha256',
  EdDSA: 'ed25519',
} as const satisfies Record<JwsAlgorithm, SignatureScheme>;

export type Claims = Readonly<Record<string, unknown>>;

/** `typ`: without `application/`. */
export type SignJwt = (algorithm: JwsAlgorithm, typ: string, claims: Claims) => Promise<string>;

/** Whether a key that signs so is in the set. */
export function canSign(keys: SigningKeySet, algorithm: JwsAlgorithm): boolean {
  return keyFor(keys, algorithm) !== null;
}

/** The cheapest to make of those that a current key can: for tokens that only this provider reads. */
export function ownAlgorithm(keys: SigningKeySet): JwsAlgorithm {
  const cheapestFirst: readonly JwsAlgorithm[] = ['EdDSA', 'ES256', 'PS256'];
  return cheapestFirst.find((algorithm) => canSign(keys, algorithm)) ?? 'RS256';
}

/**
 * Compact serialization (RFC 7515 §7.1). `keys` is asked each time: keys roll over while the node runs.
 * Rejects when no key can sign so, or its holder does not answer: a fault, because registration was checked before.
 */
export function createJwtSigner(keys: () => SigningKeySet): SignJwt {
  const headers = new Map<string, string>();
  return async (algorithm, typ, claims) => {
    const key = keyFor(keys(), algorithm);
    if (key === null) throw new Error(`no current key signs ${algorithm}`);
    const name = `${algorithm} ${typ} ${key.kid}`;
    const header = headers.get(name) ?? encode({ alg: algorithm, typ, kid: key.kid });
    headers.set(name, header);
    const input = `${header}.${encode(claims)}`;
    const signature = await key.signer.sign(SCHEMES[algorithm], Buffer.from(input, 'ascii'));
    return `${input}.${signature.toString('base64url')}`;
  };
}

function keyFor({ current }: SigningKeySet, algorithm: JwsAlgorithm): CurrentKey | null {
  // One key, one algorithm: the published key names it, and clients hold it to that.
  return current.find((key) => key.algorithm === algorithm) ?? null;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value), 'utf8').toString('base64url');
}
