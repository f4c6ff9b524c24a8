// Owns: how an attempt ended. Refusals are expected, and values.
import type { Account } from './account.ts';
import type { AuthenticationEvent } from './authentication-event.ts';
import type { Session } from './session.ts';

/** Every protocol answers every reason: the tables are checked by the compiler. */
export const REFUSAL_REASONS = [
  'interaction-needed',
  'assurance-unmet',
  'wrong-subject',
  'account-disabled',
  'declined',
  'unavailable',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** What a page would have been for, where none may be shown. */
export type NeededInteraction = 'login' | 'consent';

export type AuthenticationResult =
  | {
      readonly kind: 'authenticated';
      readonly account: Account;
      /** The session as it is from now on; the answer may still add a participant. */
      readonly session: Session;
      /**
       * The session's events that this request accepts, which is what its answer is about: at least one. A forced proof
       * is no second one because the session has had another before (SAML core §3.3.2.2, OpenID Connect Core §3.1.2.1).
       */
      readonly proofs: readonly AuthenticationEvent[];
      /** The session was made, replaced or got a new event in this attempt. */
      readonly change: SessionChange;
      /** The digest of what the person has just agreed to, to be kept before anything is told; null: not asked. */
      readonly agreed: string | null;
    }
  /** `account`: whose proofs there were, for the audit alone; null where nobody's stood. */
  | {
      readonly kind: 'refused';
      readonly reason: Exclude<RefusalReason, 'interaction-needed'>;
      readonly account: Account | null;
    }
  | {
      readonly kind: 'refused';
      readonly reason: 'interaction-needed';
      readonly needed: NeededInteraction;
      readonly account: Account | null;
    };

export type Authenticated = Extract<AuthenticationResult, { readonly kind: 'authenticated' }>;
export type RefusedResult = Extract<AuthenticationResult, { readonly kind: 'refused' }>;

/** none: SSO. extended: a proof was added. started: a new sid; `replaced` is the sid that ends with it. */
export type SessionChange =
  | { readonly kind: 'none' }
  | { readonly kind: 'extended' }
  | { readonly kind: 'started'; readonly replaced: Session | null };
