// Owns: what must be remembered of an authorization request to answer it, as deterministic CBOR inside the sealed login.
// Numbers are append-only (docs/sealed-values.md). Addresses and resources are named by hash: the registration has them.
import { createHash, hash } from 'node:crypto';
import type { PendingAnswer } from '../../core/authentication-request.ts';
import { RESPONSE_TYPES, type ResponseType } from '../../parties/client-metadata.ts';
import { CODE_NONCE_MAX_BYTES } from '../../sealed/code-body.ts';
import { GRANT_CLAIMS_MAX_BYTES, GRANT_LIST_MAX } from '../../sealed/grant-fields.ts';
import { cborMap, encodeCbor } from '../../sealer/cbor.ts';
import { type CborFields, readCborMap } from '../../sealer/cbor-fields.ts';
import { type AcrValue, acrByNumber } from './acr.ts';
import { type Scope, scopeBits, scopesOf } from './scopes.ts';

/** How an answer travels. Sealed values hold the place in this list: append only. */
export const RESPONSE_MODES = ['query', 'fragment', 'form_post', 'query.jwt', 'fragment.jwt', 'form_post.jwt'] as const;
export type ResponseMode = (typeof RESPONSE_MODES)[number];

export interface PendingOidc {
  /** 12 hex digits. */
  readonly partyHash: string;
  /** {@link shortHash} of the registered address. */
  readonly redirectHash: string;
  /** The port of a native app, which may be another one each time (RFC 8252 §7.3); null: as registered. */
  readonly loopbackPort: number | null;
  readonly responseType: ResponseType;
  readonly responseMode: ResponseMode;
  readonly state: string | null;
  readonly nonce: string | null;
  readonly codeChallenge: Uint8Array | null;
  readonly dpopKey: Uint8Array | null;
  readonly scopes: readonly Scope[];
  /** {@link shortHash} each. */
  readonly resources: readonly string[];
  readonly claims: { readonly idToken: readonly string[]; readonly userinfo: readonly string[] };
  /** Asked for, best first. */
  readonly acr: readonly AcrValue[];
  /** One of `acr` must be proved; otherwise they are a wish. */
  readonly acrEssential: boolean;
  /** {@link subjectDigest} of the `sub` that the answer must be about. */
  readonly subject: Uint8Array | null;
  /** max_age was asked for, or the client wants auth_time always. */
  readonly authTime: boolean;
}

export const STATE_MAX_BYTES = 512;

/** 8 bytes of SHA-256, in hex. */
export function shortHash(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 16);
}

/** 16 bytes of SHA-256. */
export function subjectDigest(sub: string): Buffer {
  return createHash('sha256').update(sub, 'utf8').digest().subarray(0, 16);
}

const ACR_ESSENTIAL = 1;
const AUTH_TIME = 2;

const known = new WeakMap<PendingAnswer, PendingOidc | null>();

export function encodePending(pending: PendingOidc): PendingAnswer {
  const { claims, acr, resources } = pending;
  const flags = (pending.acrEssential ? ACR_ESSENTIAL : 0) | (pending.authTime ? AUTH_TIME : 0);
  const names = [claims.idToken.join(' '), claims.userinfo.join(' ')];
  const data = encodeCbor(
    cborMap([
      [1, Buffer.from(pending.partyHash, 'hex')],
      [2, Buffer.from(pending.redirectHash, 'hex')],
      [3, pending.loopbackPort ?? undefined],
      [4, [RESPONSE_TYPES.indexOf(pending.responseType), RESPONSE_MODES.indexOf(pending.responseMode)]],
      [5, pending.state ?? undefined],
      [6, pending.nonce ?? undefined],
      [7, pending.codeChallenge ?? undefined],
      [8, pending.dpopKey ?? undefined],
      [9, scopeBits(pending.scopes)],
      [10, resources.length === 0 ? undefined : resources.map((one) => Buffer.from(one, 'hex'))],
      [11, names.every((one) => one === '') ? undefined : names],
      [12, acr.length === 0 ? undefined : acr.slice(0, GRANT_LIST_MAX).map(({ number }) => number)],
      [13, flags],
      [14, pending.subject ?? undefined],
    ]),
  );
  const answer: PendingAnswer = { protocol: 'oidc', data };
  known.set(answer, pending);
  return answer;
}

/** Null for anything that {@link encodePending} of this release did not write. */
export function decodePending(answer: PendingAnswer): PendingOidc | null {
  if (answer.protocol !== 'oidc') return null;
  const before = known.get(answer);
  if (before !== undefined) return before;
  const read = readPending(answer.data);
  known.set(answer, read);
  return read;
}

function readPending(data: Uint8Array): PendingOidc | null {
  return readCborMap(data, (fields) => {
    const partyHash = hex(fields, 1, 6);
    const redirectHash = hex(fields, 2, 8);
    const loopbackPort = fields.optional(3, (_, key) => fields.uint(key, { min: 1, max: 65_535 }));
    const [responseType, responseMode] = fields.tuple(4, (pair) => [
      RESPONSE_TYPES[pair.uint(0, { max: 255 })] ?? pair.refuse(0),
      RESPONSE_MODES[pair.uint(1, { max: 255 })] ?? pair.refuse(1),
    ]);
    const state = fields.optional(5, (_, key) => fields.text(key, { min: 1, max: STATE_MAX_BYTES }));
    const nonce = fields.optional(6, (_, key) => fields.text(key, { min: 1, max: CODE_NONCE_MAX_BYTES }));
    const codeChallenge = fields.optional(7, (_, key) => fields.bytes(key, { min: 32, max: 32 }));
    const dpopKey = fields.optional(8, (_, key) => fields.bytes(key, { min: 32, max: 32 }));
    const scopes = scopesOf(fields.uint(9, { max: 255 })) ?? fields.refuse(9);
    const resources = fields.has(10)
      ? fields.list(10, { min: 1, max: GRANT_LIST_MAX }, (items, i) => hex(items, i, 8))
      : [];
    const claims = fields.has(11) ? fields.tuple(11, readNames) : { idToken: [], userinfo: [] };
    const acr = fields.has(12)
      ? fields.list(
          12,
          { min: 1, max: GRANT_LIST_MAX },
          (items, i) => acrByNumber(items.uint(i, { max: 255 })) ?? items.refuse(i),
        )
      : [];
    const flags = fields.uint(13, { max: ACR_ESSENTIAL | AUTH_TIME });
    return {
      partyHash,
      redirectHash,
      loopbackPort,
      responseType,
      responseMode,
      state,
      nonce,
      codeChallenge,
      dpopKey,
      scopes,
      resources,
      claims,
      acr,
      acrEssential: (flags & ACR_ESSENTIAL) !== 0,
      authTime: (flags & AUTH_TIME) !== 0,
      subject: fields.optional(14, (_, key) => fields.bytes(key, { min: 16, max: 16 })),
    };
  });
}

function readNames(pair: CborFields): PendingOidc['claims'] {
  const [idToken, userinfo] = [0, 1].map((place) => pair.text(place, { max: GRANT_CLAIMS_MAX_BYTES }));
  const split = (names = ''): readonly string[] => (names === '' ? [] : names.split(' '));
  return { idToken: split(idToken), userinfo: split(userinfo) };
}

function hex(fields: CborFields, key: number, length: number): string {
  return Buffer.from(fields.bytes(key, { min: length, max: length })).toString('hex');
}
