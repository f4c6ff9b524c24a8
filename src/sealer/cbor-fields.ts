// Owns: reading a decoded map or tuple field by field. Every key must be asked for: an unknown one refuses the whole.
import { type CborMap, type CborValue, decodeCbor } from './cbor.ts';

/** Inclusive bounds of a number, of a length in bytes, or of a count. */
export interface Bounds {
  readonly min?: number;
  readonly max: number;
}

/**
 * Reads bytes as a CBOR map with `read`.
 * Null when they are not deterministic CBOR, not a map, when `read` asked for something that is not there or out of
 * bounds, or when a key is left that `read` did not ask for.
 */
export function readCborMap<T>(bytes: Uint8Array, read: (fields: CborFields) => T): T | null {
  const value = decodeCbor(bytes);
  if (!(value instanceof Map)) return null;
  try {
    return readAll(value, read);
  } catch (error) {
    if (error instanceof MalformedField) return null;
    throw error;
  }
}

/** Says that a field does not hold what it must; ends the reading of the whole value. */
class MalformedField extends Error {
  constructor(key: number) {
    super(`field ${key}`);
    this.name = 'MalformedField';
  }
}

/** The fields of one map by key, or of one tuple by position. Each is read once; all throw {@link MalformedField}. */
export class CborFields {
  readonly #container: CborMap | readonly CborValue[];
  #unread: number;

  constructor(container: CborMap | readonly CborValue[]) {
    this.#container = container;
    this.#unread = container instanceof Map ? container.size : (container as readonly CborValue[]).length;
  }

  /** Whether the key is there; an absent optional field is never null. */
  has(key: number): boolean {
    return this.#peek(key) !== undefined;
  }

  uint(key: number, bounds: Bounds): number {
    const value = this.#take(key);
    if (typeof value !== 'number' || !within(value, bounds)) throw new MalformedField(key);
    return value;
  }

  /** A copy, so that what is kept of a value does not keep all of it in memory. */
  bytes(key: number, bounds: Bounds): Uint8Array {
    const value = this.#take(key);
    if (!(value instanceof Uint8Array) || !within(value.length, bounds)) throw new MalformedField(key);
    return new Uint8Array(value);
  }

  /** Text whose length in bytes of UTF-8 is within the bounds. */
  text(key: number, bounds: Bounds): string {
    const value = this.#take(key);
    if (typeof value !== 'string' || !within(Buffer.byteLength(value, 'utf8'), bounds)) throw new MalformedField(key);
    return value;
  }

  /** An array whose items are alike: `item` reads the one at a position of `items`. */
  list<T>(key: number, bounds: Bounds, item: (items: CborFields, position: number) => T): readonly T[] {
    const value = this.#take(key);
    if (!Array.isArray(value) || !within(value.length, bounds)) throw new MalformedField(key);
    const items: readonly CborValue[] = value;
    return readAll(items, (fields) => items.map((_, position) => item(fields, position)));
  }

  /** An array whose positions have a meaning each. */
  tuple<T>(key: number, read: (fields: CborFields) => T): T {
    const value = this.#take(key);
    if (!Array.isArray(value)) throw new MalformedField(key);
    return readAll(value, read);
  }

  map<T>(key: number, read: (fields: CborFields) => T): T {
    const value = this.#take(key);
    if (!(value instanceof Map)) throw new MalformedField(key);
    return readAll(value, read);
  }

  /** What `read` makes of the key, or null when the key is absent. */
  optional<T>(key: number, read: (fields: CborFields, key: number) => T): T | null {
    return this.has(key) ? read(this, key) : null;
  }

  /** Ends the reading: the field has the right type and holds something impossible all the same. */
  refuse(key: number): never {
    throw new MalformedField(key);
  }

  /** Whether every field was asked for. */
  isDone(): boolean {
    return this.#unread === 0;
  }

  #peek(key: number): CborValue | undefined {
    return this.#container instanceof Map ? this.#container.get(key) : (this.#container as readonly CborValue[])[key];
  }

  #take(key: number): CborValue {
    const value = this.#peek(key);
    if (value === undefined) throw new MalformedField(key);
    this.#unread--;
    return value;
  }
}

function readAll<T>(container: CborMap | readonly CborValue[], read: (fields: CborFields) => T): T {
  const fields = new CborFields(container);
  const result = read(fields);
  if (!fields.isDone()) throw new MalformedField(-1);
  return result;
}

function within(value: number, bounds: Bounds): boolean {
  return value >= (bounds.min ?? 0) && value <= bounds.max;
}
