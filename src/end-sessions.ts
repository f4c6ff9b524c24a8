// Owns: ending all sessions of somebody, in the same transaction as what made it necessary.
// Leaves to state/revocation-rows.ts: the entry itself, and every node's reading it.
import type { Config } from './config/config.ts';
import type { AccountId } from './core/account.ts';
import type { Queries } from './database/database.ts';
import type { EpochSeconds } from './lib/clock.ts';
import { writeRevocation } from './state/revocation-rows.ts';

/** Whatever was proved until now counts no more, on every node within `revocations.poll` seconds. */
export async function endSessionsOf(
  queries: Queries,
  { session, revocations, skew }: Pick<Config, 'session' | 'revocations' | 'skew'>,
  accountId: AccountId,
  now: EpochSeconds,
): Promise<void> {
  // The longest that a copy of a session made before now can live.
  const until = now + session.absolute + revocations.poll + skew;
  // A proof given in this very second is older than this too.
  await writeRevocation(queries, { kind: 'account', accountId, notBefore: now + 1, until }, now);
}
