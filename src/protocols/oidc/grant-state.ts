// Owns: whether a grant still holds when it is used: its session, its family, the person behind it, and what they agreed to.
import { type Account, type AccountId, type Directory, isUnavailable } from '../../core/account.ts';
import type { Revocations } from '../../core/revocation.ts';
import { absenceId } from '../../core/session.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import type { OpenAccessToken } from './access-token.ts';
import type { AgreedGrant, JudgeAgreement } from './agreements.ts';
import type { Families } from './families.ts';
import type { RefreshPolicy } from './refresh-policy.ts';
import { grantScopes } from './scopes.ts';

export interface HeldGrant extends AgreedGrant {
  /** {@link absenceId} of it when the grant goes on after its session. */
  readonly sid: Uint8Array;
  readonly accountId: AccountId;
  readonly oldestProof: EpochSeconds;
  readonly latestProof: EpochSeconds;
  readonly family: Uint8Array;
}

/** What an access token holds. It does not say all that was agreed to. */
export function heldBy(
  { grant, client, iat }: Pick<OpenAccessToken, 'grant' | 'client' | 'iat'>,
  { outlivesSession }: Pick<RefreshPolicy, 'outlivesSession'>,
): HeldGrant {
  const sid = outlivesSession(client, grantScopes(grant.scope)) ? absenceId(grant.sid) : grant.sid;
  return { ...grant, sid, client, access: null, issuedAt: iat };
}

export type GrantState =
  | { readonly kind: 'good'; readonly account: Account }
  /** `because` is for the log. */
  | { readonly kind: 'ended'; readonly because: 'session' | 'family' | 'account' | 'consent' }
  | { readonly kind: 'unavailable'; readonly because: 'revocations' | 'directory' | 'families' | 'consents' };

export type JudgeGrant = (grant: HeldGrant, now: EpochSeconds) => Promise<GrantState>;

/** In this order: what costs nothing first. The account is read every time: a person who was disabled gets nothing more. */
export function createGrantJudge(deps: {
  readonly revocations: Revocations;
  readonly families: Families;
  readonly directory: Pick<Directory, 'findById'>;
  readonly agreement: JudgeAgreement;
}): JudgeGrant {
  return async (grant, now) => {
    const { sid, accountId, oldestProof, latestProof } = grant;
    const verdict = await deps.revocations.check({ sid, accountId, oldestProof, latestProof }, now);
    if (verdict === 'revoked') return { kind: 'ended', because: 'session' };
    // A stale feed asks a person to prove themselves again. A program cannot, and would throw away what has not ended.
    if (verdict !== 'good') return { kind: 'unavailable', because: 'revocations' };
    const family = await deps.families.state(grant.family, now);
    if (family === 'unknown') return { kind: 'unavailable', because: 'families' };
    if (family === 'ended') return { kind: 'ended', because: 'family' };
    const account = await deps.directory.findById(accountId);
    if (account !== null && isUnavailable(account)) return { kind: 'unavailable', because: 'directory' };
    if (account === null || account.disabled) return { kind: 'ended', because: 'account' };
    const agreement = await deps.agreement(grant, account);
    if (agreement === 'unknown') return { kind: 'unavailable', because: 'consents' };
    return agreement === 'withdrawn' ? { kind: 'ended', because: 'consent' } : { kind: 'good', account };
  };
}
