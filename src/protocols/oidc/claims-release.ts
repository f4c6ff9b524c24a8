// Owns: which claims a client is told of a person: those of its scopes, those it asks for by name, those its settings
// release. Leaves to core/attribute-release: values and their filters.
import type { Account } from '../../core/account.ts';
import { attributeValues, releasedValues } from '../../core/attribute-release.ts';
import type { Client } from '../../parties/client.ts';
import { SCOPE_CLAIMS, type Scope } from './scopes.ts';

export type ClaimValue = string | boolean | readonly string[] | Readonly<Record<string, string>>;
type Reader = (account: Account) => ClaimValue | null;

const first = (account: Account, ...names: readonly string[]): string | null => {
  for (const name of names) {
    const [value] = attributeValues(account, name);
    if (value !== undefined) return value;
  }
  return null;
};
const text =
  (...names: readonly string[]): Reader =>
  (account) =>
    first(account, ...names);
const verified =
  (value: string, flag: string): Reader =>
  (account) =>
    first(account, value) === null ? null : first(account, flag)?.toLowerCase() === 'true';

/** Standard claims (OpenID Connect Core §5.1) by the directory's names: the claim's own, or LDAP's (RFC 4519, RFC 2798). */
const READERS: ReadonlyMap<string, Reader> = new Map(
  Object.entries({
    name: text('name', 'displayName', 'cn'),
    given_name: text('given_name', 'givenName'),
    family_name: text('family_name', 'sn'),
    middle_name: text('middle_name'),
    nickname: text('nickname'),
    preferred_username: text('preferred_username', 'uid'),
    profile: text('profile'),
    picture: text('picture'),
    website: text('website', 'labeledURI'),
    gender: text('gender'),
    birthdate: text('birthdate'),
    zoneinfo: text('zoneinfo'),
    locale: text('locale', 'preferredLanguage'),
    email: text('email', 'mail'),
    email_verified: verified('mail', 'email_verified'),
    phone_number: text('phone_number', 'telephoneNumber', 'mobile'),
    phone_number_verified: verified('telephoneNumber', 'phone_number_verified'),
    address: (account) => addressOf(account),
    groups: ({ groups }) => (groups.length === 0 ? null : groups),
  } satisfies Record<string, Reader>),
);

/** What these scopes stand for. */
export function claimsOfScopes(scopes: readonly Scope[]): readonly string[] {
  return scopes.flatMap((scope): readonly string[] => SCOPE_CLAIMS[scope]);
}

/**
 * The claims by name, as far as the person has them. A name that no granted scope stands for counts only when the
 * client's settings release it: asking alone is not being allowed to know.
 */
export function releaseClaims(
  client: Client,
  account: Account,
  scopes: readonly Scope[],
  names: readonly string[],
): Readonly<Record<string, ClaimValue>> {
  const allowed = new Set(claimsOfScopes(scopes));
  const claims: [string, ClaimValue][] = [];
  for (const name of new Set(names)) {
    const value = allowed.has(name) ? (READERS.get(name)?.(account) ?? null) : null;
    if (value !== null) claims.push([name, value]);
  }
  const told = new Set(claims.map(([name]) => name));
  for (const rule of client.relyingParty.release) {
    const values = told.has(rule.name) ? [] : releasedValues(rule, account);
    const [only] = values;
    if (only !== undefined) claims.push([rule.name, values.length === 1 ? only : values]);
  }
  return Object.fromEntries(claims);
}

function addressOf(account: Account): ClaimValue | null {
  const parts = {
    formatted: first(account, 'postalAddress'),
    street_address: first(account, 'street'),
    locality: first(account, 'l'),
    region: first(account, 'st'),
    postal_code: first(account, 'postalCode'),
    country: first(account, 'c'),
  };
  const known = Object.entries(parts).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  return known.length === 0 ? null : Object.fromEntries(known);
}
