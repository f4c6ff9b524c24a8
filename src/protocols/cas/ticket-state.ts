// Owns: whether what a ticket stands for still holds when it is shown: its session, and the person behind it.
import { type Account, type Directory, isUnavailable } from '../../core/account.ts';
import type { Revocations } from '../../core/revocation.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import type { TicketHolder } from '../../sealed/ticket-fields.ts';
import { type CasProblem, casProblem } from './cas-errors.ts';

export type JudgeTicket = (
  holder: TicketHolder,
  now: EpochSeconds,
) => Promise<{ readonly account: Account } | CasProblem>;

/** The account is read every time: a person who was disabled a moment ago is told to nobody. */
export function createTicketJudge(deps: {
  readonly revocations: Revocations;
  readonly directory: Pick<Directory, 'findById'>;
}): JudgeTicket {
  return async ({ sid, accountId, oldestProof, latestProof }, now) => {
    const verdict = await deps.revocations.check({ sid, accountId, oldestProof, latestProof }, now);
    if (verdict === 'revoked') return casProblem('session-ended', verdict);
    // A stale feed asks a person to prove themselves again. A program cannot, and is not told that anything has ended.
    if (verdict !== 'good') return casProblem('unavailable', `revocations: ${verdict}`);
    const account = await deps.directory.findById(accountId);
    if (account !== null && isUnavailable(account)) return casProblem('unavailable', 'directory');
    return account === null || account.disabled ? casProblem('account-gone', 'disabled or gone') : { account };
  };
}
