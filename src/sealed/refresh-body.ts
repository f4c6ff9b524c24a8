// Owns: a refresh token as the body of `oidc-refresh`. Leaves to protocols/oidc: when one is made and what it gives; to
// the spent store: that a generation is used once. docs/sealed-values.md, oidc-refresh.
import { ACCOUNT_ID_MAX_BYTES, type AccountId } from '../core/account.ts';
import type { AuthenticationEvent } from '../core/authentication-event.ts';
import { EVENTS_MAX } from '../core/session.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { cborMap, encodeCbor } from '../sealer/cbor.ts';
import { readCborMap } from '../sealer/cbor-fields.ts';
import { CODE_CLAIMS_MAX_BYTES, CODE_LIST_MAX } from './code-body.ts';
import { lineageToCbor, readLineage } from './lineage.ts';
import { eventRecord, eventsFrom } from './session-body.ts';
import { eventsToCbor, readEvents, U32_MAX } from './session-record.ts';

/** A token that lives 90 days may outlast many keys; `signet keys rotate` refuses a cadence that would be too quick. */
export const REFRESH_LINEAGE_MAX = 32;

export interface RefreshGrant {
  /** 16 bytes: everything that came from one code. */
  readonly family: Uint8Array;
  /** 0 for the first; each use gives the next. */
  readonly generation: number;
  readonly sid: Uint8Array;
  readonly accountId: AccountId;
  readonly sessionCreated: EpochSeconds;
  readonly events: readonly AuthenticationEvent[];
  /** Bits of the protocol's list of scopes. */
  readonly scope: number;
  /** 8 bytes of SHA-256 each. */
  readonly resources: readonly Uint8Array[];
  /** JWK thumbprint that the token is bound to (RFC 9449), 32 bytes. */
  readonly dpopKey: Uint8Array | null;
  /** Names that the claims parameter asked for, separated by spaces: ID token, userinfo. */
  readonly claims: readonly [idToken: string, userinfo: string];
  /** Numbers of the acr values that were asked for. */
  readonly acr: readonly number[];
  /** When the last token of this family ends: the same in every generation. */
  readonly ends: EpochSeconds;
  readonly lineage: readonly string[];
}

/** @throws RangeError for a grant over the caps of its body. */
export function encodeRefresh(grant: RefreshGrant): Uint8Array {
  const { events, sessionCreated, resources, claims, acr } = grant;
  const records = events
    .slice(-EVENTS_MAX)
    .map((one) => eventRecord(one.method, one.at, one.credentialId, sessionCreated));
  const body = encodeCbor(
    cborMap([
      [1, grant.family],
      [2, grant.generation],
      [3, grant.sid],
      [4, grant.accountId],
      [5, sessionCreated],
      [6, eventsToCbor(records)],
      [7, grant.scope],
      [8, resources.length === 0 ? undefined : resources],
      [9, grant.dpopKey ?? undefined],
      [10, claims.every((names) => names === '') ? undefined : [...claims]],
      [11, acr.length === 0 ? undefined : acr],
      [12, grant.ends],
      [13, lineageToCbor(grant.lineage)],
    ]),
  );
  if (decodeRefresh(body) === null) throw new RangeError('a refresh token over the caps of its body');
  return body;
}

/** The grant in a body; null for anything else. */
export function decodeRefresh(body: Uint8Array): RefreshGrant | null {
  return readCborMap(body, (fields) => {
    const family = fields.bytes(1, { min: 16, max: 16 });
    const generation = fields.uint(2, { max: U32_MAX });
    const sid = fields.bytes(3, { min: 16, max: 16 });
    const accountId = fields.text(4, { min: 1, max: ACCOUNT_ID_MAX_BYTES });
    const sessionCreated = fields.uint(5, { max: U32_MAX });
    return {
      family,
      generation,
      sid,
      accountId,
      sessionCreated,
      events: eventsFrom(readEvents(fields, 6, EVENTS_MAX), sessionCreated) ?? fields.refuse(6),
      scope: fields.uint(7, { max: 255 }),
      resources: fields.has(8)
        ? fields.list(8, { min: 1, max: CODE_LIST_MAX }, (items, i) => items.bytes(i, { min: 8, max: 8 }))
        : [],
      dpopKey: fields.optional(9, (_, key) => fields.bytes(key, { min: 32, max: 32 })),
      claims: fields.has(10)
        ? fields.tuple(10, (pair) => [
            pair.text(0, { max: CODE_CLAIMS_MAX_BYTES }),
            pair.text(1, { max: CODE_CLAIMS_MAX_BYTES }),
          ])
        : ['', ''],
      acr: fields.has(11)
        ? fields.list(11, { min: 1, max: CODE_LIST_MAX }, (items, i) => items.uint(i, { min: 1, max: 255 }))
        : [],
      ends: fields.uint(12, { max: U32_MAX }),
      lineage: readLineage(fields, 13, REFRESH_LINEAGE_MAX),
    };
  });
}
