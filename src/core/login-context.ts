// Owns: progress of one attempt, kept between two pages. Leaves to sealed/: its bytes.
// No counters here: the browser chooses which copy it shows, so every decision must be right for any older copy.
import type { EpochSeconds } from '../lib/clock.ts';
import type { AccountId } from './account.ts';
import type { AuthenticationEvent, FactorFailure } from './authentication-event.ts';

export interface LoginContext {
  readonly accountId: AccountId | null;
  /** Proofs of this flow; all of one account. */
  readonly events: readonly AuthenticationEvent[];
  /** What the person typed as a login name, shown again after a failure; at most TYPED_NAME_MAX_BYTES. */
  readonly typedName: string;
  readonly failure: FactorFailure | null;
  /** The context's own end does not slide: after LOGIN_CONTEXT_SECONDS it is dropped and the request starts over. */
  readonly began: EpochSeconds;
}

export const LOGIN_CONTEXT_SECONDS = 1800;
/** Proofs in a flow count for 10 minutes. */
export const FLOW_PROOF_SECONDS = 600;
export const TYPED_NAME_MAX_BYTES = 64;

export function emptyContext(now: EpochSeconds): LoginContext {
  return { accountId: null, events: [], typedName: '', failure: null, began: now };
}
