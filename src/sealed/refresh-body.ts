// Owns: a refresh token as the body of `oidc-refresh`. Leaves to protocols/oidc: when one is made and what it gives; to
// the spent store: that a generation is used once. docs/sealed-values.md, oidc-refresh.
import type { EpochSeconds } from '../lib/clock.ts';
import { readCborMap } from '../sealer/cbor-fields.ts';
import { type GrantFields, grantToCbor, readGrant } from './grant-fields.ts';
import { lineageToCbor, readLineage } from './lineage.ts';
import { U32_MAX } from './session-record.ts';
import { type BodyEntries, writeBody } from './write-body.ts';

/** A token that lives 90 days may outlast many keys; `signet keys rotate` refuses a cadence that would be too quick. */
export const REFRESH_LINEAGE_MAX = 32;

export interface RefreshGrant extends GrantFields {
  /** 16 bytes: everything that came from one code. */
  readonly family: Uint8Array;
  /** 0 for the first; each use gives the next. */
  readonly generation: number;
  /** When the last token of this family ends: the same in every generation. */
  readonly ends: EpochSeconds;
  readonly lineage: readonly string[];
}

const KEYS = {
  sid: 3,
  accountId: 4,
  sessionCreated: 5,
  events: 6,
  scope: 7,
  resources: 8,
  dpopKey: 9,
  claims: 10,
  acr: 11,
} as const;

/** @throws RangeError for a grant over the caps of its body. */
export function encodeRefresh(grant: RefreshGrant): Uint8Array {
  const entries: BodyEntries = [
    [1, grant.family],
    [2, grant.generation],
    ...grantToCbor(grant, KEYS),
    [12, grant.ends],
    [13, lineageToCbor(grant.lineage)],
  ];
  return writeBody('a refresh token', entries, (body) => decodeRefresh(body) !== null);
}

/** The grant in a body; null for anything else. */
export function decodeRefresh(body: Uint8Array): RefreshGrant | null {
  return readCborMap(body, (fields) => ({
    family: fields.bytes(1, { min: 16, max: 16 }),
    generation: fields.uint(2, { max: U32_MAX }),
    ...readGrant(fields, KEYS),
    ends: fields.uint(12, { max: U32_MAX }),
    lineage: readLineage(fields, 13, REFRESH_LINEAGE_MAX),
  }));
}
