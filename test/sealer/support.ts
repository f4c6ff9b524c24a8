// Owns: the pinned vectors in a typed form, and sealers whose clock, randomness and ring a test chooses.
import { readFileSync } from 'node:fs';
import { freezeKeyring, type Keyring, type RevokedKey, type SealingKey, sealingKey } from '../../src/sealer/keyring.ts';
import { PURPOSES, type Purpose } from '../../src/sealer/purpose.ts';
import { createSealer, type OpenResult, type Sealer, type SealerParts } from '../../src/sealer/seal.ts';

export interface Vector {
  readonly name: string;
  readonly kid: string;
  readonly purpose: string;
  readonly context: string;
  readonly schema: number;
  readonly iat: number;
  readonly exp: number;
  readonly nonce: string;
  readonly aad: string;
  readonly body: string;
  readonly plaintext: string;
  readonly token: string;
}

export interface RefusedVector {
  readonly why: string;
  readonly purpose: string;
  readonly context: string;
  readonly now: number;
  readonly token: string;
  readonly twin_that_opens: { readonly token: string; readonly now: number };
}

interface VectorFile {
  readonly purposes: Readonly<
    Record<
      string,
      {
        readonly bucket: number;
        readonly max_lifetime: number;
        readonly max_chars: number;
        readonly deterministic: boolean;
        readonly tolerance_after_exp: number;
      }
    >
  >;
  readonly future_tolerance: number;
  readonly c2sp_xaes_256_gcm: readonly Readonly<Record<'key' | 'nonce' | 'plaintext' | 'aad' | 'ciphertext', string>>[];
  readonly c2sp_accumulated: { readonly iterations: number; readonly shake128_32: string };
  readonly keys: Readonly<
    Record<'realm' | 'mk1' | 'kid1' | 'mk2' | 'kid2' | 'prk1' | 'key1_sso-session' | 'det1_saml-transient', string>
  >;
  readonly vectors: readonly Vector[];
  readonly refused: readonly RefusedVector[];
}

export const file = JSON.parse(
  readFileSync(new URL('../vectors/sealed_values.json', import.meta.url), 'utf8'),
) as VectorFile;

export const hex = (text: string): Buffer => Buffer.from(text, 'hex');

export function vector(name: string): Vector {
  const found = file.vectors.find((entry) => entry.name === name);
  if (found === undefined) throw new RangeError(name);
  return found;
}

export function purposeNamed(name: string): Purpose {
  const found = PURPOSES.get(name);
  if (found === undefined) throw new RangeError(name);
  return found;
}

export const NOW = 1_790_000_000;
export const DAY = 86_400;

/** Active for a year around NOW and readable for another. */
export const LONG = { created: NOW - DAY, activates: NOW - DAY, retires: NOW + 365 * DAY, expires: NOW + 730 * DAY };

export const KEY1 = sealingKey(hex(file.keys.mk1), LONG);
export const KEY2 = sealingKey(hex(file.keys.mk2), {
  ...LONG,
  created: LONG.created - 1,
  activates: LONG.activates - 1,
});

export function ringOf(keys: readonly SealingKey[], more: Partial<Keyring> = {}): Keyring {
  const { realm } = file.keys;
  return freezeKeyring({ realm, serial: 1, updated: NOW - DAY, propagation: 900, keys, revoked: [], ...more });
}

export const revoked = (kid: string): RevokedKey => ({ kid, at: NOW - 60, until: NOW + 90 * DAY, reason: 'leak' });

/** A master key whose bytes all are `byte`. */
export function keyOf(byte: number, times: Omit<SealingKey, 'kid' | 'master'> = LONG): SealingKey {
  return sealingKey(Buffer.alloc(32, byte), times);
}

export interface TestSealer {
  readonly sealer: Sealer;
  readonly results: OpenResult[];
}

/** The ring of the vectors unless told otherwise; random bytes count up, so no nonce comes twice. */
export function testSealer(parts: Partial<Omit<SealerParts, 'ring'>> & { readonly ring?: Keyring } = {}): TestSealer {
  const results: OpenResult[] = [];
  const ring = parts.ring ?? ringOf([KEY1, KEY2]);
  let count = 0;
  const sealer = createSealer({
    ring: () => ring,
    reread: parts.reread ?? (() => false),
    clock: parts.clock ?? (() => NOW),
    random: parts.random ?? ((length) => Buffer.alloc(length, ++count)),
    observe: parts.observe ?? ((_, result) => results.push(result)),
  });
  return { sealer, results };
}
