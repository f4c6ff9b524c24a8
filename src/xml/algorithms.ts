// Owns: names and URIs of the signature and digest algorithms that Signet uses and accepts. SHA-1, HMAC and DSA have none.

/** Signature algorithms (RFC 9231 §2.3; RSA is PKCS #1 v1.5, ECDSA values are r | s of fixed length). */
export const SIGNATURE_ALGORITHMS = {
  'rsa-sha256': { uri: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', hash: 'sha256', key: 'rsa' },
  'rsa-sha384': { uri: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha384', hash: 'sha384', key: 'rsa' },
  'rsa-sha512': { uri: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512', hash: 'sha512', key: 'rsa' },
  'ecdsa-sha256': { uri: 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256', hash: 'sha256', key: 'ec' },
  'ecdsa-sha384': { uri: 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384', hash: 'sha384', key: 'ec' },
  'ecdsa-sha512': { uri: 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512', hash: 'sha512', key: 'ec' },
} as const;

export type SignatureAlgorithm = keyof typeof SIGNATURE_ALGORITHMS;

/** Digest algorithms (RFC 9231 §2.1, XML Encryption 1.1 §5.7). */
export const DIGEST_ALGORITHMS = {
  sha256: 'http://www.w3.org/2001/04/xmlenc#sha256',
  sha384: 'http://www.w3.org/2001/04/xmldsig-more#sha384',
  sha512: 'http://www.w3.org/2001/04/xmlenc#sha512',
} as const;

export type DigestAlgorithm = keyof typeof DIGEST_ALGORITHMS;

/** Exclusive XML Canonicalization 1.0 without comments: the only canonicalization that is written or accepted. */
export const EXCLUSIVE_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#';
export const ENVELOPED_SIGNATURE = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';
export const DSIG = 'http://www.w3.org/2000/09/xmldsig#';

const BY_URI: ReadonlyMap<string, SignatureAlgorithm> = new Map(
  Object.entries(SIGNATURE_ALGORITHMS).map(([name, { uri }]) => [uri, name as SignatureAlgorithm]),
);

/** The algorithm that a URI names; null for every other URI. */
export function signatureAlgorithmOf(uri: string): SignatureAlgorithm | null {
  return BY_URI.get(uri) ?? null;
}
