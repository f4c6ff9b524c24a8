// Owns: who is signed in. Every protocol, every factor go through advance(); nothing else decides it.
// Pure and total: the same arguments give the same answer on every node. Leaves to web/: pages, cookies, single use.
import type { EpochSeconds } from '../lib/clock.ts';
import type { Account } from './account.ts';
import { ASSURANCE_LEVELS, type AssuranceLevel, assuranceOf, levelsFrom } from './assurance.ts';
import {
  type AuthenticationEvent,
  type FactorFailure,
  METHOD_NUMBERS,
  type MethodName,
} from './authentication-event.ts';
import type { AuthenticationRequest } from './authentication-request.ts';
import type { AuthenticationResult, RefusalReason } from './authentication-result.ts';
import { freshFlowEvents, freshSessionEvents } from './freshness.ts';
import { emptyContext, LOGIN_CONTEXT_SECONDS, type LoginContext } from './login-context.ts';
import { type Session, withEvent } from './session.ts';

/** Everything outside the attempt itself that the decision depends on. */
export interface LoginSituation {
  readonly request: AuthenticationRequest;
  /** Opened, live and not revoked; null when there is none. Looked at again on every step. */
  readonly session: Session | null;
  /** What the directory says now of the session's subject. */
  readonly sessionAccount: Account | null;
  /** What the directory says now of the context's subject. */
  readonly contextAccount: Account | null;
  /** A directory could not be asked about one of them. */
  readonly outage: boolean;
  /** The party's floor for this person's groups. */
  readonly floor: (account: Account) => AssuranceLevel;
  /** Only asked when the request names a subject. */
  readonly isRequiredSubject: (account: Account) => boolean;
  /** The sid of a session that this attempt starts for this account; the same on every node (docs/sealed-values.md). */
  readonly newSid: (account: Account) => Uint8Array;
  readonly now: EpochSeconds;
}

/** What the outside reports. Secrets have been checked, and thrown away, before this point. */
export type LoginInput =
  | { readonly kind: 'arrived' | 'declined' }
  | { readonly kind: 'proved'; readonly account: Account; readonly event: AuthenticationEvent }
  | { readonly kind: 'failed'; readonly failure: FactorFailure; readonly typedName: string };

export type LoginStep =
  /** Ask who it is, with a first proof; `loginName` is filled in when it is known or suggested. */
  | { readonly kind: 'identify'; readonly loginName: string | null; readonly failure: FactorFailure | null }
  | { readonly kind: 'finished'; readonly result: AuthenticationResult };

export interface Progress {
  readonly context: LoginContext;
  readonly step: LoginStep;
}

/** One step of an attempt. */
export function advance(where: LoginSituation, before: LoginContext, input: LoginInput): Progress {
  const current = where.now < before.began + LOGIN_CONTEXT_SECONDS ? before : emptyContext(where.now);
  if (input.kind === 'declined') return finish(current, refused('declined'));
  const context = accept(where, current, input);
  if (where.outage) return finish(context, refused('unavailable'));
  return decide(where, context, input.kind === 'proved' ? input.account : where.contextAccount);
}

function accept(where: LoginSituation, context: LoginContext, input: LoginInput): LoginContext {
  switch (input.kind) {
    case 'proved': {
      // One account per flow: proofs of somebody else are dropped, never combined.
      const kept = context.accountId === input.account.id ? context.events : [];
      // A slow clock on one node must not make a proof older than the request that asked for it.
      const event = { ...input.event, at: Math.max(where.now, where.request.receivedAt) };
      return { ...context, accountId: input.account.id, events: [...kept, event], typedName: '', failure: null };
    }
    case 'failed':
      return { ...context, failure: input.failure, typedName: input.typedName };
    case 'arrived':
    case 'declined':
      return context;
    default:
      return input satisfies never;
  }
}

function decide(where: LoginSituation, context: LoginContext, contextAccount: Account | null): Progress {
  const { request } = where;
  if (!reachable(request)) return finish(context, refused('assurance-unmet'));
  const proofs = contextAccount === null ? [] : freshFlowEvents(context.events, where.now);
  if (contextAccount !== null && proofs.length > 0) return decideFor(where, context, contextAccount, proofs);
  const { session, sessionAccount } = where;
  // A disabled account's session is no session; the sign-in page may be used by somebody else.
  if (session !== null && sessionAccount !== null && !sessionAccount.disabled) {
    if (request.subject.kind !== 'required' || where.isRequiredSubject(sessionAccount)) {
      return decideFor(where, context, sessionAccount, []);
    }
  }
  return ask(where, context);
}

