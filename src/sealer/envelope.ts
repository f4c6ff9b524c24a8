// Owns: the bytes of a sealed value, steps 1–3 and 6–7 of opening one. Pure: no keys, no clock.
// Leaves to seal.ts: keys, step 4 and 5. To cbor.ts and sealed/: what the body means. To data-value.ts: what a secret at
// rest has inside the same envelope.
// Format: docs/sealed-values.md, version 1.
import { decodeBase64url } from '../lib/base64url.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { FUTURE_TOLERANCE, type Purpose } from './purpose.ts';
import { NONCE_BYTES, TAG_BYTES } from './xaes.ts';

const VERSION = 1;
const KID_BYTES = 8;
const NONCE_AT = 1 + KID_BYTES;
const SEALED_AT = NONCE_AT + NONCE_BYTES;
const OVERHEAD = SEALED_AT + TAG_BYTES;
export const HEADER_BYTES = 11;
const U32_MAX = 0xffff_ffff;

/** What precedes the body inside the ciphertext. */
export interface Header {
  readonly schema: number;
  readonly iat: EpochSeconds;
  readonly exp: EpochSeconds;
}

/** An envelope taken apart; nothing of it is authentic yet. */
export interface Envelope {
  readonly kid: Buffer;
  readonly nonce: Buffer;
  /** Ciphertext and tag. */
  readonly sealed: Buffer;
}

/** The plaintext of a value that has been authenticated. */
export interface Content extends Header {
  readonly body: Buffer;
}

/** Why a value was refused before its key was looked at: a label for metrics, never shown to anybody. */
export type EnvelopeRefusal = 'not-a-token' | 'too-long' | 'not-canonical' | 'shape';
/** Why an authentic value was refused. */
export type ContentRefusal = 'padding' | 'schema' | 'lifetime' | 'future' | 'expired';

/** Steps 1 to 3: a string, not too long, one spelling, a length that this purpose can have, version 1. */
export function readEnvelope(
  purpose: Pick<Purpose, 'bucket' | 'maxCharacters'>,
  token: unknown,
): Envelope | EnvelopeRefusal {
  if (typeof token !== 'string') return 'not-a-token';
  if (token.length > purpose.maxCharacters) return 'too-long';
  const bytes = decodeBase64url(token);
  if (bytes === null) return 'not-canonical';
  const padded = bytes.length - OVERHEAD;
  if (padded < purpose.bucket || padded % purpose.bucket !== 0 || bytes[0] !== VERSION) return 'shape';
  return {
    kid: bytes.subarray(1, NONCE_AT),
    nonce: bytes.subarray(NONCE_AT, SEALED_AT),
    sealed: bytes.subarray(SEALED_AT),
  };
}

/** The token's text. */
export function writeEnvelope(envelope: Envelope): string {
  const { kid, nonce, sealed } = envelope;
  return Buffer.concat([VERSION_BYTE, kid, nonce, sealed]).toString('base64url');
}

const VERSION_BYTE = Uint8Array.of(VERSION);

/**
 * What is authenticated beside the ciphertext: version, key, purpose and context, each with its length.
 * Null for a context that is too long or that has no UTF-8 form of its own.
 */
export function additionalData(kid: Uint8Array, purpose: Pick<Purpose, 'name'>, context: string): Buffer | null {
  const contextBytes = Buffer.byteLength(context, 'utf8');
  if (contextBytes > 0xffff || !context.isWellFormed()) return null;
  const nameBytes = purpose.name.length;
  const aad = Buffer.allocUnsafe(NONCE_AT + 1 + nameBytes + 2 + contextBytes);
  aad[0] = VERSION;
  aad.set(kid, 1);
  aad[NONCE_AT] = nameBytes;
  aad.write(purpose.name, NONCE_AT + 1, 'latin1');
  const contextAt = aad.writeUInt16BE(contextBytes, NONCE_AT + 1 + nameBytes);
  aad.write(context, contextAt, 'utf8');
  return aad;
}

/** Header, body and zero padding up to the bucket. */
export function writeContent(purpose: Purpose, header: Header, body: Uint8Array): Buffer {
  const length = HEADER_BYTES + body.length;
  const plaintext = Buffer.alloc(Math.ceil(length / purpose.bucket) * purpose.bucket);
  plaintext[0] = header.schema;
  plaintext.writeUInt32BE(header.iat, 1);
  plaintext.writeUInt32BE(header.exp, 5);
  plaintext.writeUInt16BE(body.length, 9);
  plaintext.set(body, HEADER_BYTES);
  return plaintext;
}

/** Steps 6 and 7: an authentic plaintext has one form only, a schema that we know, and a lifetime that holds now. */
export function readContent(purpose: Purpose, plaintext: Buffer, now: EpochSeconds): Content | ContentRefusal {
  const { schema, iat, exp, end } = readHeader(plaintext);
  if (!isPadded(plaintext, end, purpose.bucket)) return 'padding';
  if (!purpose.schemas.includes(schema)) return 'schema';
  if (!isLifetime(purpose, iat, exp)) return 'lifetime';
  if (iat > now + FUTURE_TOLERANCE) return 'future';
  if (now >= exp + purpose.toleranceAfterExp) return 'expired';
  return { schema, iat, exp, body: plaintext.subarray(HEADER_BYTES, end) };
}

/** What stands in front of a body, believed or not; `end` is where the body says that it ends. */
export function readHeader(plaintext: Buffer): Header & { readonly end: number } {
  return {
    schema: plaintext.readUInt8(0),
    iat: plaintext.readUInt32BE(1),
    exp: plaintext.readUInt32BE(5),
    end: HEADER_BYTES + plaintext.readUInt16BE(9),
  };
}

/** Whether what follows `end` is shorter than a bucket and all zero: one content has one form. */
export function isPadded(plaintext: Uint8Array, end: number, bucket: number): boolean {
  if (end > plaintext.length || plaintext.length - end >= bucket) return false;
  for (let i = end; i < plaintext.length; i++) if (plaintext[i] !== 0) return false;
  return true;
}

/** Whether a value of this purpose may have been issued and expire at these times. */
export function isLifetime(purpose: Purpose, iat: EpochSeconds, exp: EpochSeconds): boolean {
  if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) return false;
  return iat >= 0 && exp <= U32_MAX && exp > iat && exp - iat <= purpose.maxLifetime;
}

/** The longest body whose token still fits the purpose's characters. */
export function maxBodyBytes(purpose: Purpose): number {
  const padded = Math.floor((purpose.maxCharacters * 3) / 4) - OVERHEAD;
  return Math.min(Math.floor(padded / purpose.bucket) * purpose.bucket - HEADER_BYTES, 0xffff);
}
