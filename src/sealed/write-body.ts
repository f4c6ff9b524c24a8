// Owns: that no body is written which would not be read again. Leaves to each body: its keys and its caps.
import { type CborValue, cborMap, encodeCbor } from '../sealer/cbor.ts';

/** Keys and values; an undefined value is left out. */
export type BodyEntries = readonly (readonly [number, CborValue | undefined])[];

/** @throws RangeError, with `what` in it, when `isReadable` refuses what was written: something is over the caps of its body. */
export function writeBody(what: string, entries: BodyEntries, isReadable: (body: Uint8Array) => boolean): Uint8Array {
  const body = encodeCbor(cborMap(entries));
  if (!isReadable(body)) throw new RangeError(`${what} over the caps of its body`);
  return body;
}
