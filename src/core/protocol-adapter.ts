// Owns: what a protocol offers the rest of Signet, beside its routes.
import type { Account } from './account.ts';
import type { MethodName } from './authentication-event.ts';
import type { AuthenticationRequest, PendingAnswer, ProtocolName, RelyingPartyKey } from './authentication-request.ts';
import type { AuthenticationResult } from './authentication-result.ts';
import type { Disclosure } from './consent.ts';
import type { Reply } from './reply.ts';
import type { Participant } from './session.ts';

export interface Answer {
  readonly kind: 'answer';
  readonly reply: Reply;
  /** The party was told that it failed although the person did what was asked; for the log and the audit. */
  readonly error: ProtocolError | null;
  /** The relying party, when it received something in the session. */
  readonly participant: Participant | null;
}

/** What a page can say about a request that cannot be answered to its sender. web/ has the words for each. */
export const REFUSAL_PAGES = [
  'unknown-party',
  'wrong-return-address',
  'unreadable-request',
  'stale-request',
  'not-allowed',
  // A sign-in that ended without an answer for which the protocol has words.
  'assurance-unmet',
  'wrong-subject',
  'account-disabled',
  'declined',
  'unavailable',
  'cannot-answer',
] as const;
export type RefusalPage = (typeof REFUSAL_PAGES)[number];

/** A request that is wrong. */
export interface ProtocolError {
  /** From the protocol's closed union (docs/errors.md). */
  readonly code: string;
  /** For the log only. */
  readonly detail: string;
  /** The party, once it is known. */
  readonly relyingParty: RelyingPartyKey | null;
}

/** The return address is not verified, so the person gets a page. */
export interface Refused {
  readonly kind: 'refused';
  readonly error: ProtocolError;
  readonly status: 400 | 403 | 413 | 503;
  readonly page: RefusalPage;
}

/** What an answer that is itself a sealed value is made from. */
export interface AnswerContext {
  /** The sealed values that the answer descends from: what it is made of inherits their keys. */
  readonly ancestors: readonly { readonly kid: string; readonly lineage: readonly string[] }[];
  /** 16 bytes that nobody else has; the same when a balancer repeats the request on another node. */
  readonly answerId: Uint8Array;
}

export interface ProtocolAdapter {
  readonly protocol: ProtocolName;
  /** `refused`: the party has gone since it asked. */
  readonly answer: (
    result: AuthenticationResult,
    pending: PendingAnswer,
    context: AnswerContext,
  ) => Promise<Answer | Refused>;
  /** Whether the account is the subject that the request named; only asked when it named one. */
  readonly isRequiredSubject: (account: Account, pending: PendingAnswer) => boolean;
  /**
   * Whether an answer can be worded from these proofs: beside levels a party may have named classes or methods. More
   * proofs never make it impossible.
   */
  readonly canState: (methods: readonly MethodName[], pending: PendingAnswer) => boolean;
  /**
   * Whether any program on the person's device could have asked, and would be told: then nothing is told without the person
   * having done something for this very request (RFC 8252 §8.6).
   */
  readonly isUnassured: (pending: PendingAnswer) => boolean;
  /** All that an answer would tell of this account: what the person is asked to agree to; null: the party has gone. */
  readonly disclosure: (account: Account, pending: PendingAnswer) => Disclosure | null;
}

/** What a protocol endpoint made of an HTTP request. */
export type Arrival =
  /** The party is told in its protocol that its request is wrong. */
  | { readonly kind: 'reply'; readonly reply: Reply; readonly error: ProtocolError }
  | Refused
  /** `via: post`: no cookie can have arrived, so the flow goes on after a 303. */
  | { readonly kind: 'authenticate'; readonly request: AuthenticationRequest; readonly via: 'get' | 'post' };
