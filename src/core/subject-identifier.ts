// Owns: the names under which a person is known to relying parties. Leaves to sealer/: the secret behind pairwise names.
import type { AccountId } from './account.ts';

/** How a person is named to one party. */
export type SubjectIdentifierKind = 'transient' | 'persistent' | 'emailAddress' | 'unspecified';

/** The longest unique part of a scoped identifier. */
const UNIQUE_MAX = 127;

/**
 * A general-purpose subject identifier: the same for every party, never reassigned.
 * Hexadecimal, because these identifiers are compared without regard to case and account ids are not:
 * any spelling that keeps letters as they are would let two accounts share one identifier.
 * @see SAML V2.0 Subject Identifier Attributes §3.3
 */
export function subjectId(accountId: AccountId, scope: string): string {
  return scoped(Buffer.from(accountId, 'utf8').toString('hex'), scope);
}

/**
 * A pairwise subject identifier from the bytes of one, spelled in base64url.
 * @see SAML V2.0 Subject Identifier Attributes §3.4
 */
export function pairwiseSubjectId(pairwise: string, scope: string): string {
  return scoped(Buffer.from(pairwise, 'base64url').toString('hex'), scope);
}

function scoped(unique: string, scope: string): string {
  if (unique.length === 0 || unique.length > UNIQUE_MAX)
    throw new RangeError(`unique part of ${unique.length} characters`);
  return `${unique}@${scope}`;
}
