// Owns: what a code that was sent by mail or text message proves, and how an address comes to be one's own.
// Leaves to one-time-code.ts: the code itself. What they are worth is core/assurance.ts's business: a code by mail adds
// nothing to a password, one by text message is a restricted authenticator (docs/second-factors.md).
import type { Account } from '../core/account.ts';
import type { MethodName } from '../core/authentication-event.ts';
import type { Credential, CredentialSet, CredentialStore } from '../core/credential.ts';
import { PENDING_CHALLENGE_SECONDS, type PendingChallenge } from '../core/login-context.ts';
import { maskDestination, readMailAddress, readTelephoneNumber } from '../core/message.ts';
import type { CodeSlot, CodeTaken, CodeUse } from '../core/one-time-code.ts';
import type { Random } from '../lib/random.ts';
import { newCredentialId, packPending, unpackPending } from './credential-id.ts';
import { countedAttempt, expired, wrong } from './factor-attempt.ts';
import {
  CODE_FIELD,
  CREDENTIAL_FIELD,
  CREDENTIALS_PER_KIND,
  DESTINATION_FIELD,
  ENROLMENT_SECONDS,
  enabledOf,
  type FactorContext,
  type FactorEnrolment,
  type FactorFailed,
  type FactorMethod,
  type FactorSubject,
  type FactorUnavailable,
  type FormFields,
  LABEL_FIELD,
  type PendingEnrolment,
} from './factor-method.ts';
import { CODE_DIGITS, type CodeSending } from './one-time-code.ts';
import type { Throttle } from './throttle.ts';
import { readDigits, readLabel } from './typed-code.ts';

/** mail or text message: what differs between them. */
export interface CodeChannel {
  readonly kind: 'email' | 'sms';
  /** What codes can be sent to; null for anything else. */
  readonly readDestination: (typed: string) => string | null;
}

export const emailChannel: CodeChannel = { kind: 'email', readDestination: readMailAddress };

/**
 * Only to numbers that begin with one of `prefixes` (`+49`): whoever may enrol could otherwise have messages sent to numbers
 * that earn them money.
 */
export function smsChannel(prefixes: readonly string[]): CodeChannel {
  const readDestination = (typed: string): string | null => {
    const number = readTelephoneNumber(typed);
    return number !== null && prefixes.some((prefix) => number.startsWith(prefix)) ? number : null;
  };
  return { kind: 'sms', readDestination };
}

export interface CodeMethodOptions {
  readonly channel: CodeChannel;
  readonly sending: CodeSending;
  readonly throttle: Pick<Throttle, 'begin'>;
}

const METHODS = { email: 'email-code', sms: 'sms-code' } as const satisfies Record<CodeChannel['kind'], CodeUse>;
const ENROLMENTS = { email: 'email-enrolment', sms: 'sms-enrolment' } as const satisfies Record<
  CodeChannel['kind'],
  CodeUse
>;

export function createCodeMethod({
  channel,
  sending,
  throttle,
  store,
}: CodeMethodOptions & { readonly store: Pick<CredentialStore, 'noteSentCodeUsed'> }): FactorMethod {
  const { kind } = channel;
  const name = METHODS[kind];
  const slotOf = (account: Account): CodeSlot => ({ accountId: account.id, use: name });
  const usable = (enrolled: CredentialSet): readonly Credential[] => enabledOf(enrolled, kind);

  return {
    name,
    kind,
    usable,
    begin: async ({ account, enrolled }, form, context) => {
      const wanted = form.get(CREDENTIAL_FIELD);
      const all = usable(enrolled);
      const chosen = wanted === undefined ? all[0] : all.find(({ id }) => id === wanted);
      if (chosen === undefined) return wrong(account.id, 'not-enrolled');
      const sent = await sending.send(slotOf(account), destinationOf(chosen), context);
      if (sent.kind === 'unavailable') return sent;
      if (sent.kind === 'limited') return tooMany(account, sent.retryAfter);
      return { kind: 'ready', pending: packPending(chosen.id, Buffer.alloc(0)) };
    },
    page: async ({ enrolled }, pending) => {
      const chosen = pendingOf(usable(enrolled), pending);
      if (chosen === null) return null;
      const destination = maskDestination(destinationOf(chosen));
      return { kind: 'sent-code', by: kind, credential: chosen.id, destination, digits: CODE_DIGITS };
    },
    verify: async (subject, form, pending, context) => {
      const { account, enrolled } = subject;
      if (pending === null || context.now >= pending.at + PENDING_CHALLENGE_SECONDS) return expired(account.id);
      const chosen = pendingOf(usable(enrolled), pending);
      if (chosen === null) return wrong(account.id, 'not-enrolled');
      const judged = await judge(
        { sending, throttle, kind },
        subject,
        slotOf(account),
        destinationOf(chosen),
        form,
        context,
      );
      if (judged.kind !== 'right') return judged;
      await store.noteSentCodeUsed(account.id, chosen.id, context.now);
      return { kind: 'proved', account, event: { method: name, credentialId: chosen.id, at: context.now } };
    },
  };
}

