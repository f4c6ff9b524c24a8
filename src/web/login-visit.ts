// Owns: one request of one attempt: what the browser showed with it, what directories and the store of enrolments say
// now, and the flow's next step. Leaves to core/login-flow the decision; to login-desk.ts and factor-desk.ts the pages.
import { type Account, type AccountId, type DirectoryUnavailable, isUnavailable } from '../core/account.ts';
import type { MethodName } from '../core/authentication-event.ts';
import type { AuthenticationRequest, RelyingPartyKey } from '../core/authentication-request.ts';
import { type ConsentState, type ConsentStore, consentDigest, type Disclosure, keptIn } from '../core/consent.ts';
import type { CredentialSet, CredentialStore } from '../core/credential.ts';
import type { Language } from '../core/language.ts';
import type { LoginContext } from '../core/login-context.ts';
import { advance } from '../core/login-flow.ts';
import type { LoginInput, LoginSituation, LoginStep, Progress } from '../core/login-step.ts';
import { floorFor, type RelyingParty } from '../core/relying-party.ts';
import type { Reply, SetCookie } from '../core/reply.ts';
import type { LoginFlow } from '../sealed/flow-body.ts';
import type { Desk } from './desk.ts';
import type { FlowRefusal } from './flow-cookies.ts';
import { type OpenFlow, sidOfAttempt } from './flow-cookies.ts';
import type { RequestFacts } from './request-facts.ts';
import type { OpenSession } from './session-cookie.ts';
import { languageOf, type Words, wordsIn } from './words.ts';

/** One request of one attempt; `cookie` is the one that it came in, null at first. */
export interface Visit {
  readonly flow: LoginFlow;
  readonly cookie: OpenFlow | null;
  readonly session: OpenSession | null;
  /** It cannot be said whether the session that the browser shows has been ended. */
  readonly outage: boolean;
  /** In the language of the flow. */
  readonly facts: RequestFacts;
}

export type StoredVisit = Visit & { readonly cookie: OpenFlow };

/** A step that web can act on: what was to be looked up has been. */
export type Next = Progress & {
  readonly step: Exclude<LoginStep, { readonly kind: 'look-up' }>;
  /** Of the step's account; only read when the flow asked for it. */
  readonly enrolled: CredentialSet;
  /** To that account's person; null: nobody asked for it. */
  readonly disclosure: Disclosure | null;
};

export type Challenge = LoginStep & { readonly kind: 'challenge' };
export type Enrol = LoginStep & { readonly kind: 'enrol' };

/** How somebody without a second factor comes to have one while they sign in: its pages, inside the login flow. */
export interface LoginEnrolment {
  /** What it can enrol at the moment. */
  readonly methods: readonly MethodName[];
  readonly show: (visit: StoredVisit, next: Next & { readonly step: Enrol }) => Promise<Reply>;
  /** What was proved by confirming it, or a page. The set of enrolments is read again afterwards. */
  readonly submit: (visit: StoredVisit, next: Next & { readonly step: Enrol }) => Promise<LoginInput | Reply>;
}

export interface LoginWorld {
  readonly desk: Desk;
  readonly relyingParty: (key: RelyingPartyKey) => RelyingParty | null;
  /** null: there is no database, so nobody has anything but a password. */
  readonly credentials: Pick<CredentialStore, 'list'> | null;
  /** The methods that anybody can have here. */
  readonly possible: readonly MethodName[];
  readonly enrolment: LoginEnrolment | null;
  /** null: nothing is remembered, so that each answer is asked for anew. */
  readonly consents: Pick<ConsentStore, 'find'> | null;
}

/** How a visit's pages speak to the person. */
export interface Speech {
  readonly language: Language;
  readonly words: Words;
  /** What the relying party is called. */
  readonly application: string;
}

/** The facts with the language of everything that is said on the way to this answer: the party's wish comes first. */
export function inLanguageOf(
  world: Pick<LoginWorld, 'relyingParty'>,
  { language, relyingParty }: Pick<AuthenticationRequest, 'language' | 'relyingParty'>,
  facts: RequestFacts,
): RequestFacts {
  return { ...facts, language: language ?? languageOf(facts, world.relyingParty(relyingParty)) };
}

export function speechOf(world: Pick<LoginWorld, 'relyingParty'>, { flow, facts }: Visit): Speech {
  const party = world.relyingParty(flow.request.relyingParty);
  const language = languageOf(facts);
  const words = wordsIn(language);
  const own = flow.request.answerTo.protocol === 'account';
  const application = own ? words.common.toAccount : (party?.displayName ?? words.common.theApplication);
  return { language, words, application };
}

const NOTHING: CredentialSet = { version: 0, credentials: [] };

