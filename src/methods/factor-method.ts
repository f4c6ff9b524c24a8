// Owns: what every method beside the typed password offers: to be asked for, to be answered, to be enrolled.
// Leaves to core/login-flow: which method is asked for; to web/: pages, sealing what is pending, spending it, adding what
// was enrolled to the store; to each method: what a proof is, and how often one may be tried.
import type { Account, AccountId } from '../core/account.ts';
import type { AuthenticationEvent, FactorFailure, MethodName } from '../core/authentication-event.ts';
import type { Credential, CredentialKind, CredentialSet } from '../core/credential.ts';
import type { PendingChallenge } from '../core/login-context.ts';
import type { EpochSeconds } from '../lib/clock.ts';

/** A posted form. */
export type FormFields = ReadonlyMap<string, string>;

/** The field that holds a typed code, of whatever kind. */
export const CODE_FIELD = 'code';
/** The field that names which credential is meant, by its id, where a person has several of a kind. */
export const CREDENTIAL_FIELD = 'credential';
/** The field with the person's own name for what they enrol. */
export const LABEL_FIELD = 'label';
/** The field with the address or telephone number that codes shall be sent to. */
export const DESTINATION_FIELD = 'destination';
/** The field that says that shown recovery codes were kept; any value. */
export const KEPT_FIELD = 'kept';

/** Who is asked, as the directory and the store say now: both are read again on every request. */
export interface FactorSubject {
  readonly account: Account;
  readonly enrolled: CredentialSet;
}

/** What a method needs to know of the request. */
export interface FactorContext {
  readonly now: EpochSeconds;
  /** The browser's address; null when it cannot be known. */
  readonly address: string | null;
  /** The trusted proxy's request id, which a balancer's repeat has too; null: there is no such grace. */
  readonly claimant: string | null;
  /** BCP 47 tag of the language that a message to the person is written in. */
  readonly language: string;
}

/** For the log and the audit only, never for a page. */
export type FactorReason =
  | 'mismatch'
  /** The right proof, used before. */
  | 'replayed'
  | 'unusable-input'
  | 'not-enrolled'
  | 'throttled'
  /** Too many failures in a row: only an operator opens it again. */
  | 'locked'
  | 'expired'
  /** WebAuthn: the person was not verified, another origin, a counter that went back … */
  | 'refused-proof';

export type FactorOutage = 'store' | 'throttle' | 'data-keys' | 'sender';

/** Nothing was found out: try again in `retryAfter` seconds. Never read as "not enrolled". */
export interface FactorUnavailable {
  readonly kind: 'unavailable';
  readonly retryAfter: number;
  readonly because: FactorOutage;
}

/** locked: too many failures in a row; another method, or an operator (`signet users unlock`). Answered like throttled. */
export type MethodFailure = FactorFailure | { readonly kind: 'locked' };

export interface FactorFailed {
  readonly kind: 'failed';
  readonly failure: MethodFailure;
  readonly because: FactorReason;
  readonly accountId: AccountId;
}

/** `pending` is sealed into the flow with the time, at most PENDING_CHALLENGE_MAX_BYTES; null: nothing to keep. */
export type Begun = { readonly kind: 'ready'; readonly pending: Uint8Array | null } | FactorFailed | FactorUnavailable;

export type FactorOutcome =
  | { readonly kind: 'proved'; readonly account: Account; readonly event: AuthenticationEvent }
  | FactorFailed
  | FactorUnavailable;

/** What the page of a question shows. */
export type FactorPage =
  | { readonly kind: 'totp'; readonly digits: number }
  | { readonly kind: 'recovery-code'; readonly remaining: number }
  /** To which `credential`; its `destination` is masked. Asking again is another `begin`. */
  | {
      readonly kind: 'sent-code';
      readonly by: 'email' | 'sms';
      readonly credential: string;
      readonly destination: string;
      readonly digits: number;
    }
  /** `options`: JSON for navigator.credentials.get. */
  | { readonly kind: 'webauthn'; readonly options: string };

