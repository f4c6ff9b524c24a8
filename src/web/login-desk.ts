// Owns: one sign-in over HTTP: from a protocol's request, over the login page, to the protocol's answer.
// Leaves to core/login-flow the decision, to a ProtocolAdapter the answer, to answer-desk.ts the giving of it.
import { isUnavailable } from '../core/account.ts';
import type { RelyingPartyKey } from '../core/authentication-request.ts';
import { emptyContext, type LoginContext, TYPED_NAME_MAX_BYTES } from '../core/login-context.ts';
import { advance, type LoginInput, type LoginSituation, type LoginStep } from '../core/login-flow.ts';
import { LOGIN_NAME_MAX_BYTES } from '../core/login-name.ts';
import type { Arrival } from '../core/protocol-adapter.ts';
import { floorFor, type RelyingParty } from '../core/relying-party.ts';
import { type Reply, withCookies } from '../core/reply.ts';
import type { PasswordMethod } from '../methods/password.ts';
import type { LoginFlow } from '../sealed/flow-body.ts';
import type { AnswerDesk } from './answer-desk.ts';
import type { Desk } from './desk.ts';
import { type OpenFlow, sidOfAttempt } from './flow-cookies.ts';
import { isNavigation, isOwnPost, type RequestFacts } from './request-facts.ts';
import type { OpenSession } from './session-cookie.ts';
import { busySentence, failureSentence, refusalWords } from './words.ts';

