// Owns: the single sign-on session as the body of `sso-session`. Leaves to session-record.ts: keys, order and caps.
// Leaves to web/: the cookie, and asking whether the session is live and not revoked.
import { METHOD_NUMBERS, type MethodName } from '../core/authentication-event.ts';
import type { Participant, Session } from '../core/session.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { maxBodyBytes } from '../sealer/envelope.ts';
import { ssoSession } from '../sealer/purpose.ts';
import {
  DT_MAX,
  decodeSessionRecord,
  type EventRecord,
  encodeSessionRecord,
  type ParticipantRecord,
} from './session-record.ts';

const METHODS_BY_NUMBER: ReadonlyMap<number, MethodName> = new Map(
  (Object.keys(METHOD_NUMBERS) as MethodName[]).map((name) => [METHOD_NUMBERS[name], name]),
);

/**
 * The body of a session.
 * @throws RangeError for a session that {@link decodeSession} would refuse: a limit that the caller should have kept.
 */
export function encodeSession(session: Session): Uint8Array {
  const { sid, accountId, created, events, participants, lineage } = session;
  return encodeSessionRecord({
    sid,
    accountId,
    created,
    events: events.map((event) => eventRecord(event.method, event.at, event.credentialId, created)),
    participants: participants.map((participant) => participantRecord(participant, created)),
    lineage,
  });
}

/**
 * The session in a body; null for anything else.
 * A method that this release does not know refuses the whole: what it proves cannot be told, and a session without it
 * would be another session. So a release must be able to read a method before any release writes it.
 */
export function decodeSession(body: Uint8Array): Session | null {
  const record = decodeSessionRecord(body);
  if (record === null) return null;
  const { sid, accountId, created, lineage } = record;
  const events = eventsFrom(record.events, created);
  if (events === null) return null;
  return {
    sid,
    accountId,
    created,
    events,
    participants: record.participants.map((p) => participantFrom(p, created)),
    lineage,
  };
}

/** The session with as many participants as fit into its cookie: the oldest go first. */
export function fitSession(session: Session): { readonly session: Session; readonly dropped: number } {
  let fitted = session;
  while (fitted.participants.length > 0 && encodeSession(fitted).length > maxBodyBytes(ssoSession)) {
    fitted = { ...fitted, participants: fitted.participants.slice(1) };
  }
  return { session: fitted, dropped: session.participants.length - fitted.participants.length };
}

/** An event as bodies hold it, counted from `base`. */
export function eventRecord(
  method: MethodName,
  at: EpochSeconds,
  credentialId: string,
  base: EpochSeconds,
): EventRecord {
  return { method: METHOD_NUMBERS[method], dt: secondsAfter(base, at), credentialId };
}

/** The events of a body; null when a method is unknown. */
export function eventsFrom(records: readonly EventRecord[], base: EpochSeconds): Session['events'] | null {
  const events = [];
  for (const { method: number, dt, credentialId } of records) {
    const method = methodNumbered(number);
    if (method === null) return null;
    events.push({ method, credentialId, at: base + dt });
  }
  return events;
}

/** The method with this number; null for one of another release. */
export function methodNumbered(number: number): MethodName | null {
  return METHODS_BY_NUMBER.get(number) ?? null;
}

/**
 * Seconds after the beginning of a value. Never negative: a node whose clock is behind the one that began counts as having acted at that moment.
 * @throws RangeError for more than a value can hold.
 */
export function secondsAfter(base: EpochSeconds, at: EpochSeconds): number {
  const dt = Math.max(0, at - base);
  if (dt > DT_MAX) throw new RangeError(`a time ${dt} seconds after the beginning`);
  return dt;
}

function participantRecord(participant: Participant, created: EpochSeconds): ParticipantRecord {
  const common = { party: Buffer.from(participant.relyingParty, 'hex'), dt: secondsAfter(created, participant.at) };
  const { nameId } = participant;
  switch (nameId.kind) {
    case 'derived':
      return { ...common, kind: 0 };
    case 'transient':
      return { ...common, kind: 1, value: nameId.kidPrefix };
    case 'literal':
      return { ...common, kind: 2, value: nameId.value };
    default:
      return nameId satisfies never;
  }
}

function participantFrom(record: ParticipantRecord, created: EpochSeconds): Participant {
  const relyingParty = Buffer.from(record.party).toString('hex');
  const at = created + record.dt;
  switch (record.kind) {
    case 0:
      return { relyingParty, at, nameId: { kind: 'derived' } };
    case 1:
      return { relyingParty, at, nameId: { kind: 'transient', kidPrefix: record.value } };
    case 2:
      return { relyingParty, at, nameId: { kind: 'literal', value: record.value } };
    default:
      return record satisfies never;
  }
}
