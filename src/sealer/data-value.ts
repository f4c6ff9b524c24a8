// Owns: encrypting a secret that a store keeps, and the bytes inside its envelope. No expiry: a row has none.
// Leaves to envelope.ts: the envelope, which is a sealed value's; to the caller: what a context is (core/secrets-at-rest.ts).
// Format: docs/sealed-values.md, Secrets at rest.
import { encodeBase64url } from '../lib/base64url.ts';
import type { Clock, EpochSeconds } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { type DataKey, type DataKeyring, dataPrimary } from './data-keyring.ts';
import { dataPrk, purposeKey } from './derive.ts';
import { additionalData, isPadded, readEnvelope, writeEnvelope } from './envelope.ts';
import { createXaes, NONCE_BYTES, type Xaes } from './xaes.ts';

/** The one purpose under the data keyring. It is none of a sealed value's, and never will be one. */
export const DATA_PURPOSE = 'data';

/** Lengths are hidden up to a bucket; a secret's size is no secret otherwise. */
const LIMITS = { name: DATA_PURPOSE, bucket: 32, maxCharacters: 1474 } as const;
const LENGTH_BYTES = 2;
/** The longest secret, in bytes. */
const SECRET_MAX = 1024;
const VERSION = 1;

/** How an attempt to decrypt ended: a label for metrics. All but ok mean that a row is there and cannot be read. */
export type DataResult = 'ok' | 'malformed' | 'unknown-kid' | 'tampered';

export interface DataCipher {
  /** @throws RangeError for a secret over 1,024 bytes, or a context over 65,535 or without a UTF-8 form. */
  readonly encrypt: (context: string, plaintext: Uint8Array) => string;
  /** Every failure is the same null. The result is a copy: whoever is done with it may wipe it. */
  readonly decrypt: (context: string, text: string) => Uint8Array | null;
  readonly kidOf: (text: string) => string | null;
  readonly primaryKid: () => string;
  readonly prefixOf: (kid: string) => string;
}

export interface DataCipherParts {
  readonly ring: () => DataKeyring;
  /** Looks for a newer ring, at most every few seconds; whether there is one now. */
  readonly reread: () => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly observe: (result: DataResult) => void;
}

export function createDataCipher(parts: DataCipherParts): DataCipher {
  const { clock, random, observe } = parts;
  let prepared = prepare(parts.ring());
  const current = (): PreparedDataRing => {
    const ring = parts.ring();
    if (prepared.ring !== ring) prepared = prepare(ring);
    return prepared;
  };

  const decrypt = (context: string, text: string): Uint8Array | DataResult => {
    const envelope = readEnvelope(LIMITS, text);
    if (typeof envelope === 'string') return 'malformed';
    const kid = envelope.kid.toString('hex');
    // A key that another node already encrypts with may have reached this node's file, but not yet its memory.
    let xaes = current().xaes(kid);
    if (xaes === null && parts.reread()) xaes = current().xaes(kid);
    if (xaes === null) return 'unknown-kid';
    const aad = additionalData(envelope.kid, LIMITS, context);
    const plaintext = aad === null ? null : xaes.open(envelope.nonce, envelope.sealed, aad);
    return plaintext === null ? 'tampered' : (readSecret(plaintext) ?? 'malformed');
  };

  return {
    encrypt: (context, plaintext) => {
      const ring = current();
      const { kid } = ring.primary(clock());
      const kidBytes = Buffer.from(kid, 'hex');
      const aad = additionalData(kidBytes, LIMITS, context);
      const xaes = ring.xaes(kid);
      if (aad === null || xaes === null) throw new RangeError('a context that cannot be authenticated');
      const nonce = random(NONCE_BYTES);
      return writeEnvelope({ kid: kidBytes, nonce, sealed: xaes.seal(nonce, writeSecret(plaintext), aad) });
    },
    decrypt: (context, text) => {
      const outcome = decrypt(context, text);
      observe(typeof outcome === 'string' ? outcome : 'ok');
      return typeof outcome === 'string' ? null : outcome;
    },
    kidOf: (text) => {
      const envelope = readEnvelope(LIMITS, text);
      return typeof envelope === 'string' ? null : envelope.kid.toString('hex');
    },
    primaryKid: () => current().primary(clock()).kid,
    prefixOf: dataPrefix,
  };
}

/** The first 12 characters of every text under a key: version and kid are nine bytes, which no other byte shares. */
export function dataPrefix(kid: string): string {
  return encodeBase64url(Buffer.concat([Uint8Array.of(VERSION), Buffer.from(kid, 'hex')]));
}

/** A ring with the keys that are computed from it. */
interface PreparedDataRing {
  readonly ring: DataKeyring;
  readonly primary: (now: EpochSeconds) => DataKey;
  readonly xaes: (kid: string) => Xaes | null;
}

function prepare(ring: DataKeyring): PreparedDataRing {
  const byKid = new Map(
    ring.keys.map(({ kid, master }) => [kid, createXaes(purposeKey(dataPrk(master), ring.realm, DATA_PURPOSE))]),
  );
  return { ring, primary: (now) => dataPrimary(ring, now).key, xaes: (kid) => byKid.get(kid) ?? null };
}

function writeSecret(secret: Uint8Array): Buffer {
  if (secret.length > SECRET_MAX) throw new RangeError(`a secret of more than ${SECRET_MAX} bytes`);
  const length = LENGTH_BYTES + secret.length;
  const plaintext = Buffer.alloc(Math.ceil(length / LIMITS.bucket) * LIMITS.bucket);
  plaintext.writeUInt16BE(secret.length);
  plaintext.set(secret, LENGTH_BYTES);
  return plaintext;
}

/** An authentic plaintext has one form only; null for any other. */
function readSecret(plaintext: Buffer): Uint8Array | null {
  const length = plaintext.readUInt16BE();
  const end = LENGTH_BYTES + length;
  if (length > SECRET_MAX || !isPadded(plaintext, end, LIMITS.bucket)) return null;
  return new Uint8Array(plaintext.subarray(LENGTH_BYTES, end));
}
