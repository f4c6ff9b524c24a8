// Owns: signing out of Signet itself, and saying honestly what it reached. Single logout is not here.
import { isUnavailable } from '../core/account.ts';
import { type Reply, withCookies } from '../core/reply.ts';
import type { AnswerDesk } from './answer-desk.ts';
import type { Desk } from './desk.ts';
import { isOwnPost, type RequestFacts } from './request-facts.ts';
import { pageWords } from './words.ts';

export interface LogoutDeskOptions {
  readonly desk: Desk;
  readonly answers: AnswerDesk;
  /** The name of the party with this hash (12 hex digits), when it is still registered. */
  readonly partyName: (hash: string) => string | null;
  readonly publicOrigin: string;
}

export interface LogoutDesk {
  readonly show: (facts: RequestFacts) => Promise<Reply>;
  readonly submit: (facts: RequestFacts) => Promise<Reply>;
}

export function createLogoutDesk(options: LogoutDeskOptions): LogoutDesk {
  const { desk, answers } = options;

  /**
   * A session that does not count at the moment is not always over: while the revocation feed is stale it sleeps, and
   * would be back for whoever uses this browser then. Whoever is told that nobody is signed in leaves without the cookie.
   */
  const notSignedIn = (facts: RequestFacts): Reply => {
    const page = desk.pages.message(200, { ...pageWords.notSignedIn, reference: null });
    return facts.cookies.has(desk.sessions.name) ? withCookies(page, [desk.sessions.expired]) : page;
  };

  const show = async (facts: RequestFacts): Promise<Reply> => {
    const open = desk.sessions.open(facts);
    if (open === null) return notSignedIn(facts);
    const found = await desk.directory.findById(open.session.accountId);
    return desk.pages.logout({
      formToken: desk.forms.make(open.session.sid, 'logout'),
      loginName: found === null || isUnavailable(found) ? 'yourself' : found.loginName,
      participants: open.session.participants.flatMap((p) => options.partyName(p.relyingParty) ?? []),
    });
  };

  const submit = async (facts: RequestFacts): Promise<Reply> => {
    if (!isOwnPost(facts, options.publicOrigin)) return desk.page('foreign', 403, facts);
    const open = desk.sessions.open(facts);
    if (open === null) return notSignedIn(facts);
    const { session } = open;
    if (!desk.forms.matches(session.sid, 'logout', facts.form.get('form_token')))
      return desk.page('foreign', 403, facts);
    // A slow answer in another tab could bring the cookie back: the sid is remembered as ended.
    await desk.revocations.revokeSid(session.sid, facts.now + desk.sidRevocationSeconds, facts.now);
    const flows = desk.flows.openAll(facts);
    // A flow that cannot be remembered as spent now leaves with its cookie, and names no session any more.
    await Promise.all(flows.map(({ flow, exp }) => desk.spent.spend('login-flow', flow.innerId, exp, null, facts.now)));
    answers.audit(facts, { action: 'logout', outcome: 'success', accountId: session.accountId, sid: session.sid });
    const names = session.participants.flatMap((p) => options.partyName(p.relyingParty) ?? []);
    const left =
      names.length === 0 ? [] : [`These applications were not told and may keep you signed in: ${names.join(', ')}.`];
    const page = desk.pages.message(200, {
      title: pageWords.signedOut.title,
      text: [...pageWords.signedOut.text, ...left],
      reference: null,
    });
    return { ...page, cookies: [desk.sessions.expired, ...flows.map((flow) => desk.flows.expired(flow.id))] };
  };

  return { show, submit };
}
