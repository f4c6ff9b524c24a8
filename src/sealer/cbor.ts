// Owns: the one CBOR spelling that Signet writes and reads (RFC 8949 §4.2.1, a small part of it), step 8 of opening.
// Leaves to sealed/ and the protocol adapters: what the numbers of a map mean.
// Why not a library: docs/decisions/0009-own-cbor.md.

/** All that a body may be made of: unsigned integers, bytes, text, arrays, and maps whose keys are unsigned integers. */
export type CborValue = number | string | Uint8Array | readonly CborValue[] | CborMap;
export type CborMap = ReadonlyMap<number, CborValue>;

/** Containers inside each other, the outermost included. */
const CBOR_DEPTH_MAX = 4;

/** A map without the keys whose value is undefined: an optional key is left out, never null. */
export function cborMap(entries: readonly (readonly [number, CborValue | undefined])[]): CborMap {
  const map = new Map<number, CborValue>();
  for (const [key, value] of entries) if (value !== undefined) map.set(key, value);
  return map;
}

/**
 * The deterministic encoding of a value.
 * @throws RangeError for a value that {@link decodeCbor} would refuse: a mistake of the caller, never of a person.
 */
export function encodeCbor(value: CborValue): Uint8Array {
  const writer = new Writer();
  writer.value(value, 1);
  return writer.bytes();
}

/** The value that these bytes are the deterministic encoding of; null when they are anything else. */
export function decodeCbor(bytes: Uint8Array): CborValue | null {
  const reader = new Reader(bytes);
  try {
    const value = reader.value(1);
    return reader.atEnd() ? value : null;
  } catch (error) {
    if (error instanceof NotDeterministic) return null;
    throw error;
  }
}

/** Major types of RFC 8949 §3.1. */
const UINT = 0;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;

const WORD = 0x1_0000_0000;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class NotDeterministic extends Error {}

/** Reads what {@link Writer} writes, byte for byte, and throws for every other spelling: nothing is left to compare. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depth: number): CborValue {
    const initial = this.#byte();
    const argument = this.#argument(initial & 0x1f);
    switch (initial >> 5) {
      case UINT:
        return argument;
      case BYTES:
        return this.#take(argument);
      case TEXT:
        return textOf(this.#take(argument));
      case ARRAY:
        return this.#array(argument, depth);
      case MAP:
        return this.#map(argument, depth);
      default:
        throw new NotDeterministic();
    }
  }

  /** Only the shortest form counts (RFC 8949 §4.2.1), and no indefinite length. */
  #argument(info: number): number {
    if (info < 24) return info;
    let value: number;
    if (info === 24) value = this.#byte();
    else if (info === 25) value = this.#take(2).readUInt16BE();
    else if (info === 26) value = this.#take(4).readUInt32BE();
    else if (info === 27) value = this.#take(4).readUInt32BE() * WORD + this.#take(4).readUInt32BE();
    else throw new NotDeterministic();
    if (value < (SHORTEST[info - 24] ?? 0) || value > Number.MAX_SAFE_INTEGER) throw new NotDeterministic();
    return value;
  }

  #array(length: number, depth: number): readonly CborValue[] {
    this.#enter(length, depth);
    const items: CborValue[] = [];
    for (let i = 0; i < length; i += 1) items.push(this.value(depth + 1));
    return items;
  }

  /** Keys are unsigned integers in ascending order, which is their bytewise order; so none comes twice. */
  #map(length: number, depth: number): CborMap {
    this.#enter(length * 2, depth);
    const map = new Map<number, CborValue>();
    let before = -1;
    for (let i = 0; i < length; i += 1) {
      const initial = this.#byte();
      if (initial >> 5 !== UINT) throw new NotDeterministic();
      const key = this.#argument(initial & 0x1f);
      if (key <= before) throw new NotDeterministic();
      before = key;
      map.set(key, this.value(depth + 1));
    }
    return map;
  }

  /** Every item has at least a byte: a length that promises more than is there is refused before anything is built. */
  #enter(items: number, depth: number): void {
    if (depth > CBOR_DEPTH_MAX || items > this.#bytes.length - this.#at) throw new NotDeterministic();
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new NotDeterministic();
    this.#at += 1;
    return byte;
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new NotDeterministic();
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}

/** Bad UTF-8 is refused, not replaced, and a leading U+FEFF is a character like any other. */
function textOf(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new NotDeterministic();
  }
}

/** The least argument that needs one, two, four and eight bytes after the initial one. */
const SHORTEST = [24, 0x100, 0x1_0000, WORD] as const;

class Writer {
  #buffer = Buffer.allocUnsafe(512);
  #length = 0;

  bytes(): Uint8Array {
    return Buffer.from(this.#buffer.subarray(0, this.#length));
  }

  value(value: CborValue, depth: number): void {
    if (typeof value === 'number') this.#head(UINT, value);
    else if (typeof value === 'string') this.#text(value);
    else if (value instanceof Uint8Array) this.#string(BYTES, value);
    else if (depth > CBOR_DEPTH_MAX) throw new RangeError(`more than ${CBOR_DEPTH_MAX} containers inside each other`);
    else if (value instanceof Map) this.#map(value, depth);
    else this.#array(value as readonly CborValue[], depth);
  }

  #array(items: readonly CborValue[], depth: number): void {
    this.#head(ARRAY, items.length);
    for (const item of items) this.value(item, depth + 1);
  }

  #map(map: CborMap, depth: number): void {
    const keys = [...map.keys()];
    if (keys.some((key) => typeof key !== 'number')) throw new RangeError('a key that is no number');
    this.#head(MAP, map.size);
    for (const key of keys.sort((a, b) => a - b)) {
      this.#head(UINT, key);
      this.value(map.get(key) as CborValue, depth + 1);
    }
  }

  #text(text: string): void {
    if (!text.isWellFormed()) throw new RangeError('text has no UTF-8 form');
    const length = Buffer.byteLength(text, 'utf8');
    this.#head(TEXT, length);
    this.#room(length);
    this.#length += this.#buffer.write(text, this.#length, 'utf8');
  }

  #string(major: number, bytes: Uint8Array): void {
    this.#head(major, bytes.length);
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #head(major: number, argument: number): void {
    if (!Number.isSafeInteger(argument) || argument < 0 || Object.is(argument, -0)) {
      throw new RangeError('not an unsigned integer');
    }
    this.#room(9);
    const type = major << 5;
    if (argument < 24) this.#byte(type | argument);
    else if (argument < 0x100) {
      this.#byte(type | 24);
      this.#byte(argument);
    } else if (argument < 0x1_0000) {
      this.#byte(type | 25);
      this.#length = this.#buffer.writeUInt16BE(argument, this.#length);
    } else {
      const long = argument >= WORD;
      this.#byte(type | (long ? 27 : 26));
      if (long) this.#length = this.#buffer.writeUInt32BE(Math.floor(argument / WORD), this.#length);
      this.#length = this.#buffer.writeUInt32BE(argument % WORD, this.#length);
    }
  }

  #byte(byte: number): void {
    this.#buffer[this.#length] = byte;
    this.#length += 1;
  }

  #room(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + more));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
