// Owns: what a client would be told by a grant, as a person is asked to agree to it. Leaves to claims-release.ts: what each
// claim is. Names that the claims parameter asks for stand for nothing more than scopes and settings allow, so they are none
// of it.
import type { Account } from '../../core/account.ts';
import { ruleSource } from '../../core/attribute-release.ts';
import { type DisclosedItem, OWN_ITEMS } from '../../core/consent.ts';
import type { Client } from '../../parties/client.ts';
import { type ClaimValue, claimsOfScopes, releaseClaims } from './claims-release.ts';
import type { Scope } from './scopes.ts';

/** What a grant allows. */
export interface GrantedAccess {
  readonly scopes: readonly Scope[];
  /** Registered ones (RFC 8707). */
  readonly resources: readonly string[];
}

export function disclosedItems(
  client: Client,
  account: Account,
  { scopes, resources }: GrantedAccess,
): readonly DisclosedItem[] {
  const names = [...new Set(claimsOfScopes(scopes))];
  const told = new Map(Object.entries(releaseClaims(client, account, scopes, names)));
  const valuesOf = (name: string): readonly string[] => textsOf(told.get(name));
  return [
    client.metadata.subject_type === 'public'
      ? { name: OWN_ITEMS.accountId, source: 'sub', values: [account.id] }
      : { name: OWN_ITEMS.pseudonym, source: 'sub', values: null },
    ...names.map((name) => ({ name, source: 'scope', values: valuesOf(name) })),
    ...client.relyingParty.release.map((rule) => ({
      name: rule.name,
      source: ruleSource(rule),
      // What scopes and settings both name is told once.
      values: names.includes(rule.name) ? [] : valuesOf(rule.name),
    })),
    ...resources.map((resource) => ({ name: OWN_ITEMS.resource, source: resource, values: [resource] })),
    ...(scopes.includes('offline_access') ? [{ name: OWN_ITEMS.offline, source: 'scope', values: null }] : []),
  ];
}

function textsOf(value: ClaimValue | undefined): readonly string[] {
  if (value === undefined) return [];
  if (typeof value === 'string') return [value];
  if (typeof value === 'boolean') return [String(value)];
  return Array.isArray(value) ? value : [Object.values(value).join(', ')];
}
