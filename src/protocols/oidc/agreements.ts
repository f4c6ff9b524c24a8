// Owns: whether what a client was given still rests on the person's agreement, where its people are asked: it is read again
// at each use, so that what was withdrawn ends, and does not come back with a later agreement.
// Leaves to grant-state.ts: everything else that a grant rests on.
import { type Account, isUnavailable } from '../../core/account.ts';
import { type ConsentStore, consentDigest } from '../../core/consent.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import type { Client } from '../../parties/client.ts';
import { disclosedItems, type GrantedAccess } from './disclosure.ts';

/** What is shown: a code or a token. */
export interface AgreedGrant {
  readonly client: Client;
  /** What the person agreed to; null: not known from here, so that any agreement with the client does. */
  readonly access: GrantedAccess | null;
  /** When it was made. */
  readonly issuedAt: EpochSeconds;
}

export type JudgeAgreement = (grant: AgreedGrant, account: Account) => Promise<'stands' | 'withdrawn' | 'unknown'>;

/**
 * @param consents null: nothing is kept, so there is nothing to withdraw; who then gets what is refresh-policy.ts's
 * @param skew how far the clocks of two nodes may be apart, in seconds
 */
export function createAgreementJudge(consents: Pick<ConsentStore, 'find'> | null, skew: number): JudgeAgreement {
  return async ({ client, access, issuedAt }, account) => {
    const { key, consent } = client.relyingParty;
    if (!consent.ask || consents === null) return 'stands';
    const found = await consents.find(account.id, key);
    if (isUnavailable(found)) return 'unknown';
    const digest = access === null ? null : digestOf(client, account, access);
    // Made before the agreement that stands now: under one that was withdrawn.
    const stands = found.some((one) => (digest === null || one.digest === digest) && issuedAt + skew >= one.agreedAt);
    return stands ? 'stands' : 'withdrawn';
  };
}

function digestOf(client: Client, account: Account, access: GrantedAccess): string {
  const { key, consent } = client.relyingParty;
  const items = disclosedItems(client, account, access);
  return consentDigest({ accountId: account.id, relyingParty: key, termsVersion: consent.termsVersion, items });
}
