// Owns: the page that asks for a name and a password, and what is made of the answer. Leaves to methods/password.ts
// whether it is right.
import { TYPED_NAME_MAX_BYTES } from '../core/login-context.ts';
import { LOGIN_NAME_MAX_BYTES } from '../core/login-name.ts';
import type { LoginInput } from '../core/login-step.ts';
import type { Reply } from '../core/reply.ts';
import type { PasswordMethod } from '../methods/password.ts';
import type { AnswerDesk } from './answer-desk.ts';
import { type LoginWorld, type StoredVisit, speechOf } from './login-visit.ts';
import type { OtherWay, PasskeyQuestion } from './pages.ts';

/** What is shown around the two fields. */
export interface PasswordQuestion {
  readonly loginName: string;
  /** A sentence, or null. */
  readonly problem: string | null;
  /** Other ways of proving who it is. */
  readonly ways: readonly OtherWay[];
  /** null: no passkey is asked for. */
  readonly passkey: PasskeyQuestion | null;
  /** It is known who it is. */
  readonly again: boolean;
}

export interface PasswordForm {
  readonly page: (visit: StoredVisit, question: PasswordQuestion, status?: number) => Reply;
  /** What the posted form proves, or the page that says why nothing was found out. */
  readonly prove: (visit: StoredVisit) => Promise<LoginInput | Reply>;
}

export function createPasswordForm(world: LoginWorld, answers: AnswerDesk, password: PasswordMethod): PasswordForm {
  const { desk } = world;

  const page: PasswordForm['page'] = (visit, { again: known, ...question }, status = 200) => {
    const { request, innerId } = visit.flow;
    const { language, words, application } = speechOf(world, visit);
    const again = known || (visit.session !== null && (request.forceAuthn || request.maxAge !== null));
    const why = request.answerTo.protocol === 'account' ? words.login.confirmForAccount : words.login.confirm;
    return desk.pages.login(language, status, {
      action: `/flow/${visit.cookie.id}`,
      formToken: desk.forms.make(innerId, 'login'),
      relyingParty: application,
      ...question,
      note: again && question.problem === null ? why : null,
    });
  };

  return {
    page,
    prove: async (visit) => {
      const { facts } = visit;
      const { words } = speechOf(world, visit);
      // One character too many is as much nobody's name as 250,000, which need not come back six times as long.
      const typedName = (facts.form.get('username') ?? '').slice(0, LOGIN_NAME_MAX_BYTES + 1);
      const secret = facts.form.get('password') ?? '';
      const { address, now } = facts;
      const deviceOf = desk.devices.open(facts);
      const outcome = await password.verify({ typedName, password: secret, address, deviceOf, now });
      const because = outcome.kind === 'proved' ? 'proved' : outcome.because;
      const result = outcome.kind === 'proved' ? 'success' : 'failure';
      desk.metrics.logins.inc({ method: 'password', outcome: result, reason: because });
      if (outcome.kind === 'proved') return outcome;
      const accountId = outcome.kind === 'failed' ? outcome.accountId : null;
      const { relyingParty } = visit.flow.request;
      // Never the typed name: people type passwords there.
      const audited = { reason: because, accountId, relyingParty, methods: ['password'] };
      answers.audit(facts, { action: 'login-failed', outcome: 'failure', ...audited });
      const again = (problem: string): Parameters<PasswordForm['page']>[1] => ({
        loginName: typedName,
        problem,
        ways: [],
        passkey: null,
        again: false,
      });
      if (outcome.kind === 'unavailable') {
        const { retryAfter } = outcome;
        if (outcome.because !== 'busy') return withRetry(desk.page('unavailable', 503, facts), retryAfter);
        return withRetry(page(visit, again(words.busy(retryAfter)), 503), retryAfter);
      }
      const { failure } = outcome;
      if (failure.kind === 'throttled') {
        return withRetry(page(visit, again(words.failure(failure)), 429), failure.retryAfter);
      }
      return { kind: 'failed', failure, typedName: keptName(typedName) };
    },
  };
}

/** A name too long for its slot in the cookie is not kept: login-desk.ts shows it again at once. */
function keptName(typedName: string): string {
  return Buffer.byteLength(typedName, 'utf8') > TYPED_NAME_MAX_BYTES ? '' : typedName;
}

export function withRetry(reply: Reply, seconds: number): Reply {
  return { ...reply, headers: { ...reply.headers, 'Retry-After': String(seconds) } };
}
