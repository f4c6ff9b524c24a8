// Owns: what a person is about to enrol as the body of `enrolment`. Leaves to each method: what stands in `data`; to web/:
// the cookie, whom it is for, and that it counts once. docs/sealed-values.md, enrolment.
import { ACCOUNT_ID_MAX_BYTES, type AccountId } from '../core/account.ts';
import type { CredentialKind } from '../core/credential.ts';
import { readCborMap } from '../sealer/cbor-fields.ts';
import { lineageToCbor, readLineage } from './lineage.ts';
import { type BodyEntries, writeBody } from './write-body.ts';

export interface EnrolmentBody {
  /** 16 bytes; what confirming it spends. */
  readonly id: Uint8Array;
  /** 16 bytes: the sid of the session, or the inner id of the login flow, that it began in. */
  readonly boundTo: Uint8Array;
  readonly accountId: AccountId;
  /** Of the person's credentials when it began: whatever is changed meanwhile ends it. */
  readonly version: number;
  readonly kind: CredentialKind;
  readonly data: Uint8Array;
  readonly lineage: readonly string[];
}

/** Kinds by the number that stands in sealed values: append only. */
const KINDS = { totp: 1, webauthn: 2, 'recovery-codes': 3, email: 4, sms: 5 } as const satisfies Record<
  CredentialKind,
  number
>;
const KIND_NAMES = Object.keys(KINDS) as CredentialKind[];
/** The longest that a method keeps between the two steps of an enrolment. */
export const ENROLMENT_DATA_MAX_BYTES = 320;
const VERSION_MAX = 0xffff_ffff;

/** @throws RangeError for an enrolment over the caps of its body. */
export function encodeEnrolment(enrolment: EnrolmentBody): Uint8Array {
  const entries: BodyEntries = [
    [1, enrolment.id],
    [2, enrolment.boundTo],
    [3, enrolment.accountId],
    [4, enrolment.version],
    [5, KINDS[enrolment.kind]],
    [6, enrolment.data],
    [7, lineageToCbor(enrolment.lineage)],
  ];
  return writeBody('an enrolment', entries, (body) => decodeEnrolment(body) !== null);
}

/** The enrolment in a body; null for anything else. */
export function decodeEnrolment(body: Uint8Array): EnrolmentBody | null {
  return readCborMap(body, (fields) => {
    const id = fields.bytes(1, { min: 16, max: 16 });
    const boundTo = fields.bytes(2, { min: 16, max: 16 });
    const accountId = fields.text(3, { min: 1, max: ACCOUNT_ID_MAX_BYTES });
    const version = fields.uint(4, { max: VERSION_MAX });
    const number = fields.uint(5, { max: 255 });
    const kind = KIND_NAMES.find((name) => KINDS[name] === number) ?? fields.refuse(5);
    const data = fields.bytes(6, { min: 1, max: ENROLMENT_DATA_MAX_BYTES });
    return { id, boundTo, accountId, version, kind, data, lineage: readLineage(fields, 7) };
  });
}
