// Owns: keys and self-signed certificates for tests, made when a test file starts.
import 'reflect-metadata';
import { KeyObject, type webcrypto } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';

export interface TestKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly certificatePem: string;
}

const NOT_BEFORE = new Date('2020-01-01T00:00:00Z');
/** What every test certificate says; in the past, which must not matter: metadata is the trust anchor. */
export const NOT_AFTER = new Date('2021-01-01T00:00:00Z');

/** An RSA key of this many bits. */
export function rsaKey(bits = 2048): Promise<TestKey> {
  return certified({
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: bits,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  });
}

/** A key on a NIST curve. */
export function ecKey(namedCurve: 'P-256' | 'P-384' | 'P-521' = 'P-256'): Promise<TestKey> {
  return certified({ name: 'ECDSA', namedCurve, hash: 'SHA-256' });
}

async function certified(
  algorithm: webcrypto.RsaHashedKeyGenParams | (webcrypto.EcKeyGenParams & { readonly hash: string }),
): Promise<TestKey> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    keys,
    name: 'CN=test',
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    signingAlgorithm: algorithm,
  });
  return {
    privateKey: KeyObject.from(keys.privateKey),
    publicKey: KeyObject.from(keys.publicKey),
    certificatePem: certificate.toString('pem'),
  };
}
