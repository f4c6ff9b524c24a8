// Owns: what to ask next of somebody who has not proved enough, and when there is nothing left to ask.
import type { Account } from './account.ts';
import type { AuthenticationEvent, MethodName } from './authentication-event.ts';
import type { AuthenticationResult, NeededInteraction, RefusedResult } from './authentication-result.ts';
import type { CredentialSet } from './credential.ts';
import { askedAs, enrolledMethods, FIRST_METHODS, hasSecondFactor, METHOD_ORDER } from './enrolment.ts';
import type { LoginContext } from './login-context.ts';
import { floorGoal, goalOf, methodsTowards } from './login-goal.ts';
import type { LoginSituation, Progress } from './login-step.ts';

/** Whoever enrols something while they sign in has given a proof so many seconds ago at most. */
export const ENROLMENT_PROOF_SECONDS = 300;

/** It is known who it is, what they have proved, and what they have. */
export interface Incomplete {
  readonly where: LoginSituation;
  readonly context: LoginContext;
  readonly account: Account;
  /** This flow's. */
  readonly proofs: readonly AuthenticationEvent[];
  /** The session's and this flow's. */
  readonly counted: readonly AuthenticationEvent[];
  readonly enrolled: CredentialSet;
  /** The floor does not keep out yet who has no second factor. */
  readonly graced: boolean;
  readonly skipped: boolean;
  readonly done: () => Progress;
}

/** On to what this person has; else to what they may enrol; else the party is told. */
export function leadOn(given: Incomplete): Progress {
  const { where, context, account, counted, done } = given;
  const proved = methodsOf(counted);
  const available = availableTo(given);
  let methods = methodsTowards(goalOf(where.request, where.floor(account), where.named), proved, available);
  if (methods.length === 0 && where.request.assurance.binding === 'preferred') {
    const floor = floorGoal(where.floor(account));
    if (floor(proved)) return done();
    methods = methodsTowards(floor, proved, available);
  }
  return methods.length > 0 ? challenge(where, context, account, methods) : enrol(given);
}

function availableTo({ where, enrolled }: Incomplete): readonly MethodName[] {
  const theirs = new Set<MethodName>(['password', ...enrolledMethods(enrolled)]);
  return METHOD_ORDER.filter((method) => theirs.has(method) && where.possible.includes(method));
}

function enrol(given: Incomplete): Progress {
  const { where, context, account, counted, proofs, enrolled, graced, skipped, done } = given;
  const { request, named, now } = where;
  if (hasSecondFactor(enrolled, counted)) return refuse(context, 'assurance-unmet', account);
  const proved = methodsOf(counted);
  const floor = where.floor(account);
  const goal = request.assurance.binding === 'preferred' ? floorGoal(floor) : goalOf(request, floor, named);
  const methods = where.enrollable.filter((method) => goal([...proved, method]));
  const fresh = proofs.some((event) => now < event.at + ENROLMENT_PROOF_SECONDS);
  const skippable = graced && goalOf(request, 'aal1', named)(proved);
  if (skippable) {
    const end = done();
    // Nobody is reminded in the middle of their work: only where they have just signed in. Nor where they are asked to
    // agree as well: that answer is kept between no two pages, so it comes last.
    if (skipped || !fresh || methods.length === 0 || request.passive || !finishesUnasked(end)) return end;
  }
  if (methods.length === 0) return refuse(context, 'assurance-unmet', account);
  if (request.passive) return needInteraction(context, 'login', account);
  if (fresh) return { context, step: { kind: 'enrol', account, methods, skippable } };
  // An unlocked screen must not be enough to give somebody a second factor that is not theirs.
  const first = availableTo(given).filter((method) => FIRST_METHODS.includes(method));
  return challenge(where, context, account, first);
}

function finishesUnasked({ step }: Progress): boolean {
  return step.kind === 'finished' && step.result.kind === 'authenticated' && step.result.agreed === null;
}

/** The way that was chosen, as long as it leads on; else the strongest. */
function challenge(
  { request }: LoginSituation,
  context: LoginContext,
  account: Account,
  towards: readonly MethodName[],
): Progress {
  if (request.passive) return needInteraction(context, 'login', account);
  const methods = [...new Set(towards.map(askedAs))];
  const chosen = context.challenge?.method;
  const method = methods.find((one) => one === chosen) ?? methods[0];
  if (method === undefined) return refuse(context, 'assurance-unmet', account);
  return { context, step: { kind: 'challenge', account, methods, method, failure: context.failure } };
}

/** Ask who it is. */
export function identify(where: LoginSituation, context: LoginContext): Progress {
  const { request, possible } = where;
  if (request.passive) return needInteraction(context, 'login', null);
  const suggested = request.subject.kind === 'suggested' ? request.subject.loginName : null;
  const known = where.sessionAccount?.disabled === false ? where.sessionAccount.loginName : null;
  const loginName = context.typedName !== '' ? context.typedName : (suggested ?? known);
  const methods = [...new Set(FIRST_METHODS.filter((method) => possible.includes(method)).map(askedAs))];
  // The proofs that were there no longer count: said, rather than asked as if nothing had happened.
  const failure = context.failure ?? (context.events.length > 0 ? { kind: 'expired' as const } : null);
  return { context, step: { kind: 'identify', loginName, methods, failure } };
}

/** `account`: whose proofs there were, or null. */
export function refuse(
  context: LoginContext,
  reason: Exclude<RefusedResult['reason'], 'interaction-needed'>,
  account: Account | null,
): Progress {
  return finish(context, { kind: 'refused', reason, account });
}

/** A page would have been needed for this, and none may be shown. */
export function needInteraction(context: LoginContext, needed: NeededInteraction, account: Account | null): Progress {
  return finish(context, { kind: 'refused', reason: 'interaction-needed', needed, account });
}

export function finish(context: LoginContext, result: AuthenticationResult): Progress {
  return { context, step: { kind: 'finished', result } };
}

export function methodsOf(events: readonly AuthenticationEvent[]): readonly MethodName[] {
  return events.map(({ method }) => method);
}