export interface LoginDeskOptions {
  readonly desk: Desk;
  readonly answers: AnswerDesk;
  readonly password: PasswordMethod;
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

/** One request of one attempt: its flow, what the browser showed with it, and the cookie it came in (null at first). */
interface Visit {
  readonly flow: LoginFlow;
  readonly cookie: OpenFlow | null;
  readonly session: OpenSession | null;
  readonly facts: RequestFacts;
}

type StoredVisit = Visit & { readonly cookie: OpenFlow };

type Identify = LoginStep & { readonly kind: 'identify' };

export function createLoginDesk(options: LoginDeskOptions): LoginDesk {
  const { desk, answers, password, publicOrigin } = options;
  const { sessions, flows, forms, pages } = desk;

  /** One step of the flow: the protocol's answer when that finishes it, else what to ask. */
  const step = async (
    visit: Visit,
    input: LoginInput,
  ): Promise<{ readonly answer: Reply } | { readonly context: LoginContext; readonly ask: Identify }> => {
    const { flow, session, facts } = visit;
    const { request, context } = flow;
    const bySession = session === null ? null : await desk.directory.findById(session.session.accountId);
    const byContext = context.accountId === null ? null : await desk.directory.findById(context.accountId);
    const party = options.relyingParty(request.relyingParty);
    const where: LoginSituation = {
      request,
      session: session?.session ?? null,
      sessionAccount: isUnavailable(bySession) ? null : bySession,
      contextAccount: isUnavailable(byContext) ? null : byContext,
      outage: isUnavailable(bySession) || isUnavailable(byContext),
      // A party that has gone meanwhile is refused by its adapter; nothing is decided in its favour before.
      floor: (account) => (party === null ? 'aal3' : floorFor(party.floor, account.groups)),
      isRequiredSubject: (account) =>
        desk.adapters[request.answerTo.protocol].isRequiredSubject(account, request.answerTo),
      newSid: (account) => sidOfAttempt(flow.innerId, account.id),
      now: facts.now,
    };
    const progress = advance(where, context, input);
    if (progress.step.kind === 'identify') return { context: progress.context, ask: progress.step };
    return { answer: await answers.give(progress.step.result, request, { session, flow: visit.cookie }, facts) };
  };

  const begin = async (arrival: Arrival, facts: RequestFacts): Promise<Reply> => {
    if (arrival.kind !== 'authenticate') {
      const { code, relyingParty } = arrival.error;
      desk.log.info('request refused', {
        requestId: facts.requestId,
        code,
        detail: arrival.error.detail,
        relyingParty,
      });
      answers.audit(facts, { action: 'refusal', outcome: 'failure', reason: code, relyingParty });
      if (arrival.kind === 'reply') return arrival.reply;
      return pages.message(arrival.status, { ...refusalWords[arrival.page], reference: facts.requestId });
    }
    if (!isNavigation(facts)) return desk.page('embedded', 403, facts);
    const context = emptyContext(facts.now);
    const flow = { innerId: desk.random(16), lineage: [], request: arrival.request, context };
    // A cross-site POST carries no cookies: whether there is a session shows only after the 303.
    if (arrival.via === 'post') return startFlow({ flow, cookie: null, session: null, facts });
    const visit = { flow, cookie: null, session: sessions.open(facts), facts };
    const next = await step(visit, { kind: 'arrived' });
    return 'answer' in next ? next.answer : startFlow(visit);
  };

  const startFlow = ({ flow, session, facts }: Visit): Reply => {
    const id = flows.newId();
    const from = session === null ? [] : [{ kid: session.kid, lineage: session.session.lineage }];
    const cookie = flows.seal(id, flow, facts.now, from);
    if ('refused' in cookie) {
      return cookie.refused === 'too-large' ? desk.page('tooLarge', 400, facts) : desk.page('unavailable', 503, facts);
    }
    const cookies = [cookie, ...flows.housekeeping(facts, null, [cookie])];
    return { kind: 'redirect', status: 303, location: `/flow/${id}`, cookies };
  };

  const openVisit = (id: string, facts: RequestFacts): StoredVisit | Reply => {
    const cookie = flows.open(id, facts);
    const session = sessions.open(facts);
    if (cookie === null) return desk.page(session === null ? 'stale' : 'finished', 410, facts);
    return { flow: cookie.flow, cookie, session, facts };
  };

  const show = async (id: string, facts: RequestFacts): Promise<Reply> => {
    if (!isNavigation(facts)) return desk.page('embedded', 403, facts);
    const visit = openVisit(id, facts);
    if ('kind' in visit) return visit;
    const next = await step(visit, { kind: 'arrived' });
    if ('answer' in next) return next.answer;
    // Judged only now: a balancer's repeat of the request that finished the flow has been answered above, once more.
    const spent = await desk.spent.peek('login-flow', visit.flow.innerId, facts.now);
    if (isUnavailable(spent)) return desk.page('unavailable', 503, facts);
    if (spent) {
      return withCookies(desk.page('finished', 410, facts), [flows.expired(id)]);
    }
    const page = loginPage(visit, next.ask.loginName ?? '', next.ask.failure && failureSentence(next.ask.failure), 200);
    return withCookies(page, flows.housekeeping(facts, id, []));
  };

  const loginPage = (visit: StoredVisit, loginName: string, problem: string | null, status: number): Reply => {
    const { request, innerId } = visit.flow;
    return pages.login(status, {
      action: `/flow/${visit.cookie.id}`,
      formToken: forms.make(innerId, 'login'),
      relyingParty: options.relyingParty(request.relyingParty)?.displayName ?? 'the application',
      loginName,
      problem,
      reauthentication: visit.session !== null && (request.forceAuthn || request.maxAge !== null),
    });
  };

  const submit = async (id: string, facts: RequestFacts): Promise<Reply> => {
    if (!isOwnPost(facts, publicOrigin)) return desk.page('foreign', 403, facts);
    const opened = openVisit(id, facts);
    if ('kind' in opened) return opened;
    // A session in its last moments is not lengthened: it would end at once, and the person be asked all of it again.
    const visit = opened.session?.ending === true ? { ...opened, session: null } : opened;
    if (!forms.matches(visit.flow.innerId, 'login', facts.form.get('form_token')))
      return desk.page('foreign', 403, facts);
    if (facts.form.has('cancel')) return proceed(visit, { kind: 'declined' });
    const ended = desk.metrics.loginDuration.startTimer();
    const reply = await provePassword(visit);
    ended();
    return reply;
  };

  const provePassword = async (visit: StoredVisit): Promise<Reply> => {
    const { facts } = visit;
    // One character too many is as much nobody's name as 250,000, which need not come back six times as long.
    const typedName = (facts.form.get('username') ?? '').slice(0, LOGIN_NAME_MAX_BYTES + 1);
    const secret = facts.form.get('password') ?? '';
    const outcome = await password.verify({ typedName, password: secret, address: facts.address, now: facts.now });
    const because = outcome.kind === 'proved' ? 'proved' : outcome.because;
    const result = outcome.kind === 'proved' ? 'success' : 'failure';
    desk.metrics.logins.inc({ method: 'password', outcome: result, reason: because });
    if (outcome.kind === 'proved') return proceed(visit, outcome);
    const accountId = outcome.kind === 'failed' ? outcome.accountId : null;
    const { relyingParty } = visit.flow.request;
    // Never the typed name: people type passwords there.
    const audited = { reason: because, accountId, relyingParty, methods: ['password'] };
    answers.audit(facts, { action: 'login-failed', outcome: 'failure', ...audited });
    if (outcome.kind === 'unavailable') {
      if (outcome.because !== 'busy') return withRetry(desk.page('unavailable', 503, facts), outcome.retryAfter);
      return withRetry(loginPage(visit, typedName, busySentence(outcome.retryAfter), 503), outcome.retryAfter);
    }
    const { failure } = outcome;
    if (failure.kind === 'throttled') {
      return withRetry(loginPage(visit, typedName, failureSentence(failure), 429), failure.retryAfter);
    }
    return proceed(visit, { kind: 'failed', failure, typedName: keptName(typedName) });
  };

  /** Post, redirect, get: reloading the page that follows does not send the password again. */
  const proceed = async (visit: StoredVisit, input: LoginInput): Promise<Reply> => {
    const next = await step(visit, input);
    if ('answer' in next) return next.answer;
    const { id, iat, kid } = visit.cookie;
    const cookie = flows.seal(id, { ...visit.flow, context: next.context }, iat, [
      { kid, lineage: visit.flow.lineage },
    ]);
    if ('refused' in cookie) return desk.page('unavailable', 503, visit.facts);
    return { kind: 'redirect', status: 303, location: `/flow/${id}`, cookies: [cookie] };
  };

  return { begin, show, submit };
}

/** A name too long for its slot in the cookie is not kept; the person types it again. */
function keptName(typedName: string): string {
  return Buffer.byteLength(typedName, 'utf8') > TYPED_NAME_MAX_BYTES ? '' : typedName;
}

function withRetry(reply: Reply, seconds: number): Reply {
  return { ...reply, headers: { ...reply.headers, 'Retry-After': String(seconds) } };
}
