// Owns: what a person agrees to when an application is told who they are, as data: what it would be told, by which terms,
// and the digest that stands for all of it. Leaves to login-consent.ts: when somebody is asked; to adapters: what is told.
import { createHash } from 'node:crypto';
import type { EpochSeconds } from '../lib/clock.ts';
import type { AccountId, DirectoryUnavailable } from './account.ts';
import type { RelyingPartyKey } from './authentication-request.ts';

/** Whether a party's people are asked, and on which terms. */
export interface ConsentPolicy {
  /** False: the organisation has decided for everybody, by registering the party. */
  readonly ask: boolean;
  /** Another version is something else to agree to; null: none is said. */
  readonly termsVersion: string | null;
  /** Pages of the party's own, https. */
  readonly tosUri: string | null;
  readonly policyUri: string | null;
}

/** Of a party whose people are not asked. */
export const NEVER_ASKED: ConsentPolicy = { ask: false, termsVersion: null, tosUri: null, policyUri: null };

/** One thing that a party would be told. */
export interface DisclosedItem {
  /** The attribute's or claim's name, or a word of ours for what is neither (see {@link OWN_ITEMS}). */
  readonly name: string;
  /** Where it comes from, as far as that can be set: from elsewhere, the same name is something else to agree to. */
  readonly source: string;
  /** For the person to look at; null: the name says all there is. None: nothing is known, so nothing is told as yet. */
  readonly values: readonly string[] | null;
}

/** Names of what is told beside attributes and claims. */
export const OWN_ITEMS = {
  /** A name for the person that no other party has. */
  pseudonym: 'signet:pseudonym',
  /** One that is good for this visit. */
  visitName: 'signet:visit-name',
  /** The account's own identifier, the same for every party. */
  accountId: 'signet:account-id',
  loginName: 'signet:login-name',
  /** It may ask again while the person is away. */
  offline: 'signet:offline',
  /** Other services that it may use in the person's name. */
  resource: 'signet:resource',
} as const satisfies Readonly<Record<string, `signet:${string}`>>;

/** Everything that one answer would tell, and where it would go. */
export interface Disclosure {
  readonly items: readonly DisclosedItem[];
  /** The host of the return address; of an app on the person's device, its scheme with a colon. */
  readonly returnsTo: string;
}

/** What an agreement is about. */
export interface ConsentSubject {
  readonly accountId: AccountId;
  readonly relyingParty: RelyingPartyKey;
  readonly termsVersion: string | null;
  readonly items: readonly Pick<DisclosedItem, 'name' | 'source'>[];
}

/**
 * What stands for an agreement: 43 characters of base64url. Another account, party, terms version or set of names has
 * another one; values and the order of names do not count.
 */
export function consentDigest({ accountId, relyingParty, termsVersion, items }: ConsentSubject): string {
  const told = [...new Set(items.map(({ name, source }) => JSON.stringify([name, source])))].sort();
  const text = JSON.stringify(['signet.consent.1', accountId, relyingParty, termsVersion, told]);
  return createHash('sha256').update(text, 'utf8').digest('base64url');
}

/** The host of an address, as it is shown to people; for a scheme of an app's own, the scheme. */
export function shownAddress(address: string): string {
  const { protocol, host } = new URL(address);
  return protocol === 'https:' || protocol === 'http:' ? host : protocol;
}

/** What there is to agree to for this account, and what is on record of it. */
export interface ConsentState {
  readonly accountId: AccountId;
  /** {@link consentDigest} of what would be told now. */
  readonly digest: string;
  /** unavailable: nobody can say, so nothing is told. */
  readonly standing: 'on-record' | 'none' | 'unavailable';
}

/** One agreement that is on record. */
export interface Agreement {
  readonly digest: string;
  /** Since it was given first, or again after it had been withdrawn. */
  readonly agreedAt: EpochSeconds;
}

/** Where agreements with a party of this policy are kept; null: nowhere, so each is good for one answer. */
export function keptIn<Store>(store: Store | null, policy: Pick<ConsentPolicy, 'ask'> | undefined): Store | null {
  return policy?.ask === true ? store : null;
}

/** Where agreements are kept, so that nobody is asked twice, and can be taken back. */
export interface ConsentStore {
  readonly find: (
    accountId: AccountId,
    relyingParty: RelyingPartyKey,
  ) => Promise<readonly Agreement[] | DirectoryUnavailable>;
  /** One that is there stays as old as it is. */
  readonly record: (
    accountId: AccountId,
    relyingParty: RelyingPartyKey,
    agreement: Agreement,
  ) => Promise<true | DirectoryUnavailable>;
  /** Each party once, with the time of the oldest agreement that stands; by key. */
  readonly list: (
    accountId: AccountId,
  ) => Promise<
    readonly { readonly relyingParty: RelyingPartyKey; readonly agreedAt: EpochSeconds }[] | DirectoryUnavailable
  >;
  /** All that was agreed with this party; false: there was nothing. */
  readonly withdraw: (accountId: AccountId, relyingParty: RelyingPartyKey) => Promise<boolean | DirectoryUnavailable>;
}