/** One way to prove something beside the typed password. Pure against its ports: no HTTP, no pages. */
export interface FactorMethod {
  /** What it is chosen by. Which proof was given is in the event: WebAuthn has three. */
  readonly name: MethodName;
  readonly kind: CredentialKind;
  /** What this person could answer with now; empty: the method is not offered to them. */
  readonly usable: (enrolled: CredentialSet) => readonly Credential[];
  /**
   * Once for each question, in answer to a POST or when the flow gets there, never on a reload: it may send a code.
   * The form may name a credential.
   */
  readonly begin: (subject: FactorSubject, form: FormFields, context: FactorContext) => Promise<Begun>;
  /** What the page shows; changes nothing, so it may be asked on every reload. Null: begin again. */
  readonly page: (subject: FactorSubject, pending: PendingChallenge | null) => Promise<FactorPage | null>;
  /**
   * Judges the answer. What is proved has been spent when this answers; every failure has been counted.
   * The browser may show any older copy of `pending`, so a method must be right for each: what may be used once is spent in
   * a store, never there.
   */
  readonly verify: (
    subject: FactorSubject,
    form: FormFields,
    pending: PendingChallenge | null,
    context: FactorContext,
  ) => Promise<FactorOutcome>;
}

/**
 * What an enrolment keeps between its two steps: web seals it with purpose `enrolment`, bound to the sid, the account and
 * the version of the credential set, opens it for ENROLMENT_SECONDS, and spends it when `confirm` has said `enrolled`.
 */
export interface PendingEnrolment {
  readonly data: Uint8Array;
  readonly at: EpochSeconds;
}

export const ENROLMENT_SECONDS = 600;
export const PENDING_ENROLMENT_MAX_BYTES = 320;
/** Of one kind for one person: more only makes guessing easier. */
export const CREDENTIALS_PER_KIND = 5;

/**
 * What web adds to the store, with the lineage of the session. Its id comes from the pending value, so that a balancer's
 * repeat of the confirmation finds it there already.
 */
export type NewCredential = Omit<Credential, 'lastUsedAt' | 'disabled' | 'lineage'>;

export type EnrolmentFailure =
  | MethodFailure
  /** Not an address or telephone number that codes can be sent to. */
  | { readonly kind: 'unusable-destination' }
  /** CREDENTIALS_PER_KIND are there already. */
  | { readonly kind: 'too-many' }
  /** Recovery codes were shown, and it was not said that they were kept. */
  | { readonly kind: 'not-kept' };

export interface EnrolmentFailed {
  readonly kind: 'failed';
  readonly failure: EnrolmentFailure;
  readonly because: FactorReason | 'too-many';
  readonly accountId: AccountId;
}

export type EnrolmentBegun =
  | { readonly kind: 'ready'; readonly pending: Uint8Array }
  | EnrolmentFailed
  | FactorUnavailable;

export type EnrolmentOutcome =
  | {
      readonly kind: 'enrolled';
      readonly credential: NewCredential;
      /** For `CredentialStore.add`; null for every kind but recovery codes. */
      readonly recoveryHashes: readonly string[] | null;
    }
  | EnrolmentFailed
  | FactorUnavailable;

/** What the page of an enrolment shows. All of it is secret from everybody but the person. */
export type EnrolmentPage =
  /** `secret`: base32 in groups of four; `uri`: otpauth; `qr`: an SVG element of that URI, safe to stand in a page as it is. */
  | {
      readonly kind: 'totp';
      readonly secret: string;
      readonly uri: string;
      readonly qr: string;
      readonly digits: number;
    }
  | { readonly kind: 'recovery-codes'; readonly codes: readonly string[] }
  | { readonly kind: 'sent-code'; readonly by: 'email' | 'sms'; readonly destination: string; readonly digits: number }
  /** `options`: JSON for navigator.credentials.create. */
  | { readonly kind: 'webauthn'; readonly options: string };

/** How a person comes to have one kind of credential. It counts only once it was confirmed. */
export interface FactorEnrolment {
  readonly kind: CredentialKind;
  readonly begin: (subject: FactorSubject, form: FormFields, context: FactorContext) => Promise<EnrolmentBegun>;
  /** What the page shows; changes nothing. Null: what is pending is not this method's. */
  readonly page: (subject: FactorSubject, pending: PendingEnrolment) => Promise<EnrolmentPage | null>;
  readonly confirm: (
    subject: FactorSubject,
    form: FormFields,
    pending: PendingEnrolment,
    context: FactorContext,
  ) => Promise<EnrolmentOutcome>;
}

/** The ones of a kind that may be used. */
export function enabledOf(enrolled: CredentialSet, kind: CredentialKind): readonly Credential[] {
  return enrolled.credentials.filter((credential) => credential.data.kind === kind && !credential.disabled);
}
