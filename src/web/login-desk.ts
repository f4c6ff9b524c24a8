// Owns: one sign-in over HTTP: from a protocol's request, over the login page, to the protocol's answer.
// Leaves to core/login-flow the decision, to a ProtocolAdapter the answer, to answer-desk.ts the giving of it.
import type { Account } from '../core/account.ts';
import { isUnavailable } from '../core/account.ts';
import type { AuthenticationRequest, RelyingPartyKey } from '../core/authentication-request.ts';
import { emptyContext } from '../core/login-context.ts';
import { advance, type LoginInput, type LoginSituation, type Progress } from '../core/login-flow.ts';
import type { Arrival } from '../core/protocol-adapter.ts';
import { floorFor, type RelyingParty } from '../core/relying-party.ts';
import { type Reply, withCookies } from '../core/reply.ts';
import type { PasswordOutcome } from '../methods/password.ts';
import type { LoginFlow } from '../sealed/flow-body.ts';
import type { AnswerDesk, Desk } from './answer-desk.ts';
import { formToken, isFormToken, type OpenFlow, sidOfAttempt } from './flow-cookies.ts';
import { isNavigation, isOwnPost, type RequestFacts } from './request-facts.ts';
import type { OpenSession } from './session-cookie.ts';
import { busySentence, failureSentence, refusalWords } from './words.ts';

export interface PasswordCheck {
  readonly verify: (attempt: {
    readonly typedName: string;
    readonly password: string;
    readonly address: string | null;
    readonly now: number;
  }) => Promise<PasswordOutcome>;
}

export interface LoginDeskOptions {
  readonly desk: Desk;
  readonly answers: AnswerDesk;
  readonly password: PasswordCheck;
  readonly relyingParty: (key: RelyingPartyKey) => RelyingParty | null;
  readonly publicOrigin: string;
}

export interface LoginDesk {
  /** A protocol endpoint was asked. */
  readonly begin: (arrival: Arrival, facts: RequestFacts) => Promise<Reply>;
  /** GET /flow/<id> */
  readonly show: (id: string, facts: RequestFacts) => Promise<Reply>;
  /** POST /flow/<id> */
  readonly submit: (id: string, facts: RequestFacts) => Promise<Reply>;
}

