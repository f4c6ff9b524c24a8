// Owns: who may see and change what on the account's pages: a session, and for changes a proof that is fresh and as strong
// as the person can give; a post of our own page; and that a change ends what others may have begun.
// Leaves to the login flow: asking for the proof; to account-*.ts: the changes.
import { type Account, isUnavailable } from '../core/account.ts';
import { type AssuranceLevel, assuranceOf, isAtLeast } from '../core/assurance.ts';
import type { AuthenticationEvent, MethodName } from '../core/authentication-event.ts';
import type { CredentialSet, CredentialStore } from '../core/credential.ts';
import { enrolledMethods, stillEnrolled } from '../core/enrolment.ts';
import type { Language } from '../core/language.ts';
import type { Reply, SetCookie } from '../core/reply.ts';
import type { RevocationReach } from '../core/revocation.ts';
import { absenceId, type Session, withEvent } from '../core/session.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { SessionList } from '../state/sql-sessions.ts';
import { pageRequest } from './account-adapter.ts';
import type { Desk } from './desk.ts';
import type { LoginDesk } from './login-desk.ts';
import { isOwnPost, type RequestFacts } from './request-facts.ts';
import type { OpenSession } from './session-cookie.ts';
import { languageOf, type Words, wordsIn } from './words.ts';

/** Whoever changes what they sign in with has proved themselves so many seconds ago at most. */
export const CHANGE_PROOF_SECONDS = 300;
/** What the login flow takes for fresh: less, so that the page that follows does not find it too old. */
const ASKED_PROOF_SECONDS = 180;

export interface Visitor {
  readonly open: OpenSession;
  readonly account: Account;
  /** null: there is no database, so there is nothing but a password. 'unavailable': it does not answer. */
  readonly enrolled: CredentialSet | null | 'unavailable';
  readonly language: Language;
  readonly words: Words;
}

/** What they have is known. */
export type ProvedVisitor = Omit<Visitor, 'enrolled'> & {
  readonly enrolled: CredentialSet | null;
  /** Until then they need not prove themselves again. */
  readonly provedUntil: EpochSeconds;
};

export interface AccountGuard {
  /** Who is signed in; a reply that leads to signing in, and back to `path`. */
  readonly visitor: (facts: RequestFacts, path: string) => Promise<Visitor | Reply>;
  /** The same with a fresh proof. */
  readonly proved: (facts: RequestFacts, path: string) => Promise<ProvedVisitor | Reply>;
  /** null when a post comes from a page that was made for this session; else what to answer. */
  readonly refusePost: (facts: RequestFacts) => Promise<Reply | null>;
  /** The session with one more proof, sealed. */
  readonly strengthen: (visitor: Visitor, event: AuthenticationEvent, facts: RequestFacts) => Promise<SetCookie | null>;
  /**
   * Ends everything of the account that is older than `proofs`, and goes on in a new session that has nothing but them.
   * The session's cookie is the expired one when nothing is left to go on with. What browsers were known by ends as well;
   * this one is known from now on where the person goes on in it.
   */
  readonly endOthers: (
    visitor: Visitor,
    proofs: readonly AuthenticationEvent[],
    facts: RequestFacts,
  ) => Promise<{ readonly cookies: readonly SetCookie[]; readonly reach: RevocationReach }>;
  /** The session's proofs that are fresh, of credentials that are still there. */
  readonly freshProofs: (
    visitor: Visitor,
    enrolled: CredentialSet,
    now: EpochSeconds,
  ) => readonly AuthenticationEvent[];
}

export interface AccountGuardOptions {
  readonly desk: Pick<
    Desk,
    'sessions' | 'devices' | 'forms' | 'directory' | 'revocations' | 'random' | 'page' | 'sidRevocationSeconds'
  >;
  readonly login: Pick<LoginDesk, 'begin'>;
  readonly credentials: Pick<CredentialStore, 'list'> | null;
  readonly possible: readonly MethodName[];
  readonly sessionList: Pick<SessionList, 'list'> | null;
  /** A session was begun or got stronger. Never rejects. */
  readonly onSession: (session: Session, facts: RequestFacts) => Promise<unknown>;
  readonly publicOrigin: string;
  /** When nothing can be opened any more that was sealed before. */
  readonly endedUntil: (now: EpochSeconds) => EpochSeconds;
}

/** Sessions that began meanwhile and are ended one by one. */
const YOUNGER_MAX = 50;
const OUTAGE_RETRY_SECONDS = '30';

