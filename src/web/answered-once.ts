// Owns: that an answer is given once: what the request and its flow are used up by, and where that is remembered.
// Leaves to answer-desk.ts: the answer; to the stores: remembering.
import { type DirectoryUnavailable, isUnavailable } from '../core/account.ts';
import type { AuthenticationRequest } from '../core/authentication-request.ts';
import type { AuthenticationResult } from '../core/authentication-result.ts';
import { LOGIN_CONTEXT_SECONDS } from '../core/login-context.ts';
import type { Spent } from '../core/revocation.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { Desk } from './desk.ts';
import type { OpenFlow } from './flow-cookies.ts';
import type { RequestFacts } from './request-facts.ts';

export interface AnsweredOnceOptions {
  readonly desk: Pick<Desk, 'spent' | 'spentHere' | 'metrics'>;
  /** An id that only one session may claim on this node; null when the protocol has none. */
  readonly requestClaim: (
    request: AuthenticationRequest,
  ) => { readonly id: string; readonly until: EpochSeconds } | null;
}

/** null: it may be given; else the page that says why not. */
export type AnsweredOnce = (
  result: AuthenticationResult,
  request: AuthenticationRequest,
  flow: OpenFlow | null,
  facts: RequestFacts,
) => Promise<'finished' | 'replayed' | 'unavailable' | null>;

export function createAnsweredOnce({ desk, requestClaim }: AnsweredOnceOptions): AnsweredOnce {
  const claim = (
    result: AuthenticationResult,
    request: AuthenticationRequest,
    flow: OpenFlow | null,
    facts: RequestFacts,
  ): Spent => {
    const wanted = result.kind === 'authenticated' ? requestClaim(request) : null;
    if (result.kind !== 'authenticated' || wanted === null) return 'first';
    const sid = Buffer.from(result.session.sid).toString('latin1');
    // A person may take longer than the request may be old; until then nobody else may use it.
    const until = flow === null ? wanted.until : Math.max(wanted.until, facts.now + LOGIN_CONTEXT_SECONDS);
    return desk.spentHere.spend('saml-request', wanted.id, until, sid, facts.now);
  };

  /**
   * A refusal gives nothing away that could be had twice, so it takes no room in the table (otherwise anybody could fill
   * it without signing in) and is given while the store is down. An answer that only the session earned is claimed on
   * this node, like one without a flow, and forgotten when its request is too old: single sign-on asks no database. What
   * somebody agreed to counts once, everywhere.
   */
  const spendFlow = async (
    result: AuthenticationResult,
    { flow, opensUntil }: OpenFlow,
    facts: RequestFacts,
  ): Promise<Spent | DirectoryUnavailable> => {
    if (result.kind === 'refused') {
      const known = await desk.spent.peek('login-flow', flow.innerId, facts.now);
      return known === true ? 'spent' : 'first';
    }
    if (result.change.kind === 'none' && result.agreed === null) {
      const until = Math.min(opensUntil, facts.now + LOGIN_CONTEXT_SECONDS);
      return desk.spentHere.spend('login-flow', flow.innerId, until, facts.attempt, facts.now);
    }
    return desk.spent.spend('login-flow', flow.innerId, opensUntil, facts.attempt, facts.now);
  };

  return async (result, request, flow, facts) => {
    // The request's ID first: the same session may claim it again, so a table that is full now costs nobody the flow.
    const claimed = claim(result, request, flow, facts);
    if (claimed !== 'first') desk.metrics.replays.inc({ kind: 'saml-request', result: claimed });
    if (claimed === 'spent') return 'replayed';
    if (claimed === 'full') return 'unavailable';
    const spent = flow === null ? 'first' : await spendFlow(result, flow, facts);
    if (isUnavailable(spent)) return 'unavailable';
    if (spent !== 'first') desk.metrics.replays.inc({ kind: 'login-flow', result: spent });
    if (spent === 'spent') return 'finished';
    return spent === 'full' ? 'unavailable' : null;
  };
}
