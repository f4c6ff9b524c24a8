// Owns: who is signed in. Every protocol, every factor go through advance(); nothing else decides it.
// Pure and total: the same arguments give the same answer on every node. Leaves to login-goal.ts: what is enough; to
// login-question.ts: what to ask next; to web/: pages, cookies, single use, reading what is enrolled.
import type { Account } from './account.ts';
import type { AuthenticationEvent } from './authentication-event.ts';
import type { Authenticated } from './authentication-result.ts';
import type { CredentialSet } from './credential.ts';
import { isEnrolled, stillEnrolled } from './enrolment.ts';
import { freshFlowEvents, freshSessionEvents } from './freshness.ts';
import { finishAgreed } from './login-consent.ts';
import { contextOf, emptyContext, LOGIN_CONTEXT_SECONDS, type LoginContext } from './login-context.ts';
import { floorGoal, goalOf } from './login-goal.ts';
import { identify, leadOn, methodsOf, needInteraction, refuse } from './login-question.ts';
import type { LoginInput, LoginSituation, Progress } from './login-step.ts';
import { type Session, withEvent } from './session.ts';

/** One step of an attempt. */
export function advance(where: LoginSituation, before: LoginContext, input: LoginInput): Progress {
  const current = where.now < before.began + LOGIN_CONTEXT_SECONDS ? before : emptyContext(where.now);
  if (input.kind === 'declined') {
    return refuse(current, 'declined', whoseProofs(where, current));
  }
  const context = accept(where, current, input);
  const contextAccount = input.kind === 'proved' ? input.account : where.contextAccount;
  const whose = whoseProofs({ ...where, contextAccount }, context);
  if (where.outage) return refuse(context, 'unavailable', whose);
  if (!isPossible(where)) return refuse(context, 'assurance-unmet', whose);
  const signedIn = sessionPerson(where);
  if (input.kind === 'proved' && isStepUpOfAnother(where, signedIn, input.account)) {
    return refuse(context, 'wrong-subject', input.account);
  }
  const proofs = contextAccount === null ? [] : freshFlowEvents(context.events, where.now);
  if (contextAccount !== null && proofs.length > 0) {
    return decide({ where, context, account: contextAccount, proofs, input });
  }
  return signedIn === null ? identify(where, context) : decide({ where, context, account: signedIn, proofs, input });
}

function accept(where: LoginSituation, context: LoginContext, input: LoginInput): LoginContext {
  switch (input.kind) {
    case 'proved': {
      const own = contextOf(context, input.account.id);
      // A slow clock on one node must not make a proof older than the request that asked for it.
      const event = { ...input.event, at: Math.max(input.event.at, where.request.receivedAt) };
      const others = own.events.filter((e) => e.method !== event.method || e.credentialId !== event.credentialId);
      return { ...own, events: [...others, event], typedName: '', failure: null, challenge: null };
    }
    case 'failed':
      return { ...context, failure: input.failure, typedName: input.typedName };
    case 'chosen':
      return { ...context, failure: null, challenge: { method: input.method, pending: null } };
    case 'arrived':
    case 'declined':
    case 'skipped':
    case 'consented':
      return context;
    default:
      return input satisfies never;
  }
}

/** Whether any person could satisfy the request with the methods there are: asking in vain helps nobody. */
function isPossible({ request, named, possible }: LoginSituation): boolean {
  return request.assurance.binding === 'preferred' || goalOf(request, 'aal1', named)(possible);
}

/** Whose proofs stand when the attempt ends like this; at a page that still asks who it is, nobody's. */
function whoseProofs(where: LoginSituation, context: LoginContext): Account | null {
  const { request, session, contextAccount, now } = where;
  if (contextAccount !== null && freshFlowEvents(context.events, now).length > 0) return contextAccount;
  const counts = session !== null && freshSessionEvents(request, session.events).length > 0;
  return counts ? sessionPerson(where) : null;
}

/** A disabled account's session is no session; the sign-in page may be used by somebody else. */
function sessionPerson({ request, session, sessionAccount, isRequiredSubject }: LoginSituation): Account | null {
  if (session === null || sessionAccount === null || sessionAccount.disabled) return null;
  return request.subject.kind !== 'required' || isRequiredSubject(sessionAccount) ? sessionAccount : null;
}

