// Owns: the applications that a person has agreed to, and taking that back. Leaves to core/consent: what was agreed to; to
// account-guard.ts: who may. No fresh proof is asked for: whoever is signed in could only be asked again sooner.
import { type AccountId, isUnavailable } from '../core/account.ts';
import type { RelyingPartyKey } from '../core/authentication-request.ts';
import type { ConsentStore } from '../core/consent.ts';
import type { RelyingParty } from '../core/relying-party.ts';
import type { Reply } from '../core/reply.ts';
import type { AccountGuard } from './account-guard.ts';
import type { AnswerDesk } from './answer-desk.ts';
import type { Desk } from './desk.ts';
import type { AccountPage } from './pages.ts';
import type { RequestFacts } from './request-facts.ts';
import type { Words } from './words.ts';

export interface AccountConsents {
  /** What stands on the page of the account. */
  readonly rows: (accountId: AccountId, words: Words) => Promise<AccountPage['agreements']>;
  /** POST /account/consents */
  readonly withdraw: (facts: RequestFacts) => Promise<Reply>;
}

export interface AccountConsentsOptions {
  readonly desk: Desk;
  readonly answers: Pick<AnswerDesk, 'audit'>;
  readonly guard: Pick<AccountGuard, 'visitor' | 'refusePost'>;
  /** null: nothing is kept. */
  readonly store: ConsentStore | null;
  readonly relyingParty: (key: RelyingPartyKey) => RelyingParty | null;
}

/** The field of the form: the party's key. */
const PARTY_FIELD = 'party';

export function createAccountConsents(options: AccountConsentsOptions): AccountConsents {
  const { desk, guard, store, relyingParty } = options;

  const rows: AccountConsents['rows'] = async (accountId, words) => {
    if (store === null) return null;
    const found = await store.list(accountId);
    if (isUnavailable(found)) return 'unavailable';
    return found.map(({ relyingParty: key, agreedAt }) => ({
      party: key,
      // One that is registered no more is told nothing; it stands there until it is taken back.
      name: relyingParty(key)?.displayName ?? key.replace(/^[a-z]+:/, ''),
      since: words.consent.account.since(words.date(agreedAt)),
    }));
  };

  const withdraw: AccountConsents['withdraw'] = async (facts) => {
    const refusal = await guard.refusePost(facts);
    if (refusal !== null) return refusal;
    const who = await guard.visitor(facts, '/account');
    if (!('open' in who)) return who;
    const { account, open } = who;
    const found = store === null ? [] : await store.list(account.id);
    if (isUnavailable(found)) return desk.page('unavailable', 503, facts);
    const key = found.find((one) => one.relyingParty === facts.form.get(PARTY_FIELD))?.relyingParty;
    // Taken back already, in another tab.
    if (store === null || key === undefined) return { kind: 'redirect', status: 303, location: '/account' };
    const done = await store.withdraw(account.id, key);
    if (isUnavailable(done)) return desk.page('unavailable', 503, facts);
    options.answers.audit(facts, {
      action: 'consent',
      outcome: 'success',
      reason: 'withdrawn',
      accountId: account.id,
      loginName: account.loginName,
      sid: open.session.sid,
      relyingParty: key,
    });
    return { kind: 'redirect', status: 303, location: '/account?done=consent-withdrawn' };
  };

  return { rows, withdraw };
}
