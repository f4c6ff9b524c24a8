// Owns: a method that "sends" codes by text message, for tests of the flow: the code is how many were sent so far.
// It does not bind a code to the account that it was sent to, on purpose: the flow has to.
import type { Credential } from '../../src/core/credential.ts';
import type { FactorMethod, FactorSubject } from '../../src/methods/factor-method.ts';

/** Whom codes were sent to, the newest last. */
export const sent: string[] = [];

/** The newest code. */
export const newestCode = (): string => String(sent.length).padStart(6, '0');

const smsOf = ({ enrolled }: FactorSubject): readonly Credential[] =>
  enrolled.credentials.filter(({ data, disabled }) => data.kind === 'sms' && !disabled);
export const texting: FactorMethod = {
  name: 'sms-code',
  kind: 'sms',
  usable: (enrolled) => enrolled.credentials.filter(({ data }) => data.kind === 'sms'),
  begin: async ({ account }) => {
    sent.push(account.loginName);
    return { kind: 'ready', pending: Buffer.from(newestCode()) };
  },
  page: async (_, pending) =>
    pending === null ? null : { kind: 'sent-code', by: 'sms', credential: 'phone', destination: '…12', digits: 6 },
  verify: async (subject, form, pending, { now }) => {
    const { account } = subject;
    const right = pending !== null && Buffer.from(pending.data).toString() === form.get('code');
    const [phone] = smsOf(subject);
    if (right && phone) {
      return { kind: 'proved', account, event: { method: 'sms-code', credentialId: phone.id, at: now } };
    }
    const failure = pending === null ? ({ kind: 'expired' } as const) : ({ kind: 'wrong' } as const);
    return { kind: 'failed', failure, because: 'mismatch', accountId: account.id };
  },
};
