// Owns: what can be ended before it expires, and the question that every opened value is asked.
import type { EpochSeconds } from '../lib/clock.ts';
import type { AccountId } from './account.ts';

/** What a sealed value says about itself; absent parts are null. docs/sealed-values.md, Revocation. */
export interface RevocationSubject {
  readonly sid: Uint8Array | null;
  readonly accountId: AccountId | null;
  /** The oldest event or creation time, never iat: what a not-before is compared with. */
  readonly oldestProof: EpochSeconds | null;
  /** The newest event: a person who proved themselves just now is not asked again because the feed is stale. */
  readonly latestProof: EpochSeconds | null;
}

/** reauth: the feed is stale, so the person is asked again. */
export type RevocationVerdict = 'good' | 'revoked' | 'reauth';

export interface Revocations {
  readonly check: (subject: RevocationSubject, now: EpochSeconds) => RevocationVerdict;
  /** Remembers on this node that a sid has ended (logout, change of subject). */
  readonly revokeSid: (sid: Uint8Array, until: EpochSeconds) => void;
}

/** Remembers that something was used. */
export interface SpentStore {
  /** `claimant` names who uses it: the same one may come again within a grace period. */
  readonly spend: (
    kind: SpentKind,
    id: Uint8Array | string,
    until: EpochSeconds,
    claimant: string | null,
    now: EpochSeconds,
  ) => Spent;
  readonly peek: (kind: SpentKind, id: Uint8Array | string, now: EpochSeconds) => boolean;
}

export type SpentKind = 'login-flow' | 'saml-request';
/** full: no room left for an unexpired entry; the caller refuses. */
export type Spent = 'first' | 'same-attempt' | 'spent' | 'full';
