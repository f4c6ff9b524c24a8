// Owns: the work of checking a password, the same for every name: one hash where any directory keeps hashes, one question
// to each that does, one bind at each that binds. Only the answer of the account's own directory counts; the others get
// nothing of the typed password. Leaves to password.ts: counting attempts and what an answer means; to hash-pool.ts: hashing.
import { createHash } from 'node:crypto';
import { type Account, isUnavailable } from '../core/account.ts';
import type { BindAnswer, BindCheck, HashCheck, PasswordDirectory } from '../core/password-directory.ts';
import { type Argon2Cost, costKey, formatArgon2String, parseArgon2String } from '../lib/argon2-string.ts';
import type { Random } from '../lib/random.ts';
import type { HashPool } from './hash-pool.ts';

export type PasswordAnswer =
  /** `credentialId` names the password in an authentication event. */
  | { readonly kind: 'match'; readonly credentialId: string }
  | { readonly kind: 'no-match'; readonly because: Exclude<BindAnswer, 'match'> | 'no-password' }
  /** The hash queue is full (for everybody, so it tells nothing), or the account's directory is down. */
  | { readonly kind: 'busy'; readonly retryAfter: number }
  | { readonly kind: 'down' };

/** Whose password it would be; null when nobody has the name. */
export interface Owner {
  readonly account: Account;
  readonly directory: PasswordDirectory;
}

export interface TypedPassword {
  /** What a directory that binds gets to see. */
  readonly typed: string;
  /** What is hashed. */
  readonly prepared: string;
}

/** No account has this id. */
const NOBODY = '';

const NO_MATCH = { kind: 'no-match', because: 'mismatch' } as const satisfies PasswordAnswer;

/** For nobody the answer is `no-match` or `busy`. A disabled account never matches. */
export function createPasswordCheck(options: {
  readonly directories: readonly PasswordDirectory[];
  readonly pool: Pick<HashPool, 'verify'>;
  /** What new hashes cost: the decoy's cost while nobody has a password. */
  readonly defaultCost: Argon2Cost;
  readonly random: Random;
}): (owner: Owner | null, password: TypedPassword) => Promise<PasswordAnswer> {
  const { pool, defaultCost, random } = options;
  const checks = options.directories.map(({ check }) => check);
  const hashing = checks.filter((check) => check.kind === 'hash');
  const binding = checks.filter((check) => check.kind === 'bind');
  let decoy = makeDecoy(defaultCost, random);
  const currentDecoy = () => {
    const cost = hashing.map((check) => check.commonCost()).find((known) => known !== null) ?? defaultCost;
    if (costKey(cost) !== costKey(decoy.cost)) decoy = makeDecoy(cost, random);
    return decoy.phc;
  };

  const hashAnswer = async (account: Account | null, own: HashCheck | null, prepared: string) => {
    // Every directory is asked, about nobody where the account is not: a question to a database takes time as well.
    const answers = await Promise.all(
      hashing.map((check) => check.passwordHash(check === own && account !== null ? account.id : NOBODY)),
    );
    const hash = account === null || own === null ? null : (answers[hashing.indexOf(own)] ?? null);
    if (isUnavailable(hash)) return { kind: 'down' } as const;
    const usable = account?.disabled === false ? hash : null;
    const answer = await pool.verify(usable ?? currentDecoy(), prepared);
    if (answer.kind === 'busy') return answer;
    if (answer.match && usable !== null) return { kind: 'match', credentialId: credentialIdOf(usable) } as const;
    if (account?.disabled === true) return { kind: 'no-match', because: 'disabled' } as const;
    return hash === null ? ({ kind: 'no-match', because: 'no-password' } as const) : NO_MATCH;
  };

  const bindAnswer = async (owner: Owner, own: BindCheck, typed: string): Promise<PasswordAnswer> => {
    const answer = await own.bind(owner.account, typed);
    if (isUnavailable(answer)) return { kind: 'down' };
    if (owner.account.disabled && (answer === 'match' || answer === 'mismatch')) {
      return { kind: 'no-match', because: 'disabled' };
    }
    if (answer === 'match') return { kind: 'match', credentialId: boundCredentialId(owner) };
    return { kind: 'no-match', because: answer };
  };

  return async (owner, { typed, prepared }) => {
    const own = owner?.directory.check ?? null;
    const hashed =
      hashing.length === 0
        ? Promise.resolve(NO_MATCH)
        : hashAnswer(
            own?.kind === 'hash' ? (owner?.account ?? null) : null,
            own?.kind === 'hash' ? own : null,
            prepared,
          );
    const bound = owner !== null && own?.kind === 'bind' ? bindAnswer(owner, own, typed) : NO_MATCH;
    const decoys = binding.filter((check) => check !== own).map((check) => check.bind(null, ''));
    const [fromHash, fromBind] = await Promise.all([hashed, bound, ...decoys]);
    if (own?.kind !== 'bind' || fromHash.kind === 'busy') return fromHash;
    return fromBind;
  };
}

/** 72 bits of a digest of the salt: 12 characters that stay while the password does, and tell nothing about it. */
export function credentialIdOf(phc: string): string {
  const salt = parseArgon2String(phc)?.salt ?? Buffer.alloc(0);
  return shortDigest('signet password credential\0', salt);
}

/** One per account: a directory that keeps its hashes to itself does not say when the password changed. */
function boundCredentialId({ account, directory }: Owner): string {
  return shortDigest('signet bound password\0', Buffer.from(`${directory.name}\0${account.id}`));
}

function shortDigest(label: string, bytes: Uint8Array): string {
  return createHash('sha256').update(label).update(bytes).digest('base64url').slice(0, 12);
}

/** A hash of nothing: checking it costs the same, and no password matches 256 random bits. */
function makeDecoy(cost: Argon2Cost, random: Random): { readonly cost: Argon2Cost; readonly phc: string } {
  return { cost, phc: formatArgon2String({ cost, salt: random(16), hash: random(32) }) };
}
