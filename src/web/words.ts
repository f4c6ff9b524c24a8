// Owns: what the pages say, as one type that every language fills in: a text that is missing does not compile.
// Plain words, what to do next, nothing of the inside. Leaves to words/: the texts, a folder for each language.
import type { FactorFailure, MethodName } from '../core/authentication-event.ts';
import type { CredentialKind } from '../core/credential.ts';
import { type Language, preferredLanguage } from '../core/language.ts';
import type { RefusalPage } from '../core/protocol-adapter.ts';
import type { EnrolmentFailure, FactorPage, MethodFailure } from '../methods/factor-method.ts';
import type { PasswordProblem } from '../methods/password-policy.ts';
import type { ConsentWords } from './consent-words.ts';
import type { RequestFacts } from './request-facts.ts';
import { german } from './words/de.ts';
import { english } from './words/en.ts';

/** A page that says one thing. */
export interface Said {
  readonly title: string;
  readonly text: readonly string[];
}

/** Pages that say one thing, whoever asked. */
export type PageName =
  | 'stale'
  | 'finished'
  | 'foreign'
  | 'replayed'
  | 'embedded'
  | 'unavailable'
  | 'tooLarge'
  | 'missing'
  | 'fault'
  | 'badRequest'
  | 'signedOut'
  | 'notSignedIn';

/** What happened on the account's pages; stands in an address. */
export const NOTICES = [
  'added',
  'renamed',
  'removed',
  'codes-renewed',
  'password-changed',
  'changed-meanwhile',
  'last-factor',
  'factors-disabled',
  'enrolment-over',
  'consent-withdrawn',
] as const;
export type Notice = (typeof NOTICES)[number];

/** What the owner of an account is told by mail. */
export type Announcement = 'added' | 'removed' | 'codes-renewed' | 'password-changed';

export interface FactorWords {
  readonly title: string;
  readonly text: string;
  /** Of the field; null when there is none. */
  readonly label: string | null;
}

interface KindWords {
  readonly name: string;
  /** One sentence: what it is. */
  readonly what: string;
  /** On the button that begins with it. */
  readonly add: string;
}

/** What stands on every page. */
export interface CommonWords {
  readonly common: {
    readonly error: string;
    readonly problem: string;
    readonly continue: string;
    readonly cancel: string;
    readonly back: string;
    readonly reference: string;
    /** Before the application's name. */
    readonly continueTo: string;
    /** Before the person's name: a question is for them, or they are signed in as somebody. */
    readonly as: string;
    readonly signedInAs: string;
    readonly theApplication: string;
    readonly yourself: string;
    readonly signIn: string;
    readonly signOut: string;
    readonly account: string;
    /** After `continueTo`. */
    readonly toAccount: string;
    readonly otherWays: string;
  };
  readonly autoPost: { readonly title: string; readonly text: string };
  readonly date: (epochSeconds: number) => string;
}

/** Pages that say one thing: what is wrong, or that it is done. */
export interface ProblemWords {
  readonly refusals: Readonly<Record<RefusalPage, Said>>;
  readonly pages: Readonly<Record<PageName, Said>>;
}

/** Signing in, confirming it, signing out, and the page of applications. */
export interface SignInWords {
  readonly login: {
    readonly title: string;
    readonly userName: string;
    readonly password: string;
    readonly submit: string;
    /** Somebody who is signed in is asked again. */
    readonly confirm: string;
    /** The same on the way to a page of the account. */
    readonly confirmForAccount: string;
    readonly passkey: string;
  };
  /** One sentence for the login page; the same whether or not the account exists. */
  readonly failure: (failure: FactorFailure) => string;
  /** One sentence for the page that asks for a second factor. */
  readonly factorFailure: (failure: MethodFailure) => string;
  /** The same whoever it might have been. */
  readonly passkeyFailure: string;
  /** The page had been open for longer than a passkey may take. */
  readonly passkeyLate: string;
  readonly unsent: string;
  readonly busy: (retryAfter: number) => string;
  /** What each way of proving it is called where it can be chosen. */
  readonly ways: Readonly<Record<MethodName, string>>;
  /** Around one question; null: it cannot be asked now. */
  readonly factor: (question: FactorPage | null) => FactorWords;
  readonly anotherCode: string;
  readonly webauthn: {
    readonly use: string;
    readonly needsScript: string;
    readonly unsupported: string;
    readonly failed: string;
  };
  readonly logout: {
    readonly title: string;
    readonly question: string;
    readonly lead: string;
    readonly participants: string;
    readonly untold: (names: string) => string;
  };
  readonly home: { readonly title: string; readonly applications: string; readonly none: string };
}

