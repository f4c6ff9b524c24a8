// Owns: certificates in PEM texts.
import { X509Certificate } from 'node:crypto';

/** All certificates in a text; null when there is none, or one is broken. What stands around them is not looked at. */
export function readCertificates(pem: string): readonly X509Certificate[] | null {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  const certificates: X509Certificate[] = [];
  for (const block of blocks) {
    try {
      certificates.push(new X509Certificate(block));
    } catch {
      return null;
    }
  }
  return certificates.length > 0 ? certificates : null;
}
