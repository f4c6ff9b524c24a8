// Owns: the one CBOR spelling that Signet writes and reads (RFC 8949 §4.2.1, a small part of it), step 8 of opening.
// Leaves to sealed/ and the protocol adapters: what the numbers of a map mean. The only place that knows cborg.
import { decode, encode, rfc8949EncodeOptions, Tokenizer, Type } from 'cborg';

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
  assertEncodable(value, 1);
  return encode(value, rfc8949EncodeOptions);
}

/** The value that these bytes are the deterministic encoding of; null when they are anything else. */
export function decodeCbor(bytes: Uint8Array): CborValue | null {
  try {
    const value: CborValue = decode(bytes, { ...STRICT, tokenizer: new NarrowTokenizer(bytes, STRICT) });
    // cborg accepts map keys in any order; what was written by encodeCbor comes out the same again, all else does not.
    return Buffer.compare(encode(value, rfc8949EncodeOptions), bytes) === 0 ? value : null;
  } catch {
    return null;
  }
}

const STRICT = {
  strict: true,
  useMaps: true,
  rejectDuplicateMapKeys: true,
  retainStringBytes: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
} as const;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

interface Frame {
  remaining: number;
  readonly isMap: boolean;
}

/** Refuses what cborg would still accept: other types, other keys, bad UTF-8, a swallowed byte order mark, any depth. */
class NarrowTokenizer extends Tokenizer {
  readonly #open: Frame[] = [];

  override next(): ReturnType<Tokenizer['next']> {
    const token = super.next();
    const { type } = token;
    const parent = this.#open.at(-1);
    if (parent?.isMap && parent.remaining % 2 === 0 && type !== Type.uint) throw new RangeError('key');
    if (parent !== undefined) parent.remaining--;
    if (type === Type.array || type === Type.map) {
      this.#enter({ remaining: type === Type.map ? token.value * 2 : token.value, isMap: type === Type.map });
    } else if (type === Type.string) {
      // cborg's own decoder replaces bad bytes and drops a leading U+FEFF.
      if (token.byteValue !== undefined) token.value = UTF8.decode(token.byteValue);
    } else if (type !== Type.uint && type !== Type.bytes) {
      throw new RangeError('type');
    }
    while (this.#open.at(-1)?.remaining === 0) this.#open.pop();
    return token;
  }

  #enter(frame: Frame): void {
    this.#open.push(frame);
    if (this.#open.length > CBOR_DEPTH_MAX) throw new RangeError('depth');
  }
}

function assertEncodable(value: CborValue, depth: number): void {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0 || Object.is(value, -0))
      throw new RangeError('not an unsigned integer');
  } else if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new RangeError('text has no UTF-8 form');
  } else if (!(value instanceof Uint8Array)) {
    if (depth > CBOR_DEPTH_MAX) throw new RangeError(`more than ${CBOR_DEPTH_MAX} containers inside each other`);
    if (value instanceof Map) {
      for (const key of value.keys()) if (typeof key !== 'number') throw new RangeError('a key that is no number');
      for (const key of value.keys()) assertEncodable(key, depth + 1);
    }
    for (const item of value.values()) assertEncodable(item, depth + 1);
  }
}
