// Owns: which signatures Signet's keys can make, and which of them a party gets.
import type { KeyObject } from 'node:crypto';
import type { Party } from '../../parties/party.ts';
import {
  DIGEST_ALGORITHMS,
  type DigestAlgorithm,
  SIGNATURE_ALGORITHMS,
  type SignatureAlgorithm,
  signatureAlgorithmOf,
} from '../../xml/algorithms.ts';
import { createXmlSigner, type XmlSigner } from '../../xml/sign.ts';

export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly certificatePem: string;
}

export interface Signers {
  /** The signer when a party has no wish: RSA-SHA256, or ECDSA-SHA256 when the only key is an EC one. */
  readonly preferred: XmlSigner;
  /** Undefined when no key fits the algorithm. */
  readonly find: (algorithm: SignatureAlgorithm) => XmlSigner | undefined;
  /** Certificates in use, one per key, as ds:X509Certificate has them. */
  readonly certificates: readonly string[];
}

/**
 * Prepares a signer for every algorithm that the keys can do, the first key that fits.
 * @throws TypeError for a weak key, or a certificate of another key.
 */
export function createSigners(keys: readonly SigningKey[]): Signers {
  const byAlgorithm = new Map<SignatureAlgorithm, XmlSigner>();
  for (const key of keys) {
    for (const algorithm of Object.keys(SIGNATURE_ALGORITHMS) as SignatureAlgorithm[]) {
      if (SIGNATURE_ALGORITHMS[algorithm].key !== key.privateKey.asymmetricKeyType || byAlgorithm.has(algorithm))
        continue;
      byAlgorithm.set(algorithm, createXmlSigner({ ...key, algorithm }));
    }
  }
  const preferred = byAlgorithm.get('rsa-sha256') ?? byAlgorithm.get('ecdsa-sha256');
  if (preferred === undefined) throw new TypeError('there is no RSA or EC signing key');
  const certificates = [...new Set([...byAlgorithm.values()].map((signer) => signer.certificate))];
  return { preferred, find: (algorithm) => byAlgorithm.get(algorithm), certificates };
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
