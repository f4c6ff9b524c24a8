// Owns: making a SAML signing key and its self-signed certificate. SPs trust the certificate because metadata names it,
// so it needs no authority above it; its end shows in `signet check` and in a metric.
import 'reflect-metadata'; // @peculiar/x509 wants it there first
import { webcrypto } from 'node:crypto';
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import type { EpochSeconds } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';

const YEARS = 10;

/** A new RSA key (PKCS#8 PEM) and its certificate (PEM), valid for ten years from `now`. */
export async function newSigningCertificate(
  publicUrl: string,
  now: EpochSeconds,
  random: Random,
): Promise<{ readonly key: string; readonly certificate: string }> {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const serial = random(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and never a leading zero
  const { hostname } = new URL(publicUrl);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial.toString('hex'),
    name: `CN=${hostname.replace(/[[\]]/g, '').replace(/:/g, '-')} SAML signing`,
    notBefore: new Date((now - 3600) * 1000),
    notAfter: new Date((now + YEARS * 365 * 86_400) * 1000),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'url', value: publicUrl }])],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const body = pkcs8.replace(/.{64}/g, '$&\n').trimEnd();
  return {
    key: `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`,
    certificate: `${certificate.toString('pem')}\n`,
  };
}
