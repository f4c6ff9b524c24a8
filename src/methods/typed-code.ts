// Owns: reading what people type: codes with spaces, other scripts' digits, confusable letters; names for their things.

/** Longer input is nobody's code. */
const TYPED_MAX = 128;

/** Zeros of the digits that keyboards of these scripts type: Arabic-Indic, Persian, Devanagari, Bengali. */
const ZEROS = [0x660, 0x6f0, 0x966, 0x9e6] as const;

/** Exactly `count` decimal digits, typed with whatever white space or dashes between them; null for anything else. */
export function readDigits(typed: string, count: number): string | null {
  if (typed.length > TYPED_MAX) return null;
  // NFKC turns full-width digits into ASCII ones.
  const digits = withoutSeparators(typed.normalize('NFKC')).replace(/[^\x00-\x7f]/g, asciiDigit);
  return digits.length === count && /^\d+$/.test(digits) ? digits : null;
}

function asciiDigit(character: string): string {
  const code = character.charCodeAt(0);
  const zero = ZEROS.find((start) => code >= start && code < start + 10);
  return zero === undefined ? character : String(code - zero);
}

/**
 * Exactly `count` characters of Crockford's base32, in upper case; null for anything else. Letters that look like digits
 * are those digits, and U, which the alphabet leaves out, is V.
 * @see https://www.crockford.com/base32.html
 */
export function readBase32Code(typed: string, count: number): string | null {
  if (typed.length > TYPED_MAX) return null;
  const code = withoutSeparators(typed.normalize('NFKC'))
    .toUpperCase()
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1')
    .replace(/U/g, 'V');
  return code.length === count && /^[0-9A-HJKMNP-TV-Z]+$/.test(code) ? code : null;
}

/** White space, dashes, what word processors make of dashes, and the invisible characters that copying brings along. */
function withoutSeparators(text: string): string {
  return text.replace(/[\s\p{Pd}\u2212\u00ad\p{Cf}._]/gu, '');
}

const LABEL_MAX = 64;

/** A person's own name for a credential, at most 64 characters, without control characters; may be empty. */
export function readLabel(typed: string): string {
  // Normalizing takes time with the square of a run of combining marks.
  const text = typed.slice(0, 4 * LABEL_MAX);
  if (!text.isWellFormed()) return '';
  const visible = text.normalize('NFC').replace(/[\p{C}\s]+/gu, ' ');
  return [...visible.trim()].slice(0, LABEL_MAX).join('').trim();
}
