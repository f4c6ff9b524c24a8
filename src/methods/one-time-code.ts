// Owns: six digits that are sent to somebody: made, hashed, sent, checked. Leaves to OneTimeCodes: which code is the newest,
// and how many were sent; to MessageSender: the way there; to code-methods.ts: what a right one proves.
import { createHmac } from 'node:crypto';
import { isUnavailable } from '../core/account.ts';
import type { Message, MessageSender } from '../core/message.ts';
import type { CodeSlot, CodeTaken, OneTimeCodes, SendPolicy } from '../core/one-time-code.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { unavailable } from './factor-attempt.ts';
import type { FactorContext, FactorUnavailable } from './factor-method.ts';

/** NIST SP 800-63B §5.1.3.2: at least 20 bits. */
export const CODE_DIGITS = 6;

/** Seconds that a code lives. NIST SP 800-63B §5.1.3.2 allows ten minutes. */
export const CODE_SECONDS = 300;

/** What a message with a code says, in a language. */
export type CodeWords = (language: string, code: string, minutes: number) => Message;

export interface CodeSendingOptions {
  readonly codes: OneTimeCodes;
  readonly sender: MessageSender;
  readonly policy: SendPolicy;
  readonly words: CodeWords;
  /** 32 bytes that all nodes have and the store has not: six digits are guessed from a plain hash in a second. */
  readonly key: Uint8Array;
  readonly random: Random;
  /** Told why a message did not leave; nothing of the person is in it. */
  readonly onSendFailed: (code: string) => void;
}

export interface CodeSending {
  /**
   * Makes a new code the only one of its slot and sends it. `live`: too many were sent, but the one sent to this destination
   * before is still good. A code whose message failed stays the slot's: the message may have left all the same.
   */
  readonly send: (
    slot: CodeSlot,
    destination: string,
    context: FactorContext,
  ) => Promise<
    { readonly kind: 'sent' | 'live' } | { readonly kind: 'limited'; readonly retryAfter: number } | FactorUnavailable
  >;
  /** Uses the newest code up when this is it, sent to this destination. */
  readonly take: (
    slot: CodeSlot,
    destination: string,
    code: string,
    context: FactorContext,
  ) => Promise<CodeTaken | FactorUnavailable>;
}

export function createCodeSending(options: CodeSendingOptions): CodeSending {
  const { codes, sender, policy, words, random, onSendFailed } = options;
  const mac = (...parts: readonly string[]): string =>
    createHmac('sha256', options.key).update(parts.join('\0')).digest('base64url');
  const hashOf = ({ accountId, use }: CodeSlot, destination: string, code: string): string =>
    mac('code', use, code, destination, accountId);

  return {
    send: async (slot, destination, { language, now }) => {
      const code = newCode(random);
      const until: EpochSeconds = now + CODE_SECONDS;
      // The use is part of it: who tries to enrol somebody's address must not use up the codes that they sign in with.
      const counted = mac('destination', slot.use, destination);
      const issued = { hash: hashOf(slot, destination, code), destination: counted, until };
      const answer = await codes.issue(slot, issued, policy, now);
      if (isUnavailable(answer)) return unavailable('store');
      if (answer.kind === 'limited') {
        return answer.live ? { kind: 'live' } : { kind: 'limited', retryAfter: Math.max(1, answer.retryAfter) };
      }
      const sent = await sender.send(destination, words(language, code, CODE_SECONDS / 60));
      if (sent.kind === 'sent') return { kind: 'sent' };
      onSendFailed(sent.code);
      return unavailable('sender', policy.spacing);
    },
    take: async (slot, destination, code, { claimant, now }) => {
      const taken = await codes.take(slot, hashOf(slot, destination, code), claimant, now);
      return isUnavailable(taken) ? unavailable('store') : taken;
    },
  };
}

const CODES = 10 ** CODE_DIGITS;

/** Every code equally likely: the few numbers at the end that would make some likelier are drawn again. */
function newCode(random: Random): string {
  const end = 2 ** 32 - (2 ** 32 % CODES);
  let drawn: number;
  do drawn = random(4).readUInt32BE();
  while (drawn >= end);
  return String(drawn % CODES).padStart(CODE_DIGITS, '0');
}
