// Owns: ECDSA signatures as JOSE and XML want them: r and s side by side (RFC 7518 §3.4, XML Signature 1.1 §6.4.3), made of
// the DER that the library writes. It can write them so itself, but then asks what its options are at such length that
// it costs more than the signature of P-256. Leaves to local-signer.ts: signing.

/** Bytes of each of the two numbers, by curve as Node names it. */
const WIDTHS: ReadonlyMap<string, number> = new Map([
  ['prime256v1', 32],
  ['secp384r1', 48],
  ['secp521r1', 66],
]);

/** Null for a curve that nothing here signs with. */
export function ecdsaWidth(curve: string | undefined): number | null {
  return WIDTHS.get(curve ?? '') ?? null;
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
/** One byte of length follows (X.690 §8.1.3.5): P-521 needs it. */
const LONG_LENGTH = 0x81;

/**
 * `width` bytes of r and as many of s, from Ecdsa-Sig-Value (RFC 3279 §2.2.3).
 * @throws RangeError for anything else: it is our own library's signature, so nothing is made of what it is not.
 */
export function joinedSignature(der: Buffer, width: number): Buffer {
  const joined = Buffer.alloc(2 * width);
  const start = der[1] === LONG_LENGTH ? 3 : 2;
  if (der[0] !== SEQUENCE || der[start - 1] !== der.length - start) throw new RangeError('no ECDSA signature in DER');
  const end = copyInteger(der, copyInteger(der, start, joined.subarray(0, width)), joined.subarray(width));
  if (end !== der.length) throw new RangeError('no ECDSA signature in DER');
  return joined;
}

/** Writes a positive integer to the end of `into`, which is all zeros, and answers where the next one starts. */
function copyInteger(der: Buffer, at: number, into: Buffer): number {
  const [first, end] = [at + 2, at + 2 + (der[at + 1] ?? 0)];
  // A zero in front says only that the number is positive.
  const start = der[first] === 0 ? first + 1 : first;
  if (der[at] !== INTEGER || end > der.length || end === first || end - start > into.length) {
    throw new RangeError('no ECDSA signature in DER');
  }
  into.set(der.subarray(start, end), into.length - (end - start));
  return end;
}
