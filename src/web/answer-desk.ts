// Owns: giving the answer: the session's new copy, what is known of the browser, the audit line. Leaves to adapters: the
// message itself; to answered-once.ts: that it is given once.
import type { AccountId, DirectoryUnavailable } from '../core/account.ts';
import { assuranceOf } from '../core/assurance.ts';
import type { AuditEvent } from '../core/audit-event.ts';
import type { MethodName } from '../core/authentication-event.ts';
import type { AuthenticationRequest, RelyingPartyKey } from '../core/authentication-request.ts';
import type { Authenticated, AuthenticationResult } from '../core/authentication-result.ts';
import type { AnswerContext } from '../core/protocol-adapter.ts';
import { type Reply, type SetCookie, withCookies } from '../core/reply.ts';
import { provedSince, type Session, withParticipant } from '../core/session.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { Ancestor } from '../sealed/lineage.ts';
import { type AnsweredOnceOptions, createAnsweredOnce } from './answered-once.ts';
import type { Desk } from './desk.ts';
import { answerIdOfFlow, type OpenFlow } from './flow-cookies.ts';
import { homeLink } from './page-links.ts';
import type { RequestFacts } from './request-facts.ts';
import type { OpenSession } from './session-cookie.ts';
import { languageOf, wordsIn } from './words.ts';

/** What the browser showed when the answer became due. */
export interface Shown {
  readonly session: OpenSession | null;
  readonly flow: OpenFlow | null;
}

export interface AnswerDesk {
  readonly give: (
    result: AuthenticationResult,
    request: AuthenticationRequest,
    shown: Shown,
    facts: RequestFacts,
  ) => Promise<Reply>;
  readonly audit: (facts: RequestFacts, event: Partial<AuditEvent> & Pick<AuditEvent, 'action' | 'outcome'>) => void;
}

export interface AnswerDeskOptions extends Pick<AnsweredOnceOptions, 'requestClaim'> {
  readonly desk: Desk;
  /** A login has finished, in a new session or an older one that it strengthened by `proved`. Never rejects. */
  readonly onFinished: (session: Session, proved: readonly MethodName[], facts: RequestFacts) => Promise<unknown>;
  /** The relying party was told who the person is, for the first time in this session. Never waits. */
  readonly onJoined: (session: Session, relyingParty: RelyingPartyKey, facts: RequestFacts) => void;
  /** Keeps what the person has just agreed to, where agreements of that party are kept. */
  readonly keepConsent: (
    accountId: AccountId,
    relyingParty: RelyingPartyKey,
    digest: string,
    now: EpochSeconds,
  ) => Promise<true | DirectoryUnavailable>;
  /** The relying party was told who the person is. */
  readonly onAnswered: (relyingParty: RelyingPartyKey) => void;
}

