// Owns: signing out of Signet itself, and saying honestly what it reached. Single logout is not here.
import { isUnavailable } from '../core/account.ts';
import type { Language } from '../core/language.ts';
import { type Reply, type SetCookie, withCookies } from '../core/reply.ts';
import type { Session } from '../core/session.ts';
import type { AnswerDesk } from './answer-desk.ts';
import type { Desk } from './desk.ts';
import type { OpenFlow } from './flow-cookies.ts';
import { linksOf } from './page-links.ts';
import { isNavigation, isOwnPost, type RequestFacts } from './request-facts.ts';
import type { OpenSession } from './session-cookie.ts';
import { languageOf, wordsIn } from './words.ts';

export interface LogoutDeskOptions {
  readonly desk: Desk;
  readonly answers: AnswerDesk;
  /** The name of the party with this hash (12 hex digits), when it is still registered. */
  readonly partyName: (hash: string) => string | null;
  readonly publicOrigin: string;
  /** What the form says of a relying party that asked for it; null when it cannot be believed. */
  readonly signOutRequest: (form: ReadonlyMap<string, string>) => Promise<SignOutRequest | null>;
}

/** A relying party wants the person signed out. */
export interface SignOutRequest {
  /** A verified address to go to afterwards; null: our own page. */
  readonly returnTo: string | null;
  /** The relying party has shown that it is about this session, so the person is not asked. */
  readonly isOf: (sid: Uint8Array) => boolean;
  /** What its people read; null: it leaves that to their browsers. */
  readonly language: Language | null;
  /** What the page that asks hands on. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

export interface LogoutDesk {
  /** A relying party's request; its cookies must have arrived. */
  readonly asked: (request: SignOutRequest, facts: RequestFacts) => Promise<Reply>;
  readonly show: (facts: RequestFacts) => Promise<Reply>;
  readonly submit: (facts: RequestFacts) => Promise<Reply>;
}

export function createLogoutDesk(options: LogoutDeskOptions): LogoutDesk {
  const { desk, answers } = options;

  /**
   * Where there is no session: whoever is told that nobody is signed in leaves nothing behind that the next person at this
   * browser could go on with. A session that does not count at the moment is not always over: while the revocation feed is
   * stale it sleeps. And in a sign-in under way somebody may have proved who they are, all of it at a page that asks for
   * consent. One without a proof stays: ending it would give nothing, and let anybody fill the table of what was used.
   */
  const leave = async (facts: RequestFacts): Promise<readonly SetCookie[]> => {
    const begun = desk.flows.openAll(facts).filter(({ flow }) => flow.context.events.length > 0);
    const session = facts.cookies.has(desk.sessions.name) ? [desk.sessions.expired] : [];
    return [...session, ...(await endFlows(begun, facts))];
  };

  /** A flow that cannot be remembered as spent now leaves with its cookie, and names no session any more. */
  const endFlows = async (flows: readonly OpenFlow[], { now }: RequestFacts): Promise<readonly SetCookie[]> => {
    await Promise.all(
      flows.map(({ flow, opensUntil }) => desk.spent.spend('login-flow', flow.innerId, opensUntil, null, now)),
    );
    return flows.map(({ id }) => desk.flows.expired(id));
  };

  const notSignedIn = async (facts: RequestFacts): Promise<Reply> => {
    const language = languageOf(facts);
    const words = wordsIn(language);
    const links = linksOf('notSignedIn', words);
    const page = desk.pages.message(language, 200, { ...words.pages.notSignedIn, reference: null, links });
    return withCookies(page, await leave(facts));
  };

  /** Signing out a session of which nobody can say whether it has been ended already does no harm. */
  const shown = async (facts: RequestFacts): Promise<OpenSession | null> => {
    const open = await desk.sessions.open(facts);
    return isUnavailable(open) ? open.unsure : open;
  };

  const ask = async (facts: RequestFacts, fields: SignOutRequest['fields']): Promise<Reply> => {
    const open = await shown(facts);
    if (open === null) return notSignedIn(facts);
    const found = await desk.directory.findById(open.session.accountId);
    const language = languageOf(facts);
    return desk.pages.logout(language, {
      fields,
      formToken: desk.forms.make(open.session.sid, 'logout'),
      loginName: found === null || isUnavailable(found) ? wordsIn(language).common.yourself : found.loginName,
      participants: open.session.participants.flatMap((p) => options.partyName(p.relyingParty) ?? []),
    });
  };

  const submit = async (facts: RequestFacts): Promise<Reply> => {
    if (!isOwnPost(facts, options.publicOrigin)) return desk.page('foreign', 403, facts);
    const open = await shown(facts);
    if (open === null) return notSignedIn(facts);
    const { session } = open;
    if (!desk.forms.matches(session.sid, 'logout', facts.form.get('form_token')))
      return desk.page('foreign', 403, facts);
    const request = await options.signOutRequest(facts.form);
    return signOut(session, request?.returnTo ?? null, inLanguageOf(request, facts));
  };

  const asked: LogoutDesk['asked'] = async (request, arrived) => {
    const facts = inLanguageOf(request, arrived);
    if (!isNavigation(facts)) return desk.page('embedded', 403, facts);
    const open = await shown(facts);
    if (open === null) {
      return request.returnTo === null ? notSignedIn(facts) : goTo(request.returnTo, await leave(facts));
    }
    if (request.isOf(open.session.sid)) return signOut(open.session, request.returnTo, facts);
    return ask(facts, request.fields);
  };

  const signOut = async (session: Session, returnTo: string | null, facts: RequestFacts): Promise<Reply> => {
    // A slow answer in another tab could bring the cookie back: the sid is remembered as ended.
    await desk.revocations.revokeSid(session.sid, facts.now + desk.sidRevocationSeconds, facts.now);
    const cookies = [desk.sessions.expired, ...(await endFlows(desk.flows.openAll(facts), facts))];
    answers.audit(facts, { action: 'logout', outcome: 'success', accountId: session.accountId, sid: session.sid });
    if (returnTo !== null) return goTo(returnTo, cookies);
    const names = session.participants.flatMap((p) => options.partyName(p.relyingParty) ?? []);
    const language = languageOf(facts);
    const words = wordsIn(language);
    const { title, text } = words.pages.signedOut;
    const left = names.length === 0 ? [] : [words.logout.untold(names.join(', '))];
    const page = desk.pages.message(language, 200, {
      title,
      text: [...text, ...left],
      reference: null,
      links: linksOf('signedOut', words),
    });
    return { ...page, cookies };
  };

  const show: LogoutDesk['show'] = async (facts) =>
    isNavigation(facts) ? ask(facts, []) : desk.page('embedded', 403, facts);

  return { show, submit, asked };
}

function inLanguageOf(request: SignOutRequest | null, facts: RequestFacts): RequestFacts {
  return request?.language == null ? facts : { ...facts, language: request.language };
}

function goTo(location: string, cookies: readonly SetCookie[]): Reply {
  return { kind: 'redirect', status: 303, location, cookies };
}
