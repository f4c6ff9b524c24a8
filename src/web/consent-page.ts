// Owns: the page that asks a person whether an application may be told about them: who asks, what it is told, on which
// terms. Leaves to core/login-consent: when it is asked and what an answer counts for; to login-desk.ts: the answer.
import { type Disclosure, keptIn } from '../core/consent.ts';
import type { LoginStep } from '../core/login-step.ts';
import type { Reply } from '../core/reply.ts';
import { shownItems } from './consent-items.ts';
import { type LoginWorld, type Next, type StoredVisit, speechOf } from './login-visit.ts';

export type ConsentStep = LoginStep & { readonly kind: 'consent' };

/** The field that says to what: a page that was made before something changed asks for something else. */
export const CONSENT_FIELD = 'consent';
/** The button. */
export const AGREE_FIELD = 'agree';

/** @param changed the person has just agreed to what is not so any more */
export function consentPage(
  world: LoginWorld,
  visit: StoredVisit,
  { step, disclosure }: Next & { readonly step: ConsentStep },
): Reply {
  const { desk } = world;
  const { language, words, application } = speechOf(world, visit);
  const party = world.relyingParty(visit.flow.request.relyingParty);
  const { items, returnsTo } = disclosure ?? NOTHING;
  const { answerTo } = visit.flow.request;
  const unassured = desk.adapters[answerTo.protocol].isUnassured(answerTo);
  return desk.pages.consent(language, {
    action: `/flow/${visit.cookie.id}`,
    formToken: desk.forms.make(visit.flow.innerId, 'login'),
    digest: step.digest,
    relyingParty: application,
    host: returnsTo,
    loginName: step.account.loginName,
    ...shownItems(items, words.consent),
    tosUri: party?.consent.tosUri ?? null,
    policyUri: party?.consent.policyUri ?? null,
    kept: keptIn(world.consents, party?.consent) === null ? 'notKept' : unassured ? 'keptButAsked' : 'kept',
    problem: step.changed ? words.consent.changed : null,
  });
}

const NOTHING: Disclosure = { items: [], returnsTo: '' };
