// Owns: where the codes were sent that a finished login was proved with. Leaves to throttle.ts: what is forgotten of it.
import { isUnavailable } from '../core/account.ts';
import type { SentTo } from '../core/attempt-counter.ts';
import type { MethodName } from '../core/authentication-event.ts';
import type { CredentialStore } from '../core/credential.ts';
import type { Session } from '../core/session.ts';

const SENDING = ['email-code', 'sms-code'] as const;

/** Asks the store only where a code was sent. None while it does not answer: failures are remembered a while longer. */
export async function provedDestinations(
  store: Pick<CredentialStore, 'list'>,
  { accountId, events }: Pick<Session, 'accountId' | 'events'>,
  proved: readonly MethodName[],
): Promise<readonly SentTo[]> {
  const uses = SENDING.filter((use) => proved.includes(use));
  if (uses.length === 0) return [];
  const enrolled = await store.list(accountId);
  if (isUnavailable(enrolled)) return [];
  return uses.flatMap((use) => {
    // Older ones were a login's of their own.
    const newest = events.filter(({ method }) => method === use).sort((a, b) => b.at - a.at)[0];
    const data = enrolled.credentials.find(({ id }) => id === newest?.credentialId)?.data;
    return data?.kind === 'email' || data?.kind === 'sms' ? [{ use, destination: data.destination }] : [];
  });
}
