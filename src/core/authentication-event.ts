// Owns: one proof that a person gave. A session is a subject and a list of these, never a flag called "mfa".
import type { EpochSeconds } from '../lib/clock.ts';

/**
 * Methods by the number that stands in sealed values: append only, never renumbered (docs/sealed-values.md).
 * WebAuthn has three, by what the ceremony proved: `webauthn` possession alone, `passkey` that the authenticator also
 * verified the person, `attested-key` that besides it cannot be copied and its make is proved.
 */
export const METHOD_NUMBERS = {
  password: 1,
  totp: 2,
  'recovery-code': 3,
  'email-code': 4,
  'sms-code': 5,
  webauthn: 6,
  passkey: 7,
  'attested-key': 8,
} as const satisfies Record<string, number>;

export type MethodName = keyof typeof METHOD_NUMBERS;

/** One successful proof at one time. */
export interface AuthenticationEvent {
  readonly method: MethodName;
  /** Which of the person's credentials: 1..16 bytes of UTF-8. */
  readonly credentialId: string;
  readonly at: EpochSeconds;
}

/** The time of the newest of them; 0 without any. */
export function newestOf(events: readonly AuthenticationEvent[]): EpochSeconds {
  return events.reduce((newest, { at }) => Math.max(newest, at), 0);
}

/** Why a proof failed, in words that tell nothing about whether the account exists. */
export type FactorFailure =
  | { readonly kind: 'wrong' }
  | { readonly kind: 'throttled'; readonly retryAfter: number }
  | { readonly kind: 'expired' };
