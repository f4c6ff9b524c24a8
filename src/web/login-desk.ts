// Owns: one sign-in over HTTP: from a protocol's request, over its pages, to the protocol's answer.
// Leaves to core/login-flow the decision, to password-form.ts, passkey-door.ts and factor-desk.ts the proofs, to
// step-pages.ts the pages, to a ProtocolAdapter the answer, to answer-desk.ts the giving of it.
import { isUnavailable } from '../core/account.ts';
import type { MethodName } from '../core/authentication-event.ts';
import { emptyContext, type LoginContext } from '../core/login-context.ts';
import { LOGIN_NAME_MAX_BYTES } from '../core/login-name.ts';
import type { LoginInput } from '../core/login-step.ts';
import type { Arrival } from '../core/protocol-adapter.ts';
import { type Reply, withCookies } from '../core/reply.ts';
import type { FactorMethod } from '../methods/factor-method.ts';
import type { PasswordMethod } from '../methods/password.ts';
import type { PasskeySignIn } from '../methods/webauthn.ts';
import type { AnswerDesk } from './answer-desk.ts';
import { AGREE_FIELD, CONSENT_FIELD } from './consent-page.ts';
import { type Asked, type ChosenWay, createFactorDesk, wayNamed } from './factor-desk.ts';
import {
  inLanguageOf,
  type LoginWorld,
  type Next,
  nextStep,
  type StoredVisit,
  sealVisit,
  speechOf,
  type Visit,
} from './login-visit.ts';
import { createPasskeyDoor } from './passkey-door.ts';
import { createPasswordForm } from './password-form.ts';
import { isNavigation, isOwnPost, type RequestFacts } from './request-facts.ts';
import { createStepPages } from './step-pages.ts';
import { languageOf, wordsIn } from './words.ts';

