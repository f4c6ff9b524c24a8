// Owns: asking for a second factor inside a login: beginning with it, its page, other ways, judging the answer.
// Leaves to core/login-flow which method is asked for; to a FactorMethod what a proof is; to login-desk.ts the cookie.
import type { FactorFailure, MethodName } from '../core/authentication-event.ts';
import type { CredentialSet } from '../core/credential.ts';
import type { Language } from '../core/language.ts';
import { type LoginContext, livePending, type PendingChallenge, withPending } from '../core/login-context.ts';
import type { LoginInput } from '../core/login-step.ts';
import type { Reply } from '../core/reply.ts';
import { codeDestinations } from '../methods/code-methods.ts';
import {
  CREDENTIAL_FIELD,
  type FactorContext,
  type FactorMethod,
  type FactorOutcome,
  type FactorSubject,
  type FormFields,
  type MethodFailure,
} from '../methods/factor-method.ts';
import type { AnswerDesk } from './answer-desk.ts';
import { type Challenge, type LoginWorld, type Next, type StoredVisit, speechOf } from './login-visit.ts';
import type { OtherWay } from './pages.ts';
import { withRetry } from './password-form.ts';
import type { RequestFacts } from './request-facts.ts';
import type { Words } from './words.ts';

/** The step asks for a method that this desk has. */
export type Asked = Next & { readonly step: Challenge };

/** A page, and the context to seal with it when something was begun for it. */
export interface Question {
  readonly reply: Reply;
  readonly context: LoginContext | null;
}

export interface FactorDesk {
  /** The page of the method that is due; begins with it where nothing is pending. */
  readonly ask: (visit: StoredVisit, asked: Asked) => Promise<Question>;
  /** Begins with the method that was chosen; a page when that cannot be done. */
  readonly begin: (
    visit: StoredVisit,
    asked: Asked,
    credential: ChosenWay['credential'],
  ) => Promise<LoginContext | Reply>;
  /** What the posted form proves, or the page that says why nothing was found out. */
  readonly prove: (visit: StoredVisit, asked: Asked) => Promise<LoginInput | Reply>;
}

/**
 * For the password's page as well. Whoever has several numbers or addresses chooses among them, so that one telephone that
 * is lost keeps nobody out; `shown` is the one that the page asks about.
 */
export function otherWays(
  { methods, method }: Challenge,
  enrolled: CredentialSet,
  shown: string | null,
  words: Words,
): readonly OtherWay[] {
  return methods.flatMap((one) => {
    const label = words.ways[one];
    const places = codeDestinations(one, enrolled);
    if (places.length < 2) return one === method ? [] : [{ choose: one, label }];
    return places
      .filter(({ credential }) => one !== method || credential !== shown)
      .map(({ credential, name }) => ({ choose: `${one}:${credential}`, label: `${label} (${name})` }));
  });
}

export interface ChosenWay {
  readonly method: MethodName;
  /** Which of several, where codes are sent; null: the first one. */
  readonly credential: string | null;
}

/** What a button for another way wants; null: nothing that there is. */
export function wayNamed(possible: readonly MethodName[], choose: string | undefined): ChosenWay | null {
  const [name, credential = null] = (choose ?? '').split(':');
  const method = possible.find((one) => one === name);
  return method === undefined ? null : { method, credential };
}

