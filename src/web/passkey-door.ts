// Owns: signing in with a passkey alone, on the page that asks for a name and a password. Leaves to methods/webauthn.ts
// what a passkey proves; to the page's script: asking the browser for one.
import { type LoginContext, livePending, withPending } from '../core/login-context.ts';
import type { LoginInput } from '../core/login-step.ts';
import type { Reply } from '../core/reply.ts';
import type { PasskeySignIn } from '../methods/webauthn.ts';
import type { AnswerDesk } from './answer-desk.ts';
import { factorContext } from './factor-desk.ts';
import { type LoginWorld, type StoredVisit, speechOf } from './login-visit.ts';
import { withRetry } from './password-form.ts';

export interface PasskeyDoor {
  /** What the page's script asks the browser with, and the context to seal with it where a new challenge was made. */
  readonly ask: (
    visit: StoredVisit,
    context: LoginContext,
  ) => Promise<{ readonly options: string; readonly context: LoginContext | null }>;
  /** Who came in; null: nobody that was accepted. */
  readonly prove: (visit: StoredVisit, context: LoginContext) => Promise<LoginInput | Reply | null>;
}

/** One question for everybody, so that the flow's length tells nothing about who may answer it. */
export function createPasskeyDoor(world: LoginWorld, answers: AnswerDesk, passkeys: PasskeySignIn): PasskeyDoor {
  const { desk } = world;
  return {
    ask: async (visit, context) => {
      const { now } = visit.facts;
      const before = livePending(context, null, 'webauthn', now);
      const shown = before === null ? null : await passkeys.page(before);
      if (shown !== null) return { options: shown, context: null };
      const pending = { data: passkeys.begin(), at: now };
      const options = await passkeys.page(pending);
      if (options === null) throw new Error('a passkey was asked for, and nothing is asked');
      return { options, context: withPending(context, null, { method: 'webauthn', pending }) };
    },
    prove: async (visit, context) => {
      const { facts, flow } = visit;
      const pending = livePending(context, null, 'webauthn', facts.now);
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
      return null;
    },
  };
}
