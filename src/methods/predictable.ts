// Owns: which passwords everybody would guess: common words however they are dressed up, keyboard walks, repetitions.
// Leaves to password-policy.ts: who is told what.
import { readFileSync } from 'node:fs';

const WORDS = new URL('./common-words.txt', import.meta.url);

/** The words of the list beside this file. */
export function readCommonWords(): ReadonlySet<string> {
  const lines = readFileSync(WORDS, 'utf8').split('\n');
  return new Set(lines.filter((line) => line !== '' && !line.startsWith('#')));
}

/** Letters and digits alone, in lower case, without accents. */
export function lettersOf(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** Signs around a word that do not make it another word: `Summer2026!!`. More, if not predictable, are a password. */
const DECORATION_MAX = 6;

/** Whether this is what people choose who think of nothing. */
export function isPredictable(password: string, common: ReadonlySet<string>): boolean {
  const text = password.normalize('NFKD').toLowerCase().replace(/ß/g, 'ss').replace(/\p{M}/gu, '');
  const letters = lettersOf(password);
  if (isRepetition(text) || isWalk(letters)) return true;
  return dressings(text).some(({ before, word, after }) => {
    const decoration = lettersOf(before) + lettersOf(after);
    if (before.length + after.length > DECORATION_MAX && !isWalk(decoration) && !isRepetition(decoration)) return false;
    return spellings(word).some((spelling) => isCommon(lettersOf(spelling), common));
  });
}

interface Dressed {
  readonly before: string;
  readonly word: string;
  readonly after: string;
}

/** So many signs at either end may be letters in disguise: `$ummer`, `pa55`. */
const DISGUISED_MAX = 2;

/** The word between the first and the last letter, then with some of the signs beside it as well. */
function dressings(text: string): readonly Dressed[] {
  const plain = undress(text);
  const lengths = Array.from({ length: DISGUISED_MAX + 1 }, (_, count) => count);
  return lengths.flatMap((left) =>
    lengths.map((right) => ({
      before: plain.before.slice(0, Math.max(0, plain.before.length - left)),
      word: plain.before.slice(Math.max(0, plain.before.length - left)) + plain.word + plain.after.slice(0, right),
      after: plain.after.slice(right),
    })),
  );
}

/** What stands around the first and the last letter. */
function undress(text: string): Dressed {
  const [, before = '', word = '', after = ''] = /^([^\p{L}]*)(.*?)([^\p{L}]*)$/su.exec(text) ?? [];
  return { before, word, after };
}

/** One word, or the same one again and again. */
function isCommon(word: string, common: ReadonlySet<string>): boolean {
  const period = periodOf(word);
  return common.has(word) || common.has(word.slice(0, period));
}

const LEET: ReadonlyMap<string, string> = new Map([
  ['4', 'a'],
  ['@', 'a'],
  ['8', 'b'],
  ['(', 'c'],
  ['3', 'e'],
  ['€', 'e'],
  ['6', 'g'],
  ['9', 'g'],
  ['0', 'o'],
  ['5', 's'],
  ['$', 's'],
  ['7', 't'],
  ['+', 't'],
  ['2', 'z'],
]);

/** The word as it is, and with the letters that its signs look like; 1, ! and | are either i or l. */
function spellings(word: string): readonly string[] {
  const read = (bar: string) =>
    [...word].map((sign) => ('1!|'.includes(sign) ? bar : (LEET.get(sign) ?? sign))).join('');
  return [word, read('i'), read('l')];
}

/** The length of the unit that a text repeats; its own length when it repeats nothing. */
function periodOf(text: string): number {
  // A text stands inside its own double only where a period begins.
  return text === '' ? 0 : (text + text).indexOf(text, 1);
}

/** Few different characters, or a short unit again and again. */
function isRepetition(text: string): boolean {
  if (text.length === 0) return false;
  const period = periodOf(text);
  return new Set(text).size <= 3 || (period < text.length && period < 8);
}

/** Rows, columns and zigzags of keyboards, the alphabet, the digits; each goes round and backwards too. */
const WALKS = [
  '1234567890',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiop',
  'qwertzuiop',
  'azertyuiop',
  'asdfghjkl',
  'qsdfghjklm',
  'zxcvbnm',
  'yxcvbnm',
  'wxcvbn',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm',
  '1qay2wsx3edc4rfv5tgb6zhn7ujm',
  'qazwsxedcrfvtgbyhnujm',
  'qaywsxedcrfvtgbzhnujm',
  '1q2w3e4r5t6y7u8i9o0p',
  '1q2w3e4r5t6z7u8i9o0p',
  'q1w2e3r4t5y6u7i8o9p0',
  'q1w2e3r4t5z6u7i8o9p0',
  '1a2b3c4d5e6f7g8h9i',
  'a1b2c3d4e5f6g7h8i9',
].flatMap((walk) => [walk + walk, [...(walk + walk)].reverse().join('')]);

const STRIDE = 3;

/** Made of nothing but walks of at least three keys. */
function isWalk(letters: string): boolean {
  if (letters.length < STRIDE) return false;
  let at = 0;
  while (at < letters.length) {
    const length = longestWalk(letters.slice(at, at + 64));
    if (length < STRIDE) return false;
    at += length;
  }
  return true;
}

function longestWalk(letters: string): number {
  let longest = 0;
  for (const walk of WALKS)
    while (longest < letters.length && walk.includes(letters.slice(0, longest + 1))) longest += 1;
  return longest;
}
