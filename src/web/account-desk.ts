// Owns: the page of one's own account, and signing out everywhere. Leaves to account-guard.ts: who may; to
// account-factors.ts and account-password.ts: changing what one signs in with.
import { isUnavailable } from '../core/account.ts';
import type { Credential, CredentialKind, CredentialSet } from '../core/credential.ts';
import { maskDestination } from '../core/message.ts';
import { type Reply, withCookies } from '../core/reply.ts';
import { encodeBase64url } from '../lib/base64url.ts';
import type { ListedSession, SessionList } from '../state/sql-sessions.ts';
import type { AccountConsents } from './account-consents.ts';
import type { AccountGuard, Visitor } from './account-guard.ts';
import type { AccountPassword } from './account-password.ts';
import type { AnswerDesk } from './answer-desk.ts';
import type { Desk } from './desk.ts';
import { linksOf } from './page-links.ts';
import type { AccountFactor, AccountPage, SignInRow } from './pages.ts';
import type { RequestFacts } from './request-facts.ts';
import { NOTICES, type Notice, type Words } from './words.ts';

export interface AccountDesk {
  /** GET /account */
  readonly show: (facts: RequestFacts) => Promise<Reply>;
  /** POST /account/everywhere */
  readonly everywhere: (facts: RequestFacts) => Promise<Reply>;
}

export interface AccountDeskOptions {
  readonly desk: Desk;
  readonly answers: AnswerDesk;
  readonly guard: AccountGuard;
  readonly passwords: Pick<AccountPassword, 'isChangeable'>;
  readonly consents: Pick<AccountConsents, 'rows'>;
  /** What can be added here; recovery codes are a matter of their own. */
  readonly kinds: readonly CredentialKind[];
  /** null: nobody keeps a list. */
  readonly sessionList: SessionList | null;
}

const SIGN_INS_SHOWN = 10;
/** What asks for attention, and not for joy. */
const PROBLEMS: readonly Notice[] = ['changed-meanwhile', 'last-factor', 'factors-disabled', 'enrolment-over'];

export function createAccountDesk(options: AccountDeskOptions): AccountDesk {
  const { desk, guard, passwords, kinds, sessionList } = options;

  const signIns = async ({ account, open, words }: Visitor, facts: RequestFacts): Promise<AccountPage['signIns']> => {
    if (sessionList === null) return null;
    const found = await sessionList.list(account.id, { live: false, limit: SIGN_INS_SHOWN }, facts.now);
    if (isUnavailable(found)) return 'unavailable';
    return found.map((one) => signInRow(one, encodeBase64url(open.session.sid), words));
  };

  const show: AccountDesk['show'] = async (facts) => {
    const who = await guard.visitor(facts, '/account');
    if (!('open' in who)) return who;
    const { account, enrolled, language, words, open } = who;
    const done = new URLSearchParams(facts.rawQuery).get('done');
    const notice = NOTICES.find((one) => one === done) ?? null;
    const page = desk.pages.account(language, {
      loginName: account.loginName,
      formToken: desk.forms.make(open.session.sid, 'account'),
      notice: notice === null ? null : words.account.notices[notice],
      noticeIsProblem: notice !== null && PROBLEMS.includes(notice),
      canChangePassword: await passwords.isChangeable(account),
      factors: enrolled === null || enrolled === 'unavailable' ? enrolled : factorsOf(enrolled, kinds, words),
      agreements: await options.consents.rows(account.id, words),
      signIns: await signIns(who, facts),
    });
    return page;
  };

  const everywhere: AccountDesk['everywhere'] = async (facts) => {
    const refusal = await guard.refusePost(facts);
    if (refusal !== null) return refusal;
    const who = await guard.visitor(facts, '/account');
    if (!('open' in who)) return who;
    const { account, open, language, words } = who;
    const { cookies, reach } = await guard.endOthers(who, [], facts);
    const flows = desk.flows.openAll(facts);
    options.answers.audit(facts, {
      action: 'account-changed',
      outcome: 'success',
      reason: 'signed-out-everywhere',
      accountId: account.id,
      loginName: account.loginName,
      sid: open.session.sid,
    });
    const { everywhereDone: said, everywhereLater } = words.account;
    const text = reach === 'everywhere' ? said.text : [...said.text, everywhereLater];
    const page = desk.pages.message(language, 200, {
      title: said.title,
      text,
      reference: null,
      links: linksOf('signedOut', words),
    });
    return withCookies(page, [...cookies, ...flows.map(({ id }) => desk.flows.expired(id))]);
  };

  return { show, everywhere };
}

/** What a person's own things are called: by their name for it, or by what it is. */
export function nameOf({ label, data }: Credential, words: Words): string {
  return label === '' ? words.kinds[data.kind].name : label;
}

function factorsOf(
  { credentials }: CredentialSet,
  kinds: readonly CredentialKind[],
  words: Words,
): Exclude<AccountPage['factors'], null | 'unavailable'> {
  const shown = credentials.filter(({ data }) => data.kind !== 'recovery-codes');
  const codes = credentials.find(({ data, disabled }) => data.kind === 'recovery-codes' && !disabled);
  const useful = shown.some(({ data }) => data.kind !== 'email');
  const left = codes?.data.kind === 'recovery-codes' ? codes.data.remaining : 0;
  return {
    list: shown.map(
      (one): AccountFactor => ({
        id: one.id,
        kind: one.data.kind,
        name: nameOf(one, words),
        details: detailsOf(one, words),
      }),
    ),
    addable: kinds.filter((kind) => kind !== 'recovery-codes'),
    codesLeft: useful && kinds.includes('recovery-codes') ? left : null,
  };
}

function detailsOf({ label, data, createdAt, lastUsedAt, disabled }: Credential, words: Words): readonly string[] {
  const { added, used, disabled: off } = words.account;
  return [
    ...(label === '' ? [] : [words.kinds[data.kind].name]),
    ...(data.kind === 'email' || data.kind === 'sms' ? [maskDestination(data.destination)] : []),
    added(words.date(createdAt)),
    used(lastUsedAt === null ? null : words.date(lastUsedAt)),
    ...(disabled ? [off] : []),
  ];
}

function signInRow({ sid, createdAt, endedAt, methods, address }: ListedSession, own: string, words: Words): SignInRow {
  const { account } = words;
  const names: Readonly<Record<string, string | undefined>> = account.methods;
  const how = methods.map((method) => (Object.hasOwn(names, method) ? names[method] : undefined) ?? method);
  const isOwn = encodeBase64url(sid) === own;
  return {
    when: words.date(createdAt),
    how: [...new Set(how)].join(', '),
    where: address ?? '–',
    note: isOwn ? account.thisOne : endedAt === null ? null : account.ended,
  };
}
