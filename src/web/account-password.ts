// Owns: choosing a new password. Leaves to account-guard.ts: who may; to methods/password-policy.ts: which; to the pool:
// hashing; to the account's directory: keeping it.
import { type Account, isUnavailable } from '../core/account.ts';
import type { PasswordDirectories, SetPasswordHash } from '../core/password-directory.ts';
import { type Reply, withCookies } from '../core/reply.ts';
import type { Argon2Cost } from '../lib/argon2-string.ts';
import type { Clock } from '../lib/clock.ts';
import type { HashPool } from '../methods/hash-pool.ts';
import { credentialIdOf } from '../methods/password-check.ts';
import { type PasswordPolicy, wordsOfPerson } from '../methods/password-policy.ts';
import type { AccountGuard, ProvedVisitor } from './account-guard.ts';
import type { Announcer } from './announcer.ts';
import type { AnswerDesk } from './answer-desk.ts';
import type { Desk } from './desk.ts';
import { withRetry } from './password-form.ts';
import type { RequestFacts } from './request-facts.ts';

export interface AccountPassword {
  readonly isChangeable: (account: Account) => Promise<boolean>;
  /** GET /account/password */
  readonly show: (facts: RequestFacts) => Promise<Reply>;
  /** POST /account/password */
  readonly submit: (facts: RequestFacts) => Promise<Reply>;
}

export interface AccountPasswordOptions {
  readonly desk: Pick<Desk, 'forms' | 'pages' | 'random'>;
  readonly answers: Pick<AnswerDesk, 'audit'>;
  readonly guard: Pick<AccountGuard, 'refusePost' | 'proved' | 'endOthers'>;
  readonly directories: Pick<PasswordDirectories, 'claim'>;
  readonly pool: Pick<HashPool, 'create'>;
  readonly policy: PasswordPolicy;
  readonly cost: Argon2Cost;
  readonly announcer: Announcer;
  readonly clock: Clock;
}

const PATH = '/account/password';
const DIRECTORY_RETRY_SECONDS = 30;

export function createAccountPassword(options: AccountPasswordOptions): AccountPassword {
  const { desk, answers, guard, directories, pool, policy, cost, announcer } = options;

  /** Of the directory that has this very account. */
  const setterOf = async (account: Account): Promise<SetPasswordHash | null> => {
    const claim = await directories.claim(account.loginName);
    if (claim.kind !== 'claimed' || claim.account.id !== account.id) return null;
    const { check } = claim.directory;
    return check.kind === 'hash' ? (check.setPasswordHash ?? null) : null;
  };

  const page = ({ account, open, language }: ProvedVisitor, problem: string | null, status: number): Reply =>
    desk.pages.password(language, status, {
      formToken: desk.forms.make(open.session.sid, 'account'),
      loginName: account.loginName,
      least: policy.minLength,
      problem,
    });

  const submit: AccountPassword['submit'] = async (facts) => {
    const refusal = await guard.refusePost(facts);
    if (refusal !== null) return refusal;
    const who = await guard.proved(facts, PATH);
    if (!('open' in who)) return who;
    const { account, words } = who;
    const setter = await setterOf(account);
    if (setter === null) return { kind: 'redirect', status: 303, location: '/account' };
    const typed = facts.form.get('password') ?? '';
    const verdict = policy.judge(typed, wordsOfPerson(account));
    if (verdict.kind === 'refused') return page(who, words.account.passwordProblem(verdict.problem), 400);
    if (typed !== facts.form.get('again')) return page(who, words.account.passwordDiffers, 400);
    const made = await pool.create(verdict.prepared, cost, desk.random);
    if (made.kind === 'busy') return withRetry(page(who, words.busy(made.retryAfter), 503), made.retryAfter);
    const set = await setter(account, made.phc, facts.now);
    if (isUnavailable(set)) return withRetry(page(who, words.unsent, 503), DIRECTORY_RETRY_SECONDS);
    if (set === 'missing') return { kind: 'redirect', status: 303, location: '/account' };
    answers.audit(facts, {
      action: 'account-changed',
      outcome: 'success',
      reason: 'password-changed',
      accountId: account.id,
      loginName: account.loginName,
      methods: ['password'],
    });
    announcer.tell(account, who.enrolled, 'password-changed', null, who.language);
    // Whoever has just chosen it knows it. Every other proof is older than the change, and ends with it: also one that is
    // judged at this moment by the hash from before, of a form that arrived while the new one was made, or in this second.
    const proof = { method: 'password', credentialId: credentialIdOf(made.phc), at: options.clock() + 1 } as const;
    const { cookies } = await guard.endOthers(who, [proof], facts);
    const done: Reply = { kind: 'redirect', status: 303, location: '/account?done=password-changed' };
    return withCookies(done, cookies);
  };

  return {
    isChangeable: async (account) => (await setterOf(account)) !== null,
    show: async (facts) => {
      const who = await guard.proved(facts, PATH);
      if (!('open' in who)) return who;
      if ((await setterOf(who.account)) === null) return { kind: 'redirect', status: 303, location: '/account' };
      return page(who, null, 200);
    },
    submit,
  };
}
