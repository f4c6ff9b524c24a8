// Owns: what an authorization code and the refresh tokens that come from it both hold: whose proofs of which session, and what
// was asked for. Each keeps it at keys of its own. Leaves to protocols/oidc: what the numbers mean.
// docs/sealed-values.md, oidc-code and oidc-refresh.
import { ACCOUNT_ID_MAX_BYTES, type AccountId } from '../core/account.ts';
import type { AuthenticationEvent } from '../core/authentication-event.ts';
import { EVENTS_MAX } from '../core/session.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { CborFields } from '../sealer/cbor-fields.ts';
import { eventRecord, eventsFrom } from './session-body.ts';
import { eventsToCbor, readEvents, U32_MAX } from './session-record.ts';
import type { BodyEntries } from './write-body.ts';

export interface GrantFields {
  readonly sid: Uint8Array;
  readonly accountId: AccountId;
  /** When the session began; its absolute end follows from the policy. */
  readonly sessionCreated: EpochSeconds;
  readonly events: readonly AuthenticationEvent[];
  /** JWK thumbprint that the tokens are bound to (RFC 9449), 32 bytes. */
  readonly dpopKey: Uint8Array | null;
  /** Bits of the protocol's list of scopes. */
  readonly scope: number;
  /** 8 bytes of SHA-256 each of the resources that were asked for. */
  readonly resources: readonly Uint8Array[];
  /** Names that the claims parameter asked for, separated by spaces: ID token, userinfo. */
  readonly claims: readonly [idToken: string, userinfo: string];
  /** Numbers of the acr values that were asked for. */
  readonly acr: readonly number[];
}

/** Where a kind of body keeps each of them. */
type GrantKeys = Readonly<Record<keyof GrantFields, number>>;

/** Of resources, and of acr values. */
export const GRANT_LIST_MAX = 8;
/** Of the names for the ID token, and of those for userinfo. */
export const GRANT_CLAIMS_MAX_BYTES = 160;

export function grantToCbor(grant: GrantFields, keys: GrantKeys): BodyEntries {
  const { events, sessionCreated, resources, claims, acr } = grant;
  const records = events
    .slice(-EVENTS_MAX)
    .map((one) => eventRecord(one.method, one.at, one.credentialId, sessionCreated));
  return [
    [keys.sid, grant.sid],
    [keys.accountId, grant.accountId],
    [keys.sessionCreated, sessionCreated],
    [keys.events, eventsToCbor(records)],
    [keys.dpopKey, grant.dpopKey ?? undefined],
    [keys.scope, grant.scope],
    [keys.resources, resources.length === 0 ? undefined : resources],
    [keys.claims, claims.every((names) => names === '') ? undefined : [...claims]],
    [keys.acr, acr.length === 0 ? undefined : acr],
  ];
}

export function readGrant(fields: CborFields, keys: GrantKeys): GrantFields {
  const sessionCreated = fields.uint(keys.sessionCreated, { max: U32_MAX });
  return {
    sid: fields.bytes(keys.sid, { min: 16, max: 16 }),
    accountId: fields.text(keys.accountId, { min: 1, max: ACCOUNT_ID_MAX_BYTES }),
    sessionCreated,
    events: eventsFrom(readEvents(fields, keys.events, EVENTS_MAX), sessionCreated) ?? fields.refuse(keys.events),
    dpopKey: fields.optional(keys.dpopKey, (_, key) => fields.bytes(key, { min: 32, max: 32 })),
    scope: fields.uint(keys.scope, { max: 255 }),
    resources: fields.has(keys.resources)
      ? fields.list(keys.resources, { min: 1, max: GRANT_LIST_MAX }, (items, i) => items.bytes(i, { min: 8, max: 8 }))
      : [],
    claims: fields.has(keys.claims)
      ? fields.tuple(keys.claims, (pair) => [
          pair.text(0, { max: GRANT_CLAIMS_MAX_BYTES }),
          pair.text(1, { max: GRANT_CLAIMS_MAX_BYTES }),
        ])
      : ['', ''],
    acr: fields.has(keys.acr)
      ? fields.list(keys.acr, { min: 1, max: GRANT_LIST_MAX }, (items, i) => items.uint(i, { min: 1, max: 255 }))
      : [],
  };
}
