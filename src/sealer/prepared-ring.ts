// Owns: what is computed once per ring, so that sealing and opening on the warm path derive no key.
// Leaves to keyring.ts: which key seals.
import { createHmac, createSecretKey } from 'node:crypto';
import type { EpochSeconds } from '../lib/clock.ts';
import { nonceKey, purposeKey, sealingPrk } from './derive.ts';
import { type Keyring, type Primary, primary, type SealingKey } from './keyring.ts';
import type { Purpose } from './purpose.ts';
import { createXaes, NONCE_BYTES, type Xaes } from './xaes.ts';

/** One key made ready for one purpose. */
export interface ReadyKey {
  readonly kid: Buffer;
  readonly xaes: Xaes;
  /** The nonce of a deterministic purpose; null for all others, whose nonces are random. */
  readonly nonceFor: (aad: Uint8Array, plaintext: Uint8Array) => Buffer | null;
}

/** A ring with everything that is computed from it, so that the warm path derives no key. */
export class PreparedRing {
  readonly ring: Keyring;
  readonly #byKid: ReadonlyMap<string, SealingKey>;
  readonly #ready = new Map<string, ReadyKey>();
  #primaryAt: EpochSeconds = -1;
  #primary: Primary | null = null;

  constructor(ring: Keyring) {
    this.ring = ring;
    this.#byKid = new Map(ring.keys.map((key) => [key.kid, key]));
  }

  find(kid: string): SealingKey | null {
    return this.#byKid.get(kid) ?? null;
  }

  primary(now: EpochSeconds): Primary | null {
    if (now !== this.#primaryAt) {
      this.#primary = primary(this.ring, now);
      this.#primaryAt = now;
    }
    return this.#primary;
  }

  prepare(key: SealingKey, purpose: Purpose): ReadyKey {
    const name = `${key.kid} ${purpose.name}`;
    const known = this.#ready.get(name);
    if (known !== undefined) return known;
    const ready = readyKey(this.ring.realm, key, purpose);
    this.#ready.set(name, ready);
    return ready;
  }
}

function readyKey(realm: string, key: SealingKey, purpose: Purpose): ReadyKey {
  const prk = sealingPrk(key.master);
  const nonces = purpose.deterministic ? createSecretKey(nonceKey(prk, realm, purpose.name)) : null;
  return {
    kid: Buffer.from(key.kid, 'hex'),
    xaes: createXaes(purposeKey(prk, realm, purpose.name)),
    nonceFor: (aad, plaintext) =>
      nonces === null
        ? null
        : createHmac('sha256', nonces).update(aad).update(plaintext).digest().subarray(0, NONCE_BYTES),
  };
}
