// Owns: what of a typed password is hashed, the same way when it is set and when it is checked.

/** In bytes of UTF-8, as typed. NIST SP 800-63B-4 §3.1.1.2 asks for at least 64 characters to be allowed. */
export const PASSWORD_MAX_BYTES = 1024;

/**
 * The text to hash; null when it is empty, longer than PASSWORD_MAX_BYTES or not Unicode.
 * NFKC, which NIST SP 800-63B-4 §3.1.1.2 recommends, so that keyboards that compose characters differently agree. Nothing is
 * trimmed or truncated. A hash that another system made of bytes that NFKC changes has to be set anew.
 */
export function preparePassword(typed: string): string | null {
  const bytes = Buffer.byteLength(typed);
  return bytes === 0 || bytes > PASSWORD_MAX_BYTES || !typed.isWellFormed() ? null : typed.normalize('NFKC');
}
