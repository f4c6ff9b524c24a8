// Owns: what can be ended before it expires, and the question that every opened value is asked.
import type { EpochSeconds } from '../lib/clock.ts';
import type { AccountId, DirectoryUnavailable } from './account.ts';

/** What a sealed value says about itself; absent parts are null. docs/sealed-values.md, Revocation. */
export interface RevocationSubject {
  readonly sid: Uint8Array | null;
  readonly accountId: AccountId | null;
  /** The oldest event or creation time, never iat: what a not-before is compared with. */
  readonly oldestProof: EpochSeconds | null;
  /** The newest event: a person who proved themselves just now is not asked again because the feed is stale. */
  readonly latestProof: EpochSeconds | null;
}

/**
 * reauth: the feed is stale, so the person is asked again. stale: so stale that nothing counts that it could be about.
 * Neither says that anything has ended: a program is told to come back. unavailable: more has been ended than the node can hold, and the
 * database that would know cannot be asked: the caller refuses for now, and what was shown stays as it is.
 */
export type RevocationVerdict = 'good' | 'revoked' | 'reauth' | 'stale' | 'unavailable';

export interface Revocations {
  /** From memory; a database is asked only while there is more than fits there. Never rejects. */
  readonly check: (subject: RevocationSubject, now: EpochSeconds) => Promise<RevocationVerdict>;
  /** Ends a session (logout, change of subject): on this node at once. Never rejects. */
  readonly revokeSid: (sid: Uint8Array, until: EpochSeconds, now: EpochSeconds) => Promise<RevocationReach>;
  /** Proofs of this person that are older than `notBefore` no longer count: on this node at once. Never rejects. */
  readonly revokeAccount: (
    accountId: AccountId,
    notBefore: EpochSeconds,
    until: EpochSeconds,
    now: EpochSeconds,
  ) => Promise<RevocationReach>;
}

/**
 * everywhere: written where every node reads it within its poll interval. later: it could not be written yet; this node
 * tries again until it can. this-node: there is no shared store to write to.
 */
export type RevocationReach = 'everywhere' | 'later' | 'this-node';

/** Remembers on this node that something was used, so that an answer costs no question to a store. */
export interface LocalSpent {
  /** `claimant` names who uses it: the same one may come again within a grace period. */
  readonly spend: (
    kind: LocalSpentKind,
    id: Uint8Array | string,
    until: EpochSeconds,
    claimant: string | null,
    now: EpochSeconds,
  ) => Spent;
  readonly peek: (kind: LocalSpentKind, id: Uint8Array | string, now: EpochSeconds) => boolean;
}

/** Remembers that something was used: for the whole cluster where there is a database, else on this node. */
export interface SpentStore {
  /** As {@link LocalSpent}. Unavailable: nobody knows, so the caller refuses. */
  readonly spend: (
    kind: SpentKind,
    id: Uint8Array | string,
    until: EpochSeconds,
    claimant: string | null,
    now: EpochSeconds,
  ) => Promise<Spent | DirectoryUnavailable>;
  readonly peek: (
    kind: SpentKind,
    id: Uint8Array | string,
    now: EpochSeconds,
  ) => Promise<boolean | DirectoryUnavailable>;
}

/** How long, in seconds, the same claimant is answered again: a balancer repeats a request at once, or never. */
export const REPEAT_GRACE_SECONDS = 20;

/** What must happen once in the whole cluster. */
export type SpentKind =
  | 'login-flow'
  | 'enrolment'
  | 'webauthn-challenge'
  | 'oidc-code'
  | 'oidc-par'
  | 'oidc-jti'
  | 'oidc-refresh'
  | 'oidc-family'
  | 'cas-st'
  | 'cas-pt';
/**
 * A request's ID is claimed by the session that it is answered to, and a flow that only the session answers gives nothing
 * that the session could not have had anyway: neither is worth a write for every single sign-on.
 */
export type LocalSpentKind = SpentKind | 'saml-request';
/** full: no room left for an unexpired entry; the caller refuses. */
export type Spent = 'first' | 'same-attempt' | 'spent' | 'full';
