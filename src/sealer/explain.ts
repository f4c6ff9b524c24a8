// Owns: taking a sealed value apart for a person who asks what it is and why it is refused: what can be said of it, also
// when it does not open. Whether it opens, and why not, is seal.ts's word. For tools on an operator's machine: a node
// never tells anybody which step a value failed at.
import type { EpochSeconds } from '../lib/clock.ts';
import { additionalData, HEADER_BYTES, readEnvelope, readHeader } from './envelope.ts';
import { type Keyring, type KeyState, keyState, primary } from './keyring.ts';
import { PreparedRing } from './prepared-ring.ts';
import type { Purpose } from './purpose.ts';
import { createSealer, type OpenResult } from './seal.ts';

/** A key of the ring, as far as a value under it is concerned. */
export interface ExplainedKey {
  readonly state: KeyState;
  readonly seals: boolean;
  readonly activates: EpochSeconds;
  readonly retires: EpochSeconds;
  readonly expires: EpochSeconds;
}

export interface ExplainedContent {
  readonly schema: number;
  readonly iat: EpochSeconds;
  readonly exp: EpochSeconds;
  readonly body: Uint8Array;
  /** Bytes after the body. */
  readonly padding: number;
}

export interface Explanation {
  readonly characters: number;
  /** Why it does not open, in steps 1 to 7; null when it opens. */
  readonly refused: Exclude<OpenResult, 'ok'> | null;
  /** 16 hex digits; null when the value has not even the shape of one. */
  readonly kid: string | null;
  /** Null when the ring does not have it: then nothing can be decrypted. */
  readonly key: ExplainedKey | null;
  /** What was authenticated, also when it has expired or its key has; null when it does not decrypt. */
  readonly content: ExplainedContent | null;
}

export function explainSealed(
  ring: Keyring,
  now: EpochSeconds,
  purpose: Purpose,
  context: string,
  token: string,
): Explanation {
  const refused = refusalOf(ring, now, purpose, context, token);
  const characters = token.length;
  const envelope = readEnvelope(purpose, token);
  if (typeof envelope === 'string') return { characters, refused, kid: null, key: null, content: null };
  const kid = envelope.kid.toString('hex');
  const prepared = new PreparedRing(ring);
  const key = prepared.find(kid);
  if (key === null) return { characters, refused, kid, key: null, content: null };
  const aad = additionalData(envelope.kid, purpose, context);
  const plaintext =
    aad === null ? null : prepared.prepare(key, purpose).xaes.open(envelope.nonce, envelope.sealed, aad);
  const { activates, retires, expires } = key;
  const seals = primary(ring, now)?.key.kid === kid;
  return {
    characters,
    refused,
    kid,
    key: { state: keyState(ring, key, now), seals, activates, retires, expires },
    content: plaintext === null ? null : contentOf(plaintext),
  };
}

function contentOf(plaintext: Buffer): ExplainedContent {
  const { schema, iat, exp, end } = readHeader(plaintext);
  const body = plaintext.subarray(HEADER_BYTES, end);
  return { schema, iat, exp, body, padding: Math.max(0, plaintext.length - end) };
}

/** The reason that a node would count. */
function refusalOf(
  ring: Keyring,
  now: EpochSeconds,
  purpose: Purpose,
  context: string,
  token: string,
): Explanation['refused'] {
  const results: OpenResult[] = [];
  const sealer = createSealer({
    ring: () => ring,
    reread: () => false,
    clock: () => now,
    random: () => {
      throw new RangeError('nothing is sealed to explain a value');
    },
    observe: (_, result) => results.push(result),
  });
  sealer.open(purpose, context, token);
  const [result = 'ok'] = results;
  return result === 'ok' ? null : result;
}
