// Owns: XAES-256-GCM as C2SP specifies it (https://c2sp.org/XAES-256-GCM), unchanged.
// Leaves to envelope.ts: what is encrypted, and where nonces come from.
import { type Cipheriv, createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';

export const NONCE_BYTES = 24;
export const TAG_BYTES = 16;

/** One XAES-256-GCM key, ready for use. */
export interface Xaes {
  /** Ciphertext followed by the 16-byte tag. The nonce must be 24 bytes that are used once with this key. */
  readonly seal: (nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array) => Buffer;
  /** The plaintext; null when anything at all is wrong. */
  readonly open: (nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array) => Buffer | null;
}

/**
 * Prepares a 32-byte key.
 * @throws RangeError for a key of another length, and `seal` for a nonce of another length.
 */
export function createXaes(key: Uint8Array): Xaes {
  if (key.length !== 32) throw new RangeError('an XAES-256-GCM key has 32 bytes');
  // ECB is used for what the specification calls AES-256 of single blocks; making a cipher each time would cost more.
  const ecb = createCipheriv('aes-256-ecb', createSecretKey(key), null).setAutoPadding(false);
  const k1 = subkey(ecb);
  return {
    seal: (nonce, plaintext, aad) => {
      if (nonce.length !== NONCE_BYTES) throw new RangeError('an XAES-256-GCM nonce has 24 bytes');
      const cipher = createCipheriv('aes-256-gcm', messageKey(ecb, k1, nonce), nonce.subarray(12), GCM);
      cipher.setAAD(aad);
      return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },
    open: (nonce, sealed, aad) => {
      if (nonce.length !== NONCE_BYTES || sealed.length < TAG_BYTES) return null;
      const end = sealed.length - TAG_BYTES;
      const decipher = createDecipheriv('aes-256-gcm', messageKey(ecb, k1, nonce), nonce.subarray(12), GCM);
      decipher.setAAD(aad).setAuthTag(sealed.subarray(end));
      const unverified = decipher.update(sealed.subarray(0, end));
      try {
        decipher.final();
      } catch {
        return null;
      }
      return unverified;
    },
  };
}

// Without this length Node accepts a tag of 4 bytes, which can be guessed.
const GCM = { authTagLength: TAG_BYTES } as const;

/** K1: AES of the zero block, doubled in GF(2^128) as CMAC does (NIST SP 800-38B §6.1). */
function subkey(ecb: Cipheriv): Buffer {
  const l = ecb.update(Buffer.alloc(16));
  const k1 = Buffer.alloc(16);
  for (let i = 0; i < 16; i++) k1[i] = (l.readUInt8(i) << 1) | ((l[i + 1] ?? 0) >>> 7);
  if (l.readUInt8(0) >= 0x80) k1[15] = k1.readUInt8(15) ^ 0x87;
  return k1;
}

/** The AES-256 key of one message: NIST SP 800-108r1 counter mode with CMAC, two blocks. */
function messageKey(ecb: Cipheriv, k1: Buffer, nonce: Uint8Array): KeyObject {
  const blocks = Buffer.allocUnsafe(32);
  for (let counter = 1; counter <= 2; counter++) {
    const at = (counter - 1) * 16;
    blocks[at] = 0;
    blocks[at + 1] = counter;
    blocks[at + 2] = 0x58;
    blocks[at + 3] = 0;
    blocks.set(nonce.subarray(0, 12), at + 4);
    for (let i = 0; i < 16; i++) blocks[at + i] = (blocks[at + i] ?? 0) ^ (k1[i] ?? 0);
  }
  // A KeyObject: GCM under a plain Buffer is measured ten times slower to set up.
  return createSecretKey(ecb.update(blocks));
}
