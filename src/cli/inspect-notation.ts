// Owns: how `signet inspect` shows the values of a body: times, ids, proofs, and everything else in diagnostic notation.
// Leaves to inspect-…-bodies.ts: which key is shown how.
import { METHOD_NUMBERS } from '../core/authentication-event.ts';
import { encodeBase64url } from '../lib/base64url.ts';
import type { CborMap, CborValue } from '../sealer/cbor.ts';
import { formatTime } from '../sealer/json-record.ts';

interface Field {
  readonly name: string;
  /** Absent: never shown. */
  readonly show?: (value: CborValue, body: CborMap) => string | readonly string[];
  /** Of a byte string that is CBOR itself: its row, which may depend on the rest. */
  readonly inner?: (body: CborMap) => Row | null;
}

export interface Row {
  readonly isReadable: (body: Uint8Array) => boolean;
  readonly fields: Readonly<Record<number, Field>>;
}

export const plain = (value: CborValue): string => notation(value);
export const time = (value: CborValue): string => (typeof value === 'number' ? formatTime(value) : notation(value));
export const id = (value: CborValue): string =>
  value instanceof Uint8Array ? encodeBase64url(value) : notation(value);
export const hex = (value: CborValue): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : notation(value);
export const kids = (value: CborValue): readonly string[] => list(value).map(hex);
export const afterKey = (key: number) => (value: CborValue, body: CborMap) =>
  list(value).map((event) => proof(event, body.get(key)));

export function typeOf(value: CborValue): string {
  if (typeof value === 'number') return 'uint';
  if (typeof value === 'string') return `tstr(${Buffer.byteLength(value, 'utf8')})`;
  if (value instanceof Uint8Array) return `bstr(${value.length})`;
  return value instanceof Map ? `map(${value.size})` : `array(${list(value).length})`;
}

/** Diagnostic notation, RFC 8949 §8. */
export function notation(value: CborValue): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Uint8Array) return `h'${hex(value)}'`;
  if (value instanceof Map) return `{${[...value].map(([key, one]) => `${key}: ${notation(one)}`).join(', ')}}`;
  return `[${list(value).map(notation).join(', ')}]`;
}

export function list(value: CborValue): readonly CborValue[] {
  return Array.isArray(value) ? value : [];
}

export function methodName(value: CborValue | undefined): string {
  return METHODS.get(Number(value)) ?? `method ${notation(value ?? 0)}, unknown to this release`;
}

function proof(value: CborValue, base: CborValue | undefined): string {
  const [method, dt, credential = ''] = list(value);
  return `${methodName(method)} at ${time(Number(base) + Number(dt))}, credential ${notation(credential)}`;
}

const METHODS: ReadonlyMap<number, string> = new Map(
  Object.entries(METHOD_NUMBERS).map(([name, number]) => [number, name]),
);
