// Owns: what a directory says about one person.

/** A person as a directory knows them. The id is immutable, never a login name, and is what a session holds. */
export interface Account {
  /** Random 128 bits as text, or the directory's immutable id; 1..48 bytes of UTF-8. */
  readonly id: AccountId;
  readonly loginName: string;
  readonly disabled: boolean;
  /** Several values per attribute; names as the directory spells them. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  readonly groups: readonly string[];
}

export type AccountId = string;

/** The longest account id in bytes of UTF-8 (docs/sealed-values.md, sso-session key 2). */
export const ACCOUNT_ID_MAX_BYTES = 48;

/** A directory could not be asked. Not a statement about the person. */
export interface DirectoryUnavailable {
  readonly unavailable: true;
}

/** Finds accounts. The user of the port is the login flow (by name) and the warm path (by id). */
export interface Directory {
  readonly findByLoginName: (loginName: string) => Promise<Account | null | DirectoryUnavailable>;
  readonly findById: (id: AccountId, how?: LookUp) => Promise<Account | null | DirectoryUnavailable>;
}

/**
 * asked-now: somebody is about to be signed in, so what was remembered does not do. Else an answer may be as old as the
 * node's cache allows.
 */
export type LookUp = 'asked-now';

/** Tells an outage from an answer. */
export function isUnavailable(answer: object | string | boolean | null): answer is DirectoryUnavailable {
  return typeof answer === 'object' && answer !== null && 'unavailable' in answer;
}