export interface LoginDeskOptions extends LoginWorld {
  readonly answers: AnswerDesk;
  readonly password: PasswordMethod;
  readonly factors: readonly FactorMethod[];
  /** null: nobody signs in with a passkey alone. */
  readonly passkeys: PasskeySignIn | null;
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

/** Which method a form answers; the name and password form says none. */
const METHOD_FIELD = 'method';
/** A button for another way, or for another code. */
const CHOOSE_FIELD = 'choose';
/** What was typed already where a passkey was chosen after all. */
const NAME_FIELD = 'username';
/** The form of an enrolment. */
const ENROL_FIELD = 'enrol';

export function createLoginDesk(options: LoginDeskOptions): LoginDesk {
  const { desk, answers, publicOrigin, enrolment } = options;
  const { sessions, flows, forms, pages } = desk;
  const password = createPasswordForm(options, answers, options.password);
  const factors = createFactorDesk(options, answers, options.factors);
  const passkeys = options.passkeys === null ? null : createPasskeyDoor(options, answers, options.passkeys);
  const stepPages = createStepPages(options, password, passkeys, factors);

  const refused = (arrival: Exclude<Arrival, { readonly kind: 'authenticate' }>, facts: RequestFacts): Reply => {
    const { code, relyingParty } = arrival.error;
    desk.log.info('request refused', {
      requestId: facts.requestId,
      code,
      detail: arrival.error.detail,
      relyingParty,
    });
    answers.audit(facts, { action: 'refusal', outcome: 'failure', reason: code, relyingParty });
    if (arrival.kind === 'reply') return arrival.reply;
    const language = languageOf(facts, relyingParty === null ? null : options.relyingParty(relyingParty));
    const said = wordsIn(language).refusals[arrival.page];
    return pages.message(language, arrival.status, { ...said, reference: facts.requestId });
  };

  const begin = async (arrival: Arrival, arrived: RequestFacts): Promise<Reply> => {
    if (arrival.kind !== 'authenticate') return refused(arrival, arrived);
    const facts = inLanguageOf(options, arrival.request, arrived);
    if (!isNavigation(facts)) return desk.page('embedded', 403, facts);
    const context = emptyContext(facts.now);
    const flow = { innerId: desk.random(16), lineage: [], request: arrival.request, context };
    // A cross-site POST carries no cookies: whether there is a session shows only after the 303.
    if (arrival.via === 'post') return startFlow({ flow, cookie: null, session: null, outage: false, facts });
    const visit = { flow, cookie: null, ...(await shownSession(facts)), facts };
    const next = await nextStep(options, visit, { kind: 'arrived' });
    return (await answered(visit, next)) ?? startFlow(visit);
  };

  const shownSession = async (facts: RequestFacts): Promise<Pick<Visit, 'session' | 'outage'>> => {
    const found = await sessions.open(facts);
    return isUnavailable(found) ? { session: null, outage: true } : { session: found, outage: false };
  };

  /** null while something is to be asked. */
  const answered = async (visit: Visit, { step }: Next): Promise<Reply | null> => {
    if (step.kind !== 'finished') return null;
    const { session, cookie: flow, facts } = visit;
    return answers.give(step.result, visit.flow.request, { session, flow }, facts);
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

  const openVisit = async (id: string, arrived: RequestFacts): Promise<StoredVisit | Reply> => {
    const cookie = await flows.open(id, arrived);
    if (isUnavailable(cookie)) return desk.page('unavailable', 503, arrived);
    const shown = await shownSession(arrived);
    if (cookie === null) return desk.page(shown.session === null ? 'stale' : 'finished', 410, arrived);
    const facts = inLanguageOf(options, cookie.flow.request, arrived);
    return { flow: cookie.flow, cookie, ...shown, facts };
  };

  const show = async (id: string, facts: RequestFacts): Promise<Reply> => {
    if (!isNavigation(facts)) return desk.page('embedded', 403, facts);
    const visit = await openVisit(id, facts);
    if ('kind' in visit) return visit;
    const next = await nextStep(options, visit, { kind: 'arrived' });
    const answer = await answered(visit, next);
    if (answer !== null) return answer;
    // Judged only now: a balancer's repeat of the request that finished the flow has been answered above, once more.
    const spent = await desk.spent.peek('login-flow', visit.flow.innerId, facts.now);
    if (isUnavailable(spent)) return desk.page('unavailable', 503, visit.facts);
    if (spent) return withCookies(desk.page('finished', 410, visit.facts), [flows.expired(id)]);
    return stepPages.of(visit, next);
  };

  const submit = async (id: string, facts: RequestFacts): Promise<Reply> => {
    if (!isOwnPost(facts, publicOrigin)) return desk.page('foreign', 403, facts);
    const opened = await openVisit(id, facts);
    if ('kind' in opened) return opened;
    // Nothing is tried, and nothing used up, that could not be answered.
    if (opened.outage) return desk.page('unavailable', 503, opened.facts);
    // A session in its last moments is not lengthened: it would end at once, and the person be asked all of it again.
    const visit = opened.session?.ending === true ? { ...opened, session: null } : opened;
    if (!forms.matches(visit.flow.innerId, 'login', facts.form.get('form_token')))
      return desk.page('foreign', 403, visit.facts);
    if (facts.form.has('cancel')) return proceed(visit, { kind: 'declined' });
    if (facts.form.has('skip')) return proceed(visit, { kind: 'skipped' });
    if (facts.form.has(AGREE_FIELD)) {
      return proceed(visit, { kind: 'consented', digest: facts.form.get(CONSENT_FIELD) ?? '' });
    }
    const chosen = wayNamed(options.possible, facts.form.get(CHOOSE_FIELD));
    if (chosen !== null) return proceed(visit, { kind: 'chosen', method: chosen.method }, chosen.credential);
    const ended = desk.metrics.loginDuration.startTimer();
    const reply = await prove(visit);
    ended();
    return reply;
  };

  const prove = async (visit: StoredVisit): Promise<Reply> => {
    const { form } = visit.facts;
    if (!form.has(METHOD_FIELD) && !form.has(ENROL_FIELD)) return onward(visit, await password.prove(visit));
    // What is asked now decides whom the answer is about: never what was asked when the page was made.
    const next = await nextStep(options, visit, { kind: 'arrived' });
    const { step } = next;
    if (step.kind === 'enrol' && enrolment !== null && form.has(ENROL_FIELD)) {
      return onward(visit, await enrolment.submit(visit, { ...next, step }));
    }
    const method = step.kind === 'challenge' && step.methods.find((one) => one === form.get(METHOD_FIELD));
    if (step.kind === 'challenge' && method && method !== 'password') {
      return onward(visit, await factors.prove(visit, { ...next, step: { ...step, method } }));
    }
    if (step.kind === 'identify' && passkeys !== null && form.get(METHOD_FIELD) === 'webauthn') {
      const who = await passkeys.prove(visit, next.context);
      if (who !== 'late' && who !== 'refused') return onward(visit, who);
      const { words } = speechOf(options, visit);
      const typed = typedIn(visit.facts);
      const question = {
        loginName: typed || step.loginName || '',
        problem: who === 'late' ? words.passkeyLate : words.passkeyFailure,
      };
      return stepPages.identify(visit, { ...next.context, challenge: null }, question, 400);
    }
    return (await answered(visit, next)) ?? toPage(visit, next.context);
  };

  const onward = async (visit: StoredVisit, result: LoginInput | Reply): Promise<Reply> =>
    isReply(result) ? result : proceed(visit, result);

  /** Post, redirect, get: reloading the page that follows does not send the answer again. */
  const proceed = async (
    visit: StoredVisit,
    input: LoginInput,
    credential: ChosenWay['credential'] = null,
  ): Promise<Reply> => {
    const next = await nextStep(options, visit, input);
    const answer = await answered(visit, next);
    if (answer !== null) return answer;
    const { step } = next;
    // Said where it happens: on the page that follows nothing would show that this is not what was agreed to.
    if (step.kind === 'consent' && step.changed) return stepPages.of(visit, next);
    // A name that has no room in the cookie is shown again by the answer itself: nobody types it twice.
    const unkept = input.kind === 'failed' && input.typedName === '' ? typedIn(visit.facts) : '';
    if (step.kind === 'identify' && step.failure !== null && unkept !== '') {
      const problem = speechOf(options, visit).words.failure(step.failure);
      return stepPages.identify(visit, next.context, { loginName: unkept, problem }, 400);
    }
    if (input.kind === 'chosen' && step.kind === 'challenge' && step.method === input.method && isFactor(step.method)) {
      const asked: Asked = { ...next, step };
      const begun = await factors.begin(visit, asked, credential);
      return isReply(begun) ? begun : toPage(visit, begun);
    }
    return toPage(visit, next.context);
  };

  const isFactor = (method: MethodName): boolean => options.factors.some(({ name }) => name === method);

  const toPage = (visit: StoredVisit, context: LoginContext): Reply => {
    const cookie = sealVisit(desk, visit, context);
    if ('refused' in cookie) return desk.page('unavailable', 503, visit.facts);
    return { kind: 'redirect', status: 303, location: `/flow/${visit.cookie.id}`, cookies: [cookie] };
  };

  return { begin, show, submit };
}

/** The login name on the form; empty when there is none. */
function typedIn({ form }: RequestFacts): string {
  return form.get(NAME_FIELD)?.slice(0, LOGIN_NAME_MAX_BYTES) ?? '';
}

/** A reply is a redirect, a form that posts itself, or a body; a context has no kind. */
function isReply(value: LoginInput | LoginContext | Reply): value is Reply {
  return 'kind' in value && ['redirect', 'auto-post', 'body'].includes(value.kind);
}
