// Owns: an authorization code as the body of `oidc-code`. Leaves to protocols/oidc: when one is made, and to whom it is
// given; to the spent store: that it is used once. docs/sealed-values.md, oidc-code.
import { readCborMap } from '../sealer/cbor-fields.ts';
import { type GrantFields, grantToCbor, readGrant } from './grant-fields.ts';
import { lineageToCbor, readLineage } from './lineage.ts';
import { type BodyEntries, writeBody } from './write-body.ts';

export interface AuthorizationCode extends GrantFields {
  /** 16 bytes; what redeeming spends, and what tokens made from it are known by. */
  readonly id: Uint8Array;
  /** 16 bytes of SHA-256 of redirect_uri as it was sent. */
  readonly redirectUri: Uint8Array;
  /** The S256 code_challenge, 32 bytes; null: none was sent. */
  readonly codeChallenge: Uint8Array | null;
  readonly nonce: string | null;
  readonly lineage: readonly string[];
}

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

const KEYS = {
  sid: 2,
  accountId: 3,
  sessionCreated: 4,
  events: 5,
  dpopKey: 8,
  scope: 9,
  resources: 10,
  claims: 11,
  acr: 13,
} as const;

/** @throws RangeError for a code over the caps of its body. */
export function encodeCode(code: AuthorizationCode): Uint8Array {
  const entries: BodyEntries = [
    [1, code.id],
    ...grantToCbor(code, KEYS),
    [6, code.redirectUri],
    [7, code.codeChallenge ?? undefined],
    [12, code.nonce ?? undefined],
    [14, lineageToCbor(code.lineage)],
  ];
  return writeBody('a code', entries, (body) => decodeCode(body) !== null);
}

/** The code in a body; null for anything else. */
export function decodeCode(body: Uint8Array): AuthorizationCode | null {
  return readCborMap(body, (fields) => ({
    id: fields.bytes(1, { min: 16, max: 16 }),
    ...readGrant(fields, KEYS),
    redirectUri: fields.bytes(6, { min: 16, max: 16 }),
    codeChallenge: fields.optional(7, (_, key) => fields.bytes(key, { min: 32, max: 32 })),
    nonce: fields.optional(12, (_, key) => fields.text(key, { min: 1, max: CODE_NONCE_MAX_BYTES })),
    lineage: readLineage(fields, 14),
  }));
}
