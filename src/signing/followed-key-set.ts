// Owns: following a folder of signing keys: a set is read again when its files change, and announced when it is another.
// Leaves to key-set-folder.ts: reading it once.
//
// Files may arrive one by one, in any order. What is published follows signing-keys.json alone; a version whose current
// key has not arrived, or that is refused for anything else, changes nothing: the last good set stays.
import { join } from 'node:path';
import type { Clock, EpochSeconds } from '../lib/clock.ts';
import { fileVersion } from '../lib/file-version.ts';
import { type Problem, ProblemsError } from '../lib/problems.ts';
import {
  FIRST_CERTIFICATE_FILE,
  FIRST_KEY_FILE,
  KEY_SET_FILE,
  type KeySetPlace,
  loadKeySet,
  type SigningKeySet,
  waitingFor,
} from './key-set-folder.ts';

/** For the log: ids and times, nothing of a private key. */
export type KeySetEvent =
  | {
      readonly kind: 'loaded';
      readonly serial: number;
      readonly current: readonly string[];
      /** Next keys that are published, and whose private keys are not here yet. */
      readonly waitingFor: readonly string[];
    }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

export interface SigningKeySource {
  /** The same object until the set changes. */
  readonly current: () => SigningKeySet;
  /** Looks whether files have changed, and answers whether the set has. Also called by the timer. */
  readonly poll: () => boolean;
  /** Why the files as they are now were refused, while an older set stays in use; empty when they were not. */
  readonly problems: () => readonly Problem[];
  readonly loadedAt: () => EpochSeconds;
  readonly close: () => void;
}

export interface KeySetFolderParts extends KeySetPlace {
  /** Seconds between two looks; fractions are allowed. */
  readonly pollSeconds: number;
  readonly clock: Clock;
  readonly onEvent: (event: KeySetEvent) => void;
}

/**
 * Reads a set and keeps it up to date.
 * @throws ProblemsError when it is refused at the start.
 */
export function openKeySetFolder(parts: KeySetFolderParts): SigningKeySource {
  const { folder, clock, onEvent } = parts;
  let seen = versionOf(folder);
  let set = loadKeySet(parts);
  let loadedAt = clock();
  let problems: readonly Problem[] = [];
  const announce = (): void =>
    onEvent({
      kind: 'loaded',
      serial: set.serial,
      current: set.current.map(({ kid }) => kid),
      waitingFor: waitingFor(set),
    });
  announce();
  const read = (): boolean => {
    // Before the bytes: a change while they are read is then seen as one by the next look.
    const version = versionOf(folder);
    const isNew = version !== seen;
    seen = version;
    try {
      const loaded = loadKeySet(parts);
      refuseOlder(folder, set, loaded);
      problems = [];
      const [before, now] = [fingerprintOf(set), fingerprintOf(loaded)];
      if (before === now) return false;
      set = loaded;
      loadedAt = clock();
      announce();
      return true;
    } catch (error) {
      if (!(error instanceof ProblemsError)) throw error;
      // Once per version of the files, not once per look.
      if (isNew || problems.length === 0) onEvent({ kind: 'refused', problems: error.problems });
      problems = error.problems;
      return false;
    }
  };
  // Files of keys may come after the file that names them: what is not complete is read again each time.
  const poll = (): boolean => {
    const incomplete = problems.length > 0 || waitingFor(set).length > 0;
    return (incomplete || versionOf(folder) !== seen) && read();
  };
  // stat, not fs.watch: a watch is dead after Kubernetes has swapped the folder behind it once.
  const timer = setInterval(poll, parts.pollSeconds * 1000).unref();
  return {
    current: () => set,
    poll,
    problems: () => problems,
    loadedAt: () => loadedAt,
    close: () => clearInterval(timer),
  };
}

/** A set that differs from another one on this machine: in what is published, or in which private keys have arrived. */
function fingerprintOf({ digest, keys }: SigningKeySet): string {
  return [digest, ...keys.map(({ signer }) => signer !== null)].join(' ');
}

/** An old copy must not bring a retired key back, nor take a published one away. Key and certificate brought by hand have no serial. */
function refuseOlder(folder: string, before: SigningKeySet, now: SigningKeySet): void {
  const path = join(folder, KEY_SET_FILE);
  if (now.serial < before.serial) {
    const found = now.serial === 0 ? 'no file any more' : `serial ${now.serial}`;
    throw new ProblemsError([{ path, found, wanted: `serial ${before.serial} or more` }]);
  }
  if (now.serial > 0 && now.serial === before.serial && now.digest !== before.digest) {
    const found = `another file with serial ${now.serial}`;
    throw new ProblemsError([{ path, found, wanted: 'a larger serial for other content' }]);
  }
}

function versionOf(folder: string): string {
  return [KEY_SET_FILE, FIRST_KEY_FILE, FIRST_CERTIFICATE_FILE]
    .map((name) => fileVersion(join(folder, name)))
    .join('|');
}
