// Owns: what reading, writing, comparing and reporting a ring need to know of its kind, so that they are written once.
// There are two kinds: the sealer's ring (keyring.ts) and the data ring (data-keyring.ts). Neither is ever taken for the
// other: format, salts and types differ.
import type { KeyObject } from 'node:crypto';
import type { EpochSeconds } from '../lib/clock.ts';
import { formatTime } from './json-record.ts';
import {
  formatKeyring,
  isRevoked,
  type Keyring,
  type KeyringDemands,
  type KeyState,
  keyState,
  parseKeyring,
  primary,
  type SealingKey,
} from './keyring.ts';
import type { KeyFacts, RingFacts } from './ring-diff.ts';

/** What every ring has. */
export interface AnyRing extends RingFacts {
  readonly keys: readonly (KeyFacts & { readonly master: KeyObject })[];
}

/** What may be shown of a key, with its state at a time. */
export interface KeyDescription {
  readonly kid: string;
  readonly state: KeyState;
  readonly created: string;
  readonly activates: string;
  readonly retires?: string;
  readonly expires?: string;
}

export interface RingKind<Ring extends AnyRing> {
  /** All or nothing. @throws ProblemsError with everything that is wrong, and nothing of what the file holds. */
  readonly parse: (bytes: Uint8Array, demands: KeyringDemands) => Ring;
  readonly format: (ring: Ring) => string;
  /** The key that new values are made with; null when none can be used. */
  readonly seals: (ring: Ring, now: EpochSeconds) => { readonly kid: string; readonly because: string } | null;
  readonly describe: (ring: Ring, now: EpochSeconds) => readonly KeyDescription[];
  /** The keys that a report is proved with. Not chosen by a clock: two nodes with one file must prove alike. */
  readonly proving: (ring: Ring) => Ring['keys'];
  /** What keeps the reports of one kind from being read as the other's. */
  readonly report: { readonly format: string; readonly salt: string };
}

/** The ring that seals sessions and tickets. */
export const sealerRing: RingKind<Keyring> = Object.freeze({
  parse: parseKeyring,
  format: formatKeyring,
  seals: (ring: Keyring, now: EpochSeconds) => {
    const seals = primary(ring, now);
    return seals === null ? null : { kid: seals.key.kid, because: seals.because };
  },
  describe: (ring: Keyring, now: EpochSeconds) => ring.keys.map((key) => describeKey(ring, key, now)),
  proving: (ring: Keyring) => ring.keys.filter(({ kid }) => !isRevoked(ring, kid)),
  report: { format: 'signet-keyring-report/1', salt: 'signet.keyring.v1' },
});

/** Named field by field: nothing that is added to a key later can slip into an output. */
export function describeKey(ring: Keyring, key: SealingKey, now: EpochSeconds) {
  return {
    kid: key.kid,
    state: keyState(ring, key, now),
    created: formatTime(key.created),
    activates: formatTime(key.activates),
    retires: formatTime(key.retires),
    expires: formatTime(key.expires),
  };
}