/**
 * Somebody else's proof where only something of the signed-in person's was missing. Whoever else wants to sign in here
 * signs that person out first; taking over their session in the middle of their step-up is what an attacker would do.
 */
function isStepUpOfAnother(where: LoginSituation, signedIn: Account | null, account: Account): boolean {
  const { request, session } = where;
  if (signedIn === null || session === null || signedIn.id === account.id) return false;
  const counted = methodsOf(freshSessionEvents(request, session.events));
  return counted.length > 0 && !goalOf(request, where.floor(signedIn), where.named)(counted);
}

interface Case {
  readonly where: LoginSituation;
  readonly context: LoginContext;
  /** Who the person would be. */
  readonly account: Account;
  /** This flow's, all of that account. */
  readonly proofs: readonly AuthenticationEvent[];
  readonly input: LoginInput;
}

function decide(given: Case): Progress {
  const { where, context, account } = given;
  const { request } = where;
  if (account.disabled) return refuse(context, 'account-disabled', account);
  if (request.subject.kind === 'required' && !where.isRequiredSubject(account)) {
    return refuse(context, 'wrong-subject', account);
  }
  const known = where.enrolment?.accountId === account.id ? where.enrolment : null;
  const enrolled = known?.enrolled ?? null;
  const own = where.session?.accountId === account.id ? where.session : null;
  const same = own === null || enrolled === null ? own : withoutGone(own, enrolled);
  const proofs = enrolled === null ? given.proofs : stillEnrolled(given.proofs, enrolled);
  const counted = [...(same === null ? [] : freshSessionEvents(request, same.events)), ...proofs];
  if (counted.length === 0) return identify(where, context);
  const floor = where.floor(account);
  const goal = goalOf(request, floor, where.named);
  const done = (): Progress =>
    finishAgreed(where, context, authenticated(where, account, same, proofs, counted), given.input);
  // What was proved in this flow counts only while it is still enrolled; a session ends with its credentials by itself.
  const mustRead = proofs.some(isEnrolled) && enrolled === null;
  if (goal(methodsOf(counted)) && !mustRead) return done();
  const graced = where.graceUntil !== null && where.now < where.graceUntil;
  const preferred = request.assurance.binding === 'preferred';
  if (request.passive) {
    if (preferred && floorGoal(floor)(methodsOf(counted))) return done();
    if (!graced) return needInteraction(context, 'login', account);
  }
  if (known === null) return { context, step: { kind: 'look-up', what: 'enrolment', account } };
  if (enrolled === null) {
    return request.passive ? refuse(context, 'unavailable', account) : { context, step: { kind: 'unavailable' } };
  }
  return leadOn({ ...given, proofs, counted, enrolled, graced, done, skipped: given.input.kind === 'skipped' });
}

function authenticated(
  where: LoginSituation,
  account: Account,
  same: Session | null,
  proofs: readonly AuthenticationEvent[],
  counted: readonly AuthenticationEvent[],
): Omit<Authenticated, 'agreed'> {
  if (same !== null) {
    const change = proofs.length === 0 ? ({ kind: 'none' } as const) : ({ kind: 'extended' } as const);
    const session = proofs.reduce(withEvent, same);
    const accepted = session.events.filter((event) => counted.includes(event));
    return { kind: 'authenticated', account, session, proofs: accepted, change };
  }
  const created = Math.min(...proofs.map((event) => event.at));
  const fresh = { sid: where.newSid(account), accountId: account.id, created, participants: [], lineage: [] };
  const session = proofs.reduce<Session>(withEvent, { ...fresh, events: [] });
  const change = { kind: 'started', replaced: where.session } as const;
  return { kind: 'authenticated', account, session, proofs: session.events, change };
}

/** The session without the proofs whose credential is gone; null when nothing is left of it. */
function withoutGone(session: Session, enrolled: CredentialSet): Session | null {
  const events = stillEnrolled(session.events, enrolled);
  if (events === session.events) return session;
  return events.length === 0 ? null : { ...session, events };
}
