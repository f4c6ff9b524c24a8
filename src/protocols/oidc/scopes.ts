// Owns: which scopes there are and which claims each stands for (OpenID Connect Core §5.4).
import type { Client } from '../../parties/client.ts';

export const SCOPE_CLAIMS = {
  openid: [],
  profile: [
    'name',
    'family_name',
    'given_name',
    'middle_name',
    'nickname',
    'preferred_username',
    'profile',
    'picture',
    'website',
    'gender',
    'birthdate',
    'zoneinfo',
    'locale',
  ],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
  groups: ['groups'],
  offline_access: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Scope = keyof typeof SCOPE_CLAIMS;

/** In sealed values a scope is the bit at its place in this list: append only. */
export const SCOPES = Object.keys(SCOPE_CLAIMS) as readonly Scope[];

export function isScope(word: string): word is Scope {
  return Object.hasOwn(SCOPE_CLAIMS, word);
}

/** Scopes as bits, openid first. */
export function scopeBits(scopes: readonly Scope[]): number {
  return scopes.reduce((bits, scope) => bits | (1 << SCOPES.indexOf(scope)), 0);
}

/** Null for a bit that no scope of this release has. */
export function scopesOf(bits: number): readonly Scope[] | null {
  return bits >= 1 << SCOPES.length ? null : SCOPES.filter((_, place) => (bits & (1 << place)) !== 0);
}

/** The grant's scopes, as far as this release knows them. */
export function grantScopes(bits: number): readonly Scope[] {
  return scopesOf(bits) ?? [];
}

/** Those that the client is registered for now: what was taken from it since is told no more. */
export function registeredScopes({ metadata }: Client, scopes: readonly Scope[]): readonly Scope[] {
  const registered = metadata.scope?.split(' ');
  return registered === undefined ? scopes : scopes.filter((scope) => registered.includes(scope));
}
