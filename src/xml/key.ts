// Owns: reading certificates, and which public keys are strong enough.
import { type KeyObject, X509Certificate } from 'node:crypto';
import { decodeBase64 } from '../lib/base64url.ts';
import type { EpochSeconds } from '../lib/clock.ts';

/** A certificate as SAML uses it: a container for a key. Nobody checks who issued it: metadata is the trust anchor. */
export interface Certificate {
  readonly key: KeyObject;
  readonly notAfter: EpochSeconds;
  /** DER in base64 without line breaks, as ds:X509Certificate has it. */
  readonly base64: string;
}

/** Reads one certificate from PEM, or from base64 with or without white space; null if it is not one. */
export function readCertificate(pemOrBase64: string): Certificate | null {
  const armoured = PEM.exec(pemOrBase64.trim());
  const base64 = (armoured?.[1] ?? pemOrBase64).replace(/\s+/g, '');
  const der = decodeBase64(base64);
  if (der === null || der.length === 0) return null;
  try {
    const certificate = new X509Certificate(der);
    // OpenSSL stops after the first certificate; what follows it would be published with it.
    if (certificate.raw.length !== der.length) return null;
    return {
      key: certificate.publicKey,
      notAfter: Math.floor(certificate.validToDate.getTime() / 1000),
      base64,
    };
  } catch {
    return null;
  }
}

/** One certificate and nothing else: no explanatory text, no second block. */
const PEM = /^-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----$/;

const CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** Whether a key may sign or verify: RSA of at least 2048 bits (SP 800-131A), or a NIST curve. Never a secret key. */
export function isStrongKey(key: KeyObject): boolean {
  const details = key.asymmetricKeyDetails;
  if (details === undefined) return false;
  if (key.asymmetricKeyType === 'rsa') {
    // With exponent 1 every text is its own signature.
    return (details.modulusLength ?? 0) >= 2048 && (details.publicExponent ?? 1n) >= 3n;
  }
  return key.asymmetricKeyType === 'ec' && CURVES.has(details.namedCurve ?? '');
}
