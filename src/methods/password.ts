// Owns: whether a typed password is an account's, with the same work and the same answer for a name that nobody has.
// Leaves to password-check.ts: the work; to throttle.ts: how often; to directories/: where passwords are kept.
import type { Account, AccountId } from '../core/account.ts';
import type { AuthenticationEvent, FactorFailure } from '../core/authentication-event.ts';
import type { Claim, PasswordDirectories } from '../core/password-directory.ts';
import type { Argon2Cost } from '../lib/argon2-string.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { HashPool } from './hash-pool.ts';
import { createPasswordCheck, type PasswordAnswer, type TypedPassword } from './password-check.ts';
import { preparePassword } from './prepare-password.ts';
import type { Throttle } from './throttle.ts';

interface PasswordAttempt {
  readonly typedName: string;
  readonly password: string;
  /** The browser's address; null when it cannot be known. */
  readonly address: string | null;
  /** The id of this browser for an account that has signed in with it; else null. */
  readonly deviceOf: (accountId: AccountId) => Promise<string | null>;
  readonly now: EpochSeconds;
}

/** For the audit log only, as is the account's id beside it: a page that showed it would tell strangers who has an account. */
type PasswordFailure =
  | Extract<PasswordAnswer, { readonly kind: 'no-match' }>['because']
  | 'unknown-name'
  | 'unusable-input'
  | 'throttled';

/** Times in whole seconds. */
export type PasswordOutcome =
  | { readonly kind: 'proved'; readonly account: Account; readonly event: AuthenticationEvent }
  | {
      readonly kind: 'failed';
      readonly failure: FactorFailure;
      readonly because: PasswordFailure;
      readonly accountId: AccountId | null;
    }
  /** Nothing was found out: hashes wait, a directory or the store of attempts is down, or two directories have the name. */
  | {
      readonly kind: 'unavailable';
      readonly retryAfter: number;
      readonly because: 'busy' | 'directory' | 'ambiguous-name' | 'attempts';
    };

export interface PasswordMethod {
  readonly verify: (attempt: PasswordAttempt) => Promise<PasswordOutcome>;
}

const DIRECTORY_RETRY_SECONDS = 30;

export function createPasswordMethod(options: {
  readonly directories: PasswordDirectories;
  readonly pool: Pick<HashPool, 'verify'>;
  readonly throttle: Pick<Throttle, 'begin'>;
  /** What new hashes cost: the decoy's cost while nobody has a password. */
  readonly defaultCost: Argon2Cost;
  readonly random: Random;
}): PasswordMethod {
  const { directories, pool, throttle, defaultCost, random } = options;
  const check = createPasswordCheck({ directories: directories.members, pool, defaultCost, random });

  const outcomeOf = async (claim: Answered, password: TypedPassword, now: EpochSeconds): Promise<PasswordOutcome> => {
    const owner = claim.kind === 'claimed' ? claim : null;
    const answer = await check(owner, password);
    if (answer.kind === 'busy') return { kind: 'unavailable', retryAfter: answer.retryAfter, because: 'busy' };
    if (owner === null) return wrong('unknown-name', null);
    switch (answer.kind) {
      case 'match':
        return {
          kind: 'proved',
          account: owner.account,
          event: { method: 'password', credentialId: answer.credentialId, at: now },
        };
      case 'no-match':
        return wrong(answer.because, owner.account.id);
      case 'down':
        return unavailable('directory');
      default:
        return answer satisfies never;
    }
  };

  return {
    verify: async ({ typedName, password, address, deviceOf, now }) => {
      // The same for every name, so nothing is told by not hashing; not an attempt, so nothing is counted.
      // An empty password is among these: a directory would take it for an anonymous bind, and agree (RFC 4513 §5.1.2).
      const prepared = preparePassword(password);
      if (prepared === null) return wrong('unusable-input', null);
      const claim = await directories.claim(typedName);
      if (claim.kind === 'unavailable') return unavailable(claim.because);
      const accountId = claim.kind === 'claimed' ? claim.account.id : null;
      const device = accountId === null ? null : await deviceOf(accountId);
      const admission = await throttle.begin({ method: 'password', accountId, typedName, address, device }, now);
      if (admission.kind === 'throttled')
        return { kind: 'failed', failure: admission, because: 'throttled', accountId };
      // A password has no ceiling ('locked'); should it ever get one, nobody gets in by this door.
      if (admission.kind !== 'admitted') return unavailable('attempts');
      let outcome: PasswordOutcome | null = null;
      try {
        outcome = await outcomeOf(claim, { typed: password, prepared }, now);
        return outcome;
      } finally {
        await admission.settle(outcome?.kind === 'failed' ? 'failed' : 'not-failed');
      }
    },
  };
}

type Answered = Exclude<Claim, { readonly kind: 'unavailable' }>;

function wrong(because: PasswordFailure, accountId: AccountId | null): PasswordOutcome {
  return { kind: 'failed', failure: { kind: 'wrong' }, because, accountId };
}

function unavailable(because: 'directory' | 'ambiguous-name' | 'attempts'): PasswordOutcome {
  return { kind: 'unavailable', retryAfter: DIRECTORY_RETRY_SECONDS, because };
}
