// Owns: reading the JSON of a key file strictly, and saying what is wrong without showing anything that was read.
import { decodeBase64url } from '../lib/base64url.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { Problems } from '../lib/problems.ts';

/** Files of keys are never larger than this. */
export const KEY_FILE_MAX_BYTES = 256 * 1024;

/** The JSON object in a key file; null, with a problem, when there is none. */
export function parseJsonObject(bytes: Uint8Array, problems: Problems): JsonRecord | null {
  if (bytes.length > KEY_FILE_MAX_BYTES) {
    problems.add('file', `${bytes.length} bytes`, `at most ${KEY_FILE_MAX_BYTES} bytes`);
    return null;
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // The parser's message quotes the text around the mistake, which may be a key.
    problems.add('file', 'text that cannot be read', 'JSON in UTF-8');
    return null;
  }
  return JsonRecord.of(value, 'file', '', problems);
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** The one spelling of a time in key files: `2026-09-22T08:00:00Z`. */
export function formatTime(time: EpochSeconds): string {
  return new Date(time * 1000).toISOString().replace('.000Z', 'Z');
}

/** One JSON object; every reader answers a harmless value and adds a problem when the field is not as wanted. */
export class JsonRecord {
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #prefix: string;
  readonly #problems: Problems;

  private constructor(fields: ReadonlyMap<string, unknown>, prefix: string, problems: Problems) {
    this.#fields = fields;
    this.#prefix = prefix;
    this.#problems = problems;
  }

  static of(value: unknown, path: string, prefix: string, problems: Problems): JsonRecord | null {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      problems.add(path, kindOf(value), 'an object');
      return null;
    }
    return new JsonRecord(new Map(Object.entries(value)), prefix, problems);
  }

  /** Adds a problem for every field that is missing or not named here. */
  only(names: readonly string[]): void {
    for (const name of this.#fields.keys()) {
      if (!names.includes(name)) this.problem(printable(name), 'an unknown field', `one of ${names.join(', ')}`);
    }
    for (const name of names) if (!this.#fields.has(name)) this.problem(name, 'nothing', 'a value');
  }

  problem(name: string, found: string, wanted: string): void {
    this.#problems.add(`${this.#prefix}${name}`, found, wanted);
  }

  text(name: string, accepts: (text: string) => boolean, wanted: string): string {
    const value = this.#fields.get(name);
    if (typeof value === 'string' && accepts(value)) return value;
    if (this.#fields.has(name)) this.problem(name, kindOf(value), wanted);
    return '';
  }

  /** A whole number of at least 0. */
  count(name: string): number {
    const value = this.#fields.get(name);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    if (this.#fields.has(name)) this.problem(name, kindOf(value), 'a whole number, 0 or more');
    return 0;
  }

  time(name: string): EpochSeconds {
    const accepts = (text: string) => TIME.test(text) && isCalendarTime(text);
    const text = this.text(name, accepts, 'a time such as 2026-09-22T08:00:00Z');
    return text === '' ? 0 : Date.parse(text) / 1000;
  }

  /** 32 bytes in canonical base64url. */
  secret(name: string): Buffer | null {
    const text = this.text(
      name,
      (value) => decodeBase64url(value)?.length === 32,
      '32 bytes as 43 characters base64url',
    );
    return text === '' ? null : decodeBase64url(text);
  }

  /** The objects of an array; null when one of them is none. */
  records(name: string): readonly JsonRecord[] {
    const value = this.#fields.get(name);
    if (!Array.isArray(value)) {
      if (this.#fields.has(name)) this.problem(name, kindOf(value), 'a list');
      return [];
    }
    const items: readonly unknown[] = value;
    return items
      .map((item, i) =>
        JsonRecord.of(item, `${this.#prefix}${name}[${i}]`, `${this.#prefix}${name}[${i}].`, this.#problems),
      )
      .filter((record) => record !== null);
  }
}

function isCalendarTime(text: string): boolean {
  const milliseconds = Date.parse(text);
  return !Number.isNaN(milliseconds) && milliseconds >= 0 && formatTime(milliseconds / 1000) === text;
}

/** What a value is, never the value: it may be a key. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'string' ? `a text of ${value.length} characters` : `a ${typeof value}`;
}

/** A field's name as it may be shown: too short for a key that ended up in the wrong place. */
function printable(name: string): string {
  return /^\w{1,20}$/.test(name) ? name : '(another name)';
}
