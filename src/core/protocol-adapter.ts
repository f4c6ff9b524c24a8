// Owns: what a protocol offers the rest of Signet, beside its routes.
import type { Account } from './account.ts';
import type { AuthenticationRequest, PendingAnswer, ProtocolName } from './authentication-request.ts';
import type { AuthenticationResult } from './authentication-result.ts';
import type { Reply } from './reply.ts';
import type { Participant } from './session.ts';

export interface Answer {
  readonly reply: Reply;
  /** The relying party, when it received something in the session. */
  readonly participant: Participant | null;
}

export interface ProtocolAdapter {
  readonly protocol: ProtocolName;
  readonly answer: (result: AuthenticationResult, pending: PendingAnswer) => Promise<Answer>;
  /** Whether the account is the subject that the request named; only asked when it named one. */
  readonly isRequiredSubject: (account: Account, pending: PendingAnswer) => boolean;
}

/** What a protocol endpoint made of an HTTP request. */
export type Arrival =
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** `via: post`: no cookie can have arrived, so the flow goes on after a 303. */
  | { readonly kind: 'authenticate'; readonly request: AuthenticationRequest; readonly via: 'get' | 'post' };
