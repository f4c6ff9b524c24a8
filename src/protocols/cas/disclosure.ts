// Owns: what a service would be told when it validates a ticket, as a person is asked to agree to it.
import type { Account } from '../../core/account.ts';
import { attributeValues, releasedValues, ruleSource } from '../../core/attribute-release.ts';
import { type DisclosedItem, OWN_ITEMS } from '../../core/consent.ts';
import type { Service } from '../../parties/service.ts';

export function disclosedItems({ settings, relyingParty }: Service, account: Account): readonly DisclosedItem[] {
  const { user } = settings;
  return [
    user === undefined
      ? { name: OWN_ITEMS.loginName, source: 'user', values: [account.loginName] }
      : { name: user, source: 'user', values: attributeValues(account, user) },
    ...relyingParty.release.map((rule) => ({
      name: rule.name,
      source: ruleSource(rule),
      values: releasedValues(rule, account),
    })),
  ];
}
