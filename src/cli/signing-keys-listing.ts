// Owns: a set of signing keys as it is shown. Named field by field: nothing that is added to a key later slips into an output.
import type { EpochSeconds } from '../lib/clock.ts';
import { formatTime } from '../sealer/json-record.ts';
import type { PublishedSet } from '../signing/key-set.ts';
import { columns } from './keys-listing.ts';
import type { LocatedSet } from './signing-keys-place.ts';

/** When a verb may come next: what `promote` and `retire` would say without `--force`. */
export interface Waits {
  /** Seconds that a next key must have been published. */
  readonly publishedFor: number;
  /** Seconds that a retiring key must not have signed. */
  readonly unusedFor: number;
}

export function waitsOf({ config, set }: LocatedSet, propagation: number): Waits {
  return {
    publishedFor: set.readAgainWithin(config) + propagation,
    unusedFor: set.signedLives(config) + propagation,
  };
}

/** For programs. */
export function setListing(
  located: LocatedSet,
  { serial, keys }: PublishedSet,
  waits: Waits,
  canSign: (kid: string) => boolean,
) {
  return {
    for: located.name,
    folder: located.place.folder,
    serial,
    keys: keys.map(({ kid, algorithm, state, file, published, since, certificate }) => ({
      kid,
      algorithm,
      state,
      file,
      published: timeOf(published),
      since: timeOf(since),
      certificateEnds: certificate === null ? null : formatTime(certificate.notAfter),
      /** Whether its private key is here, and opens; a retiring one is not looked at. */
      canSign: state === 'retiring' ? null : canSign(kid),
      promoteFrom: state === 'next' ? formatTime(published + waits.publishedFor) : null,
      retireFrom: state === 'retiring' ? formatTime(since + waits.unusedFor) : null,
    })),
  };
}

export type SetListing = ReturnType<typeof setListing>;

/** For people. */
export function setTable(listing: SetListing, now: EpochSeconds): string {
  const header = ['kid', 'algorithm', 'state', 'since', 'certificate ends', 'file', ''];
  const rows = listing.keys.map((key) => [
    key.kid,
    key.algorithm,
    key.state,
    key.since ?? '',
    key.certificateEnds ?? '',
    key.file,
    noteOf(key, now),
  ]);
  const title = `${listing.for} signing keys in ${listing.folder}   serial ${listing.serial}`;
  return `${[title, '', ...columns([header, ...rows])].join('\n')}\n`;
}

function noteOf(key: SetListing['keys'][number], now: EpochSeconds): string {
  const reached = (time: string): boolean => Date.parse(time) / 1000 <= now;
  if (key.state === 'current') return 'signs';
  if (key.promoteFrom !== null) {
    const when = reached(key.promoteFrom) ? 'may be promoted' : `may be promoted from ${key.promoteFrom}`;
    return key.canSign === false ? `${when}; its private key is not here` : when;
  }
  if (key.retireFrom === null) return '';
  return reached(key.retireFrom) ? 'may be retired' : `may be retired from ${key.retireFrom}`;
}

/** A key that was there before there was a file of keys has no time. */
function timeOf(time: EpochSeconds): string | null {
  return time === 0 ? null : formatTime(time);
}
