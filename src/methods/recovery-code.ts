// Owns: what a recovery code looks like and what is kept of it. Leaves to recovery-codes.ts: asking and giving.
import { createHash, hkdfSync } from 'node:crypto';
import type { AccountId } from '../core/account.ts';
import { readBase32Code } from './typed-code.ts';

/** How many a person gets at a time. */
export const RECOVERY_CODES = 10;

/** 24 characters of 5 bits. */
const CODE_CHARACTERS = 24;
const CODE_BYTES = 15;
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

export const RECOVERY_SEED_BYTES = 32;

/**
 * The codes that a seed stands for, in groups of four, so that the page which shows them can be shown again until the
 * person said that they kept them; nothing but the seed has to be kept until then.
 */
export function recoveryCodes(seed: Uint8Array): readonly string[] {
  const bytes = Buffer.from(hkdfSync('sha256', seed, '', 'signet recovery codes', RECOVERY_CODES * CODE_BYTES));
  return Array.from({ length: RECOVERY_CODES }, (_, n) =>
    base32(bytes.subarray(n * CODE_BYTES, (n + 1) * CODE_BYTES)).replace(/(.{4})(?=.)/g, '$1-'),
  );
}

function base32(bytes: Uint8Array): string {
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let left = CODE_CHARACTERS; left > 0; left -= 1, bits >>= 5n) text = ALPHABET.charAt(Number(bits & 31n)) + text;
  return text;
}

/**
 * What the store keeps of a code as typed, base64url; null when it cannot be one.
 * One SHA-256, no slow hash: a code is 120 random bits, which cannot be searched at any speed, where a password's few can
 * (NIST SP 800-63B §5.1.2.2 draws the line at 112). Account and credential are hashed with it: no hash fits another row.
 */
export function recoveryHash(typed: string, accountId: AccountId, credentialId: string): string | null {
  const code = readBase32Code(typed, CODE_CHARACTERS);
  if (code === null) return null;
  return createHash('sha256')
    .update(`signet recovery code\0${credentialId}\0${code}\0${accountId}`)
    .digest('base64url');
}
