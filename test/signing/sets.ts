// Owns: keys, certificates and folders of signing keys for tests; keys are made once for each test file.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { formatKeySet, type PublishedKey, type PublishedSet, thumbprint } from '../../src/signing/key-set.ts';
import type { KeySetPlace } from '../../src/signing/key-set-folder.ts';
import { privateKeyPem } from '../../src/signing/private-key-file.ts';
import type { KeyAlgorithm } from '../../src/signing/signer.ts';
import { readCertificate } from '../../src/xml/key.ts';
import { ecKey, rsaKey } from '../xml/keys.ts';

export const NOW = 1_790_000_000;
export const VARIABLE = 'SIGNET_SAML_SIGNING_PASSPHRASE';

/** A key that can be put into a set. */
export interface Made {
  readonly privateKey: KeyObject;
  readonly published: PublishedKey;
  readonly certificatePem: string;
}

export async function made(algorithm: 'RS256' | 'ES256', fields: Partial<PublishedKey> = {}): Promise<Made> {
  const { privateKey, publicKey, certificatePem } = algorithm === 'RS256' ? await rsaKey() : await ecKey();
  const kid = thumbprint(publicKey);
  const certificate = readCertificate(certificatePem);
  const times = { published: NOW, since: NOW };
  const published = {
    kid,
    algorithm,
    state: 'current',
    file: `x${kid.slice(1, 9)}.pem`,
    publicKey,
    certificate,
  } as const;
  return { privateKey, certificatePem, published: { ...published, ...times, ...fields } };
}

/** The same key in another state. */
export function as(
  { published }: Made,
  state: PublishedKey['state'],
  fields: Partial<PublishedKey> = {},
): PublishedKey {
  return { ...published, state, ...fields };
}

export function setOf(serial: number, ...keys: readonly PublishedKey[]): PublishedSet {
  return { serial, updated: NOW, keys };
}

export function ed25519(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}

export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'signet-signing-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const ALGORITHMS: readonly KeyAlgorithm[] = ['RS256', 'ES256', 'ES384', 'ES512'];

export function placeOf(path: string, passphrase: string | null = null): KeySetPlace {
  const place = { folder: path, algorithms: ALGORITHMS, certificates: true };
  return { ...place, passphrase: { text: passphrase, variable: VARIABLE } };
}

export function writeSet(path: string, set: PublishedSet, mode = 0o600): void {
  writeFileSync(join(path, 'signing-keys.json'), formatKeySet(set), { mode });
}

export function writeKey(path: string, { privateKey, published }: Made, passphrase: string | null = null): void {
  writeFileSync(join(path, published.file), privateKeyPem(privateKey, passphrase), { mode: 0o600 });
}

/** As `signet init` leaves it. */
export function writeFirst(path: string, { privateKey, certificatePem }: Made, passphrase: string | null = null): void {
  writeFileSync(join(path, 'key.pem'), privateKeyPem(privateKey, passphrase), { mode: 0o600 });
  writeFileSync(join(path, 'certificate.pem'), certificatePem);
}
