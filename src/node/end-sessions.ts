// Owns: ending all sessions of somebody, in the same transaction as what made it necessary.
// Leaves to state/revocation-rows.ts: the entry itself, and every node's reading it.
import type { Config } from '../config/config.ts';
import type { AccountId } from '../core/account.ts';
import type { Queries } from '../database/database.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { LONGEST_OPENING } from '../sealer/purpose.ts';
import type { RevocationEntry } from '../state/revocation-file.ts';
import { writeRevocation } from '../state/revocation-rows.ts';

/** Whatever was proved until now counts no more, on every node within `revocations.poll` seconds. */
export async function endSessionsOf(
  queries: Queries,
  config: Pick<Config, 'revocations' | 'skew'>,
  accountId: AccountId,
  now: EpochSeconds,
): Promise<void> {
  await writeRevocation(queries, endOfAll(config, accountId, now), now);
}

/** The entry that says so. */
export function endOfAll(
  config: Pick<Config, 'revocations' | 'skew'>,
  accountId: AccountId,
  now: EpochSeconds,
): Extract<RevocationEntry, { readonly kind: 'account' }> {
  // A proof given in this very second is older than this too.
  return { kind: 'account', accountId, notBefore: now + 1, until: endedUntil(now, config) };
}

/**
 * When it may be forgotten that sessions were ended: until then something may open that was made before `now`. That is not
 * a session alone: a refresh token lives for months, and would be good again once nobody knew any more that it had ended.
 */
export function endedUntil(
  now: EpochSeconds,
  { revocations, skew }: Pick<Config, 'revocations' | 'skew'>,
): EpochSeconds {
  return now + LONGEST_OPENING + revocations.poll + skew;
}