export function createAnswerDesk(options: AnswerDeskOptions): AnswerDesk {
  const { desk } = options;
  const once = createAnsweredOnce(options);

  const audit: AnswerDesk['audit'] = (facts, event) =>
    desk.audit({
      reason: null,
      sid: null,
      accountId: null,
      loginName: null,
      relyingParty: null,
      methods: [],
      assurance: null,
      address: facts.address,
      userAgent: facts.headers['user-agent'] ?? null,
      requestId: facts.requestId,
      ...event,
    });

  const give: AnswerDesk['give'] = async (result, request, shown, facts) => {
    const adapter = desk.adapters[request.answerTo.protocol];
    const answer = await adapter.answer(result, request.answerTo, answerContext(shown));
    if (answer.kind === 'refused') {
      audit(facts, {
        action: 'refusal',
        outcome: 'failure',
        reason: answer.error.code,
        ...whoseAttempt(result),
        relyingParty: request.relyingParty,
      });
      const language = languageOf(facts);
      const words = wordsIn(language);
      return desk.pages.message(language, answer.status, {
        ...words.refusals[answer.page],
        reference: facts.requestId,
        // Nobody sent the person here: they go on from our own page.
        links: request.answerTo.protocol === 'account' ? homeLink(words) : [],
      });
    }
    const cookies: SetCookie[] = shown.flow === null ? [] : [desk.flows.expired(shown.flow.id)];
    // Nothing is answered unless this says so; what waits afterwards cannot fail.
    const replay = await once(result, request, shown.flow, facts);
    if (replay !== null) {
      audit(facts, {
        action: 'replay',
        outcome: 'failure',
        reason: replay,
        ...whoseAttempt(result),
        relyingParty: request.relyingParty,
      });
      const page = desk.page(replay, replay === 'unavailable' ? 503 : 410, facts);
      return replay === 'unavailable' ? page : withCookies(page, cookies);
    }
    if (result.kind === 'refused') {
      audit(facts, {
        action: 'refusal',
        outcome: 'failure',
        reason: result.reason,
        ...whoseAttempt(result),
        relyingParty: request.relyingParty,
      });
      return withCookies(inLanguage(answer.reply, facts), cookies);
    }
    // After the flow was used up: a copy of it that is shown again must not bring back what was withdrawn meanwhile.
    if (!(await agreed(result, request, facts))) {
      const refusal = { kind: 'refused', reason: 'unavailable', account: result.account } as const;
      const told = await give(refusal, request, { ...shown, flow: null }, facts);
      return withCookies(told, cookies);
    }
    const session = answer.participant === null ? result.session : withParticipant(result.session, answer.participant);
    const sealed = await sealSession(result, session, request, shown, facts);
    if (sealed === 'unavailable') return desk.page('unavailable', 503, facts);
    if (sealed !== null) cookies.push(sealed);
    if (result.change.kind !== 'none') cookies.push(...knownFromNow(session.accountId, shown, facts, cookies));
    await record(result, request, session, answer.error?.code ?? null, shown, facts);
    return withCookies(inLanguage(answer.reply, facts), cookies);
  };

  /** False: it could not be kept, so it could neither be shown nor withdrawn, and nothing may rest on it. */
  const agreed = async (
    { account, agreed: digest }: Authenticated,
    { relyingParty }: AuthenticationRequest,
    facts: RequestFacts,
  ): Promise<boolean> => {
    if (digest === null) return true;
    const kept = await options.keepConsent(account.id, relyingParty, digest, facts.now);
    const { id: accountId, loginName } = account;
    const outcome = kept === true ? 'success' : 'failure';
    const reason = kept === true ? 'agreed' : 'unavailable';
    audit(facts, { action: 'consent', outcome, reason, accountId, loginName, relyingParty });
    return kept === true;
  };

  /** A browser that has got as many bytes as it can be sent is known another time. */
  const knownFromNow = (
    accountId: AccountId,
    shown: Shown,
    { now }: RequestFacts,
    setting: readonly SetCookie[],
  ): readonly SetCookie[] => {
    const cookie = desk.devices.seal(accountId, ancestorsOf(shown), now);
    return cookie !== null && desk.flows.hasRoomFor([...setting, cookie]) ? [cookie] : [];
  };

  const ancestorsOf = ({ session, flow }: Shown): readonly Ancestor[] => {
    const ancestors: Ancestor[] = [];
    if (flow !== null) ancestors.push({ kid: flow.kid, lineage: flow.flow.lineage });
    if (session !== null) ancestors.push({ kid: session.kid, lineage: session.session.lineage });
    return ancestors;
  };

  const answerContext = (shown: Shown): AnswerContext => {
    const { flow } = shown;
    const ancestors = ancestorsOf(shown);
    return { ancestors, answerId: flow === null ? desk.random(16) : answerIdOfFlow(flow.flow.innerId) };
  };

  /** null when the copy in the browser is still good. */
  const sealSession = async (
    result: Authenticated,
    session: Session,
    request: AuthenticationRequest,
    shown: Shown,
    facts: RequestFacts,
  ): Promise<SetCookie | 'unavailable' | null> => {
    const { change } = result;
    const before = change.kind === 'started' ? null : shown.session;
    if (before !== null && session === before.session && (!before.reseal || request.passive)) return null;
    const ancestors: Ancestor[] = [];
    if (shown.flow !== null) ancestors.push({ kid: shown.flow.kid, lineage: shown.flow.flow.lineage });
    if (before !== null) ancestors.push({ kid: before.kid, lineage: before.session.lineage });
    // Nobody was there to be idle: a passive answer does not lengthen the session.
    const keep = before !== null && request.passive ? { iat: before.iat, exp: before.exp } : null;
    const cookie = desk.sessions.seal(session, { ancestors, keep }, facts.now);
    if (cookie === null) return before === null ? 'unavailable' : null;
    if (change.kind === 'started' && change.replaced !== null) {
      await desk.revocations.revokeSid(change.replaced.sid, facts.now + desk.sidRevocationSeconds, facts.now);
    }
    return cookie;
  };

  const record = async (
    result: Authenticated,
    request: AuthenticationRequest,
    session: Session,
    error: string | null,
    shown: Shown,
    facts: RequestFacts,
  ): Promise<void> => {
    const { account, change, proofs } = result;
    if (change.kind === 'started') desk.metrics.sessionsStarted.inc();
    if (change.kind !== 'none') {
      const before = change.kind === 'extended' ? (shown.session?.session ?? null) : null;
      await options.onFinished(session, provedSince(session, before), facts);
    }
    if (session !== result.session) options.onJoined(session, request.relyingParty, facts);
    if (error === null) options.onAnswered(request.relyingParty);
    audit(facts, {
      action: change.kind === 'none' ? 'sso' : 'login',
      outcome: error === null ? 'success' : 'failure',
      reason: error,
      sid: session.sid,
      accountId: account.id,
      loginName: account.loginName,
      relyingParty: request.relyingParty,
      methods: proofs.map((event) => event.method),
      assurance: assuranceOf(proofs),
    });
  };

  return { give, audit };
}

/** Nobody before somebody has proved who they are. */
function whoseAttempt({ account }: AuthenticationResult): Pick<AuditEvent, 'accountId' | 'loginName'> {
  return { accountId: account?.id ?? null, loginName: account?.loginName ?? null };
}

/** Only a form that posts itself has a word to say. */
function inLanguage(reply: Reply, facts: RequestFacts): Reply {
  return reply.kind === 'auto-post' ? { ...reply, language: languageOf(facts) } : reply;
}