/** One of the addresses or numbers of somebody, as they recognise it. */
export interface CodeDestination {
  /** For CREDENTIAL_FIELD. */
  readonly credential: string;
  /** Masked, behind the person's own name for it. */
  readonly name: string;
}

/** Where this method can send codes to, in the order of enrolment; empty for a method that sends none. */
export function codeDestinations(method: MethodName, enrolled: CredentialSet): readonly CodeDestination[] {
  const kind = (['email', 'sms'] as const).find((one) => METHODS[one] === method);
  if (kind === undefined) return [];
  return enabledOf(enrolled, kind).map((one) => {
    const masked = maskDestination(destinationOf(one));
    return { credential: one.id, name: one.label === '' ? masked : `${one.label}, ${masked}` };
  });
}

function destinationOf({ data }: Credential): string {
  return data.kind === 'email' || data.kind === 'sms' ? data.destination : '';
}

function pendingOf(usable: readonly Credential[], pending: PendingChallenge | null): Credential | null {
  const unpacked = pending === null ? null : unpackPending(pending.data, { least: 0, most: 0 });
  return usable.find(({ id }) => id === unpacked?.id) ?? null;
}

function tooMany(account: Account, retryAfter: number): FactorFailed {
  return { kind: 'failed', failure: { kind: 'throttled', retryAfter }, because: 'throttled', accountId: account.id };
}

/** One counted guess at the newest code of a slot. */
async function judge(
  { sending, throttle, kind }: Omit<CodeMethodOptions, 'channel'> & Pick<CodeChannel, 'kind'>,
  subject: FactorSubject,
  slot: CodeSlot,
  destination: string,
  form: FormFields,
  context: FactorContext,
): Promise<{ readonly kind: 'right' } | FactorFailed | FactorUnavailable> {
  const { account } = subject;
  const code = readDigits(form.get(CODE_FIELD) ?? '', CODE_DIGITS);
  // Not a guess, so nothing is counted.
  if (code === null) return wrong(account.id, 'unusable-input');
  // Guesses count against the account and the method, whichever code, flow or slot they are about, and against the
  // destination, whichever account has it.
  const check = async () => {
    const taken = await sending.take(slot, destination, code, context);
    return typeof taken === 'string' ? verdict(taken, account) : taken;
  };
  return countedAttempt(throttle, METHODS[kind], subject, context, check, { use: slot.use, destination });
}

function verdict(taken: CodeTaken, account: Account): { readonly kind: 'right' } | FactorFailed {
  switch (taken) {
    case 'first':
    case 'same-attempt':
      return { kind: 'right' };
    case 'spent':
      return wrong(account.id, 'replayed');
    case 'wrong':
      return wrong(account.id, 'mismatch');
    case 'expired':
      return expired(account.id);
    default:
      return taken satisfies never;
  }
}

export function createCodeEnrolment(options: CodeMethodOptions & { readonly random: Random }): FactorEnrolment {
  const { channel, sending, throttle, random } = options;
  const { kind } = channel;
  const slotOf = (account: Account): CodeSlot => ({ accountId: account.id, use: ENROLMENTS[kind] });
  const read = ({ data }: PendingEnrolment) => {
    const made = unpackPending(data, { least: 1, most: 254 });
    // Read again: which destinations are allowed may have changed since.
    const destination = made === null ? null : channel.readDestination(Buffer.from(made.rest).toString('latin1'));
    return made === null || destination === null ? null : { id: made.id, destination };
  };

  return {
    kind,
    begin: async ({ account, enrolled }, form, context) => {
      const { id: accountId } = account;
      const all = enrolled.credentials.filter(({ data }) => data.kind === kind);
      if (all.length >= CREDENTIALS_PER_KIND) {
        return { kind: 'failed', failure: { kind: 'too-many' }, because: 'too-many', accountId };
      }
      const destination = channel.readDestination(form.get(DESTINATION_FIELD) ?? '');
      if (destination === null) {
        return { kind: 'failed', failure: { kind: 'unusable-destination' }, because: 'unusable-input', accountId };
      }
      const sent = await sending.send(slotOf(account), destination, context);
      if (sent.kind === 'unavailable') return sent;
      if (sent.kind === 'limited') return tooMany(account, sent.retryAfter);
      return { kind: 'ready', pending: packPending(newCredentialId(random), Buffer.from(destination, 'latin1')) };
    },
    page: async (_subject, pending) => {
      const made = read(pending);
      return made === null ? null : { kind: 'sent-code', by: kind, destination: made.destination, digits: CODE_DIGITS };
    },
    confirm: async (subject, form, pending, context) => {
      const { account } = subject;
      if (context.now >= pending.at + ENROLMENT_SECONDS) return expired(account.id);
      const made = read(pending);
      if (made === null) return wrong(account.id, 'unusable-input');
      const judged = await judge(
        { sending, throttle, kind },
        subject,
        slotOf(account),
        made.destination,
        form,
        context,
      );
      if (judged.kind !== 'right') return judged;
      const label = readLabel(form.get(LABEL_FIELD) ?? '');
      const data = { kind, destination: made.destination };
      return {
        kind: 'enrolled',
        credential: { id: made.id, label, createdAt: context.now, data },
        recoveryHashes: null,
      };
    },
  };
}
