// Owns: what an access token stands for, as the body of `oidc-access`: whoever shows the token to this provider is asked
// for by what is in here, which the client cannot read. docs/sealed-values.md, oidc-access.
import { ACCOUNT_ID_MAX_BYTES, type AccountId } from '../core/account.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { readCborMap } from '../sealer/cbor-fields.ts';
import { GRANT_CLAIMS_MAX_BYTES } from './grant-fields.ts';
import { lineageToCbor, readLineage } from './lineage.ts';
import { REFRESH_LINEAGE_MAX } from './refresh-body.ts';
import { U32_MAX } from './session-record.ts';
import { type BodyEntries, writeBody } from './write-body.ts';

export interface AccessGrant {
  readonly sid: Uint8Array;
  readonly accountId: AccountId;
  /** What a not-before is compared with. */
  readonly oldestProof: EpochSeconds;
  readonly latestProof: EpochSeconds;
  /** 16 bytes: everything that came from one code. */
  readonly family: Uint8Array;
  /** Bits of the protocol's list of scopes. */
  readonly scope: number;
  /** Names that the claims parameter asked userinfo for, separated by spaces. */
  readonly claims: string;
  readonly lineage: readonly string[];
}

/** @throws RangeError for a grant over the caps of its body. */
export function encodeAccess(grant: AccessGrant): Uint8Array {
  const entries: BodyEntries = [
    [1, grant.sid],
    [2, grant.accountId],
    [3, grant.oldestProof],
    [4, grant.latestProof],
    [5, grant.family],
    [6, grant.scope],
    [7, grant.claims === '' ? undefined : grant.claims],
    [8, lineageToCbor(grant.lineage)],
  ];
  return writeBody('a grant', entries, (body) => decodeAccess(body) !== null);
}

/** The grant in a body; null for anything else. */
export function decodeAccess(body: Uint8Array): AccessGrant | null {
  return readCborMap(body, (fields) => ({
    sid: fields.bytes(1, { min: 16, max: 16 }),
    accountId: fields.text(2, { min: 1, max: ACCOUNT_ID_MAX_BYTES }),
    oldestProof: fields.uint(3, { max: U32_MAX }),
    latestProof: fields.uint(4, { max: U32_MAX }),
    family: fields.bytes(5, { min: 16, max: 16 }),
    scope: fields.uint(6, { max: 255 }),
    claims: fields.has(7) ? fields.text(7, { min: 1, max: GRANT_CLAIMS_MAX_BYTES }) : '',
    lineage: readLineage(fields, 8, REFRESH_LINEAGE_MAX),
  }));
}
