// Owns: bytes as letters and digits alone, for protocols whose values may hold nothing else. Every text has one meaning,
// and every value one text. Faster than a number with hundreds of digits: each 8 bytes are spelled by themselves.

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGITS: ReadonlyMap<string, bigint> = new Map([...ALPHABET].map((character, i) => [character, BigInt(i)]));
const BLOCK = 8;
/** Characters for so many bytes of a block: the fewest whose values cover all of them. */
const CHARACTERS = [0, 2, 3, 5, 6, 7, 9, 10, 11];
const BASE = 62n;

/** Blocks of 8 bytes as 11 characters each, most significant first, then a shorter one. */
export function encodeBase62(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += BLOCK) text += encodeBlock(bytes.subarray(start, start + BLOCK));
  return text;
}

/** Null for anything that {@link encodeBase62} does not write. */
export function decodeBase62(text: string): Buffer | null {
  const longest = CHARACTERS[BLOCK] ?? 0;
  const blocks: Buffer[] = [];
  for (let start = 0; start < text.length; start += longest) {
    const block = decodeBlock(text.slice(start, start + longest));
    if (block === null) return null;
    blocks.push(block);
  }
  return Buffer.concat(blocks);
}

function encodeBlock(bytes: Uint8Array): string {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = '';
  for (let left = CHARACTERS[bytes.length] ?? 0; left > 0; left -= 1) {
    text = ALPHABET.charAt(Number(value % BASE)) + text;
    value /= BASE;
  }
  return text;
}

function decodeBlock(text: string): Buffer | null {
  const size = CHARACTERS.indexOf(text.length);
  if (size <= 0) return null;
  let value = 0n;
  for (const character of text) {
    const digit = DIGITS.get(character);
    if (digit === undefined) return null;
    value = value * BASE + digit;
  }
  // More characters than bytes need could spell a number that has no bytes.
  if (value >> BigInt(8 * size) !== 0n) return null;
  return Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex');
}
