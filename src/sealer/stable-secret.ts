// Owns: the secret that names outlive: pairwise subjects, session indexes, decoys. The same on all nodes, never rotated.
// Leaves to the sealer's keyring: everything that expires. Independent of it: rotating keys renames nobody.
// Format: docs/sealed-values.md, Stable secret.
import {
  type Cipheriv,
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
} from 'node:crypto';
import { decodeBase64url, encodeBase64url } from '../lib/base64url.ts';
import { Problems } from '../lib/problems.ts';
import type { Random } from '../lib/random.ts';
import { hkdfExpand, hkdfExtract } from './derive.ts';
import { parseJsonObject } from './json-record.ts';
import { readSecretFile } from './secret-file.ts';

const FORMAT = 'signet-stable-secret/1';
const SALT = 'signet.pairwise.v1';

export interface StableSecret {
  /** The same person has an unrelated name at each relying party or sector: 43 characters of base64url. */
  readonly pairwiseId: (relyingPartyOrSector: string, accountId: string) => string;
  /** SAML SessionIndex and OIDC sid: 22 characters, unrelated between relying parties. `sid` has 16 bytes. */
  readonly sessionIndex: (relyingParty: string, sid: Uint8Array) => string;
  /** The sid behind a session index of this relying party; null when the text cannot be one. */
  readonly sidOf: (relyingParty: string, sessionIndex: string) => Uint8Array | null;
  /** 32 bytes for what is shown about accounts that do not exist. */
  readonly decoyKey: Buffer;
  /** 32 bytes for another use; each label gives unrelated ones. */
  readonly derive: (label: string) => Buffer;
  /** 16 hex digits that tell two secrets apart and give nothing away; the configuration may pin it. */
  readonly fingerprint: string;
}

/** The text of a new stable secret's file, to be written with mode 0600 and backed up. */
export function newStableSecret(random: Random): string {
  const secret = random(32);
  const { fingerprint } = stableSecret(secret);
  return `${JSON.stringify({ format: FORMAT, fingerprint, secret: encodeBase64url(secret) }, null, 2)}\n`;
}

/**
 * Reads the stable secret's file.
 * @throws ProblemsError when it cannot be read, others may touch it, or it is damaged.
 */
export function openStableSecret(path: string): StableSecret {
  return parseStableSecret(readSecretFile(path));
}

/**
 * Reads the stable secret's text.
 * @throws ProblemsError with everything that is wrong, and nothing of what the file holds.
 */
export function parseStableSecret(bytes: Uint8Array): StableSecret {
  const problems = new Problems();
  const file = parseJsonObject(bytes, problems);
  file?.only(['format', 'fingerprint', 'secret']);
  file?.text('format', (text) => text === FORMAT, FORMAT);
  const secret = file?.secret('secret') ?? null;
  const stable = secret === null ? null : stableSecret(secret);
  // A damaged secret would silently give everybody another name.
  if (stable !== null) {
    file?.text('fingerprint', (text) => text === stable.fingerprint, `the secret's own fingerprint`);
  }
  problems.throwIfAny();
  if (stable === null) throw new RangeError('a stable secret that was refused without a reason');
  return stable;
}

function stableSecret(secret: Uint8Array): StableSecret {
  const prk = hkdfExtract(SALT, secret);
  // KeyObjects: under a plain Buffer each HMAC and cipher costs fifteen times as much to set up.
  const pairwiseKey = createSecretKey(hkdfExpand(prk, 'pairwise', 32));
  // One block of AES under a key that nobody else uses: a permutation, so the sid can be computed back.
  const indexKey = (relyingParty: string): KeyObject => createSecretKey(hkdfExpand(prk, `sidx\0${relyingParty}`, 32));
  // ECB without padding carries nothing from one block to the next, so a cipher serves for ever. Callers name
  // registered parties only: there are as many ciphers as those.
  const indexCiphers = new Map<string, Cipheriv>();
  const indexCipher = (relyingParty: string): Cipheriv => {
    const ready = indexCiphers.get(relyingParty);
    if (ready !== undefined) return ready;
    const cipher = createCipheriv('aes-256-ecb', indexKey(relyingParty), null).setAutoPadding(false);
    indexCiphers.set(relyingParty, cipher);
    return cipher;
  };
  return Object.freeze({
    pairwiseId: (relyingPartyOrSector: string, accountId: string): string =>
      createHmac('sha256', pairwiseKey)
        .update(lengthPrefixed(relyingPartyOrSector))
        .update(lengthPrefixed(accountId))
        .digest('base64url'),
    sessionIndex: (relyingParty: string, sid: Uint8Array): string => {
      if (sid.length !== 16) throw new RangeError('a sid has 16 bytes');
      return encodeBase64url(indexCipher(relyingParty).update(sid));
    },
    sidOf: (relyingParty: string, sessionIndex: string): Uint8Array | null => {
      const block = sessionIndex.length === 22 ? decodeBase64url(sessionIndex) : null;
      if (block === null) return null;
      const decipher = createDecipheriv('aes-256-ecb', indexKey(relyingParty), null).setAutoPadding(false);
      return Buffer.concat([decipher.update(block), decipher.final()]);
    },
    decoyKey: hkdfExpand(prk, 'decoy', 32),
    derive: (label: string): Buffer => hkdfExpand(prk, `use\0${label}`, 32),
    fingerprint: hkdfExpand(prk, 'fingerprint', 8).toString('hex'),
  });
}

/** Without lengths, two different pairs could run together into the same bytes. */
function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
