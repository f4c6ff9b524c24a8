// Owns: the sealer's keyring as a file: telling of a forgotten rotation, what readiness and metrics ask, making the first.
// Leaves to ring-file.ts: reading and replacing files; to keyring.ts: what a ring is and which key seals.
import type { Clock, EpochSeconds } from '../lib/clock.ts';
import type { Problem } from '../lib/problems.ts';
import type { Random } from '../lib/random.ts';
import { freezeKeyring, type Keyring, type KeyState, keyState, type Primary, primary, sealingKey } from './keyring.ts';
import { DEFAULT_POLICY, plannedTimes, type RotationPolicy } from './ring-change.ts';
import { RingFile, type RingFileEvent } from './ring-file.ts';
import { sealerRing } from './ring-kind.ts';

export type KeyringEvent =
  | RingFileEvent
  /** A key seals past its time; told when that begins, and once a day while it lasts. */
  | { readonly kind: 'overdue'; readonly kid: string; readonly retired: EpochSeconds; readonly ends: EpochSeconds };

export interface KeyringFileParts {
  readonly path: string;
  /** The configured entityID. */
  readonly realm: string;
  /** The least serial that is believed. */
  readonly minSerial: number;
  /** Seconds between two looks at the file; fractions are allowed. */
  readonly pollSeconds: number;
  readonly clock: Clock;
  readonly onEvent: (event: KeyringEvent) => void;
}

/** For readiness and metrics. */
interface KeyringStatus {
  readonly serial: number;
  /** Null when no key is readable: the node is not ready. */
  readonly primary: { readonly kid: string; readonly because: Primary['because'] } | null;
  readonly keys: readonly { readonly kid: string; readonly state: KeyState; readonly activates: EpochSeconds }[];
  readonly loadedAt: EpochSeconds;
  /** Refused versions of the file since the start. */
  readonly loadErrors: number;
  /** Why the file as it is now was refused, while an older ring stays in use; empty when it was not. */
  readonly problems: readonly Problem[];
}

export interface KeyringSource {
  readonly current: () => Keyring;
  /** Looks at once, at most every five seconds; whether the ring has changed. */
  readonly reread: () => boolean;
  /** Looks if the file has changed; whether the ring has. Also called by the timer. */
  readonly poll: () => boolean;
  readonly status: () => KeyringStatus;
  readonly close: () => void;
}

const OVERDUE_AGAIN_SECONDS = 86_400;

/**
 * Reads the keyring and keeps it up to date. A later version that is refused changes nothing: the old ring stays.
 * @throws ProblemsError when the file is refused at the start.
 */
export function openKeyringFile(parts: KeyringFileParts): KeyringSource {
  const file = new RingFile({ ...parts, kind: sealerRing });
  const tellOverdue = overdueTeller(parts);
  const poll = (): boolean => {
    const changed = file.poll();
    tellOverdue(file.ring);
    return changed;
  };
  // stat, not fs.watch: a watch on the file is dead after Kubernetes has swapped the folder behind it once.
  const timer = setInterval(poll, parts.pollSeconds * 1000).unref();
  return {
    current: () => file.ring,
    reread: () => file.reread(),
    poll,
    status: () => statusOf(file, parts.clock()),
    close: () => clearInterval(timer),
  };
}

function statusOf(file: RingFile<Keyring>, now: EpochSeconds): KeyringStatus {
  const { ring, loadedAt, loadErrors, problems } = file;
  const seals = primary(ring, now);
  return {
    serial: ring.serial,
    primary: seals === null ? null : { kid: seals.key.kid, because: seals.because },
    keys: ring.keys.map((key) => ({ kid: key.kid, state: keyState(ring, key, now), activates: key.activates })),
    loadedAt,
    loadErrors,
    problems,
  };
}

function overdueTeller({ clock, onEvent }: Pick<KeyringFileParts, 'clock' | 'onEvent'>): (ring: Keyring) => void {
  let told: { readonly kid: string; readonly at: EpochSeconds } | null = null;
  return (ring) => {
    const now = clock();
    const seals = primary(ring, now);
    if (seals?.because !== 'overdue') {
      told = null;
      return;
    }
    const { kid, retires: retired, expires: ends } = seals.key;
    if (told?.kid === kid && now - told.at < OVERDUE_AGAIN_SECONDS) return;
    told = { kid, at: now };
    onEvent({ kind: 'overdue', kid, retired, ends });
  };
}

/** How the first key's times are chosen; in seconds. */
export interface NewKeyringParts {
  readonly realm: string;
  readonly now: EpochSeconds;
  readonly random: Random;
  /** What a key needs to reach every node. */
  readonly propagation?: number;
  readonly policy?: RotationPolicy;
}

/** A ring of one key that seals from now on: there is no older node that could not read it. */
export function newKeyring(parts: NewKeyringParts): Keyring {
  const { realm, now, random, propagation = 900, policy = DEFAULT_POLICY } = parts;
  const keys = [sealingKey(random(32), plannedTimes(policy, now, now))];
  return freezeKeyring({ realm, serial: 1, updated: now, propagation, keys, revoked: [] });
}
