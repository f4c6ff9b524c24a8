// Owns: which signatures Signet's keys can make, and which of them a party gets.
import type { Problem } from '../../lib/problems.ts';
import type { Party } from '../../parties/party.ts';
import type { CurrentKey } from '../../signing/key-set-folder.ts';
import type { KeyAlgorithm } from '../../signing/signer.ts';
import {
  DIGEST_ALGORITHMS,
  type DigestAlgorithm,
  SIGNATURE_ALGORITHMS,
  type SignatureAlgorithm,
  signatureAlgorithmOf,
} from '../../xml/algorithms.ts';
import { type XmlSigner, xmlSigner } from '../../xml/sign.ts';

/** Keys that SAML can sign with; XML Signature has names for no others that parties know. */
export const SAML_KEY_ALGORITHMS: readonly KeyAlgorithm[] = ['RS256', 'ES256', 'ES384', 'ES512'];

/** What is wanted of a key. */
export type SamlSigningKey = Pick<CurrentKey, 'signer' | 'certificate'>;

export interface Signers {
  /** The signer when a party has no wish: RSA-SHA256, or ECDSA-SHA256 when the only key is an EC one. */
  readonly preferred: XmlSigner;
  /** Undefined when no key fits the algorithm. */
  readonly find: (algorithm: SignatureAlgorithm) => XmlSigner | undefined;
}

/**
 * Prepares a signer for every algorithm that the keys can do, the first key that fits.
 * @throws TypeError when there is no RSA or EC key with a certificate: a set of keys is refused before it comes here.
 */
export function createSigners(keys: readonly SamlSigningKey[]): Signers {
  const byAlgorithm = new Map<SignatureAlgorithm, XmlSigner>();
  for (const { signer, certificate } of keys) {
    for (const algorithm of Object.keys(SIGNATURE_ALGORITHMS) as SignatureAlgorithm[]) {
      if (certificate === null || !signer.schemes.has(algorithm) || byAlgorithm.has(algorithm)) continue;
      const sign = (data: Uint8Array): Promise<Buffer> => signer.sign(algorithm, data);
      byAlgorithm.set(algorithm, xmlSigner({ algorithm, certificate, sign }));
    }
  }
  const preferred = byAlgorithm.get('rsa-sha256') ?? byAlgorithm.get('ecdsa-sha256');
  if (preferred === undefined) throw new TypeError('there is no RSA or EC signing key');
  return { preferred, find: (algorithm) => byAlgorithm.get(algorithm) };
}

/** The signers of the set that there is now: made once for each set, so that all of them change at the same moment. */
export function followSigners(currentKeys: () => readonly SamlSigningKey[]): () => Signers {
  let keys = currentKeys();
  let signers = createSigners(keys);
  return () => {
    const now = currentKeys();
    if (now !== keys) {
      signers = createSigners(now);
      keys = now;
    }
    return signers;
  };
}

/** The signer of a party: its settings' wish, else the first algorithm of its metadata that the keys can do. */
export function signerFor({ settings, metadata }: Party, signers: Signers): XmlSigner {
  if (settings.signatureAlgorithm !== undefined) {
    return signers.find(settings.signatureAlgorithm) ?? signers.preferred;
  }
  for (const uri of metadata.signingMethods) {
    const algorithm = signatureAlgorithmOf(uri);
    const signer = algorithm === null ? undefined : signers.find(algorithm);
    if (signer !== undefined) return signer;
  }
  return signers.preferred;
}

/** The digest of a party: SHA-256, unless its metadata lists others only. */
export function digestFor({ metadata }: Party): DigestAlgorithm {
  const listed = metadata.digestMethods;
  if (listed.length === 0 || listed.includes(DIGEST_ALGORITHMS.sha256)) return 'sha256';
  const names = Object.keys(DIGEST_ALGORITHMS) as DigestAlgorithm[];
  return names.find((name) => listed.includes(DIGEST_ALGORITHMS[name])) ?? 'sha256';
}

/** Parties whose settings name a signature that no key here can make: they get the usual one instead. */
export function unmadeSignatures(parties: readonly Party[], signers: Signers): readonly Problem[] {
  return parties.flatMap(({ settings, source }) => {
    const { signatureAlgorithm: found } = settings;
    if (found === undefined || signers.find(found) !== undefined) return [];
    const wanted = 'one that a current key in saml.signing can make';
    return [{ path: `${source}: signatureAlgorithm`, found, wanted }];
  });
}
