// Owns: the port through which a password is checked where the account is kept: by its hash, or by the directory itself.
// Leaves to methods/password.ts: the same work for every name; to directories/: answering.
import type { Argon2Cost } from '../lib/argon2-string.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { Account, AccountId, Directory, DirectoryUnavailable } from './account.ts';

/** One place that people come from. */
export interface PasswordDirectory extends Directory {
  /** For the log, the audit and the configuration: unique among the directories of a node. */
  readonly name: string;
  readonly check: PasswordCheck;
}

export type PasswordCheck = HashCheck | BindCheck;

/** The directory hands out the hash, and this node does the work. */
export interface HashCheck {
  readonly kind: 'hash';
  /** A PHC string; null for somebody unknown or without a password. */
  readonly passwordHash: (id: AccountId) => Promise<string | null | DirectoryUnavailable>;
  /** The cost that most of the hashes have; null when there are none. In memory, so that a decoy costs no question. */
  readonly commonCost: () => Argon2Cost | null;
  /** Gives the account a new hash. Left out: it is changed elsewhere. */
  readonly setPasswordHash?: SetPasswordHash;
}

/** missing: there is nobody of this id any more. Unavailable: it cannot be written now, and nothing was. */
export type SetPasswordHash = (
  account: Account,
  phc: string,
  now: EpochSeconds,
) => Promise<'done' | 'missing' | DirectoryUnavailable>;

/** The directory checks the password itself, which it gets to see as it was typed. */
export interface BindCheck {
  readonly kind: 'bind';
  /**
   * Null: the same exchange for nobody, whose password (not the typed one) never matches. `disabled`, `expired` and
   * `locked` are for the audit; a directory that does not say so answers `mismatch`. Never rejects.
   */
  readonly bind: (account: Account | null, password: string) => Promise<BindAnswer | DirectoryUnavailable>;
}

export type BindAnswer = 'match' | 'mismatch' | 'disabled' | 'expired' | 'locked';

/** Whose a login name is, over all directories. */
export type Claim =
  | { readonly kind: 'claimed'; readonly account: Account; readonly directory: PasswordDirectory }
  | { readonly kind: 'unclaimed' }
  /** No answer, which is not "nobody": a directory is down, or two of them have the name (or the account's id). */
  | { readonly kind: 'unavailable'; readonly because: 'directory' | 'ambiguous-name' };

/** All directories of a node, in order. */
export interface PasswordDirectories {
  readonly members: readonly PasswordDirectory[];
  readonly claim: (loginName: string) => Promise<Claim>;
}
