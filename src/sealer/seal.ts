// Owns: sealing and opening values under the keyring, steps 1–7 of opening in their order, one failure value.
// Leaves to callers: what a body means (sealed/), revocation of sessions and people, single use.
// A value can be opened as often as it is shown, until it expires: "once" is promised by SpentStore, not here.
import type { Clock, EpochSeconds } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import {
  additionalData,
  type Content,
  type ContentRefusal,
  type Envelope,
  type EnvelopeRefusal,
  isLifetime,
  maxBodyBytes,
  readContent,
  readEnvelope,
  writeContent,
  writeEnvelope,
} from './envelope.ts';
import { isReadable, isRevoked, type Keyring } from './keyring.ts';
import { PreparedRing, type ReadyKey } from './prepared-ring.ts';
import type { Purpose } from './purpose.ts';
import { NONCE_BYTES } from './xaes.ts';

/** How an attempt to open ended: a label for metrics, never in a response, a header or the default log. */
export type OpenResult =
  | 'ok'
  | EnvelopeRefusal
  | 'unknown-kid'
  | 'revoked-kid'
  | 'expired-kid'
  | 'tampered'
  | ContentRefusal;

export interface SealInput {
  /** What the value is bound to beside its purpose: a cookie's name, a client_id, an entityID. */
  readonly context: string;
  /** Layout of the body; the purpose's newest when left out. */
  readonly schema?: number;
  readonly iat: EpochSeconds;
  /** Cut short to the key's own end. */
  readonly exp: EpochSeconds;
  readonly body: Uint8Array;
  /** The key to use instead of the primary: the one a lineage was computed for, or a value was first made with. */
  readonly kid?: string;
}

export interface SealedValue {
  readonly token: string;
  /** 16 hex digits. */
  readonly kid: string;
  readonly iat: EpochSeconds;
  readonly exp: EpochSeconds;
}

/** too-large: over the purpose's characters. no-key: none seals, or the one asked for cannot. lifetime: iat and exp. */
export interface SealRefusal {
  readonly refused: 'too-large' | 'no-key' | 'lifetime';
}

/** A value that is authentic, within its lifetime, and under a key that is not revoked; its body is still bytes. */
export interface Opened {
  readonly body: Uint8Array;
  readonly schema: number;
  readonly iat: EpochSeconds;
  readonly exp: EpochSeconds;
  /** 16 hex digits. */
  readonly kid: string;
  /** The primary became active later than this value's key: seal again. */
  readonly laterKey: boolean;
}

export interface Sealer {
  /** @throws RangeError for a schema that the purpose does not know. */
  readonly seal: (purpose: Purpose, input: SealInput) => SealedValue | SealRefusal;
  /** Every failure is the same null. */
  readonly open: (purpose: Purpose, context: string, token: unknown) => Opened | null;
  readonly isRevokedKid: (kid: string) => boolean;
  /** Whether a revoked kid begins with these hex digits. */
  readonly isRevokedPrefix: (prefix: string) => boolean;
  /** The kid that seals now; null when no key is readable. */
  readonly primaryKid: () => string | null;
}

export interface SealerParts {
  readonly ring: () => Keyring;
  /** Looks for a newer ring, at most every few seconds; whether there is one now. */
  readonly reread: () => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly observe: (purposeName: string, result: OpenResult) => void;
}

/** Tells a refusal from a sealed value. */
export function isSealRefusal(outcome: SealedValue | SealRefusal): outcome is SealRefusal {
  return 'refused' in outcome;
}

export function createSealer(parts: SealerParts): Sealer {
  const { clock, random, observe } = parts;
  let prepared = new PreparedRing(parts.ring());
  const current = (): PreparedRing => {
    const ring = parts.ring();
    if (prepared.ring !== ring) prepared = new PreparedRing(ring);
    return prepared;
  };

  const open = (purpose: Purpose, context: string, token: unknown): Opened | OpenResult => {
    const envelope = readEnvelope(purpose, token);
    if (typeof envelope === 'string') return envelope;
    const now = clock();
    const kid = envelope.kid.toString('hex');
    let ring = current();
    // A key that another node already seals with may have reached this node's file, but not yet its memory.
    if (ring.find(kid) === null && parts.reread()) ring = current();
    const key = ring.find(kid);
    if (isRevoked(ring.ring, kid)) return 'revoked-kid';
    if (key === null) return 'unknown-kid';
    if (now >= key.expires) return 'expired-kid';
    const content = decrypt(ring.prepare(key, purpose), purpose, context, envelope, now);
    if (typeof content === 'string') return content;
    const laterKey = (ring.primary(now)?.key.activates ?? 0) > key.activates;
    const { body, schema, iat, exp } = content;
    return { body, schema, iat, exp, kid, laterKey };
  };

  return {
    seal: (purpose, input) => {
      const now = clock();
      const ring = current();
      const key = input.kid === undefined ? ring.primary(now)?.key : ring.find(input.kid);
      if (key === null || key === undefined || !isReadable(ring.ring, key, now)) return { refused: 'no-key' };
      const { iat } = input;
      const exp = Math.min(input.exp, key.expires);
      if (!isLifetime(purpose, iat, input.exp) || exp <= iat) return { refused: 'lifetime' };
      const schema = input.schema ?? purpose.schemas.at(-1) ?? 0;
      if (!purpose.schemas.includes(schema)) throw new RangeError(`schema ${schema} of ${purpose.name}`);
      if (input.body.length > maxBodyBytes(purpose)) return { refused: 'too-large' };
      const ready = ring.prepare(key, purpose);
      const aad = additionalData(ready.kid, purpose, input.context);
      if (aad === null) return { refused: 'too-large' };
      const plaintext = writeContent(purpose, { schema, iat, exp }, input.body);
      const nonce = ready.nonceFor(aad, plaintext) ?? random(NONCE_BYTES);
      const sealed = ready.xaes.seal(nonce, plaintext, aad);
      return { token: writeEnvelope({ kid: ready.kid, nonce, sealed }), kid: key.kid, iat, exp };
    },
    open: (purpose, context, token) => {
      const opened = open(purpose, context, token);
      observe(purpose.name, typeof opened === 'string' ? opened : 'ok');
      return typeof opened === 'string' ? null : opened;
    },
    isRevokedKid: (kid) => isRevoked(current().ring, kid),
    isRevokedPrefix: (prefix) => current().ring.revoked.some(({ kid }) => kid.startsWith(prefix)),
    primaryKid: () => current().primary(clock())?.key.kid ?? null,
  };
}

function decrypt(
  ready: ReadyKey,
  purpose: Purpose,
  context: string,
  envelope: Envelope,
  now: EpochSeconds,
): Content | OpenResult {
  const aad = additionalData(envelope.kid, purpose, context);
  const plaintext = aad === null ? null : ready.xaes.open(envelope.nonce, envelope.sealed, aad);
  return plaintext === null ? 'tampered' : readContent(purpose, plaintext, now);
}
