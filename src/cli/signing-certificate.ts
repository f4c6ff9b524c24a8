// Owns: making signing keys and their self-signed certificates. SPs trust the certificate because metadata names it,
// so it needs no authority above it; its end shows in `signet check` and in a metric.
import 'reflect-metadata'; // @peculiar/x509 wants it there first
import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import type { EpochSeconds } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { formatKeySet, type PublishedKey, thumbprint } from '../signing/key-set.ts';
import { privateKeyPem } from '../signing/private-key-file.ts';
import { KEY_ALGORITHMS, type KeyAlgorithm } from '../signing/signer.ts';

const YEARS = 10;

/** How large a new RSA key is, in bits. 3072: for longer than 2030 (SP 800-57), at thrice the cost of a signature. */
export type RsaBits = 2048 | 3072;

/** Makes a new private key; the size is of RSA keys. */
export type MakeKey = (algorithm: KeyAlgorithm, bits: RsaBits) => Promise<KeyObject>;

/** A new private key. */
export async function newSigningKey(algorithm: KeyAlgorithm, bits: RsaBits): Promise<KeyObject> {
  const { type, curve } = KEY_ALGORITHMS[algorithm];
  if (type === 'rsa') return (await generate('rsa', { modulusLength: bits })).privateKey;
  if (type === 'ec') return (await generate('ec', { namedCurve: curve })).privateKey;
  return (await generate('ed25519', {})).privateKey;
}

const generate = promisify(generateKeyPair);

/** A certificate (PEM) for an RSA or EC key, signed by itself, valid for ten years from `now`. */
export async function selfSignedCertificate(
  privateKey: KeyObject,
  publicUrl: string,
  now: EpochSeconds,
  random: Random,
): Promise<string> {
  const serial = random(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and never a leading zero
  const { hostname } = new URL(publicUrl);
  const { keys, signingAlgorithm } = webKeys(privateKey);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial.toString('hex'),
    name: `CN=${hostname.replace(/[[\]]/g, '').replace(/:/g, '-')} SAML signing`,
    notBefore: new Date((now - 3600) * 1000),
    notAfter: new Date((now + YEARS * 365 * 86_400) * 1000),
    keys,
    signingAlgorithm,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'url', value: publicUrl }])],
  });
  return `${certificate.toString('pem')}\n`;
}

/** A new RSA key of 2048 bits (PKCS#8 PEM) and its certificate (PEM). */
export async function newSigningCertificate(
  publicUrl: string,
  now: EpochSeconds,
  random: Random,
  makeKey: MakeKey,
): Promise<{ readonly key: string; readonly certificate: string }> {
  const privateKey = await makeKey('RS256', 2048);
  const certificate = await selfSignedCertificate(privateKey, publicUrl, now, random);
  return { key: privateKeyPem(privateKey, null), certificate };
}

const WEB_CURVES = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' } as const;

/** The same key for the library that writes certificates. */
function webKeys(privateKey: KeyObject) {
  const { namedCurve = '' } = privateKey.asymmetricKeyDetails ?? {};
  const curve = Object.entries(WEB_CURVES).find(([name]) => name === namedCurve)?.[1];
  const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const signingAlgorithm = curve === undefined ? rsa : { name: 'ECDSA', namedCurve: curve, hash: 'SHA-256' };
  const keys = {
    privateKey: privateKey.toCryptoKey(signingAlgorithm, true, ['sign']),
    publicKey: createPublicKey(privateKey).toCryptoKey(signingAlgorithm, true, ['verify']),
  };
  return { keys, signingAlgorithm };
}

/** New keys without certificates, one for each algorithm, and the file that lists them as current. */
export async function newBareKeySet(
  algorithms: readonly KeyAlgorithm[],
  now: EpochSeconds,
  makeKey: MakeKey,
): Promise<{ readonly listing: string; readonly keys: readonly { readonly file: string; readonly pem: string }[] }> {
  const made = await Promise.all(
    algorithms.map(async (algorithm) => {
      const privateKey = await makeKey(algorithm, 2048);
      const publicKey = createPublicKey(privateKey);
      const file = `${algorithm.toLowerCase()}.pem`;
      const facts = { state: 'current', certificate: null, published: now, since: now } as const;
      const published: PublishedKey = { kid: thumbprint(publicKey), algorithm, file, publicKey, ...facts };
      return { published, file, pem: privateKeyPem(privateKey, null) };
    }),
  );
  const listing = formatKeySet({ serial: 1, updated: now, keys: made.map(({ published }) => published) });
  return { listing, keys: made.map(({ file, pem }) => ({ file, pem })) };
}
