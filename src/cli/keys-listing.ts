// Owns: a ring as it is shown. Named field by field: nothing that is added to a key later can slip into an output.
import type { EpochSeconds } from '../lib/clock.ts';
import { type DataKeyring, dataRing } from '../sealer/data-keyring.ts';
import { dataPrefix } from '../sealer/data-value.ts';
import { formatTime } from '../sealer/json-record.ts';
import { type Keyring, primary } from '../sealer/keyring.ts';
import { describeKey } from '../sealer/ring-kind.ts';

export type Listing = ReturnType<typeof listingOf>;

/** For programs. */
export function listingOf(ring: Keyring, now: EpochSeconds) {
  const seals = primary(ring, now);
  return {
    realm: ring.realm,
    serial: ring.serial,
    updated: formatTime(ring.updated),
    propagation: ring.propagation,
    primary: seals === null ? null : { kid: seals.key.kid, because: seals.because },
    keys: ring.keys.map((key) => describeKey(ring, key, now)),
    revoked: ring.revoked.map(({ kid, at, until, reason }) => ({
      kid,
      at: formatTime(at),
      until: formatTime(until),
      reason,
    })),
  };
}

const BECAUSE = {
  due: 'seals',
  overdue: 'seals, though it should have been rotated: signet keys rotate',
  only: 'seals, since no key has had time to reach every node yet',
} as const;

/** For people. */
export function tableOf(listing: Listing): string {
  const header = ['kid', 'state', 'created', 'activates', 'retires', 'expires', ''];
  const rows = listing.keys.map((key) => {
    const note = listing.primary?.kid === key.kid ? BECAUSE[listing.primary.because] : '';
    return [key.kid, key.state, key.created, key.activates, key.retires, key.expires, note];
  });
  const lines = columns([header, ...rows]);
  const revoked = listing.revoked.map(
    (entry) => `revoked ${entry.kid} at ${entry.at}: ${JSON.stringify(entry.reason)}`,
  );
  const none = listing.primary === null ? ['no key may be used: nodes with this ring are not ready'] : [];
  const title = `${listing.realm}   serial ${listing.serial}, updated ${listing.updated}`;
  return `${[title, '', ...lines, ...revoked, ...none].join('\n')}\n`;
}

/** Rows with their cells below each other. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

export type DataListing = ReturnType<typeof dataListingOf>;

/** A data ring for programs; `counts`: stored secrets by the first characters of their key, null when nobody knows. */
export function dataListingOf(ring: DataKeyring, now: EpochSeconds, counts: ReadonlyMap<string, number> | null) {
  const known = new Set(ring.keys.map(({ kid }) => dataPrefix(kid)));
  const lost = [...(counts ?? [])].filter(([prefix]) => !known.has(prefix)).reduce((sum, [, count]) => sum + count, 0);
  return {
    realm: ring.realm,
    serial: ring.serial,
    updated: formatTime(ring.updated),
    propagation: ring.propagation,
    primary: dataRing.seals(ring, now),
    keys: dataRing.describe(ring, now).map((key) => ({
      ...key,
      secrets: counts === null ? null : (counts.get(dataPrefix(key.kid)) ?? 0),
    })),
    /** Secrets that no key of this ring opens. */
    unreadable: counts === null ? null : lost,
  };
}

/** A data ring for people. */
export function dataTableOf(listing: DataListing): string {
  const header = ['kid', 'state', 'created', 'activates', 'secrets'];
  const rows = listing.keys.map((key) => [key.kid, key.state, key.created, key.activates, `${key.secrets ?? '?'}`]);
  const title = `${listing.realm}   serial ${listing.serial}, updated ${listing.updated}`;
  const lost = listing.unreadable ?? 0;
  const note = lost > 0 ? [`${lost} secrets are under a key that this ring does not have`] : [];
  return `${[title, '', ...columns([header, ...rows]), ...note].join('\n')}\n`;
}
