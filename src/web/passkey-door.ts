// Owns: signing in with a passkey alone, on the page that asks for a name and a password. Leaves to methods/webauthn.ts
// what a passkey proves; to the page's script: asking the browser for one.
import { type LoginContext, livePending, PENDING_CHALLENGE_SECONDS, withPending } from '../core/login-context.ts';
import type { LoginInput } from '../core/login-step.ts';
import type { Reply } from '../core/reply.ts';
import type { PasskeySignIn } from '../methods/webauthn.ts';
import { WEBAUTHN_FIELD } from '../methods/webauthn-party.ts';
import type { AnswerDesk } from './answer-desk.ts';
import { factorContext } from './factor-desk.ts';
import { type LoginWorld, type StoredVisit, speechOf } from './login-visit.ts';
import type { PasskeyQuestion } from './pages.ts';
import { withRetry } from './password-form.ts';

export interface PasskeyDoor {
  /** What the page's script asks the browser with, and the context to seal with it where a new challenge was made. */
  readonly ask: (
    visit: StoredVisit,
    context: LoginContext,
  ) => Promise<{ readonly question: PasskeyQuestion; readonly context: LoginContext | null }>;
  /** Who came in; 'late': the page had been open for too long to be answered; 'refused': nobody that was accepted. */
  readonly prove: (visit: StoredVisit, context: LoginContext) => Promise<LoginInput | Reply | 'late' | 'refused'>;
}

/** A page that is shown again takes the question over while it leaves so much time, in seconds. */
const TAKEN_OVER_SECONDS = 240;

/** One question for everybody, so that the flow's length tells nothing about who may answer it. */
export function createPasskeyDoor(world: LoginWorld, answers: AnswerDesk, passkeys: PasskeySignIn): PasskeyDoor {
  const { desk } = world;
  return {
    ask: async (visit, context) => {
      const { now } = visit.facts;
      const before = livePending(context, null, 'webauthn', now);
      const seconds = before === null ? 0 : before.at + PENDING_CHALLENGE_SECONDS - now;
      const shown = before === null || seconds < TAKEN_OVER_SECONDS ? null : await passkeys.page(before);
      if (shown !== null) return { question: { options: shown, seconds }, context: null };
      const pending = { data: passkeys.begin(), at: now };
      const options = await passkeys.page(pending);
      if (options === null) throw new Error('a passkey was asked for, and nothing is asked');
      const question = { options, seconds: PENDING_CHALLENGE_SECONDS };
      return { question, context: withPending(context, null, { method: 'webauthn', pending }) };
    },
    prove: async (visit, context) => {
      const { facts, flow } = visit;
      const pending = livePending(context, null, 'webauthn', facts.now);
      // The page's script sees by itself that it would be in vain, and asks nobody for a passkey.
      if ((facts.form.get(WEBAUTHN_FIELD) ?? '') === '') return 'late';
      const outcome = await passkeys.verify(facts.form, pending, factorContext(facts, speechOf(world, visit).language));
      const proved = outcome.kind === 'proved';
      const reason = proved ? 'proved' : outcome.because;
      const method = proved ? outcome.event.method : 'passkey';
      desk.metrics.logins.inc({ method, outcome: proved ? 'success' : 'failure', reason });
      if (proved) return outcome;
      answers.audit(facts, {
        action: 'login-failed',
        outcome: 'failure',
        reason,
        accountId: outcome.kind === 'failed' ? outcome.accountId : null,
        relyingParty: flow.request.relyingParty,
        methods: ['passkey'],
      });
      if (outcome.kind === 'unavailable') return withRetry(desk.page('unavailable', 503, facts), outcome.retryAfter);
      return pending === null ? 'late' : 'refused';
    },
  };
}