export function createAccountGuard(options: AccountGuardOptions): AccountGuard {
  const { desk, login, credentials, possible, sessionList } = options;

  const unavailable = (facts: RequestFacts): Reply => ({
    ...desk.page('unavailable', 503, facts),
    headers: { 'Retry-After': OUTAGE_RETRY_SECONDS },
  });

  const signIn = (facts: RequestFacts, path: string): Promise<Reply> => {
    const request = pageRequest({ path, accountId: null, proof: null, now: facts.now });
    return login.begin({ kind: 'authenticate', request, via: 'get' }, facts);
  };

  const visitor: AccountGuard['visitor'] = async (facts, path) => {
    const open = await desk.sessions.open(facts);
    if (isUnavailable(open)) return unavailable(facts);
    if (open === null) return signIn(facts, path);
    const account = await desk.directory.findById(open.session.accountId);
    if (isUnavailable(account)) return unavailable(facts);
    if (account === null || account.disabled) return signIn(facts, path);
    const found = credentials === null ? null : await credentials.list(account.id);
    const language = languageOf(facts);
    const enrolled = isUnavailable(found) ? 'unavailable' : found;
    return { open, account, enrolled, language, words: wordsIn(language) };
  };

  /** The most that this person can prove. NIST SP 800-63B-4 §4.1: what binds an authenticator is as strong as what is bound. */
  const highest = (enrolled: CredentialSet | null): AssuranceLevel => {
    const theirs: readonly MethodName[] = ['password', ...(enrolled === null ? [] : enrolledMethods(enrolled))];
    const usable = theirs.filter((method) => possible.includes(method));
    return assuranceOf(usable.map((method) => ({ method }))) ?? 'aal1';
  };

  const fresh = (
    session: Session,
    enrolled: CredentialSet | null,
    now: EpochSeconds,
  ): readonly AuthenticationEvent[] => {
    const recent = session.events.filter(({ at }) => now < at + CHANGE_PROOF_SECONDS);
    return enrolled === null ? recent : stillEnrolled(recent, enrolled);
  };

  const proved: AccountGuard['proved'] = async (facts, path) => {
    const who = await visitor(facts, path);
    if (!('open' in who)) return who;
    const { open, account, enrolled } = who;
    if (enrolled === 'unavailable') return unavailable(facts);
    const level = highest(enrolled);
    const proofs = fresh(open.session, enrolled, facts.now);
    if (isAtLeast(assuranceOf(proofs), level)) {
      const provedUntil = Math.min(...proofs.map(({ at }) => at)) + CHANGE_PROOF_SECONDS;
      return { ...who, enrolled, provedUntil };
    }
    const proof = { level, maxAge: ASKED_PROOF_SECONDS };
    const request = pageRequest({ path, accountId: account.id, proof, now: facts.now });
    return login.begin({ kind: 'authenticate', request, via: 'get' }, facts);
  };

  const refusePost: AccountGuard['refusePost'] = async (facts) => {
    if (!isOwnPost(facts, options.publicOrigin)) return desk.page('foreign', 403, facts);
    const open = await desk.sessions.open(facts);
    if (isUnavailable(open)) return unavailable(facts);
    // Nobody is signed in any more: the page behind `path` leads to signing in.
    if (open === null) return { kind: 'redirect', status: 303, location: '/account' };
    const own = desk.forms.matches(open.session.sid, 'account', facts.form.get('form_token'));
    return own ? null : desk.page('foreign', 403, facts);
  };

  const seal = (open: OpenSession, session: Session, now: EpochSeconds): SetCookie | null => {
    const ancestors = [{ kid: open.kid, lineage: open.session.lineage }];
    return desk.sessions.seal(session, { ancestors, keep: null }, now);
  };

  const strengthen: AccountGuard['strengthen'] = async ({ open }, event, facts) => {
    // A session in its last moments is not lengthened.
    if (open.ending) return null;
    const stronger = withEvent(open.session, { ...event, at: Math.max(event.at, open.session.created) });
    const cookie = seal(open, stronger, facts.now);
    if (cookie !== null) await options.onSession(stronger, facts);
    return cookie;
  };

  /**
   * Sessions of others that began after the oldest proof that counts: the account's not-before would leave them. Those that
   * have been signed out of too: what they gave for the person's absence goes on. False: they are not known, or too many.
   */
  const endYounger = async ({ account, open }: Visitor, since: EpochSeconds, now: EpochSeconds): Promise<boolean> => {
    const filter = { live: false, limit: YOUNGER_MAX };
    const listed = sessionList === null ? [] : await sessionList.list(account.id, filter, now);
    if (isUnavailable(listed)) return false;
    const younger = listed.filter(({ createdAt }) => createdAt >= since);
    if (younger.length === YOUNGER_MAX) return false;
    const others = younger.filter(({ sid }) => Buffer.compare(sid, open.session.sid) !== 0);
    const ended = others.flatMap(({ sid }) => [
      desk.revocations.revokeSid(sid, now + desk.sidRevocationSeconds, now),
      desk.revocations.revokeSid(absenceId(sid), options.endedUntil(now), now),
    ]);
    await Promise.all(ended);
    return true;
  };

  const endOthers: AccountGuard['endOthers'] = async (who, given, facts) => {
    const { open, account } = who;
    const { now } = facts;
    const since = given.length === 0 ? now : Math.min(...given.map(({ at }) => at));
    // Where others cannot be ended one by one everything ends with them, and this person signs in again.
    const proofs = (await endYounger(who, since, now)) ? given : [];
    const notBefore = proofs.length === 0 ? Math.max(since, now) : since;
    await desk.revocations.revokeSid(open.session.sid, now + desk.sidRevocationSeconds, now);
    const until = options.endedUntil(now);
    const reach = await desk.revocations.revokeAccount(account.id, notBefore, until, now);
    const nobodys = [desk.sessions.expired, desk.devices.expired];
    if (proofs.length === 0) return { cookies: nobodys, reach };
    const session: Session = {
      sid: desk.random(16),
      accountId: account.id,
      created: notBefore,
      events: proofs,
      participants: [],
      lineage: [],
    };
    const cookie = seal(open, session, now);
    if (cookie === null) return { cookies: nobodys, reach };
    await options.onSession(session, facts);
    const ancestors = [{ kid: open.kid, lineage: open.session.lineage }];
    const device = desk.devices.seal(account.id, ancestors, Math.max(notBefore, now)) ?? desk.devices.expired;
    return { cookies: [cookie, device], reach };
  };

  return {
    visitor,
    proved,
    refusePost,
    strengthen,
    endOthers,
    freshProofs: ({ open }, enrolled, now) => fresh(open.session, enrolled, now),
  };
}