/** `account` is who the person would be; `proofs` are this flow's, all of that account. */
function decideFor(
  where: LoginSituation,
  context: LoginContext,
  account: Account,
  proofs: readonly AuthenticationEvent[],
): Progress {
  const { request, session } = where;
  if (account.disabled) return finish(context, refused('account-disabled'));
  if (request.subject.kind === 'required' && !where.isRequiredSubject(account)) {
    return finish(context, refused('wrong-subject'));
  }
  const same = session !== null && session.accountId === account.id ? session : null;
  const counted = [...(same === null ? [] : freshSessionEvents(request, same.events)), ...proofs];
  const possible = assuranceOf([...counted, ...ALL_METHODS.map((method) => ({ method }))]);
  const accepted = acceptedLevels(request, where.floor(account), possible);
  if (!reaches(possible, accepted)) return finish(context, refused('assurance-unmet'));
  if (reaches(assuranceOf(counted), accepted)) return finish(context, authenticated(where, account, same, proofs));
  return ask(where, context);
}

const ALL_METHODS = Object.keys(METHOD_NUMBERS) as readonly MethodName[];

/** Whether any person could satisfy the request with the methods there are: asking in vain helps nobody. */
function reachable(request: AuthenticationRequest): boolean {
  const { accepted, binding } = request.assurance;
  if (accepted.length === 0 || binding === 'preferred') return true;
  return reaches(assuranceOf(ALL_METHODS.map((method) => ({ method }))), accepted);
}

/**
 * What was asked ∩ the levels at or above the floor. A preference that this person cannot meet falls back to the
 * floor, never below it.
 */
function acceptedLevels(
  request: AuthenticationRequest,
  floor: AssuranceLevel,
  possible: AssuranceLevel | null,
): readonly AssuranceLevel[] {
  const allowed = levelsFrom(floor);
  const { accepted, binding } = request.assurance;
  if (accepted.length === 0) return allowed;
  const wanted = accepted.filter((level) => allowed.includes(level));
  return binding === 'preferred' && !reaches(possible, wanted) ? allowed : wanted;
}

/** A person who proved more has also proved less. */
function reaches(level: AssuranceLevel | null, accepted: readonly AssuranceLevel[]): boolean {
  if (level === null) return false;
  const rank = ASSURANCE_LEVELS.indexOf(level);
  return accepted.some((wanted) => ASSURANCE_LEVELS.indexOf(wanted) <= rank);
}

function authenticated(
  where: LoginSituation,
  account: Account,
  same: Session | null,
  proofs: readonly AuthenticationEvent[],
): AuthenticationResult {
  if (same !== null) {
    const change = proofs.length === 0 ? ({ kind: 'none' } as const) : ({ kind: 'extended' } as const);
    return { kind: 'authenticated', account, session: proofs.reduce(withEvent, same), change };
  }
  const created = Math.min(...proofs.map((event) => event.at));
  const fresh = { sid: where.newSid(account), accountId: account.id, created, participants: [], lineage: [] };
  const session = proofs.reduce<Session>(withEvent, { ...fresh, events: [] });
  return { kind: 'authenticated', account, session, change: { kind: 'started', replaced: where.session } };
}

function ask(where: LoginSituation, context: LoginContext): Progress {
  const { request } = where;
  if (request.passive) return finish(context, refused('interaction-needed'));
  const suggested = request.subject.kind === 'suggested' ? request.subject.loginName : null;
  const known = where.sessionAccount?.disabled === false ? where.sessionAccount.loginName : null;
  const loginName = context.typedName !== '' ? context.typedName : (suggested ?? known);
  return { context, step: { kind: 'identify', loginName, failure: context.failure } };
}

function refused(reason: RefusalReason): AuthenticationResult {
  return { kind: 'refused', reason };
}

function finish(context: LoginContext, result: AuthenticationResult): Progress {
  return { context, step: { kind: 'finished', result } };
}
