// Owns: the port through which a login is written down for people and operators to look at. No decision rests on it.
import type { EpochSeconds } from '../lib/clock.ts';
import type { AccountId } from './account.ts';

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
