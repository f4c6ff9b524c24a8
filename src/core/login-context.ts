// Owns: progress of one attempt, kept between two pages. Leaves to sealed/: its bytes.
// No counters here: the browser chooses which copy it shows, so every decision must be right for any older copy.
import type { EpochSeconds } from '../lib/clock.ts';
import type { AccountId } from './account.ts';
import type { AuthenticationEvent, FactorFailure, MethodName } from './authentication-event.ts';

export interface LoginContext {
  /** Whom the proofs and the challenge are about; null: nobody yet. */
  readonly accountId: AccountId | null;
  /** Proofs of this flow; all of one account. */
  readonly events: readonly AuthenticationEvent[];
  /** What the person typed as a login name, shown again after a failure; at most TYPED_NAME_MAX_BYTES. */
  readonly typedName: string;
  readonly failure: FactorFailure | null;
  /** The way of proving that the person chose, or that something was begun for. */
  readonly challenge: Challenge | null;
  /** The context's own end does not slide: after LOGIN_CONTEXT_SECONDS it is dropped and the request starts over. */
  readonly began: EpochSeconds;
}

export interface Challenge {
  readonly method: MethodName;
  readonly pending: PendingChallenge | null;
}

/**
 * What a method has to know again when the answer comes: its own bytes, at most PENDING_CHALLENGE_MAX_BYTES. A question
 * that was put to one account is never answered for another: it belongs to the context's account.
 */
export interface PendingChallenge {
  readonly data: Uint8Array;
  /** When it was made: from then it may be answered for PENDING_CHALLENGE_SECONDS. */
  readonly at: EpochSeconds;
}

export const LOGIN_CONTEXT_SECONDS = 1800;
/** Proofs in a flow count for 10 minutes. */
export const FLOW_PROOF_SECONDS = 600;
export const PENDING_CHALLENGE_SECONDS = 300;
export const PENDING_CHALLENGE_MAX_BYTES = 64;
export const TYPED_NAME_MAX_BYTES = 64;

export function emptyContext(now: EpochSeconds): LoginContext {
  return { accountId: null, events: [], typedName: '', failure: null, challenge: null, began: now };
}

/** The context about this account, or about nobody yet: what is there of another is dropped, never combined. */
export function contextOf(context: LoginContext, accountId: AccountId | null): LoginContext {
  return context.accountId === accountId ? context : { ...context, accountId, events: [], challenge: null };
}

/** The same context after a method was asked to begin for this account; null: it will say itself who it is. */
export function withPending(context: LoginContext, accountId: AccountId | null, challenge: Challenge): LoginContext {
  return { ...contextOf(context, accountId), challenge };
}

/** What was begun with this method for this account, and may still be answered. */
export function livePending(
  { accountId, challenge }: LoginContext,
  of: AccountId | null,
  method: MethodName,
  now: EpochSeconds,
): PendingChallenge | null {
  if (accountId !== of || challenge?.method !== method || challenge.pending === null) return null;
  return now < challenge.pending.at + PENDING_CHALLENGE_SECONDS ? challenge.pending : null;
}
