// Owns: which page a step of the login flow is, and the cookies that go with it. Leaves to password-form.ts, passkey-door.ts
// and factor-desk.ts: what is on it; to login-desk.ts: when it is shown.
import type { LoginContext } from '../core/login-context.ts';
import { type Reply, type SetCookie, withCookies } from '../core/reply.ts';
import { consentPage } from './consent-page.ts';
import { type FactorDesk, otherWays } from './factor-desk.ts';
import { type LoginWorld, type Next, type StoredVisit, sealVisit, speechOf } from './login-visit.ts';
import type { PasskeyDoor } from './passkey-door.ts';
import { type PasswordForm, withRetry } from './password-form.ts';

export interface StepPages {
  /** The page of a step that is not finished. */
  readonly of: (visit: StoredVisit, next: Next) => Promise<Reply>;
  /** The page that asks who it is. */
  readonly identify: (
    visit: StoredVisit,
    context: LoginContext,
    question: { readonly loginName: string; readonly problem: string | null },
    status?: number,
  ) => Promise<Reply>;
}

/** Seconds; when what somebody has enrolled could not be read. */
const ENROLMENTS_RETRY = 30;

export function createStepPages(
  world: LoginWorld,
  password: PasswordForm,
  passkeys: PasskeyDoor | null,
  factors: FactorDesk,
): StepPages {
  const { desk, enrolment } = world;

  /** The page with what this response sets, and without what the browser has too much of. */
  const withContext = (visit: StoredVisit, page: Reply, context: LoginContext | null): Reply => {
    const setting: SetCookie[] = [];
    if (context !== null) {
      const cookie = sealVisit(desk, visit, context);
      if ('refused' in cookie) return desk.page('unavailable', 503, visit.facts);
      setting.push(cookie);
    }
    return withCookies(page, [...setting, ...desk.flows.housekeeping(visit.facts, visit.cookie.id, setting)]);
  };

  const identify: StepPages['identify'] = async (visit, context, question, status) => {
    const passkey = passkeys === null ? null : await passkeys.ask(visit, context);
    const shown = { ...question, ways: [], passkey: passkey?.question ?? null, again: false };
    return withContext(visit, password.page(visit, shown, status), passkey?.context ?? null);
  };

  return {
    identify,
    of: async (visit, next) => {
      const { step, context } = next;
      const { words } = speechOf(world, visit);
      const problem = 'failure' in step && step.failure !== null ? words.failure(step.failure) : null;
      switch (step.kind) {
        case 'identify':
          return identify(visit, context, { loginName: step.loginName ?? '', problem });
        case 'challenge': {
          if (step.method === 'password') {
            const { loginName } = step.account;
            const ways = otherWays(step, next.enrolled, null, words);
            const question = { loginName, problem, ways, passkey: null, again: true };
            return withContext(visit, password.page(visit, question), null);
          }
          const question = await factors.ask(visit, { ...next, step });
          return withContext(visit, question.reply, question.context);
        }
        case 'enrol':
          if (enrolment === null) throw new Error('nothing can be enrolled here, and the flow wants it');
          return withContext(visit, await enrolment.show(visit, { ...next, step }), null);
        case 'consent':
          return withContext(visit, consentPage(world, visit, { ...next, step }), null);
        case 'unavailable':
          return withRetry(desk.page('unavailable', 503, visit.facts), ENROLMENTS_RETRY);
        case 'finished':
          throw new Error('a finished attempt has no page');
        default:
          return step satisfies never;
      }
    },
  };
}
