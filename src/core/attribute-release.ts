// Owns: which of a person's attributes a relying party is told, as data. Leaves to the adapters: what they are called on the wire.
import type { Account } from './account.ts';

/** One attribute that may be released. */
export interface ReleaseRule {
  /** What it is called to the party: a name of the LDAP/eduPerson vocabulary, or the party's own. */
  readonly name: string;
  /** What the directory calls it. */
  readonly from: string;
  /** Only these values; null: all. */
  readonly values: ReadonlySet<string> | null;
}

/** Everything that may be released; what is not in the list is not released. */
export type ReleasePolicy = readonly ReleaseRule[];

/** What a party says that it would like. */
export interface RequestedAttribute {
  readonly name: string;
  readonly values: readonly string[];
}

/**
 * What a party may be told because it asks, without a policy of its own: who the person is, not what they belong to.
 * The list is REFEDS Research and Scholarship's, which federations agreed is harmless to release for a service that needs it.
 * @see https://refeds.org/category/research-and-scholarship
 */
export const SAFE_ATTRIBUTES: ReadonlySet<string> = new Set([
  'displayName',
  'givenName',
  'sn',
  'mail',
  'eduPersonPrincipalName',
  'eduPersonScopedAffiliation',
  'subject-id',
  'pairwise-id',
]);

/** The policy of a party that has none: what it requests, of what is safe. */
export function defaultRelease(requested: readonly RequestedAttribute[]): ReleasePolicy {
  const policy: ReleaseRule[] = [];
  for (const { name, values } of requested) {
    if (!SAFE_ATTRIBUTES.has(name) || policy.some((rule) => rule.name === name)) continue;
    policy.push({ name, from: name, values: values.length === 0 ? null : new Set(values) });
  }
  return policy;
}

/**
 * The values that a directory gives under a name. `uid` and `isMemberOf` have what every account has behind them
 * (login name, groups), for directories that keep no attribute of that name.
 */
export function attributeValues(account: Account, name: string): readonly string[] {
  const values = account.attributes.get(name);
  if (values !== undefined) return values;
  if (name === 'uid') return [account.loginName];
  if (name === 'isMemberOf') return account.groups;
  return [];
}

/** Where a rule takes its values from, as text: two rules that differ in it release different things. */
export function ruleSource({ from, values }: ReleaseRule): string {
  return JSON.stringify([from, values === null ? null : [...values].sort()]);
}

/** The values of one rule that a party is told; none: the attribute is left out. */
export function releasedValues({ from, values }: ReleaseRule, account: Account): readonly string[] {
  const all = attributeValues(account, from);
  return values === null ? all : all.filter((value) => values.has(value));
}
