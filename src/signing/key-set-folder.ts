// Owns: a set of signing keys as the files of a folder are now. Leaves to key-set.ts: what the file says; to
// followed-key-set.ts: reading again when it changes; to the command line: writing. Nodes only read.
//
// The folder: signing-keys.json (key-set.ts) and one PKCS#8 file for each key. Before the first rollover there may be
// no signing-keys.json: then key.pem is the one current key, and certificate.pem its certificate.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileVersion } from '../lib/file-version.ts';
import { fileFault, type Problem, Problems, ProblemsError } from '../lib/problems.ts';
import { readSecretFile } from '../sealer/secret-file.ts';
import { readCertificate } from '../xml/key.ts';
import { type PublishedKey, type PublishedSet, parseKeySet, thumbprint } from './key-set.ts';
import { localSigner } from './local-signer.ts';
import { type Passphrase, publicHalf, readPrivateKeyFile } from './private-key-file.ts';
import { algorithmFault, type KeyAlgorithm, type Signer, usualAlgorithm } from './signer.ts';

export const KEY_SET_FILE = 'signing-keys.json';
export const FIRST_KEY_FILE = 'key.pem';
export const FIRST_CERTIFICATE_FILE = 'certificate.pem';

/** One protocol's keys, and what it demands of them. */
export interface KeySetPlace {
  readonly folder: string;
  readonly passphrase: Passphrase;
  /** What the protocol can use. */
  readonly algorithms: readonly KeyAlgorithm[];
  /** Whether the protocol publishes certificates: then each key must have one. */
  readonly certificates: boolean;
}

export interface SigningKey extends PublishedKey {
  /** Null: the private key is not here. Never of a current key. */
  readonly signer: Signer | null;
}

export interface CurrentKey extends SigningKey {
  readonly signer: Signer;
}

export interface SigningKeySet extends PublishedSet {
  readonly keys: readonly SigningKey[];
  /** Those that sign, one for each algorithm; at least one. */
  readonly current: readonly CurrentKey[];
  /** Of what is published: the same on every node that has the same set. */
  readonly digest: string;
}

/**
 * The set in a folder as it is now.
 * @throws ProblemsError for anything that keeps it from being used: also a current key that cannot sign.
 */
export function loadKeySet(place: KeySetPlace): SigningKeySet {
  const { folder, passphrase } = place;
  const file = join(folder, KEY_SET_FILE);
  if (fileVersion(file) === 'missing') return onlyKey(place);
  const published = located(file, () => parseKeySet(readSecretFile(file)));
  const problems = new Problems();
  addPlaceProblems(place, file, published, problems);
  const keys = published.keys.map((key): SigningKey => {
    // One that is retiring signs no more; its private key is not even opened.
    if (key.state === 'retiring') return { ...key, signer: null };
    try {
      return { ...key, signer: signerOf(join(folder, key.file), key, passphrase) };
    } catch (error) {
      if (!(error instanceof ProblemsError)) throw error;
      if (key.state === 'current') problems.addAll(error.problems);
      return { ...key, signer: null };
    }
  });
  problems.throwIfAny();
  return keySet(published, keys);
}

/** What keeps a next key from signing on this machine; null when nothing does. For messages. */
export function signingFault(place: KeySetPlace, key: PublishedKey): Problem | null {
  try {
    signerOf(join(place.folder, key.file), key, place.passphrase);
    return null;
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.problems[0] ?? null;
  }
}

function signerOf(path: string, { kid }: PublishedKey, passphrase: Passphrase): Signer {
  const privateKey = readPrivateKeyFile(path, passphrase);
  if (thumbprint(publicHalf(privateKey)) === kid) return localSigner(privateKey);
  throw new ProblemsError([{ path, found: 'another private key', wanted: `that of ${kid}` }]);
}

/** A folder as `signet init` makes it, or as somebody brought it. */
function onlyKey(place: KeySetPlace): SigningKeySet {
  const path = join(place.folder, FIRST_KEY_FILE);
  const privateKey = readPrivateKeyFile(path, place.passphrase);
  const publicKey = publicHalf(privateKey);
  const problems = new Problems();
  const certificate = place.certificates ? firstCertificate(place.folder) : null;
  if (certificate !== null && !certificate.key.equals(publicKey)) {
    const wanted = `that of ${path}`;
    problems.add(join(place.folder, FIRST_CERTIFICATE_FILE), 'a certificate for another key', wanted);
  }
  const algorithm = usualAlgorithm(publicKey);
  if (algorithm === null) {
    const fault = algorithmFault(publicKey, 'RS256') ?? 'an unusual key';
    throw new ProblemsError([...problems.list(), { path, found: fault, wanted: wantedAlgorithms(place) }]);
  }
  const kid = thumbprint(publicKey);
  const facts = { state: 'current', file: FIRST_KEY_FILE, published: 0, since: 0 } as const;
  const key: CurrentKey = { kid, algorithm, publicKey, certificate, ...facts, signer: localSigner(privateKey) };
  const published = { serial: 0, updated: 0, keys: [key] };
  addPlaceProblems(place, path, published, problems);
  problems.throwIfAny();
  return keySet(published, [key]);
}

function firstCertificate(folder: string) {
  const path = join(folder, FIRST_CERTIFICATE_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ProblemsError([{ path, found: fileFault(error), wanted: 'one certificate in PEM' }]);
  }
  const certificate = readCertificate(text);
  if (certificate !== null) return certificate;
  throw new ProblemsError([{ path, found: 'something else', wanted: 'one certificate in PEM' }]);
}

function addPlaceProblems(place: KeySetPlace, path: string, { keys }: PublishedSet, problems: Problems): void {
  for (const { kid, algorithm, certificate } of keys) {
    if (!place.algorithms.includes(algorithm)) {
      problems.add(path, `a key for ${algorithm}, ${kid}`, wantedAlgorithms(place));
    } else if (place.certificates && certificate === null) {
      problems.add(path, `no certificate for key ${kid}`, 'one: this protocol publishes certificates');
    }
  }
}

function wantedAlgorithms({ algorithms }: KeySetPlace): string {
  return `a key for ${algorithms.join(', ')}: nothing else is signed with here`;
}

function keySet(published: PublishedSet, keys: readonly SigningKey[]): SigningKeySet {
  const current = keys.filter((key): key is CurrentKey => key.state === 'current' && key.signer !== null);
  return { ...published, keys, current, digest: digestOf(published) };
}

function digestOf({ serial, keys }: PublishedSet): string {
  const facts = keys.map(({ kid, algorithm, state, certificate }) => [
    kid,
    algorithm,
    state,
    certificate?.base64 ?? '',
  ]);
  return createHash('sha256')
    .update(JSON.stringify([serial, facts]))
    .digest('base64url');
}

/** Next keys that could not sign here if they were promoted now. */
export function waitingFor({ keys }: SigningKeySet): readonly string[] {
  return keys.filter(({ state, signer }) => state === 'next' && signer === null).map(({ kid }) => kid);
}

function located<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    const problems = error.problems.map((one) =>
      one.path.includes(path) ? one : { ...one, path: `${path}: ${one.path}` },
    );
    throw new ProblemsError(problems);
  }
}
