// Owns: bytes as letters and digits alone, for protocols whose values may hold nothing else. Every text has one meaning,
// and every value one text. Faster than a number with hundreds of digits: each 8 bytes are spelled by themselves, and a
// block's number is kept in two plain ones, its high and its low digits.

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** By character code; what is no digit is missing. */
const DIGITS: readonly (number | undefined)[] = Array.from({ length: 128 }, (_, code) => {
  const digit = ALPHABET.indexOf(String.fromCharCode(code));
  return digit < 0 ? undefined : digit;
});
const BLOCK = 8;
/** Characters for so many bytes of a block: the fewest whose values cover all of them. */
const CHARACTERS = [0, 2, 3, 5, 6, 7, 9, 10, 11];
const LONGEST = 11;
const BASE = 62;
/** Digits in the low number: 62^5 is below 2^30, and 62^6, all that the high one can be, below 2^36. */
const LOW = 5;
const CUT = BASE ** LOW;
const TWO_BYTES = 2 ** 16;

/** Blocks of 8 bytes as 11 characters each, most significant first, then a shorter one. */
export function encodeBase62(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += BLOCK) {
    text += encodeBlock(bytes, start, Math.min(start + BLOCK, bytes.length));
  }
  return text;
}

/** Null for anything that {@link encodeBase62} does not write. */
export function decodeBase62(text: string): Buffer | null {
  const bytes = Buffer.alloc(BLOCK * Math.ceil(text.length / LONGEST));
  let length = 0;
  for (let start = 0; start < text.length; start += LONGEST) {
    const end = Math.min(start + LONGEST, text.length);
    const size = CHARACTERS.indexOf(end - start);
    const middle = Math.max(start, end - LOW);
    const [high, low] = [readDigits(text, start, middle), readDigits(text, middle, end)];
    if (size < 0 || high === null || low === null || !writeBlock(bytes, length, size, high, low)) return null;
    length += size;
  }
  return bytes.subarray(0, length);
}

function encodeBlock(bytes: Uint8Array, start: number, end: number): string {
  let [high, low] = [0, 0];
  // Long division by the cut, a byte at a time.
  for (let i = start; i < end; i += 1) {
    const value = low * 256 + (bytes[i] ?? 0);
    high = high * 256 + Math.floor(value / CUT);
    low = value % CUT;
  }
  const characters = CHARACTERS[end - start] ?? 0;
  return spell(high, characters - LOW) + spell(low, Math.min(characters, LOW));
}

function spell(value: number, digits: number): string {
  let text = '';
  let left = value;
  for (let i = 0; i < digits; i += 1) {
    text = ALPHABET.charAt(left % BASE) + text;
    left = Math.floor(left / BASE);
  }
  return text;
}

/** Null for anything but digits. */
function readDigits(text: string, start: number, end: number): number | null {
  let value = 0;
  for (let i = start; i < end; i += 1) {
    const digit = DIGITS[text.charCodeAt(i)];
    if (digit === undefined) return null;
    value = value * BASE + digit;
  }
  return value;
}

/** False for a number that so many bytes do not hold: more characters than they need could spell one. */
function writeBlock(bytes: Buffer, at: number, size: number, high: number, low: number): boolean {
  // high * CUT + low, which is no exact number in itself, as its last two bytes and what stands before them.
  const last = (high % TWO_BYTES) * CUT + low;
  let before = Math.floor(high / TWO_BYTES) * CUT + Math.floor(last / TWO_BYTES);
  let two = last % TWO_BYTES;
  for (let i = size - 1; i >= 0; i -= 1) {
    bytes[at + i] = two % 256;
    two = Math.floor(two / 256) + (before % 256) * 256;
    before = Math.floor(before / 256);
  }
  return two === 0 && before === 0;
}