export function createFactorDesk(world: LoginWorld, answers: AnswerDesk, factors: readonly FactorMethod[]): FactorDesk {
  const { desk } = world;
  const byName: ReadonlyMap<MethodName, FactorMethod> = new Map(factors.map((factor) => [factor.name, factor]));

  const factorOf = ({ step }: Asked): FactorMethod => {
    const factor = byName.get(step.method);
    if (factor === undefined) throw new Error(`nothing here asks for ${step.method}`);
    return factor;
  };
  const subjectOf = ({ step, enrolled }: Asked): FactorSubject => ({ account: step.account, enrolled });
  const pendingOf = ({ facts }: StoredVisit, { step, context }: Asked): PendingChallenge | null =>
    livePending(context, step.account.id, step.method, facts.now);

  const page = async (
    visit: StoredVisit,
    asked: Asked,
    pending: PendingChallenge | null,
    problem: string | null,
    status: number,
  ): Promise<Reply | null> => {
    const question = await factorOf(asked).page(subjectOf(asked), pending);
    return question === null ? null : pageOf(visit, asked, question, problem, status);
  };

  /** Without a question there is nothing to fill in, only what happened and the other ways. */
  const pageOf = (
    visit: StoredVisit,
    { step, enrolled }: Asked,
    question: Awaited<ReturnType<FactorMethod['page']>>,
    problem: string | null,
    status: number,
  ): Reply => {
    const { language, words, application } = speechOf(world, visit);
    return desk.pages.factor(language, status, {
      action: `/flow/${visit.cookie.id}`,
      formToken: desk.forms.make(visit.flow.innerId, 'login'),
      relyingParty: application,
      loginName: step.account.loginName,
      method: step.method,
      question,
      problem,
      ways: otherWays(step, enrolled, question?.kind === 'sent-code' ? question.credential : null, words),
    });
  };

  const begin = async (
    visit: StoredVisit,
    asked: Asked,
    form: FormFields,
  ): Promise<{ readonly pending: PendingChallenge | null } | Reply> => {
    const begun = await factorOf(asked).begin(
      subjectOf(asked),
      form,
      factorContext(visit.facts, speechOf(world, visit).language),
    );
    if (begun.kind === 'ready') {
      return { pending: begun.pending === null ? null : { data: begun.pending, at: visit.facts.now } };
    }
    audit(visit, asked, begun);
    if (begun.kind === 'unavailable') {
      return withRetry(pageOf(visit, asked, null, speechOf(world, visit).words.unsent, 503), begun.retryAfter);
    }
    // The code that was sent before is asked for: it may still arrive.
    const { step } = asked;
    const before = livePending(visit.flow.context, step.account.id, step.method, visit.facts.now);
    return refusedPage(visit, asked, begun.failure, before);
  };

  const refusedPage = async (
    visit: StoredVisit,
    asked: Asked,
    failure: MethodFailure,
    pending: PendingChallenge | null,
  ): Promise<Reply> => {
    const sentence = speechOf(world, visit).words.factorFailure(failure);
    const status = isWaiting(failure) ? 429 : 400;
    const shown = (await page(visit, asked, pending, sentence, status)) ?? pageOf(visit, asked, null, sentence, status);
    return failure.kind === 'throttled' ? withRetry(shown, failure.retryAfter) : shown;
  };

  const audit = (visit: StoredVisit, { step }: Asked, { because }: { readonly because: string }): void => {
    desk.metrics.logins.inc({ method: step.method, outcome: 'failure', reason: because });
    answers.audit(visit.facts, {
      action: 'login-failed',
      outcome: 'failure',
      reason: because,
      accountId: step.account.id,
      loginName: step.account.loginName,
      relyingParty: visit.flow.request.relyingParty,
      methods: [step.method],
    });
  };

  return {
    ask: async (visit, asked) => {
      const { step, context } = asked;
      const { words } = speechOf(world, visit);
      const problem = step.failure === null ? null : words.factorFailure(step.failure);
      const shown = await page(visit, asked, pendingOf(visit, asked), problem, 200);
      if (shown !== null) return { reply: shown, context: null };
      const begun = await begin(visit, asked, new Map());
      if ('kind' in begun) return { reply: begun, context: null };
      const question = await page(visit, asked, begun.pending, problem, 200);
      if (question === null) throw new Error(`${step.method} has begun and asks nothing`);
      return { reply: question, context: withPending(context, step.account.id, { method: step.method, ...begun }) };
    },
    begin: async (visit, asked, credential) => {
      const form = credential === null ? [] : [[CREDENTIAL_FIELD, credential] as const];
      const begun = await begin(visit, asked, new Map(form));
      if ('kind' in begun) return begun;
      return withPending(asked.context, asked.step.account.id, { method: asked.step.method, ...begun });
    },
    prove: async (visit, asked) => {
      const pending = pendingOf(visit, asked);
      const { form } = visit.facts;
      const outcome: FactorOutcome = await factorOf(asked).verify(
        subjectOf(asked),
        form,
        pending,
        factorContext(visit.facts, speechOf(world, visit).language),
      );
      if (outcome.kind === 'proved') {
        desk.metrics.logins.inc({ method: outcome.event.method, outcome: 'success', reason: 'proved' });
        return outcome;
      }
      audit(visit, asked, outcome);
      if (outcome.kind === 'unavailable') {
        return withRetry(desk.page('unavailable', 503, visit.facts), outcome.retryAfter);
      }
      const { failure } = outcome;
      if (isWaiting(failure)) return refusedPage(visit, asked, failure, pending);
      return { kind: 'failed', failure, typedName: '' };
    },
  };
}

/** Nothing was judged, so nothing is kept of it. */
function isWaiting(failure: MethodFailure): failure is Exclude<MethodFailure, SealedFailure> {
  return failure.kind === 'throttled' || failure.kind === 'locked';
}
type SealedFailure = Extract<FactorFailure, { readonly kind: 'wrong' | 'expired' }>;

/** What a method is told of a request. */
export function factorContext({ now, address, attempt }: RequestFacts, language: Language): FactorContext {
  return { now, address, claimant: attempt, language };
}
