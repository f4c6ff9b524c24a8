// Owns: which proofs are recent enough. The one place that reads forceAuthn and maxAge.
import type { EpochSeconds } from '../lib/clock.ts';
import type { AuthenticationEvent } from './authentication-event.ts';
import type { AuthenticationRequest } from './authentication-request.ts';
import { FLOW_PROOF_SECONDS } from './login-context.ts';

/** The oldest time at which a session's proof still counts; null when none of them does (ForceAuthn). */
export function freshSince(request: AuthenticationRequest): EpochSeconds | null {
  if (request.forceAuthn) return null;
  return request.maxAge === null ? 0 : request.receivedAt - request.maxAge;
}

/** The session's events that this request accepts. */
export function freshSessionEvents(
  request: AuthenticationRequest,
  events: readonly AuthenticationEvent[],
): readonly AuthenticationEvent[] {
  const since = freshSince(request);
  return since === null ? [] : events.filter((event) => event.at >= since);
}

/** The flow's own events that still count: a proof in a flow counts for 10 minutes. */
export function freshFlowEvents(
  events: readonly AuthenticationEvent[],
  now: EpochSeconds,
): readonly AuthenticationEvent[] {
  return events.filter((event) => now < event.at + FLOW_PROOF_SECONDS);
}
