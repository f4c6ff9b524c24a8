// Owns: an authorization code as the body of `oidc-code`. Leaves to protocols/oidc: when one is made, and to whom it is
// given; to the spent store: that it is used once. docs/sealed-values.md, oidc-code.
import { ACCOUNT_ID_MAX_BYTES, type AccountId } from '../core/account.ts';
import type { AuthenticationEvent } from '../core/authentication-event.ts';
import { EVENTS_MAX } from '../core/session.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { cborMap, encodeCbor } from '../sealer/cbor.ts';
import { readCborMap } from '../sealer/cbor-fields.ts';
import { lineageToCbor, readLineage } from './lineage.ts';
import { eventRecord, eventsFrom } from './session-body.ts';
import { eventsToCbor, readEvents, U32_MAX } from './session-record.ts';

export interface AuthorizationCode {
  /** 16 bytes; what redeeming spends, and what tokens made from it are known by. */
  readonly id: Uint8Array;
  readonly sid: Uint8Array;
  readonly accountId: AccountId;
  /** When the session began; its absolute end follows from the policy. */
  readonly sessionCreated: EpochSeconds;
  readonly events: readonly AuthenticationEvent[];
  /** {@link digestOf} of redirect_uri as it was sent. */
  readonly redirectUri: Uint8Array;
  /** The S256 code_challenge, 32 bytes; null: none was sent. */
  readonly codeChallenge: Uint8Array | null;
  /** JWK thumbprint that the tokens are bound to (RFC 9449), 32 bytes. */
  readonly dpopKey: Uint8Array | null;
  /** Bits of the protocol's list of scopes. */
  readonly scope: number;
  /** 8 bytes of SHA-256 each of the resources that were asked for. */
  readonly resources: readonly Uint8Array[];
  /** Names that the claims parameter asked for, separated by spaces: ID token, userinfo. */
  readonly claims: readonly [idToken: string, userinfo: string];
  readonly nonce: string | null;
  /** Numbers of the acr values that were asked for. */
  readonly acr: readonly number[];
  readonly lineage: readonly string[];
}

export const CODE_LIST_MAX = 8;
export const CODE_CLAIMS_MAX_BYTES = 160;
export const CODE_NONCE_MAX_BYTES = 128;
/** What a request may bring into its code, by {@link codeRequestBytes}. The rest is kept for the person and the keys. */
export const CODE_REQUEST_MAX_BYTES = 216;

/** The room that the parts of a request take whose length is the client's choice. */
export function codeRequestBytes(request: {
  readonly nonce: string | null;
  readonly claims: readonly [idToken: string, userinfo: string];
  readonly resources: number;
}): number {
  const texts = [request.nonce ?? '', ...request.claims];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text, 'utf8'), 0) + 9 * request.resources;
}

/** @throws RangeError for a code over the caps of its body. */
export function encodeCode(code: AuthorizationCode): Uint8Array {
  const { events, sessionCreated, resources, claims, acr } = code;
  const records = events
    .slice(-EVENTS_MAX)
    .map((one) => eventRecord(one.method, one.at, one.credentialId, sessionCreated));
  const body = encodeCbor(
    cborMap([
      [1, code.id],
      [2, code.sid],
      [3, code.accountId],
      [4, sessionCreated],
      [5, eventsToCbor(records)],
      [6, code.redirectUri],
      [7, code.codeChallenge ?? undefined],
      [8, code.dpopKey ?? undefined],
      [9, code.scope],
      [10, resources.length === 0 ? undefined : resources],
      [11, claims.every((names) => names === '') ? undefined : [...claims]],
      [12, code.nonce ?? undefined],
      [13, acr.length === 0 ? undefined : acr],
      [14, lineageToCbor(code.lineage)],
    ]),
  );
  if (decodeCode(body) === null) throw new RangeError('a code over the caps of its body');
  return body;
}

/** The code in a body; null for anything else. */
export function decodeCode(body: Uint8Array): AuthorizationCode | null {
  return readCborMap(body, (fields) => {
    const id = fields.bytes(1, { min: 16, max: 16 });
    const sid = fields.bytes(2, { min: 16, max: 16 });
    const accountId = fields.text(3, { min: 1, max: ACCOUNT_ID_MAX_BYTES });
    const sessionCreated = fields.uint(4, { max: U32_MAX });
    const events = eventsFrom(readEvents(fields, 5, EVENTS_MAX), sessionCreated) ?? fields.refuse(5);
    return {
      id,
      sid,
      accountId,
      sessionCreated,
      events,
      redirectUri: fields.bytes(6, { min: 16, max: 16 }),
      codeChallenge: fields.optional(7, (_, key) => fields.bytes(key, { min: 32, max: 32 })),
      dpopKey: fields.optional(8, (_, key) => fields.bytes(key, { min: 32, max: 32 })),
      scope: fields.uint(9, { max: 255 }),
      resources: fields.has(10)
        ? fields.list(10, { min: 1, max: CODE_LIST_MAX }, (items, i) => items.bytes(i, { min: 8, max: 8 }))
        : [],
      claims: fields.has(11)
        ? fields.tuple(11, (pair) => [
            pair.text(0, { max: CODE_CLAIMS_MAX_BYTES }),
            pair.text(1, { max: CODE_CLAIMS_MAX_BYTES }),
          ])
        : ['', ''],
      nonce: fields.optional(12, (_, key) => fields.text(key, { min: 1, max: CODE_NONCE_MAX_BYTES })),
      acr: fields.has(13)
        ? fields.list(13, { min: 1, max: CODE_LIST_MAX }, (items, i) => items.uint(i, { min: 1, max: 255 }))
        : [],
      lineage: readLineage(fields, 14),
    };
  });
}
