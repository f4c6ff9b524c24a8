// Owns: the keyring as a file: reading it again while the node runs, replacing it whole, making the first one.
// Leaves to keyring.ts: what a ring is and which key seals. Nodes only read; the command line writes.
import { createHash } from 'node:crypto';
import { type BigIntStats, statSync } from 'node:fs';
import { withLock, writeAtomically } from '../lib/atomic-file.ts';
import type { Clock, EpochSeconds } from '../lib/clock.ts';
import { type Problem, ProblemsError } from '../lib/problems.ts';
import type { Random } from '../lib/random.ts';
import {
  formatKeyring,
  freezeKeyring,
  type Keyring,
  type KeyState,
  keyState,
  type Primary,
  parseKeyring,
  primary,
  sealingKey,
} from './keyring.ts';
import { DEFAULT_POLICY, plannedTimes, type RotationPolicy } from './ring-change.ts';
import { readSecretFile } from './secret-file.ts';

/** For the log: nothing of what the file holds, beside ids. */
export type KeyringEvent =
  | { readonly kind: 'loaded'; readonly serial: number; readonly primaryKid: string | null }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }
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

const REREAD_SECONDS = 5;
const OVERDUE_AGAIN_SECONDS = 86_400;

/**
 * Reads the keyring and keeps it up to date. A later version that is refused changes nothing: the old ring stays.
 * @throws ProblemsError when the file is refused at the start.
 */
export function openKeyringFile(parts: KeyringFileParts): KeyringSource {
  const file = new KeyringFile(parts);
  // stat, not fs.watch: a watch on the file is dead after Kubernetes has swapped the folder behind it once.
  const timer = setInterval(() => file.poll(), parts.pollSeconds * 1000).unref();
  return {
    current: () => file.ring,
    reread: () => file.reread(),
    poll: () => file.poll(),
    status: () => file.status(),
    close: () => clearInterval(timer),
  };
}

class KeyringFile {
  readonly #parts: KeyringFileParts;
  #ring: Keyring;
  #digest: string;
  #seen: string;
  #loadedAt: EpochSeconds;
  #rereadAt: EpochSeconds;
  #loadErrors = 0;
  #problems: readonly Problem[] = [];
  #overdue: { readonly kid: string; readonly toldAt: EpochSeconds } | null = null;

  constructor(parts: KeyringFileParts) {
    this.#parts = parts;
    this.#seen = versionOf(parts.path);
    const { ring, digest } = load(parts, null);
    this.#ring = ring;
    this.#digest = digest;
    this.#loadedAt = parts.clock();
    this.#rereadAt = Number.NEGATIVE_INFINITY;
    this.#announce();
  }

  get ring(): Keyring {
    return this.#ring;
  }

  reread(): boolean {
    const now = this.#parts.clock();
    if (Math.abs(now - this.#rereadAt) < REREAD_SECONDS) return false;
    this.#rereadAt = now;
    return this.#read();
  }

  poll(): boolean {
    // A refused file is read again each time: what was wrong may have been a shortage of the machine.
    const changed = (this.#problems.length > 0 || versionOf(this.#parts.path) !== this.#seen) && this.#read();
    this.#tellOverdue();
    return changed;
  }

  status(): KeyringStatus {
    const now = this.#parts.clock();
    const ring = this.#ring;
    const seals = primary(ring, now);
    return {
      serial: ring.serial,
      primary: seals === null ? null : { kid: seals.key.kid, because: seals.because },
      keys: ring.keys.map((key) => ({ kid: key.kid, state: keyState(ring, key, now), activates: key.activates })),
      loadedAt: this.#loadedAt,
      loadErrors: this.#loadErrors,
      problems: this.#problems,
    };
  }

  #read(): boolean {
    // Before the bytes: a change while they are read is then seen as one by the next look.
    const version = versionOf(this.#parts.path);
    const isNew = version !== this.#seen;
    this.#seen = version;
    try {
      const { ring, digest } = load(this.#parts, { serial: this.#ring.serial, digest: this.#digest });
      this.#problems = [];
      if (digest === this.#digest) return false;
      this.#ring = ring;
      this.#digest = digest;
      this.#loadedAt = this.#parts.clock();
      this.#announce();
      return true;
    } catch (error) {
      if (!(error instanceof ProblemsError)) throw error;
      // Once per version of the file, not once per look.
      if (isNew || this.#problems.length === 0) {
        this.#loadErrors++;
        this.#parts.onEvent({ kind: 'refused', problems: error.problems });
      }
      this.#problems = error.problems;
      return false;
    }
  }

  #tellOverdue(): void {
    const now = this.#parts.clock();
    const seals = primary(this.#ring, now);
    if (seals?.because !== 'overdue') {
      this.#overdue = null;
      return;
    }
    const { kid, retires: retired, expires: ends } = seals.key;
    const told = this.#overdue;
    if (told?.kid === kid && now - told.toldAt < OVERDUE_AGAIN_SECONDS) return;
    this.#overdue = { kid, toldAt: now };
    this.#parts.onEvent({ kind: 'overdue', kid, retired, ends });
  }

  #announce(): void {
    const primaryKid = primary(this.#ring, this.#parts.clock())?.key.kid ?? null;
    this.#parts.onEvent({ kind: 'loaded', serial: this.#ring.serial, primaryKid });
  }
}

interface Loaded {
  readonly ring: Keyring;
  readonly digest: string;
}

function load(parts: KeyringFileParts, before: { readonly serial: number; readonly digest: string } | null): Loaded {
  const { path, realm, clock } = parts;
  const bytes = readSecretFile(path);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const minSerial = Math.max(parts.minSerial, before?.serial ?? 0);
  const unchanged = before?.digest === digest;
  // Keys that have expired since do not make the same bytes wrong.
  const ring = parseKeyring(bytes, unchanged ? { minSerial, realm } : { minSerial, realm, now: clock() });
  if (before !== null && ring.serial === before.serial && !unchanged) {
    const found = `another file with serial ${ring.serial}`;
    throw new ProblemsError([{ path: 'serial', found, wanted: 'a larger serial for other content' }]);
  }
  return { ring, digest };
}

/** What changes when a file is replaced, written, or made readable; 'missing' while there is none. */
function versionOf(path: string): string {
  let stat: BigIntStats | undefined;
  try {
    stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return 'unreachable';
  }
  return stat === undefined ? 'missing' : [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ');
}

export type WriteOutcome = { readonly written: true } | { readonly refused: 'exists' | 'serial' };

/**
 * Replaces the keyring file under its lock: temporary file of mode 0600, fsync, rename, fsync of the folder.
 * `expectSerial` is the serial that the file must have now, or null when there must be no file.
 * @throws ProblemsError for a ring, or a file in its place, that would not load; LockedError when a writer stays.
 */
export async function writeKeyring(
  path: string,
  ring: Keyring,
  options: { readonly expectSerial: number | null },
): Promise<WriteOutcome> {
  const text = formatKeyring(ring);
  parseKeyring(Buffer.from(text), { minSerial: options.expectSerial === null ? 0 : options.expectSerial + 1 });
  return withLock(path, async () => {
    const missing = versionOf(path) === 'missing';
    if (options.expectSerial === null) {
      if (!missing) return { refused: 'exists' };
    } else if (missing || parseKeyring(readSecretFile(path), { minSerial: 0 }).serial !== options.expectSerial) {
      return { refused: 'serial' };
    }
    await writeAtomically(path, text, { mode: 0o600 });
    return { written: true };
  });
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
