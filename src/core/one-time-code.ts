// Owns: the port that remembers which code was sent last, and how many were sent. Leaves to methods/one-time-code.ts:
// codes, hashes and words; to state/: where it is kept.
//
// A code's generation cannot be sealed into the flow: an older copy of the cookie would bring an older code back.
import type { EpochSeconds } from '../lib/clock.ts';
import type { AccountId, DirectoryUnavailable } from './account.ts';

/** Each account has at most one live code per slot: a newer one ends the older. Enrolling has slots of its own. */
export interface CodeSlot {
  readonly accountId: AccountId;
  readonly use: CodeUse;
}

export const CODE_USES = ['email-code', 'sms-code', 'email-enrolment', 'sms-enrolment'] as const;
export type CodeUse = (typeof CODE_USES)[number];

/** What sends are counted by, beside the account: signing in and enrolling by the same way count together. */
export const SEND_CHANNELS = {
  'email-code': 'email',
  'email-enrolment': 'email',
  'sms-code': 'sms',
  'sms-enrolment': 'sms',
} as const satisfies Record<CodeUse, string>;

export interface IssuedCode {
  /** base64url of 32 bytes: a keyed hash of code, slot and destination, so that the store never holds a code. */
  readonly hash: string;
  /** base64url of 32 bytes: a keyed hash of destination and use, which sends are counted by over all accounts. */
  readonly destination: string;
  readonly until: EpochSeconds;
}

/** How many codes may be sent, to one account by one channel, and to one destination, whoever asks: both must allow it. */
export interface SendPolicy {
  /** Seconds between one send and the next. */
  readonly spacing: number;
  /** Sends in any `window` seconds. */
  readonly sends: number;
  readonly window: number;
}

export type Issue =
  | { readonly kind: 'issued' }
  /** Nothing was written. `live`: the slot's newest code, sent to this destination, is neither used nor expired. */
  | { readonly kind: 'limited'; readonly retryAfter: number; readonly live: boolean };

/**
 * first: right, and used up by this call. same-attempt: right, and used up by this claimant within 20 s (a balancer's
 * repeat). spent: right, and used before. wrong: not the newest code. expired: the newest code has expired, or there is none.
 */
export type CodeTaken = 'first' | 'same-attempt' | 'spent' | 'wrong' | 'expired';

/** Where the newest codes are remembered. Every answer may be an outage; then nothing is sent and nothing is accepted. */
export interface OneTimeCodes {
  /** Counts a send and makes this the slot's only code, both or neither, atomically over all nodes. */
  readonly issue: (
    slot: CodeSlot,
    code: IssuedCode,
    policy: SendPolicy,
    now: EpochSeconds,
  ) => Promise<Issue | DirectoryUnavailable>;
  /** Uses the slot's newest code up if this is its hash: one conditional update. A wrong guess changes nothing. */
  readonly take: (
    slot: CodeSlot,
    hash: string,
    claimant: string | null,
    now: EpochSeconds,
  ) => Promise<CodeTaken | DirectoryUnavailable>;
}
