// Owns: the ports through which logins, and where they led, are written down for people and operators to look at. No
// decision rests on it.
import type { EpochSeconds } from '../lib/clock.ts';
import type { AccountId } from './account.ts';
import type { RelyingPartyKey } from './authentication-request.ts';

export interface SessionRow {
  readonly sid: Uint8Array;
  readonly accountId: AccountId;
  readonly createdAt: EpochSeconds;
  /** The latest that it can last; without use it ends sooner. */
  readonly expiresAt: EpochSeconds;
  readonly methods: readonly string[];
  readonly address: string | null;
  readonly userAgent: string | null;
}

export interface SessionJournal {
  /** At every login, and when a session gets stronger. Never rejects: a login does not fail because it cannot be listed. */
  readonly record: (session: SessionRow) => Promise<void>;
}

/** A relying party received something in a session for the first time. */
export interface JoinedSession {
  readonly sid: Uint8Array;
  readonly relyingParty: RelyingPartyKey;
  readonly at: EpochSeconds;
  /** The latest that the session can last. */
  readonly expiresAt: EpochSeconds;
}

export interface ParticipantJournal {
  /** Never waits for anything: single sign-on asks no database. It is written soon, and lost with a node that is killed. */
  readonly joined: (joined: JoinedSession) => void;
}