/** Setting up second factors. */
export interface EnrolmentWords {
  readonly kinds: Readonly<Record<CredentialKind, KindWords>>;
  readonly enrol: {
    /** At sign-in: why somebody is asked. */
    readonly title: string;
    readonly text: (application: string) => string;
    /** Until when it can wait. */
    readonly later: (date: string) => string;
    readonly skip: string;
    readonly label: string;
    readonly labelHint: string;
    readonly confirm: string;
    readonly restart: string;
    readonly totp: {
      readonly title: string;
      readonly scan: string;
      readonly picture: string;
      readonly typed: string;
      readonly code: (digits: number) => string;
    };
    readonly codes: {
      readonly title: string;
      readonly text: string;
      readonly replaces: string;
      readonly kept: string;
    };
    readonly webauthn: { readonly title: string; readonly text: string; readonly make: string };
    readonly email: { readonly title: string; readonly destination: string; readonly hint: string };
    readonly sms: { readonly title: string; readonly destination: string; readonly hint: string };
    readonly send: string;
    readonly sent: (destination: string) => string;
    readonly code: string;
    readonly failure: (failure: EnrolmentFailure) => string;
  };
}

/** The pages of one’s own account. */
export interface AccountWords {
  readonly account: {
    readonly title: string;
    readonly notices: Readonly<Record<Notice, string>>;
    readonly passwordTitle: string;
    readonly passwordText: string;
    readonly changePassword: string;
    readonly passwordElsewhere: string;
    readonly passwordLabel: string;
    readonly passwordAgain: string;
    readonly passwordHint: (least: number) => string;
    readonly passwordDiffers: string;
    readonly passwordProblem: (problem: PasswordProblem) => string;
    readonly endsOthers: string;
    readonly factorsTitle: string;
    readonly noFactors: string;
    readonly factorsUnavailable: string;
    readonly added: (date: string) => string;
    readonly used: (date: string | null) => string;
    readonly disabled: string;
    readonly change: string;
    /** Read out with the factor's name, so that links of the same word can be told apart. */
    readonly changeNamed: (name: string) => string;
    readonly rename: string;
    readonly remove: string;
    readonly removeText: string;
    readonly lastFactor: string;
    readonly codesTitle: string;
    readonly codesLeft: (count: number) => string;
    readonly noCodes: string;
    readonly getCodes: string;
    readonly renewCodes: string;
    readonly signInsTitle: string;
    readonly signInsNone: string;
    readonly signInsUnavailable: string;
    readonly how: string;
    readonly where: string;
    readonly thisOne: string;
    readonly ended: string;
    readonly everywhereTitle: string;
    readonly everywhereText: string;
    readonly everywhere: string;
    readonly everywhereDone: Said;
    /** What it reached: not every node knows yet. */
    readonly everywhereLater: string;
    readonly methods: Readonly<Record<MethodName, string>>;
  };
}

/** What is sent. */
export interface MailWords {
  readonly mail: {
    readonly code: Mail<[service: string, code: string, minutes: number]>;
    readonly announcement: Mail<[service: string, what: Announcement, kind: string]>;
  };
}

/** All that a language has. */
export interface Words extends CommonWords, ProblemWords, SignInWords, EnrolmentWords, AccountWords, MailWords {
  readonly consent: ConsentWords;
}

interface Mail<Args extends readonly unknown[]> {
  readonly subject: (service: string) => string;
  readonly text: (...args: Args) => string;
}

const CATALOGUE: Readonly<Record<Language, Words>> = { en: english, de: german };

export function wordsIn(language: Language): Words {
  return CATALOGUE[language];
}

/**
 * What is settled already (what the relying party asked for, first of all); else what the browser prefers; where that is
 * none of ours, what the party's settings say of its people; else English.
 */
export function languageOf(
  facts: Pick<RequestFacts, 'headers' | 'language'>,
  party: { readonly language: Language | null } | null = null,
): Language {
  return facts.language ?? preferredLanguage(facts.headers['accept-language'], party?.language ?? 'en');
}
