// Owns: what must be remembered of a request to answer it, as deterministic CBOR inside the sealed login.
// Numbers are append-only (docs/sealed-values.md). Endpoints are named by hash: positions differ between nodes.
import { createHash, hash } from 'node:crypto';
import type { PendingAnswer } from '../../core/authentication-request.ts';
import type { SubjectIdentifierKind } from '../../core/subject-identifier.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import { RELAY_STATE_MAX_BYTES } from '../../saml/relay-state.ts';
import { cborMap, encodeCbor } from '../../sealer/cbor.ts';
import { type CborFields, readCborMap } from '../../sealer/cbor-fields.ts';
import { type ContextClass, contextClass } from './authn-context.ts';

export interface PendingSaml {
  /** 12 hex digits. */
  readonly partyHash: string;
  /** {@link acsHash} of the verified return address. */
  readonly acsHash: string;
  /** Null when nobody asked (IdP-initiated). */
  readonly inResponseTo: { readonly id: string; readonly issueInstant: EpochSeconds } | null;
  readonly relayState: string | null;
  readonly nameId: SubjectIdentifierKind;
  /** Classes that the party asked for, best first; empty: it did not ask. */
  readonly classes: readonly ContextClass[];
  readonly attributeConsumingServiceIndex: number | null;
  readonly subject: RequiredSubject | null;
}

/** Whom the answer must be about; only a digest, because a NameID can be long. */
export interface RequiredSubject {
  readonly kind: SubjectIdentifierKind;
  /** {@link subjectDigest} of the identifier; for a transient one, of the account id behind it. */
  readonly digest: Uint8Array;
}

const NAME_ID_NUMBERS = { transient: 1, persistent: 2, emailAddress: 3, unspecified: 4 } as const satisfies Record<
  SubjectIdentifierKind,
  number
>;
const NAME_ID_KINDS = Object.keys(NAME_ID_NUMBERS) as SubjectIdentifierKind[];

const ACS_HASH_BYTES = 8;
const SUBJECT_DIGEST_BYTES = 16;
const U32_MAX = 0xffff_ffff;

/** How a pending answer names an endpoint: 8 bytes of SHA-256 of its address, in hex. */
export function acsHash(url: string): string {
  return hash('sha256', url, 'hex').slice(0, ACS_HASH_BYTES * 2);
}

/** 16 bytes of SHA-256. */
export function subjectDigest(value: string): Buffer {
  return createHash('sha256').update(value, 'utf8').digest().subarray(0, SUBJECT_DIGEST_BYTES);
}

/** What an answer of this very request holds: one that the session satisfies is never sealed, and need not be decoded. */
const known = new WeakMap<PendingAnswer, PendingSaml | null>();

export function encodePending(pending: PendingSaml): PendingAnswer {
  const { inResponseTo, subject, classes } = pending;
  const data = encodeCbor(
    cborMap([
      [1, Buffer.from(pending.partyHash, 'hex')],
      [2, Buffer.from(pending.acsHash, 'hex')],
      [3, inResponseTo === null ? undefined : [inResponseTo.id, inResponseTo.issueInstant]],
      [4, pending.relayState ?? undefined],
      [5, NAME_ID_NUMBERS[pending.nameId]],
      [6, classes.length === 0 ? undefined : classes.map(({ number }) => number)],
      [7, pending.attributeConsumingServiceIndex ?? undefined],
      [8, subject === null ? undefined : [NAME_ID_NUMBERS[subject.kind], subject.digest]],
    ]),
  );
  const answer: PendingAnswer = { protocol: 'saml', data };
  known.set(answer, pending);
  return answer;
}

/** Null for anything that {@link encodePending} of this release did not write. */
export function decodePending(pending: PendingAnswer): PendingSaml | null {
  if (pending.protocol !== 'saml') return null;
  const before = known.get(pending);
  if (before !== undefined) return before;
  const read = readPending(pending);
  known.set(pending, read);
  return read;
}

function readPending(pending: PendingAnswer): PendingSaml | null {
  return readCborMap(pending.data, (fields) => ({
    partyHash: hex(fields, 1, 6),
    acsHash: hex(fields, 2, ACS_HASH_BYTES),
    inResponseTo: fields.optional(3, (_, key) =>
      fields.tuple(key, (pair) => ({
        id: pair.text(0, { min: 1, max: 200 }),
        issueInstant: pair.uint(1, { max: U32_MAX }),
      })),
    ),
    relayState: fields.optional(4, (_, key) => fields.text(key, { max: RELAY_STATE_MAX_BYTES })),
    nameId: readKind(fields, 5),
    classes: fields.has(6) ? fields.list(6, { min: 1, max: 16 }, readClass) : [],
    attributeConsumingServiceIndex: fields.optional(7, (_, key) => fields.uint(key, { max: 65_535 })),
    subject: fields.optional(8, (_, key) =>
      fields.tuple(key, (pair) => ({
        kind: readKind(pair, 0),
        digest: pair.bytes(1, { min: SUBJECT_DIGEST_BYTES, max: SUBJECT_DIGEST_BYTES }),
      })),
    ),
  }));
}

function hex(fields: CborFields, key: number, length: number): string {
  return Buffer.from(fields.bytes(key, { min: length, max: length })).toString('hex');
}

function readKind(fields: CborFields, key: number): SubjectIdentifierKind {
  const number = fields.uint(key, { max: 255 });
  return NAME_ID_KINDS.find((kind) => NAME_ID_NUMBERS[kind] === number) ?? fields.refuse(key);
}

function readClass(items: CborFields, position: number): ContextClass {
  return contextClass(items.uint(position, { max: 65_535 })) ?? items.refuse(position);
}