/** The next step of a visit's attempt. Everything that may have changed since the last page is read again. */
export async function nextStep(world: LoginWorld, visit: Visit, given: LoginInput): Promise<Next> {
  const input = await asItIsNow(world.desk, given);
  let where = await situation(world, visit);
  let disclosure: Disclosure | null = null;
  const lookedUp = new Set<string>();
  for (;;) {
    const { context, step } = advance(where, visit.flow.context, input);
    if (step.kind !== 'look-up') {
      return { context, step, enrolled: where.enrolment?.enrolled ?? NOTHING, disclosure };
    }
    if (lookedUp.has(step.what)) throw new Error(`the flow asked twice for an account's ${step.what}`);
    lookedUp.add(step.what);
    if (step.what === 'enrolment') {
      const { id: accountId } = step.account;
      const found = world.credentials === null ? NOTHING : await world.credentials.list(accountId);
      where = { ...where, enrolment: { accountId, enrolled: isUnavailable(found) ? null : found } };
    } else {
      const found = await consentOf(world, visit, step.account);
      disclosure = found.disclosure;
      where = { ...where, consent: found.consent };
    }
  }
}

/** What there is to agree to, and whether somebody has. Of a party that has gone nobody can say: its adapter refuses. */
async function consentOf(
  { relyingParty, consents, desk }: LoginWorld,
  { flow }: Visit,
  account: Account,
): Promise<{ readonly consent: ConsentState; readonly disclosure: Disclosure | null }> {
  const { relyingParty: key, askConsent, answerTo } = flow.request;
  const { id: accountId } = account;
  const store = askConsent ? null : keptIn(consents, relyingParty(key)?.consent);
  const kept = store === null ? [] : await store.find(accountId, key);
  // After the wait, so that nothing is waited for between this and the answer: both are made from the same settings.
  const party = relyingParty(key);
  const disclosure = desk.adapters[answerTo.protocol].disclosure(account, answerTo);
  if (party === null || disclosure === null || isUnavailable(kept)) {
    return { consent: { accountId, digest: '', standing: 'unavailable' }, disclosure: null };
  }
  const { termsVersion } = party.consent;
  const digest = consentDigest({ accountId, relyingParty: key, termsVersion, items: disclosure.items });
  const standing = kept.some((one) => one.digest === digest) ? 'on-record' : 'none';
  return { consent: { accountId, digest, standing }, disclosure };
}

/**
 * Who proves something may have been disabled since the node last asked. Not after a password, which has just been asked
 * about; and while the directory is down, what is remembered does, as for single sign-on.
 */
async function asItIsNow({ directory }: Desk, input: LoginInput): Promise<LoginInput> {
  if (input.kind !== 'proved' || input.event.method === 'password') return input;
  const now = await directory.findById(input.account.id, 'asked-now');
  if (now !== null && isUnavailable(now)) return input;
  return { ...input, account: now ?? { ...input.account, disabled: true } };
}

/** The cookie of a visit's flow with this context. */
export function sealVisit(
  { flows }: Desk,
  { cookie, flow }: StoredVisit,
  context: LoginContext,
): SetCookie | FlowRefusal {
  const { id, iat, kid } = cookie;
  return flows.seal(id, { ...flow, context }, iat, [{ kid, lineage: flow.lineage }]);
}

async function situation(
  { desk, ...world }: LoginWorld,
  { flow, session, outage, facts }: Visit,
): Promise<LoginSituation> {
  const { request, context } = flow;
  const find = (id: AccountId | null): Promise<Account | null | DirectoryUnavailable> =>
    id === null ? Promise.resolve(null) : desk.directory.findById(id);
  const sessionId = session?.session.accountId ?? null;
  const bySession = await find(sessionId);
  const byContext = context.accountId === sessionId ? bySession : await find(context.accountId);
  const party = world.relyingParty(request.relyingParty);
  const adapter = desk.adapters[request.answerTo.protocol];
  return {
    request,
    session: session?.session ?? null,
    sessionAccount: isUnavailable(bySession) ? null : bySession,
    contextAccount: isUnavailable(byContext) ? null : byContext,
    outage: outage || isUnavailable(bySession) || isUnavailable(byContext),
    enrolment: null,
    asksConsent: request.askConsent || (party?.consent.ask ?? true),
    unassured: adapter.isUnassured(request.answerTo),
    consent: null,
    possible: world.possible,
    enrollable: world.enrolment?.methods ?? [],
    // A party that has gone meanwhile is refused by its adapter; nothing is decided in its favour before.
    floor: (account) => (party === null ? 'aal3' : floorFor(party.floor, account.groups)),
    graceUntil: party?.floor.graceUntil ?? null,
    isRequiredSubject: (account) => adapter.isRequiredSubject(account, request.answerTo),
    named: (methods) => adapter.canState(methods, request.answerTo),
    newSid: (account) => sidOfAttempt(flow.innerId, account.id),
    now: facts.now,
  };
}
