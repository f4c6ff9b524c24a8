// Owns: the addresses of the account's own pages, and what they are made of. Leaves to web/account-*.ts: what they do.
import type { Config } from '../config/config.ts';
import type { Account } from '../core/account.ts';
import { type AssuranceLevel, higherOf } from '../core/assurance.ts';
import { floorFor, type RelyingParty } from '../core/relying-party.ts';
import type { Session } from '../core/session.ts';
import type { SessionJournal } from '../core/session-journal.ts';
import type { Route } from '../http/app.ts';
import type { Clock } from '../lib/clock.ts';
import type { HashPool } from '../methods/hash-pool.ts';
import type { Parts } from '../parts.ts';
import type { SessionList } from '../state/sql-sessions.ts';
import { pageRequest } from '../web/account-adapter.ts';
import { createAccountConsents } from '../web/account-consents.ts';
import { createAccountDesk } from '../web/account-desk.ts';
import { createAccountFactors } from '../web/account-factors.ts';
import { createAccountGuard } from '../web/account-guard.ts';
import { createAccountPassword } from '../web/account-password.ts';
import type { AnswerDesk } from '../web/answer-desk.ts';
import type { Desk } from '../web/desk.ts';
import type { EnrolmentDesk } from '../web/enrolment-desk.ts';
import type { LoginDesk } from '../web/login-desk.ts';
import { SIGN_IN_PATH } from '../web/page-links.ts';
import type { RequestFacts } from '../web/request-facts.ts';
import { endedUntil } from './end-sessions.ts';
import type { NodeFactors } from './factors.ts';
import { passwordPolicyOf } from './new-passwords.ts';

export interface AccountRouteParts {
  readonly config: Config;
  readonly parts: Pick<Parts, 'parties' | 'directories' | 'shared'>;
  readonly desk: Desk;
  readonly answers: AnswerDesk;
  readonly login: LoginDesk;
  readonly factors: NodeFactors;
  /** null: nothing can be enrolled. */
  readonly enrolments: EnrolmentDesk | null;
  readonly pool: Pick<HashPool, 'create'>;
  readonly sessions: (SessionJournal & SessionList) | null;
  readonly onSession: (session: Session, facts: RequestFacts) => Promise<unknown>;
  readonly clock: Clock;
}

export function createAccountRoutes(given: AccountRouteParts): readonly Route[] {
  const { config, parts, desk, answers, login, factors, enrolments, sessions } = given;
  const guard = createAccountGuard({
    desk,
    login,
    credentials: factors.credentials,
    possible: factors.possible,
    sessionList: sessions,
    onSession: given.onSession,
    publicOrigin: config.publicOrigin,
    endedUntil: (now) => endedUntil(now, config),
  });
  const passwords = createAccountPassword({
    desk,
    answers,
    guard,
    directories: parts.directories,
    pool: given.pool,
    policy: passwordPolicyOf(config),
    cost: config.password.argon2,
    announcer: factors.announcer,
    clock: given.clock,
  });
  const consents = createAccountConsents({
    ...{ desk, answers, guard },
    store: parts.shared.consents,
    relyingParty: (key) => parts.parties.relyingParty(key) ?? null,
  });
  const account = createAccountDesk({
    ...{ desk, answers, guard, passwords, consents },
    kinds: enrolments?.kinds ?? [],
    sessionList: sessions,
  });
  return [
    { method: 'GET', path: SIGN_IN_PATH, handle: (facts) => login.begin(home(facts), facts) },
    { method: 'GET', path: '/account', handle: (facts) => account.show(facts) },
    { method: 'POST', path: '/account/consents', handle: (facts) => consents.withdraw(facts) },
    { method: 'POST', path: '/account/everywhere', handle: (facts) => account.everywhere(facts) },
    { method: 'GET', path: '/account/password', handle: (facts) => passwords.show(facts) },
    { method: 'POST', path: '/account/password', handle: (facts) => passwords.submit(facts) },
    ...factorRoutes(given, guard),
  ];
}

function factorRoutes(
  { desk, answers, factors, enrolments, parts }: AccountRouteParts,
  guard: ReturnType<typeof createAccountGuard>,
): readonly Route[] {
  const { credentials: store, announcer } = factors;
  if (enrolments === null || store === null) return [];
  const demanded = (account: Account): AssuranceLevel => demandedOf(relyingParties(parts.parties), account);
  const own = createAccountFactors({ desk, answers, guard, store, enrolments, announcer, demanded });
  return [
    { method: 'GET', path: '/account/add/:id', handle: (facts, kind) => own.showAdd(facts, kind) },
    { method: 'POST', path: '/account/add/:id', handle: (facts, kind) => own.add(facts, kind) },
    { method: 'GET', path: '/account/factor/:id', handle: (facts, id) => own.show(facts, id) },
    { method: 'POST', path: '/account/factor/:id', handle: (facts, id) => own.change(facts, id) },
  ];
}

function relyingParties(parties: Parts['parties']): readonly RelyingParty[] {
  const all = [...parties.all(), ...parties.clients(), ...parties.services().all()];
  return all.map(({ relyingParty }) => relyingParty);
}

/** The highest floor of any application for this person's groups; one that still has patience counts, its day will come. */
export function demandedOf(parties: readonly RelyingParty[], { groups }: Pick<Account, 'groups'>): AssuranceLevel {
  return parties.reduce<AssuranceLevel>((level, { floor }) => higherOf(level, floorFor(floor, groups)), 'aal1');
}

function home({ now }: RequestFacts) {
  const request = pageRequest({ path: '/', accountId: null, proof: null, now });
  return { kind: 'authenticate', request, via: 'get' } as const;
}
