// Owns: adding one authenticator to an account in two steps, at sign-in or on the account's pages: what begins it is sealed,
// bound to where it began and to what the person had; what confirms it counts once. Leaves to a FactorEnrolment: what is
// shown and what is right; to its callers: who may begin, and the pages.
import { isUnavailable } from '../core/account.ts';
import type { AuthenticationEvent } from '../core/authentication-event.ts';
import type { Credential, CredentialKind, CredentialStore } from '../core/credential.ts';
import { methodOf } from '../core/enrolment.ts';
import type { Reply, SetCookie } from '../core/reply.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import {
  ENROLMENT_SECONDS,
  type EnrolmentPage,
  type FactorEnrolment,
  type FactorSubject,
} from '../methods/factor-method.ts';
import type { Ancestor } from '../sealed/lineage.ts';
import type { Announcer } from './announcer.ts';
import type { AnswerDesk } from './answer-desk.ts';
import type { Desk } from './desk.ts';
import type { EnrolmentCookie, OpenEnrolment } from './enrolment-cookie.ts';
import { factorContext } from './factor-desk.ts';
import type { RequestFacts } from './request-facts.ts';
import { languageOf, wordsIn } from './words.ts';

/** Where an enrolment happens: it can be confirmed nowhere else. */
export interface EnrolmentPlace {
  /** The sid of the session, or the inner id of the login flow. */
  readonly id: Uint8Array;
  readonly ancestor: Ancestor;
}

/** Nothing happened. `status`: 400 for what was typed, 429 for too many, 503 for an outage; `retryAfter` in seconds. */
export interface EnrolmentRefused {
  readonly kind: 'refused';
  /** For the person. */
  readonly sentence: string;
  readonly status: 400 | 429 | 503;
  readonly retryAfter: number | null;
}

export type EnrolmentResult =
  | { readonly kind: 'enrolled'; readonly credential: Credential; readonly event: AuthenticationEvent | null }
  /** It has expired, was used, belongs elsewhere, or something else was changed meanwhile. */
  | { readonly kind: 'over' }
  | EnrolmentRefused;

export interface EnrolmentDesk {
  readonly kinds: readonly CredentialKind[];
  readonly begin: (
    kind: CredentialKind,
    subject: FactorSubject,
    place: EnrolmentPlace,
    facts: RequestFacts,
  ) => Promise<{ readonly kind: 'begun'; readonly cookie: SetCookie } | EnrolmentRefused>;
  /** What has begun here, and what its page shows; null: nothing that can still be confirmed. */
  readonly pending: (
    subject: FactorSubject,
    place: EnrolmentPlace,
    facts: RequestFacts,
  ) => Promise<{ readonly kind: CredentialKind; readonly page: EnrolmentPage; readonly until: EpochSeconds } | null>;
  readonly confirm: (subject: FactorSubject, place: EnrolmentPlace, facts: RequestFacts) => Promise<EnrolmentResult>;
  readonly ended: SetCookie;
}

export interface EnrolmentDeskOptions {
  readonly desk: Desk;
  readonly answers: AnswerDesk;
  readonly cookie: EnrolmentCookie;
  readonly store: Pick<CredentialStore, 'add' | 'list'>;
  readonly enrolments: readonly FactorEnrolment[];
  readonly announcer: Announcer;
}

const OUTAGE_RETRY_SECONDS = 30;

