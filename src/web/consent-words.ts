// Owns: what the page that asks for consent says, as one type for every language, and which of its words an attribute's or
// claim's name stands for. Leaves to words/: the texts; to consent-items.ts: what is on a page.
import { OWN_ITEMS } from '../core/consent.ts';

/** What can be said of somebody in plain words. */
export type ItemLabel =
  | 'pseudonym'
  | 'visit-name'
  | 'account-id'
  | 'login-name'
  | 'name'
  | 'given-name'
  | 'family-name'
  | 'middle-name'
  | 'nickname'
  | 'mail'
  | 'mail-checked'
  | 'phone'
  | 'phone-checked'
  | 'address'
  | 'groups'
  | 'affiliation'
  | 'entitlements'
  | 'organisation'
  | 'department'
  | 'employee-number'
  | 'profile-page'
  | 'picture'
  | 'website'
  | 'gender'
  | 'birthdate'
  | 'time-zone'
  | 'language'
  | 'resource'
  | 'offline';

export interface ConsentWords {
  readonly title: (application: string) => string;
  /** Around the name of the application and where its address is. */
  readonly asks: (host: string) => string;
  /** Before the person's name. */
  readonly person: string;
  readonly told: string;
  /** Before the names of what is not known of the person as yet. */
  readonly later: string;
  readonly more: (count: number) => string;
  readonly terms: string;
  readonly policy: string;
  readonly newTab: string;
  readonly kept: string;
  /** Of an application that somebody else on the device could pass for. */
  readonly keptButAsked: string;
  readonly notKept: string;
  /** Something else would be told than what was on the page. */
  readonly changed: string;
  readonly agree: string;
  readonly decline: string;
  readonly yes: string;
  readonly no: string;
  readonly labels: Readonly<Record<ItemLabel, string>>;
  readonly account: {
    readonly title: string;
    readonly text: string;
    readonly unavailable: string;
    readonly since: (date: string) => string;
    readonly withdraw: string;
    /** Read out with the application's name. */
    readonly withdrawNamed: (application: string) => string;
  };
}

/** By the names of LDAP and eduPerson, of OpenID Connect's standard claims, and our own. */
const LABELS: ReadonlyMap<string, ItemLabel> = new Map<string, ItemLabel>([
  [OWN_ITEMS.pseudonym, 'pseudonym'],
  [OWN_ITEMS.visitName, 'visit-name'],
  [OWN_ITEMS.accountId, 'account-id'],
  [OWN_ITEMS.loginName, 'login-name'],
  [OWN_ITEMS.resource, 'resource'],
  [OWN_ITEMS.offline, 'offline'],
  ['pairwise-id', 'pseudonym'],
  ['subject-id', 'account-id'],
  ['eduPersonUniqueId', 'account-id'],
  ['uid', 'login-name'],
  ['preferred_username', 'login-name'],
  ['eduPersonPrincipalName', 'login-name'],
  ['name', 'name'],
  ['displayName', 'name'],
  ['cn', 'name'],
  ['given_name', 'given-name'],
  ['givenName', 'given-name'],
  ['family_name', 'family-name'],
  ['sn', 'family-name'],
  ['middle_name', 'middle-name'],
  ['nickname', 'nickname'],
  ['eduPersonNickname', 'nickname'],
  ['email', 'mail'],
  ['mail', 'mail'],
  ['email_verified', 'mail-checked'],
  ['phone_number', 'phone'],
  ['telephoneNumber', 'phone'],
  ['mobile', 'phone'],
  ['homePhone', 'phone'],
  ['phone_number_verified', 'phone-checked'],
  ['address', 'address'],
  ['postalAddress', 'address'],
  ['groups', 'groups'],
  ['isMemberOf', 'groups'],
  ['eduPersonAffiliation', 'affiliation'],
  ['eduPersonPrimaryAffiliation', 'affiliation'],
  ['eduPersonScopedAffiliation', 'affiliation'],
  ['eduPersonEntitlement', 'entitlements'],
  ['o', 'organisation'],
  ['schacHomeOrganization', 'organisation'],
  ['ou', 'department'],
  ['departmentNumber', 'department'],
  ['employeeNumber', 'employee-number'],
  ['profile', 'profile-page'],
  ['picture', 'picture'],
  ['website', 'website'],
  ['labeledURI', 'website'],
  ['gender', 'gender'],
  ['birthdate', 'birthdate'],
  ['zoneinfo', 'time-zone'],
  ['locale', 'language'],
  ['preferredLanguage', 'language'],
]);

/** A name's plain words; of a name that only its application knows, the name. */
export function labelOf(name: string, words: ConsentWords): string {
  const label = LABELS.get(name);
  return label === undefined ? name : words.labels[label];
}
