// Owns: adding, renaming and removing what one signs in with beside the password. Leaves to account-guard.ts: who may; to
// enrolment-desk.ts: the two steps of adding; to the store: that nobody's change is overwritten.
import { type Account, isUnavailable } from '../core/account.ts';
import { type AssuranceLevel, assuranceOf, isAtLeast } from '../core/assurance.ts';
import type { Credential, CredentialKind, CredentialSet, CredentialStore } from '../core/credential.ts';
import { enrolledMethods, isAllDisabled } from '../core/enrolment.ts';
import { type Reply, type SetCookie, withCookies } from '../core/reply.ts';
import { DESTINATION_FIELD, LABEL_FIELD } from '../methods/factor-method.ts';
import { readLabel } from '../methods/typed-code.ts';
import { WEBAUTHN_FIELD } from '../methods/webauthn-party.ts';
import { nameOf } from './account-desk.ts';
import type { AccountGuard, ProvedVisitor } from './account-guard.ts';
import type { Announcer } from './announcer.ts';
import type { AnswerDesk } from './answer-desk.ts';
import type { Desk } from './desk.ts';
import { type EnrolmentDesk, type EnrolmentPlace, type EnrolmentRefused, withRetryOf } from './enrolment-desk.ts';
import { ENROL_BEGIN, ENROL_CONFIRM } from './login-enrolment.ts';
import type { RequestFacts } from './request-facts.ts';
import type { Notice } from './words.ts';

export interface AccountFactors {
  /** GET and POST /account/add/KIND */
  readonly showAdd: (facts: RequestFacts, kind: string) => Promise<Reply>;
  readonly add: (facts: RequestFacts, kind: string) => Promise<Reply>;
  /** GET and POST /account/factor/ID */
  readonly show: (facts: RequestFacts, id: string) => Promise<Reply>;
  readonly change: (facts: RequestFacts, id: string) => Promise<Reply>;
}

export interface AccountFactorsOptions {
  readonly desk: Desk;
  readonly answers: AnswerDesk;
  readonly guard: AccountGuard;
  readonly store: CredentialStore;
  readonly enrolments: EnrolmentDesk;
  readonly announcer: Announcer;
  /** The highest level that an application demands of somebody in this person's groups. */
  readonly demanded: (account: Account) => AssuranceLevel;
}

type Member = Omit<ProvedVisitor, 'enrolled'> & { readonly enrolled: CredentialSet };

