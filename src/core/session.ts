// Owns: what a single sign-on session is and when it has ended. Leaves to sealer/ and sealed/: its bytes.
import { createHash } from 'node:crypto';
import type { EpochSeconds } from '../lib/clock.ts';
import type { AccountId } from './account.ts';
import type { AuthenticationEvent, MethodName } from './authentication-event.ts';

/** How a participant was told who the person is (docs/sealed-values.md, sso-session key 5). */
export type ParticipantNameId =
  /** Can be computed again from the account. */
  | { readonly kind: 'derived' }
  /** A sealed transient: the first two bytes of the kid it was sealed with, so that it can be made again. */
  | { readonly kind: 'transient'; readonly kidPrefix: Uint8Array }
  | { readonly kind: 'literal'; readonly value: string };

/** A relying party that received something in this session. */
export interface Participant {
  /** First 6 bytes of SHA-256(RP key), as 12 hex digits. */
  readonly relyingParty: string;
  readonly at: EpochSeconds;
  readonly nameId: ParticipantNameId;
}

export interface Session {
  /** 16 bytes, constant from login to logout or change of subject. */
  readonly sid: Uint8Array;
  readonly accountId: AccountId;
  readonly created: EpochSeconds;
  /** 1..8, oldest first; no event is older than `created`. */
  readonly events: readonly AuthenticationEvent[];
  /** Oldest first. */
  readonly participants: readonly Participant[];
  /** Ids (16 hex digits) of the keys that earlier copies were sealed with, sorted, at most 8, without the current one. */
  readonly lineage: readonly string[];
}

export const EVENTS_MAX = 8;
export const LINEAGE_MAX = 8;

/** Lifetimes in seconds. */
export interface SessionPolicy {
  readonly idle: number;
  readonly absolute: number;
}

/** Whether the policy, as it is now, still lets this copy count. `iat` is when the copy was sealed. */
export function isSessionLive(session: Session, iat: EpochSeconds, policy: SessionPolicy, now: EpochSeconds): boolean {
  return now < iat + policy.idle && now < session.created + policy.absolute;
}

/** The oldest time that a not-before revocation is compared with: never iat, which slides. */
export function oldestProof(session: Session): EpochSeconds {
  return session.events.reduce((oldest, event) => Math.min(oldest, event.at), session.created);
}

/** The time of the newest proof. */
export function latestProof(session: Session): EpochSeconds {
  return session.events.reduce((latest, event) => Math.max(latest, event.at), session.created);
}

/** The methods that were proved since the session was as `before`; null: it is new. */
export function provedSince(session: Session, before: Session | null): readonly MethodName[] {
  const isOld = (event: AuthenticationEvent): boolean =>
    before?.events.some(
      (e) => e.method === event.method && e.credentialId === event.credentialId && e.at === event.at,
    ) ?? false;
  return session.events.filter((event) => !isOld(event)).map(({ method }) => method);
}

/** The same session with this proof; the newest proof of a credential replaces its older ones. */
export function withEvent(session: Session, event: AuthenticationEvent): Session {
  const kept = session.events.filter((e) => e.method !== event.method || e.credentialId !== event.credentialId);
  return { ...session, events: [...kept, event].slice(-EVENTS_MAX) };
}

/**
 * The same session with this participant. A party that is there already keeps its entry while it knows the person by
 * the same name; under another name its entry is replaced, so that the name can be made, and found, again.
 */
export function withParticipant(session: Session, participant: Participant): Session {
  const { relyingParty } = participant;
  const before = session.participants.find((one) => one.relyingParty === relyingParty);
  if (before !== undefined && isSameName(before, participant)) return session;
  const others = session.participants.filter((one) => one !== before);
  return { ...session, participants: [...others, participant] };
}

function isSameName(a: Participant, b: Participant): boolean {
  if (a.nameId.kind === 'transient' && b.nameId.kind === 'transient') {
    return a.at === b.at && Buffer.compare(a.nameId.kidPrefix, b.nameId.kidPrefix) === 0;
  }
  if (a.nameId.kind === 'literal' && b.nameId.kind === 'literal') return a.nameId.value === b.nameId.value;
  return a.nameId.kind === b.nameId.kind;
}

/**
 * In place of the sid, 16 bytes, for what goes on when a person signs out: revoked beside it where nothing of a session may
 * stay.
 */
export function absenceId(sid: Uint8Array): Buffer {
  return createHash('sha256').update('signet.absence\0').update(sid).digest().subarray(0, 16);
}
