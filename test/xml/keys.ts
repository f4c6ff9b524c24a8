// Owns: keys and self-signed certificates for tests, made when a test file starts.
import 'reflect-metadata';
import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { X509CertificateGenerator } from '@peculiar/x509';
import { rsaFromStock } from '../support/key-stock.ts';

export interface TestKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly certificatePem: string;
}

const NOT_BEFORE = new Date('2020-01-01T00:00:00Z');
/** What every test certificate says; in the past, which must not matter: metadata is the trust anchor. */
export const NOT_AFTER = new Date('2021-01-01T00:00:00Z');

/** An RSA key of this many bits. */
export async function rsaKey(bits: 1024 | 2048 = 2048): Promise<TestKey> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  if (bits === 2048) return certified(algorithm, await rsaFromStock());
  return certified(algorithm, (await generate('rsa', { modulusLength: bits })).privateKey);
}

const generate = promisify(generateKeyPair);

/** A key on a NIST curve. */
export async function ecKey(namedCurve: 'P-256' | 'P-384' | 'P-521' = 'P-256'): Promise<TestKey> {
  const { privateKey } = await generate('ec', { namedCurve });
  return certified({ name: 'ECDSA', namedCurve, hash: 'SHA-256' }, privateKey);
}

async function certified(
  algorithm: { readonly name: string; readonly hash: string; readonly namedCurve?: string },
  privateKey: KeyObject,
): Promise<TestKey> {
  const publicKey = createPublicKey(privateKey);
  const keys = {
    privateKey: privateKey.toCryptoKey(algorithm, true, ['sign']),
    publicKey: publicKey.toCryptoKey(algorithm, true, ['verify']),
  };
  const certificate = await X509CertificateGenerator.createSelfSigned({
    keys,
    name: 'CN=test',
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    signingAlgorithm: algorithm,
  });
  return { privateKey, publicKey, certificatePem: certificate.toString('pem') };
}