export function createLoginDesk(options: LoginDeskOptions): LoginDesk {
  const { desk, answers, password, publicOrigin } = options;
  const { sessions, flows, pages } = desk;

  const begin = async (arrival: Arrival, facts: RequestFacts): Promise<Reply> => {
    if (arrival.kind === 'reply') {
      answers.audit(facts, {
        action: 'refusal',
        outcome: 'failure',
        reason: arrival.error.code,
        relyingParty: arrival.error.relyingParty,
      });
      return arrival.reply;
    }
    if (arrival.kind === 'refused') {
      answers.audit(facts, {
        action: 'refusal',
        outcome: 'failure',
        reason: arrival.error.code,
        relyingParty: arrival.error.relyingParty,
      });
      return pages.message(arrival.status, { ...refusalWords[arrival.page], reference: facts.requestId });
    }
    if (!isNavigation(facts)) return desk.page('embedded', 403, facts);
    const flow = newFlow(arrival.request, facts);
    // A cross-site POST carries no cookies: whether there is a session shows only after the 303.
    if (arrival.via === 'post') return startFlow(flow, facts, null);
    const session = sessions.open(facts);
    const progress = await step(flow, session, facts, { kind: 'arrived' });
    if (progress.step.kind === 'finished')
      return answers.give(progress.step.result, flow.request, { session, flow: null }, facts);
    return startFlow(flow, facts, session);
  };

  const newFlow = (request: AuthenticationRequest, facts: RequestFacts): LoginFlow => ({
    innerId: desk.random(16),
    lineage: [],
    request,
    context: emptyContext(facts.now),
  });

  const startFlow = (flow: LoginFlow, facts: RequestFacts, session: OpenSession | null): Reply => {
    const id = flows.newId();
    const cookie = flows.seal(id, flow, facts.now, session === null ? [] : [session.kid, ...session.session.lineage]);
    if (cookie === null) return desk.page('tooLarge', 400, facts);
    const cookies = [cookie, ...flows.housekeeping(facts, null, [cookie])];
    return { kind: 'redirect', status: 303, location: `/flow/${id}`, cookies };
  };

  const step = async (
    flow: LoginFlow,
    open: OpenSession | null,
    facts: RequestFacts,
    input: LoginInput,
  ): Promise<Progress> => {
    const { request, context } = flow;
    const session = open?.session ?? null;
    const sessionFound = session === null ? null : await desk.directory.findById(session.accountId);
    const contextFound = context.accountId === null ? null : await desk.directory.findById(context.accountId);
    const party = options.relyingParty(request.relyingParty);
    const outage = isUnavailable(sessionFound) || isUnavailable(contextFound);
    const where: LoginSituation = {
      request,
      session,
      sessionAccount: isUnavailable(sessionFound) ? null : sessionFound,
      contextAccount: isUnavailable(contextFound) ? null : contextFound,
      outage,
      floor: (account) => (party === null ? 'aal3' : floorFor(party.floor, account.groups)),
      isRequiredSubject: (account) =>
        desk.adapters[request.answerTo.protocol].isRequiredSubject(account, request.answerTo),
      newSid: (account: Account) => sidOfAttempt(flow.innerId, account.id),
      now: facts.now,
    };
    return advance(where, context, input);
  };

  const show = async (id: string, facts: RequestFacts): Promise<Reply> => {
    if (!isNavigation(facts)) return desk.page('embedded', 403, facts);
    const open = usableFlow(id, facts);
    if ('kind' in open) return open;
    const session = sessions.open(facts);
    const progress = await step(open.flow, session, facts, { kind: 'arrived' });
    if (progress.step.kind === 'finished')
      return answers.give(progress.step.result, open.flow.request, { session, flow: open }, facts);
    // Judged only now: a balancer's repeat of the request that finished the flow is answered above, once more.
    if (desk.spent.peek('login-flow', open.flow.innerId, facts.now)) {
      return withCookies(desk.page('finished', 410, facts), [flows.expired(id)]);
    }
    return withCookies(loginPage(open, progress, facts, 200, null), flows.housekeeping(facts, id, []));
  };

  const usableFlow = (id: string, facts: RequestFacts): OpenFlow | Reply => {
    const open = flows.open(id, facts);
    if (open === null) return desk.page(sessions.open(facts) === null ? 'stale' : 'finished', 410, facts);
    return open;
  };

  const loginPage = (
    open: OpenFlow,
    progress: Progress,
    facts: RequestFacts,
    status: number,
    problem: string | null,
  ): Reply => {
    const { request, innerId } = open.flow;
    const asked = progress.step.kind === 'identify' ? progress.step : null;
    const failure = asked?.failure ?? null;
    return pages.login(status, {
      action: `/flow/${open.id}`,
      formToken: formToken(innerId, 'login'),
      relyingParty: options.relyingParty(request.relyingParty)?.displayName ?? 'the application',
      loginName: asked?.loginName ?? '',
      problem: problem ?? (failure === null ? null : failureSentence(failure)),
      reauthentication: sessions.open(facts) !== null && (request.forceAuthn || request.maxAge !== null),
    });
  };

  const submit = async (id: string, facts: RequestFacts): Promise<Reply> => {
    if (!isOwnPost(facts, publicOrigin)) return desk.page('foreign', 403, facts);
    const open = usableFlow(id, facts);
    if ('kind' in open) return open;
    if (!isFormToken(open.flow.innerId, 'login', facts.form.get('form_token'))) return desk.page('foreign', 403, facts);
    const session = sessions.open(facts);
    if (facts.form.has('cancel')) {
      const declined = await step(open.flow, session, facts, { kind: 'declined' });
      if (declined.step.kind === 'finished')
        return answers.give(declined.step.result, open.flow.request, { session, flow: open }, facts);
    }
    return provePassword(open, session, facts);
  };

  const provePassword = async (open: OpenFlow, session: OpenSession | null, facts: RequestFacts): Promise<Reply> => {
    const typedName = facts.form.get('username') ?? '';
    const ended = desk.metrics.loginDuration.startTimer();
    const outcome = await password.verify({
      typedName,
      password: facts.form.get('password') ?? '',
      address: facts.address,
      now: facts.now,
    });
    ended();
    desk.metrics.logins.inc({
      method: 'password',
      outcome: outcome.kind === 'proved' ? 'success' : 'failure',
      reason: outcome.kind,
    });
    if (outcome.kind === 'proved') {
      const progress = await step(open.flow, session, facts, outcome);
      if (progress.step.kind === 'finished')
        return answers.give(progress.step.result, open.flow.request, { session, flow: open }, facts);
      return again(open, progress, facts);
    }
    answers.audit(facts, {
      action: 'login-failed',
      outcome: 'failure',
      reason: outcome.kind,
      relyingParty: open.flow.request.relyingParty,
      methods: ['password'],
    });
    if (outcome.kind === 'unavailable') {
      const progress = await step(open.flow, session, facts, { kind: 'arrived' });
      return withRetry(loginPage(open, progress, facts, 503, busySentence(outcome.retryAfter)), outcome.retryAfter);
    }
    const failed = await step(open.flow, session, facts, { kind: 'failed', failure: outcome.failure, typedName });
    if (outcome.failure.kind === 'throttled') {
      return withRetry(
        loginPage(open, failed, facts, 429, failureSentence(outcome.failure)),
        outcome.failure.retryAfter,
      );
    }
    return again(open, failed, facts);
  };

  /** Post, redirect, get: reloading the page does not send the password again. */
  const again = (open: OpenFlow, progress: Progress, facts: RequestFacts): Reply => {
    const flow = { ...open.flow, context: progress.context };
    const cookie = flows.seal(open.id, flow, open.iat, [open.kid]);
    if (cookie === null) return desk.page('unavailable', 503, facts);
    return { kind: 'redirect', status: 303, location: `/flow/${open.id}`, cookies: [cookie] };
  };

  return { begin, show, submit };
}

function withRetry(reply: Reply, seconds: number): Reply {
  return { ...reply, headers: { ...reply.headers, 'Retry-After': String(seconds) } };
}
