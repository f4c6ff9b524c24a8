// Owns: what a set of signing keys is, and the file that says which keys it has and in which state each is.
// Leaves to key-set-change.ts: going from one state to the next; to key-set-folder.ts: files; to protocols: publishing.
//
// The file holds everything that is published, and no secret: whoever has it knows what to publish, whatever has not
// arrived yet. A private key is needed only to sign. docs/operations.md, Rolling a signing key.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../lib/base64url.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { Problems } from '../lib/problems.ts';
import { formatTime, type JsonRecord, parseJsonObject } from '../sealer/json-record.ts';
import { type Certificate, readCertificate } from '../xml/key.ts';
import { algorithmFault, KEY_ALGORITHM_NAMES, type KeyAlgorithm } from './signer.ts';

/** `next` is published and does not sign; `current` signs; `retiring` has signed, and is published still. */
export const KEY_STATES = ['current', 'next', 'retiring'] as const;

export type SigningKeyState = (typeof KEY_STATES)[number];

/** What everybody may know of a key. */
export interface PublishedKey {
  /** RFC 7638 thumbprint of the public key, SHA-256. */
  readonly kid: string;
  readonly algorithm: KeyAlgorithm;
  readonly state: SigningKeyState;
  /** Name of its private key's file in the set's folder. */
  readonly file: string;
  readonly publicKey: KeyObject;
  /** SAML publishes one; null where a protocol publishes bare keys. */
  readonly certificate: Certificate | null;
  /** When it was published first. */
  readonly published: EpochSeconds;
  /** When it came into its state. */
  readonly since: EpochSeconds;
}

export interface PublishedSet {
  /** Grows with each change; 0: there is no file yet, only a key. */
  readonly serial: number;
  readonly updated: EpochSeconds;
  /** Current keys first, then next, then retiring ones. */
  readonly keys: readonly PublishedKey[];
}

const FORMAT = 'signet-signing-keys/1';
const FILE_NAME = /^[A-Za-z0-9][\w.-]{0,99}\.pem$/;
const MOST_KEYS = 16;

/** RFC 7638: SHA-256 over the required members in the order of their names. */
export function thumbprint(publicKey: KeyObject): string {
  const { e, n, crv, x, y, kty } = publicKey.export({ format: 'jwk' });
  const required = kty === 'RSA' ? { e, kty, n } : kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x };
  return createHash('sha256').update(JSON.stringify(required)).digest('base64url');
}

/**
 * Reads the file of a set, and checks that it can be one: one current key, and at most one next, for each algorithm.
 * @throws ProblemsError with everything that is wrong.
 */
export function parseKeySet(bytes: Uint8Array): PublishedSet {
  const problems = new Problems();
  const record = parseJsonObject(bytes, problems);
  problems.throwIfAny();
  const keys = record?.records('keys').map((one, i) => readKey(one, `keys[${i}]`, problems)) ?? [];
  record?.only(['format', 'serial', 'updated', 'keys']);
  record?.text('format', (text) => text === FORMAT, FORMAT);
  const serial = record?.count('serial') ?? 0;
  if (serial === 0) problems.add('serial', '0', '1 or more');
  const updated = record?.time('updated') ?? 0;
  problems.throwIfAny();
  const set = { serial, updated, keys: inOrder(keys.filter((key) => key !== null)) };
  addSetProblems(set, problems);
  problems.throwIfAny();
  return set;
}

/** Current keys first: there are parties that take the first certificate for the only one. */
export function inOrder(keys: readonly PublishedKey[]): readonly PublishedKey[] {
  return keys.toSorted((a, b) => KEY_STATES.indexOf(a.state) - KEY_STATES.indexOf(b.state));
}

/** The text of the file. */
export function formatKeySet({ serial, updated, keys }: PublishedSet): string {
  const listed = keys.map((key) => ({
    kid: key.kid,
    algorithm: key.algorithm,
    state: key.state,
    file: key.file,
    publicKey: key.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    certificate: key.certificate?.base64 ?? '',
    published: formatTime(key.published),
    since: formatTime(key.since),
  }));
  return `${JSON.stringify({ format: FORMAT, serial, updated: formatTime(updated), keys: listed }, null, 2)}\n`;
}

function readKey(record: JsonRecord, at: string, problems: Problems): PublishedKey | null {
  record.only(['kid', 'algorithm', 'state', 'file', 'publicKey', 'certificate', 'published', 'since']);
  const kid = record.text('kid', (text) => /^[\w-]{43}$/.test(text), 'an RFC 7638 thumbprint');
  const algorithm = KEY_ALGORITHM_NAMES.find(
    (name) => name === record.text('algorithm', isAlgorithm, ALGORITHMS_WANTED),
  );
  const state = KEY_STATES.find((name) => name === record.text('state', isState, KEY_STATES.join(', ')));
  const file = record.text('file', (text) => FILE_NAME.test(text), 'the name of a .pem file in the same folder');
  const spki = record.text('publicKey', (text) => readSpki(text) !== null, 'a public key: SPKI in base64');
  const base64 = record.text(
    'certificate',
    (text) => text === '' || readCertificate(text) !== null,
    'a certificate in base64',
  );
  const [published, since] = [record.time('published'), record.time('since')];
  const publicKey = readSpki(spki);
  if (publicKey === null || algorithm === undefined || state === undefined) return null;
  const certificate = base64 === '' ? null : readCertificate(base64);
  const fault = algorithmFault(publicKey, algorithm);
  if (fault !== null) problems.add(`${at}.publicKey`, fault, `a key for ${algorithm}`);
  if (kid !== thumbprint(publicKey)) problems.add(`${at}.kid`, 'that of another key', 'the thumbprint of publicKey');
  if (certificate !== null && !certificate.key.equals(publicKey)) {
    problems.add(`${at}.certificate`, 'a certificate for another key', 'one for publicKey');
  }
  return { kid, algorithm, state, file, publicKey, certificate, published, since };
}

function addSetProblems({ keys }: PublishedSet, problems: Problems): void {
  if (keys.length > MOST_KEYS) problems.add('keys', `${keys.length} keys`, `at most ${MOST_KEYS}`);
  if (new Set(keys.map(({ kid }) => kid)).size !== keys.length) problems.add('keys', 'one key twice', 'each key once');
  if (!keys.some(({ state }) => state === 'current')) problems.add('keys', 'no current key', 'one that signs');
  for (const algorithm of new Set(keys.map((key) => key.algorithm))) {
    for (const state of ['current', 'next'] as const) {
      const count = keys.filter((key) => key.algorithm === algorithm && key.state === state).length;
      if (count > 1) problems.add('keys', `${count} ${state} keys for ${algorithm}`, 'at most one');
    }
  }
}

const ALGORITHMS_WANTED = KEY_ALGORITHM_NAMES.join(', ');

function isAlgorithm(text: string): boolean {
  return KEY_ALGORITHM_NAMES.some((name) => name === text);
}

function isState(text: string): boolean {
  return KEY_STATES.some((name) => name === text);
}

function readSpki(base64: string): KeyObject | null {
  const der = decodeBase64(base64);
  if (der === null || der.length === 0) return null;
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}
