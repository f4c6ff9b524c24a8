// Owns: the data keyring as a file that a node follows. Leaves to ring-file.ts: reading it; to data-keyring.ts: what it is.
import type { Clock, EpochSeconds } from '../lib/clock.ts';
import type { Problem } from '../lib/problems.ts';
import { type DataKeyring, dataRing } from './data-keyring.ts';
import { RingFile, type RingFileEvent } from './ring-file.ts';
import type { KeyDescription } from './ring-kind.ts';

export interface DataKeyringFileParts {
  readonly path: string;
  /** The least serial that is believed. */
  readonly minSerial: number;
  /** Seconds between two looks at the file; fractions are allowed. */
  readonly pollSeconds: number;
  readonly clock: Clock;
  readonly onEvent: (event: RingFileEvent) => void;
}

/** For status and metrics. */
export interface DataKeyringStatus {
  readonly serial: number;
  readonly primary: { readonly kid: string; readonly because: string } | null;
  readonly keys: readonly Pick<KeyDescription, 'kid' | 'state' | 'activates'>[];
  readonly loadedAt: EpochSeconds;
  /** Refused versions of the file since the start. */
  readonly loadErrors: number;
  /** Why the file as it is now was refused, while an older ring stays in use; empty when it was not. */
  readonly problems: readonly Problem[];
}

export interface DataKeyringSource {
  readonly current: () => DataKeyring;
  /** Looks at once, at most every five seconds; whether the ring has changed. */
  readonly reread: () => boolean;
  /** Looks if the file has changed; whether the ring has. Also called by the timer. */
  readonly poll: () => boolean;
  readonly status: () => DataKeyringStatus;
  readonly close: () => void;
}

/**
 * Reads the data keyring and keeps it up to date. A later version that is refused changes nothing: the old ring stays.
 * Its realm may be any: a changed entityID must not take away what people have enrolled.
 * @throws ProblemsError when the file is refused at the start.
 */
export function openDataKeyringFile(parts: DataKeyringFileParts): DataKeyringSource {
  const file = new RingFile({ ...parts, kind: dataRing, realm: null });
  const timer = setInterval(() => file.poll(), parts.pollSeconds * 1000).unref();
  return {
    current: () => file.ring,
    reread: () => file.reread(),
    poll: () => file.poll(),
    status: () => statusOf(file, parts.clock()),
    close: () => clearInterval(timer),
  };
}

function statusOf(
  { ring, loadedAt, loadErrors, problems }: RingFile<DataKeyring>,
  now: EpochSeconds,
): DataKeyringStatus {
  const keys = dataRing.describe(ring, now).map(({ kid, state, activates }) => ({ kid, state, activates }));
  return { serial: ring.serial, primary: dataRing.seals(ring, now), keys, loadedAt, loadErrors, problems };
}
