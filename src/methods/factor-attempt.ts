// Owns: counting one attempt at a second factor, whatever comes of it, and the words in which methods answer.
// Leaves to throttle.ts: how many are too many.
import type { AccountId } from '../core/account.ts';
import type { SentTo } from '../core/attempt-counter.ts';
import type { FactorFailure, MethodName } from '../core/authentication-event.ts';
import type {
  FactorContext,
  FactorFailed,
  FactorOutage,
  FactorReason,
  FactorSubject,
  FactorUnavailable,
} from './factor-method.ts';
import type { Throttle } from './throttle.ts';

/** What a person is told to wait for when a store, a key or a sender does not answer, in seconds. */
const OUTAGE_RETRY_SECONDS = 30;

const WRONG: FactorFailure = { kind: 'wrong' };

/**
 * Runs `check` as one counted attempt. It counts as failed from its beginning, so that many at once get no more tries than
 * one after the other; an answer other than `failed` takes that back, but only a finished login forgets earlier failures.
 * `sentTo`: where the code was sent, which is counted as well.
 */
export async function countedAttempt<Outcome extends { readonly kind: string }>(
  throttle: Pick<Throttle, 'begin'>,
  method: MethodName,
  { account }: Pick<FactorSubject, 'account'>,
  { address, now }: FactorContext,
  check: () => Promise<Outcome>,
  sentTo?: SentTo,
): Promise<Outcome | FactorFailed | FactorUnavailable> {
  const attempt = { method, accountId: account.id, typedName: account.loginName, address, device: null };
  const admission = await throttle.begin(sentTo === undefined ? attempt : { ...attempt, sentTo }, now);
  if (admission.kind === 'unavailable') return unavailable('throttle');
  if (admission.kind === 'locked') {
    return { kind: 'failed', failure: admission, because: 'locked', accountId: account.id };
  }
  if (admission.kind === 'throttled') {
    return { kind: 'failed', failure: admission, because: 'throttled', accountId: account.id };
  }
  let outcome: Outcome | null = null;
  try {
    outcome = await check();
    return outcome;
  } finally {
    await admission.settle(outcome?.kind === 'failed' ? 'failed' : 'not-failed');
  }
}

export function wrong(accountId: AccountId, because: FactorReason): FactorFailed {
  return { kind: 'failed', failure: WRONG, because, accountId };
}

export function expired(accountId: AccountId): FactorFailed {
  return { kind: 'failed', failure: { kind: 'expired' }, because: 'expired', accountId };
}

export function unavailable(because: FactorOutage, retryAfter = OUTAGE_RETRY_SECONDS): FactorUnavailable {
  return { kind: 'unavailable', retryAfter, because };
}