export function createAccountFactors(options: AccountFactorsOptions): AccountFactors {
  const { desk, answers, guard, store, enrolments, announcer, demanded } = options;

  const member = async (facts: RequestFacts, path: string): Promise<Member | Reply> => {
    const who = await guard.proved(facts, path);
    if (!('open' in who)) return who;
    if (who.enrolled === null) return desk.page('missing', 404, facts);
    return isAllDisabled(who.enrolled) ? done('factors-disabled', []) : { ...who, enrolled: who.enrolled };
  };

  const placeOf = ({ open }: Member): EnrolmentPlace => ({
    id: open.session.sid,
    ancestor: { kid: open.kid, lineage: open.session.lineage },
  });
  const kindNamed = (name: string): CredentialKind | null => enrolments.kinds.find((kind) => kind === name) ?? null;

  const addPage = async (
    who: Member,
    kind: CredentialKind,
    facts: RequestFacts,
    refused: EnrolmentRefused | null,
  ): Promise<Reply> => {
    const { account, enrolled, open, language } = who;
    const begun = await enrolments.pending({ account, enrolled }, placeOf(who), facts);
    const page = desk.pages.enrol(language, refused?.status ?? 200, {
      action: `/account/add/${kind}`,
      formToken: desk.forms.make(open.session.sid, 'account'),
      kind,
      question: begun?.kind === kind ? begun.page : null,
      problem: refused?.sentence ?? null,
      replaces: enrolled.credentials.some(({ data }) => data.kind === 'recovery-codes'),
      destination: facts.form.get(DESTINATION_FIELD) ?? '',
      seconds: Math.min(who.provedUntil, begun?.until ?? who.provedUntil) - facts.now,
      back: '/account',
    });
    return refused === null ? page : withRetryOf(page, refused);
  };

  const add: AccountFactors['add'] = async (facts, name) => {
    const refusal = await guard.refusePost(facts);
    if (refusal !== null) return refusal;
    const kind = kindNamed(name);
    if (kind === null) return desk.page('missing', 404, facts);
    const path = `/account/add/${kind}`;
    const who = await member(facts, path);
    if (!('open' in who)) return who;
    const subject = { account: who.account, enrolled: who.enrolled };
    const wanted = facts.form.get('enrol');
    if (wanted === ENROL_BEGIN) {
      const begun = await enrolments.begin(kind, subject, placeOf(who), facts);
      if (begun.kind === 'refused') return addPage(who, kind, facts, begun);
      return { kind: 'redirect', status: 303, location: path, cookies: [begun.cookie] };
    }
    if (wanted !== ENROL_CONFIRM) return to(path);
    // The page had become too old to ask the browser: the person has proved themselves again, or need not yet.
    if (kind === 'webauthn' && (facts.form.get(WEBAUTHN_FIELD) ?? '') === '') return to(path);
    const result = await enrolments.confirm(subject, placeOf(who), facts);
    if (result.kind === 'refused') return addPage(who, kind, facts, result);
    if (result.kind === 'over') return done('enrolment-over', [enrolments.ended]);
    const stronger = result.event === null ? null : await guard.strengthen(who, result.event, facts);
    const notice = kind === 'recovery-codes' ? 'codes-renewed' : 'added';
    return done(notice, [enrolments.ended, ...(stronger === null ? [] : [stronger])]);
  };

  /** One of their own; recovery codes are renewed, not changed. */
  const found = ({ enrolled }: Member, id: string): Credential | null =>
    enrolled.credentials.find((one) => one.id === id && one.data.kind !== 'recovery-codes') ?? null;

  const isRemovable = ({ account, enrolled }: Member, { id }: Credential): boolean => {
    const least = demanded(account);
    const before = reach(enrolled.credentials);
    const after = reach(enrolled.credentials.filter((one) => one.id !== id));
    return isAtLeast(after, least) || !isAtLeast(before, least);
  };

  const remove = async (who: Member, credential: Credential, facts: RequestFacts): Promise<Reply> => {
    const { account, enrolled } = who;
    if (!isRemovable(who, credential)) return done('last-factor', []);
    const removed = await store.remove(account.id, credential.id, enrolled.version);
    if (isUnavailable(removed)) return desk.page('unavailable', 503, facts);
    if (removed !== 'done') return done('changed-meanwhile', []);
    const left = enrolled.credentials.filter(({ id }) => id !== credential.id);
    const codes = left.find(({ data }) => data.kind === 'recovery-codes');
    // Codes for the day when the second step is lost are the second step themselves when there is no other.
    if (codes !== undefined && left.every(({ data }) => data.kind === 'recovery-codes' || data.kind === 'email')) {
      await store.remove(account.id, codes.id, enrolled.version + 1);
    }
    told(who, 'removed', credential, facts);
    const proofs = guard.freshProofs(who, { ...enrolled, credentials: left }, facts.now);
    const { cookies } = await guard.endOthers(who, proofs, facts);
    return done('removed', cookies);
  };

  const rename = async (who: Member, credential: Credential, facts: RequestFacts): Promise<Reply> => {
    const label = readLabel(facts.form.get(LABEL_FIELD) ?? '');
    const renamed = await store.rename(who.account.id, credential.id, label, who.enrolled.version);
    if (isUnavailable(renamed)) return desk.page('unavailable', 503, facts);
    if (renamed !== 'done') return done('changed-meanwhile', []);
    told(who, 'renamed', credential, facts);
    return done('renamed', []);
  };

  const told = (who: Member, what: 'removed' | 'renamed', { data }: Credential, facts: RequestFacts): void => {
    const { account, enrolled, language, open } = who;
    answers.audit(facts, {
      action: 'account-changed',
      outcome: 'success',
      reason: what,
      accountId: account.id,
      loginName: account.loginName,
      sid: open.session.sid,
      methods: [data.kind],
    });
    if (what === 'removed') announcer.tell(account, enrolled, what, data.kind, language);
  };

  const change: AccountFactors['change'] = async (facts, id) => {
    const refusal = await guard.refusePost(facts);
    if (refusal !== null) return refusal;
    if (!CREDENTIAL_ID.test(id)) return desk.page('missing', 404, facts);
    const who = await member(facts, `/account/factor/${id}`);
    if (!('open' in who)) return who;
    const credential = found(who, id);
    if (credential === null) return done('changed-meanwhile', []);
    return facts.form.get('do') === 'remove' ? remove(who, credential, facts) : rename(who, credential, facts);
  };

  return {
    showAdd: async (facts, name) => {
      const kind = kindNamed(name);
      if (kind === null) return desk.page('missing', 404, facts);
      const who = await member(facts, `/account/add/${kind}`);
      return 'open' in who ? addPage(who, kind, facts, null) : who;
    },
    add,
    show: async (facts, id) => {
      if (!CREDENTIAL_ID.test(id)) return desk.page('missing', 404, facts);
      const who = await member(facts, `/account/factor/${id}`);
      if (!('open' in who)) return who;
      const credential = found(who, id);
      if (credential === null) return desk.page('missing', 404, facts);
      return desk.pages.accountFactor(who.language, {
        action: `/account/factor/${id}`,
        formToken: desk.forms.make(who.open.session.sid, 'account'),
        name: nameOf(credential, who.words),
        label: credential.label,
        removable: isRemovable(who, credential),
      });
    },
    change,
  };
}

function to(location: string): Reply {
  return { kind: 'redirect', status: 303, location };
}

const CREDENTIAL_ID = /^[\w-]{1,64}$/;

/** What a person can prove for good: recovery codes are used up. */
function reach(credentials: readonly Credential[]): AssuranceLevel | null {
  const lasting = credentials.filter(({ data }) => data.kind !== 'recovery-codes');
  const methods = enrolledMethods({ version: 0, credentials: lasting });
  return assuranceOf([{ method: 'password' }, ...methods.map((method) => ({ method }))]);
}

function done(notice: Notice, cookies: readonly SetCookie[]): Reply {
  return withCookies({ kind: 'redirect', status: 303, location: `/account?done=${notice}` }, cookies);
}
