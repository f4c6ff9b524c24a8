// Owns: a throw-away key with a self-signed certificate, for SPs that exist on this machine only.
import { type MakeKey, newSigningCertificate } from '../src/cli/signing-certificate.ts';
import { systemClock } from '../src/lib/clock.ts';
import { systemRandom } from '../src/lib/random.ts';
import type { KeyAndCertificate } from './saml-sp.ts';

/** Makes both as PEM for an SP at `baseUrl`. */
export async function makeKeyAndCertificate(baseUrl: string, makeKey: MakeKey): Promise<KeyAndCertificate> {
  const { key, certificate } = await newSigningCertificate(baseUrl, systemClock(), systemRandom(), makeKey);
  return { privateKeyPem: key, certificatePem: certificate };
}
