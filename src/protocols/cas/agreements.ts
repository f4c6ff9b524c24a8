// Owns: whether a person has agreed to what a service would be told behind their back: by a ticket that a proxy gets, when
// nobody is there to be asked. Leaves to core/login-consent: asking them.
import { type Account, isUnavailable } from '../../core/account.ts';
import { type ConsentStore, consentDigest } from '../../core/consent.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import type { Service } from '../../parties/service.ts';
import { type CasProblem, casProblem } from './cas-errors.ts';
import { disclosedItems } from './disclosure.ts';

/** Null when it stands, or nobody has to agree. `since`: when what rests on it was made; null: now. */
export type JudgeAgreement = (
  service: Service,
  account: Account,
  since: EpochSeconds | null,
) => Promise<CasProblem | null>;

/**
 * @param consents null: nothing is kept, so nobody is known to have agreed
 * @param skew how far the clocks of two nodes may be apart, in seconds
 */
export function createAgreementJudge(consents: Pick<ConsentStore, 'find'> | null, skew: number): JudgeAgreement {
  return async (service, account, since) => {
    const { key, consent } = service.relyingParty;
    if (!consent.ask) return null;
    const found = consents === null ? [] : await consents.find(account.id, key);
    if (isUnavailable(found)) return casProblem('unavailable', 'consents');
    const items = disclosedItems(service, account);
    const { termsVersion } = consent;
    const digest = consentDigest({ accountId: account.id, relyingParty: key, termsVersion, items });
    // Made before the agreement that stands now: under one that was withdrawn.
    const stands = found.some((one) => one.digest === digest && (since === null || since + skew >= one.agreedAt));
    return stands ? null : casProblem('consent-missing', key);
  };
}
