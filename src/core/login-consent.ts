// Owns: the last step of an attempt whose proofs are enough: the person agrees to what the party would be told, where
// somebody has to. An answer counts in the request that brings it and nowhere else: it is never sealed, so that no older
// copy of a flow can bring back an agreement that was withdrawn, or carry one to somebody else.
import type { Authenticated } from './authentication-result.ts';
import type { LoginContext } from './login-context.ts';
import { finish, needInteraction, refuse } from './login-question.ts';
import type { LoginInput, LoginSituation, Progress } from './login-step.ts';

/** Finishes the attempt, or asks before. */
export function finishAgreed(
  where: LoginSituation,
  context: LoginContext,
  result: Omit<Authenticated, 'agreed'>,
  input: LoginInput,
): Progress {
  const { request, asksConsent, consent } = where;
  // A page that takes a proof says which application it is for; a session alone would answer whoever opens a browser.
  const unseen = where.unassured && result.change.kind === 'none';
  if (!asksConsent && !unseen) return finish(context, { ...result, agreed: null });
  const { account } = result;
  if (consent?.accountId !== account.id) return { context, step: { kind: 'look-up', what: 'consent', account } };
  const { digest, standing } = consent;
  if (standing === 'unavailable') return refuse(context, 'unavailable', account);
  // prompt=consent: asked again, whatever is on record (OpenID Connect Core §3.1.2.1).
  if (standing === 'on-record' && !request.askConsent && !unseen) return finish(context, { ...result, agreed: null });
  // To what was on the page: what would be told now may be something else, or about somebody else.
  if (input.kind === 'consented' && input.digest === digest) return finish(context, { ...result, agreed: digest });
  if (request.passive) return needInteraction(context, 'consent', account);
  return { context, step: { kind: 'consent', account, digest, changed: input.kind === 'consented' } };
}
