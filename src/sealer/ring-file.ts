// Owns: a ring of any kind as a file: reading it again while the node runs, replacing it whole.
// Leaves to ring-kind.ts: what a ring is; to key-file.ts and data-key-file.ts: what each kind says of itself.
// Nodes only read; the command line writes.
import { createHash } from 'node:crypto';
import { withLock, writeAtomically } from '../lib/atomic-file.ts';
import type { Clock, EpochSeconds } from '../lib/clock.ts';
import { fileVersion } from '../lib/file-version.ts';
import { type Problem, ProblemsError } from '../lib/problems.ts';
import type { AnyRing, RingKind } from './ring-kind.ts';
import { readSecretFile } from './secret-file.ts';

/** For the log: nothing of what the file holds, beside ids. */
export type RingFileEvent =
  | { readonly kind: 'loaded'; readonly serial: number; readonly primaryKid: string | null }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

export interface RingFileParts<Ring extends AnyRing> {
  readonly kind: RingKind<Ring>;
  readonly path: string;
  /** What the ring must have been made for; null when any will do. */
  readonly realm: string | null;
  /** The least serial that is believed. */
  readonly minSerial: number;
  readonly clock: Clock;
  readonly onEvent: (event: RingFileEvent) => void;
}

const REREAD_SECONDS = 5;

/**
 * The ring in a file, kept up to date by whoever calls `poll`. A later version that is refused changes nothing: the old
 * ring stays. The constructor throws ProblemsError when the file is refused at the start.
 */
export class RingFile<Ring extends AnyRing> {
  readonly #parts: RingFileParts<Ring>;
  #ring: Ring;
  #digest: string;
  #seen: string;
  #loadedAt: EpochSeconds;
  #rereadAt: EpochSeconds;
  #loadErrors = 0;
  #problems: readonly Problem[] = [];

  constructor(parts: RingFileParts<Ring>) {
    this.#parts = parts;
    this.#seen = fileVersion(parts.path);
    const { ring, digest } = load(parts, null);
    this.#ring = ring;
    this.#digest = digest;
    this.#loadedAt = parts.clock();
    this.#rereadAt = Number.NEGATIVE_INFINITY;
    this.#announce();
  }

  get ring(): Ring {
    return this.#ring;
  }

  get loadedAt(): EpochSeconds {
    return this.#loadedAt;
  }

  /** Refused versions of the file since the start. */
  get loadErrors(): number {
    return this.#loadErrors;
  }

  /** Why the file as it is now was refused, while an older ring stays in use; empty when it was not. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** Looks at once, at most every five seconds; whether the ring has changed. */
  reread(): boolean {
    const now = this.#parts.clock();
    if (Math.abs(now - this.#rereadAt) < REREAD_SECONDS) return false;
    this.#rereadAt = now;
    return this.#read();
  }

  /** Looks if the file has changed; whether the ring has. */
  poll(): boolean {
    // A refused file is read again each time: what was wrong may have been a shortage of the machine.
    return (this.#problems.length > 0 || fileVersion(this.#parts.path) !== this.#seen) && this.#read();
  }

  #read(): boolean {
    // Before the bytes: a change while they are read is then seen as one by the next look.
    const version = fileVersion(this.#parts.path);
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

  #announce(): void {
    const { kind, clock, onEvent } = this.#parts;
    const primaryKid = kind.seals(this.#ring, clock())?.kid ?? null;
    onEvent({ kind: 'loaded', serial: this.#ring.serial, primaryKid });
  }
}

interface Loaded<Ring> {
  readonly ring: Ring;
  readonly digest: string;
}

function load<Ring extends AnyRing>(
  parts: RingFileParts<Ring>,
  before: { readonly serial: number; readonly digest: string } | null,
): Loaded<Ring> {
  const { kind, path, realm, clock } = parts;
  const bytes = readSecretFile(path);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const minSerial = Math.max(parts.minSerial, before?.serial ?? 0);
  const unchanged = before?.digest === digest;
  const demands = realm === null ? { minSerial } : { minSerial, realm };
  // Keys that have expired since do not make the same bytes wrong.
  const ring = kind.parse(bytes, unchanged ? demands : { ...demands, now: clock() });
  if (before !== null && ring.serial === before.serial && !unchanged) {
    const found = `another file with serial ${ring.serial}`;
    throw new ProblemsError([{ path: 'serial', found, wanted: 'a larger serial for other content' }]);
  }
  return { ring, digest };
}

export type WriteOutcome = { readonly written: true } | { readonly refused: 'exists' | 'serial' };

/**
 * Replaces a ring's file under its lock: temporary file of mode 0600, fsync, rename, fsync of the folder.
 * `expectSerial` is the serial that the file must have now, or null when there must be no file.
 * @throws ProblemsError for a ring, or a file in its place, that would not load; LockedError when a writer stays.
 */
export async function writeRing<Ring extends AnyRing>(
  kind: RingKind<Ring>,
  path: string,
  ring: Ring,
  options: { readonly expectSerial: number | null },
): Promise<WriteOutcome> {
  const text = kind.format(ring);
  kind.parse(Buffer.from(text), { minSerial: options.expectSerial === null ? 0 : options.expectSerial + 1 });
  return withLock(path, async () => {
    const missing = fileVersion(path) === 'missing';
    if (options.expectSerial === null) {
      if (!missing) return { refused: 'exists' };
    } else if (missing || kind.parse(readSecretFile(path), { minSerial: 0 }).serial !== options.expectSerial) {
      return { refused: 'serial' };
    }
    await writeAtomically(path, text, { mode: 0o600 });
    return { written: true };
  });
}
