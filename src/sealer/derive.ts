// Owns: how one master key becomes a key id and a key per purpose and realm (HKDF-SHA-256, RFC 5869).
// Format: docs/sealed-values.md, Keys. A second version of the format must use another salt.
import { createHmac, type KeyObject } from 'node:crypto';

const SALT = 'signet.seal.v1';
const DATA_SALT = 'signet.data.v1';

/** HKDF-Extract (RFC 5869 §2.2). */
export function hkdfExtract(salt: string, input: Uint8Array): Buffer {
  return createHmac('sha256', salt).update(input).digest();
}

/** HKDF-Expand (RFC 5869 §2.3) to at most 32 bytes, which is one block. */
export function hkdfExpand(prk: Uint8Array, info: Uint8Array | string, length: number): Buffer {
  return createHmac('sha256', prk).update(info).update(ONE).digest().subarray(0, length);
}

const ONE = Uint8Array.of(1);

/** The pseudorandom key that everything of one master key is expanded from. */
export function sealingPrk(master: KeyObject): Buffer {
  return hkdfExtract(SALT, master.export());
}

/** The same for the data keyring: a master that got into both has two unrelated ids and keys. */
export function dataPrk(master: KeyObject): Buffer {
  return hkdfExtract(DATA_SALT, master.export());
}

/** The 8-byte key id: computed from the key, so it is its fingerprint. */
export function keyIdOf(prk: Uint8Array): Buffer {
  return hkdfExpand(prk, 'kid', 8);
}

/** The AES-256 key of one purpose in one realm. */
export function purposeKey(prk: Uint8Array, realm: string, purpose: string): Buffer {
  return hkdfExpand(prk, `key\0${realm}\0${purpose}`, 32);
}

/** The key that computes the nonces of a deterministic purpose. */
export function nonceKey(prk: Uint8Array, realm: string, purpose: string): Buffer {
  return hkdfExpand(prk, `det\0${realm}\0${purpose}`, 32);
}
