// Owns: whether a typed password is an account's, with the same work and the same answer for a name that nobody has.
// Leaves to hash-pool.ts: the hashing; to throttle.ts: how often; to a directory: where hashes are kept.
import { createHash } from 'node:crypto';
import { type Account, type AccountId, type Directory, isUnavailable } from '../core/account.ts';
import type { AuthenticationEvent, FactorFailure } from '../core/authentication-event.ts';
import { type Argon2Cost, costKey, formatArgon2String, parseArgon2String } from '../lib/argon2-string.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { HashPool } from './hash-pool.ts';
import { preparePassword } from './prepare-password.ts';
import type { Throttle } from './throttle.ts';

/** Where password hashes are kept. */
export interface PasswordHashes {
  /** A PHC string; null for somebody without a password. */
  readonly passwordHash: (id: AccountId) => string | null;
  /** The cost that most of them have; null when there are none. */
  readonly commonCost: () => Argon2Cost | null;
}

interface PasswordAttempt {
  readonly typedName: string;
  readonly password: string;
  /** The browser's address; null when it cannot be known. */
  readonly address: string | null;
  readonly now: EpochSeconds;
}

/** For the audit log only, as is the account's id beside it: a page that showed it would tell strangers who has an account. */
type PasswordFailure = 'unknown-name' | 'disabled' | 'no-password' | 'mismatch' | 'unusable-input' | 'throttled';

/** Times in whole seconds. */
export type PasswordOutcome =
  | { readonly kind: 'proved'; readonly account: Account; readonly event: AuthenticationEvent }
  | {
      readonly kind: 'failed';
      readonly failure: FactorFailure;
      readonly because: PasswordFailure;
      readonly accountId: AccountId | null;
    }
  /** Nothing was found out: too many hashes are waiting, or the directory is down. */
  | { readonly kind: 'unavailable'; readonly retryAfter: number; readonly because: 'busy' | 'directory' };

export interface PasswordMethod {
  readonly verify: (attempt: PasswordAttempt) => Promise<PasswordOutcome>;
}

const DIRECTORY_RETRY_SECONDS = 30;

export function createPasswordMethod(options: {
  readonly directory: Pick<Directory, 'findByLoginName'>;
  readonly hashes: PasswordHashes;
  readonly pool: Pick<HashPool, 'verify'>;
  readonly throttle: Pick<Throttle, 'begin'>;
  /** What new hashes cost: the decoy's cost while nobody has a password. */
  readonly defaultCost: Argon2Cost;
  readonly random: Random;
}): PasswordMethod {
  const { directory, hashes, pool, throttle, defaultCost, random } = options;
  let decoy = makeDecoy(defaultCost, random);
  const currentDecoy = () => {
    const cost = hashes.commonCost() ?? defaultCost;
    if (costKey(cost) !== costKey(decoy.cost)) decoy = makeDecoy(cost, random);
    return decoy.phc;
  };

  const check = async (account: Account | null, prepared: string, now: EpochSeconds): Promise<PasswordOutcome> => {
    const hash = account === null ? null : hashes.passwordHash(account.id);
    const usable = account !== null && !account.disabled ? { account, hash } : null;
    const answer = await pool.verify(usable?.hash ?? currentDecoy(), prepared);
    if (answer.kind === 'busy') return { kind: 'unavailable', retryAfter: answer.retryAfter, because: 'busy' };
    if (answer.match && usable !== null && usable.hash !== null) {
      return { kind: 'proved', account: usable.account, event: eventOf(usable.hash, now) };
    }
    return wrong(reason(account, hash), account?.id ?? null);
  };

  return {
    verify: async ({ typedName, password, address, now }) => {
      // The same for every name, so nothing is told by not hashing; not an attempt, so nothing is counted.
      const prepared = preparePassword(password);
      if (prepared === null) return wrong('unusable-input', null);
      const account = await directory.findByLoginName(typedName);
      if (isUnavailable(account)) {
        return { kind: 'unavailable', retryAfter: DIRECTORY_RETRY_SECONDS, because: 'directory' };
      }
      const accountId = account?.id ?? null;
      const admission = throttle.begin({ method: 'password', accountId, typedName, address }, now);
      if (admission.kind === 'throttled')
        return { kind: 'failed', failure: admission, because: 'throttled', accountId };
      let outcome: PasswordOutcome | null = null;
      try {
        outcome = await check(account, prepared, now);
        return outcome;
      } finally {
        admission.settle(outcome?.kind === 'failed' ? 'failed' : 'not-failed');
      }
    },
  };
}

function wrong(because: PasswordFailure, accountId: AccountId | null): PasswordOutcome {
  return { kind: 'failed', failure: { kind: 'wrong' }, because, accountId };
}

function eventOf(phc: string, at: EpochSeconds): AuthenticationEvent {
  return { method: 'password', credentialId: credentialIdOf(phc), at };
}

/** 72 bits of a digest of the salt: 12 characters that stay while the password does, and tell nothing about it. */
export function credentialIdOf(phc: string): string {
  const salt = parseArgon2String(phc)?.salt ?? Buffer.alloc(0);
  return createHash('sha256').update('signet password credential\0').update(salt).digest('base64url').slice(0, 12);
}

function reason(account: Account | null, hash: string | null): PasswordFailure {
  if (account === null) return 'unknown-name';
  if (account.disabled) return 'disabled';
  return hash === null ? 'no-password' : 'mismatch';
}

/** A hash of nothing: checking it costs the same, and no password matches 256 random bits. */
function makeDecoy(cost: Argon2Cost, random: Random): { readonly cost: Argon2Cost; readonly phc: string } {
  return { cost, phc: formatArgon2String({ cost, salt: random(16), hash: random(32) }) };
}