export function createEnrolmentDesk(options: EnrolmentDeskOptions): EnrolmentDesk {
  const { desk, cookie, store, enrolments } = options;

  const enrolmentOf = (kind: CredentialKind): FactorEnrolment | null =>
    enrolments.find((one) => one.kind === kind) ?? null;

  const opened = async ({ account }: FactorSubject, place: EnrolmentPlace, facts: RequestFacts) => {
    const open = await cookie.open(facts);
    if (isUnavailable(open)) return 'unavailable';
    if (open === null || open.accountId !== account.id || Buffer.compare(open.boundTo, place.id) !== 0) return null;
    const enrolment = enrolmentOf(open.kind);
    return enrolment === null ? null : { open, enrolment };
  };

  const outage = (facts: RequestFacts, retryAfter = OUTAGE_RETRY_SECONDS): EnrolmentRefused => {
    const sentence = wordsIn(languageOf(facts)).unsent;
    return { kind: 'refused', sentence, status: 503, retryAfter };
  };

  /** Once, and only on top of what was there when it began. */
  const add = async (
    open: OpenEnrolment,
    subject: FactorSubject,
    enrolled: Awaited<ReturnType<FactorEnrolment['confirm']>> & { readonly kind: 'enrolled' },
    facts: RequestFacts,
  ): Promise<EnrolmentResult> => {
    const { account } = subject;
    const spent = await desk.spent.spend('enrolment', open.id, open.exp, facts.attempt, facts.now);
    if (isUnavailable(spent) || spent === 'full') return outage(facts);
    if (spent === 'spent') return { kind: 'over' };
    const credential = { ...enrolled.credential, lineage: [...new Set([open.kid, ...open.lineage])].sort() };
    const hashes = enrolled.recoveryHashes ?? [];
    const added = await store.add(account.id, credential, open.version, hashes.length === 0 ? undefined : hashes);
    if (isUnavailable(added)) return outage(facts);
    if (added !== 'done') {
      // A balancer's repeat finds what its first try has added.
      const now = await store.list(account.id);
      if (isUnavailable(now)) return outage(facts);
      if (!now.credentials.some(({ id }) => id === credential.id)) return { kind: 'over' };
    } else tell(subject, credential.data.kind, facts);
    const made: Credential = { ...credential, lastUsedAt: null, disabled: false };
    const method = methodOf(made);
    const event =
      method === null || made.data.kind === 'recovery-codes'
        ? null
        : // A key has answered the question of when the enrolment began; a code is of now.
          { method, credentialId: made.id, at: made.data.kind === 'webauthn' ? open.at : facts.now };
    return { kind: 'enrolled', credential: made, event };
  };

  const tell = ({ account, enrolled }: FactorSubject, kind: CredentialKind, facts: RequestFacts): void => {
    const what = kind === 'recovery-codes' ? 'codes-renewed' : 'added';
    options.answers.audit(facts, {
      action: 'account-changed',
      outcome: 'success',
      reason: what,
      accountId: account.id,
      loginName: account.loginName,
      methods: [kind],
    });
    options.announcer.tell(account, enrolled, what, kind, languageOf(facts));
  };

  const refused = (
    outcome: Exclude<Awaited<ReturnType<FactorEnrolment['confirm']>>, { readonly kind: 'enrolled' }>,
    facts: RequestFacts,
  ): EnrolmentRefused => {
    if (outcome.kind === 'unavailable') return outage(facts, outcome.retryAfter);
    const { failure } = outcome;
    const sentence = wordsIn(languageOf(facts)).enrol.failure(failure);
    if (failure.kind === 'throttled') return { kind: 'refused', sentence, status: 429, retryAfter: failure.retryAfter };
    return { kind: 'refused', sentence, status: failure.kind === 'locked' ? 429 : 400, retryAfter: null };
  };

  return {
    kinds: enrolments.map(({ kind }) => kind),
    ended: cookie.expired,
    begin: async (kind, subject, place, facts) => {
      const enrolment = enrolmentOf(kind);
      if (enrolment === null) throw new Error(`nothing here enrols ${kind}`);
      const begun = await enrolment.begin(subject, facts.form, factorContext(facts, languageOf(facts)));
      if (begun.kind !== 'ready') return refused(begun, facts);
      const body = {
        id: desk.random(16),
        boundTo: place.id,
        accountId: subject.account.id,
        version: subject.enrolled.version,
        kind,
        data: begun.pending,
      };
      const sealed = cookie.seal(body, [place.ancestor], facts.now);
      return sealed === null ? outage(facts) : { kind: 'begun', cookie: sealed };
    },
    pending: async (subject, place, facts) => {
      const begun = await opened(subject, place, facts);
      if (begun === null || begun === 'unavailable' || begun.open.version !== subject.enrolled.version) return null;
      const { kind, data, at } = begun.open;
      const page = await begun.enrolment.page(subject, { data, at });
      return page === null ? null : { kind, page, until: at + ENROLMENT_SECONDS };
    },
    // The version is judged by the store, when all else is right: a balancer's repeat finds it changed by its first try.
    confirm: async (subject, place, facts) => {
      const begun = await opened(subject, place, facts);
      if (begun === 'unavailable') return outage(facts);
      if (begun === null) return { kind: 'over' };
      const { data, at } = begun.open;
      const context = factorContext(facts, languageOf(facts));
      const outcome = await begun.enrolment.confirm(subject, facts.form, { data, at }, context);
      return outcome.kind === 'enrolled' ? add(begun.open, subject, outcome, facts) : refused(outcome, facts);
    },
  };
}

/** With the time after which it may be tried again. */
export function withRetryOf(reply: Reply, { retryAfter }: EnrolmentRefused): Reply {
  return retryAfter === null ? reply : { ...reply, headers: { ...reply.headers, 'Retry-After': String(retryAfter) } };
}
