// Owns: the structure of the `sso-session` body: keys, order, caps. docs/sealed-values.md, sso-session.
// Leaves to session-body.ts: what the numbers mean. A record can therefore hold a method that this release does not know.
import { ACCOUNT_ID_MAX_BYTES } from '../core/account.ts';
import { EVENTS_MAX } from '../core/session.ts';
import { type CborValue, cborMap, encodeCbor } from '../sealer/cbor.ts';
import { type CborFields, readCborMap } from '../sealer/cbor-fields.ts';
import { isLineage, lineageToCbor, readLineage } from './lineage.ts';

export const U32_MAX = 0xffff_ffff;
/** Seconds after `created`: longer than any session. */
export const DT_MAX = 0xffff;
export const METHOD_NUMBER_MAX = 255;
const CREDENTIAL_ID_MAX_BYTES = 16;
/** A NameID that cannot be computed again must fit into this. */
export const LITERAL_NAME_ID_MAX_BYTES = 256;
/** Far more participants than fit; the purpose's characters are the real limit. */
const PARTICIPANTS_MAX = 255;

export interface EventRecord {
  readonly method: number;
  readonly dt: number;
  readonly credentialId: string;
}

/** kind 0: no value. 1: two bytes of a kid. 2: the NameID's text. */
export type ParticipantRecord = { readonly party: Uint8Array; readonly dt: number } & (
  | { readonly kind: 0 }
  | { readonly kind: 1; readonly value: Uint8Array }
  | { readonly kind: 2; readonly value: string }
);

export interface SessionRecord {
  readonly sid: Uint8Array;
  readonly accountId: string;
  readonly created: number;
  readonly events: readonly EventRecord[];
  readonly participants: readonly ParticipantRecord[];
  readonly lineage: readonly string[];
}

/**
 * The body of a record.
 * @throws RangeError for a record that {@link decodeSessionRecord} would refuse.
 */
export function encodeSessionRecord(record: SessionRecord): Uint8Array {
  const { events, participants, lineage } = record;
  const sound =
    record.sid.length === 16 &&
    isTextOf(record.accountId, ACCOUNT_ID_MAX_BYTES) &&
    record.created <= U32_MAX &&
    events.length >= 1 &&
    events.length <= EVENTS_MAX &&
    events.every(isSoundEvent) &&
    participants.every(isSoundParticipant) &&
    isLineage(lineage);
  if (!sound) throw new RangeError('a session over the caps of its body');
  return encodeCbor(
    cborMap([
      [1, record.sid],
      [2, record.accountId],
      [3, record.created],
      [4, eventsToCbor(record.events)],
      [5, record.participants.length === 0 ? undefined : record.participants.map(participantToCbor)],
      [6, lineageToCbor(record.lineage)],
    ]),
  );
}

/** The record in a body; null for anything but a body of this schema. */
export function decodeSessionRecord(body: Uint8Array): SessionRecord | null {
  return readCborMap(body, (fields) => ({
    sid: fields.bytes(1, { min: 16, max: 16 }),
    accountId: fields.text(2, { min: 1, max: ACCOUNT_ID_MAX_BYTES }),
    created: fields.uint(3, { max: U32_MAX }),
    events: readEvents(fields, 4, EVENTS_MAX),
    participants: fields.has(5) ? fields.list(5, { min: 1, max: PARTICIPANTS_MAX }, readParticipant) : [],
    lineage: readLineage(fields, 6),
  }));
}

/** Events as sessions and flows hold them. */
export function eventsToCbor(events: readonly EventRecord[]): CborValue {
  return events.map((event) => [event.method, event.dt, event.credentialId]);
}

/** Reads 1..max events. */
export function readEvents(fields: CborFields, key: number, max: number): readonly EventRecord[] {
  return fields.list(key, { min: 1, max }, (items, i) =>
    items.tuple(i, (event) => ({
      method: event.uint(0, { min: 1, max: METHOD_NUMBER_MAX }),
      dt: event.uint(1, { max: DT_MAX }),
      credentialId: event.text(2, { min: 1, max: CREDENTIAL_ID_MAX_BYTES }),
    })),
  );
}

function isSoundEvent({ method, dt, credentialId }: EventRecord): boolean {
  return method >= 1 && method <= METHOD_NUMBER_MAX && dt <= DT_MAX && isTextOf(credentialId, CREDENTIAL_ID_MAX_BYTES);
}

function isSoundParticipant(participant: ParticipantRecord): boolean {
  if (participant.party.length !== 6 || participant.dt > DT_MAX) return false;
  if (participant.kind === 1) return participant.value.length === 2;
  return participant.kind === 0 || isTextOf(participant.value, LITERAL_NAME_ID_MAX_BYTES);
}

function isTextOf(text: string, maxBytes: number): boolean {
  return text !== '' && Buffer.byteLength(text, 'utf8') <= maxBytes;
}

function participantToCbor(participant: ParticipantRecord): CborValue {
  const { party, dt, kind } = participant;
  return kind === 0 ? [party, dt, kind] : [party, dt, kind, participant.value];
}

function readParticipant(items: CborFields, position: number): ParticipantRecord {
  return items.tuple(position, (fields) => {
    const party = fields.bytes(0, { min: 6, max: 6 });
    const dt = fields.uint(1, { max: DT_MAX });
    const kind = fields.uint(2, { max: 2 });
    if (kind === 0) return { party, dt, kind };
    if (kind === 1) return { party, dt, kind, value: fields.bytes(3, { min: 2, max: 2 }) };
    return { party, dt, kind: 2, value: fields.text(3, { min: 1, max: LITERAL_NAME_ID_MAX_BYTES }) };
  });
}
