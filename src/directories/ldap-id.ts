// Owns: which account id an LDAP entry has whose immutable id is a text, and how the entry is found again by it. Leaves to
// ldap-rules.ts: GUIDs. docs/operations.md, Directories.
import { createHash } from 'node:crypto';
import { EqualityFilter, type Filter, SubstringFilter } from 'ldapts';
import { ACCOUNT_ID_MAX_BYTES, type AccountId } from '../core/account.ts';

/** What an entry's id may have: more is nobody's id, but a mistake in the settings. */
export const RAW_ID_MAX = 1024;
/** No entry's own id begins so: one that does is refused, so a digest is never the id of somebody else. */
export const DIGEST_MARK = 'h~';

const VISIBLE = /^[!-~]+$/;
/** 160 bits as base64url. */
const DIGEST_BYTES = 20;
const DIGEST_CHARACTERS = 27;
/** A directory cannot be searched for a digest, but for how a value begins and how it ends. */
const HEAD = 9;
const TAIL = 10;
const DIGEST_ID = new RegExp(`^h~[\\w-]{${DIGEST_CHARACTERS}}([!-~]{${HEAD}})([!-~]{${TAIL}})$`);

/** The id itself, or a digest of one that is too long for a sealed session. Null: it cannot be one. */
export function accountIdOf(raw: string): AccountId | null {
  if (!VISIBLE.test(raw) || raw.length > RAW_ID_MAX || raw.startsWith(DIGEST_MARK)) return null;
  if (raw.length <= ACCOUNT_ID_MAX_BYTES) return raw;
  const digest = createHash('sha256').update('signet.account-id\0').update(raw).digest().subarray(0, DIGEST_BYTES);
  return DIGEST_MARK + digest.toString('base64url') + raw.slice(0, HEAD) + raw.slice(-TAIL);
}

/** Finds the entry of an account id; of a digest, also entries that merely begin and end alike. Null: nobody has it. */
export function idFilter(attribute: string, id: AccountId): Filter | null {
  if (!id.startsWith(DIGEST_MARK)) {
    return accountIdOf(id) === id ? new EqualityFilter({ attribute, value: id }) : null;
  }
  const [, initial, final] = DIGEST_ID.exec(id) ?? [];
  return initial === undefined || final === undefined ? null : new SubstringFilter({ attribute, initial, final });
}

/** Whether the entry was found by parts of its id. */
export function isDigest(id: AccountId): boolean {
  return id.startsWith(DIGEST_MARK);
}
