// Owns: turning data into HTML pages in a language. Templates escape by default; a theme may replace any of them.
// Leaves to words.ts: what they say; to theme.ts: which templates there are.
import { Eta } from 'eta/core';
import type { MethodName } from '../core/authentication-event.ts';
import type { CredentialKind } from '../core/credential.ts';
import type { Language } from '../core/language.ts';
import type { Body } from '../core/reply.ts';
import type { EnrolmentPage, FactorPage } from '../methods/factor-method.ts';
import type { ShownItems } from './consent-items.ts';
import { wordsIn } from './words.ts';

export interface LoginPage {
  readonly action: string;
  readonly formToken: string;
  readonly relyingParty: string;
  readonly loginName: string;
  /** A sentence, or null. */
  readonly problem: string | null;
  /** Why somebody who is signed in is asked again, or null. */
  readonly note: string | null;
  readonly ways: readonly OtherWay[];
  /** null: no passkey can say here who somebody is. */
  readonly passkey: PasskeyQuestion | null;
}

/** What the page's script asks the browser. */
export interface PasskeyQuestion {
  /** JSON for navigator.credentials.get. */
  readonly options: string;
  /** For so long an answer counts. */
  readonly seconds: number;
}

/** Another way of proving who it is. */
export interface OtherWay {
  /** What its button says by CHOOSE_FIELD. */
  readonly choose: string;
  readonly label: string;
}

/** One question for a second factor. */
export interface FactorQuestion {
  readonly action: string;
  readonly formToken: string;
  readonly relyingParty: string;
  readonly loginName: string;
  readonly method: MethodName;
  /** null: it cannot be asked now; `problem` says why. */
  readonly question: FactorPage | null;
  /** A sentence, or null. */
  readonly problem: string | null;
  readonly ways: readonly OtherWay[];
}

export interface MessagePage {
  readonly title: string;
  /** Paragraphs in plain words. */
  readonly text: readonly string[];
  /** Shown so that a person can quote it. */
  readonly reference: string | null;
  readonly links?: readonly { readonly href: string; readonly label: string }[];
}

export interface LogoutPage {
  /** Hidden fields that are posted back. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly formToken: string;
  readonly loginName: string;
  readonly participants: readonly string[];
}

/** An application that can be opened from here: by our own form, or at an address of its own. */
export type Tile =
  | { readonly kind: 'post'; readonly id: string; readonly displayName: string }
  | { readonly kind: 'link'; readonly href: string; readonly displayName: string };

export interface HomePage {
  readonly loginName: string;
  readonly action: string;
  readonly formToken: string;
  readonly tiles: readonly Tile[];
}

/** Whether an application may be told about somebody. */
export interface ConsentPage extends ShownItems {
  readonly action: string;
  readonly formToken: string;
  readonly digest: string;
  readonly relyingParty: string;
  /** Where its address is. */
  readonly host: string;
  readonly loginName: string;
  /** Addresses of the application's own pages. */
  readonly tosUri: string | null;
  readonly policyUri: string | null;
  /** What becomes of the answer: its name among the words. */
  readonly kept: 'kept' | 'keptButAsked' | 'notKept';
  readonly problem: string | null;
}

/** What may be enrolled while signing in. */
export interface EnrolChoicePage {
  readonly action: string;
  readonly formToken: string;
  readonly relyingParty: string;
  readonly loginName: string;
  readonly kinds: readonly CredentialKind[];
  /** Until when it can wait, in words; null: it cannot. */
  readonly until: string | null;
  readonly problem: string | null;
  /** What was typed as an address or number, shown again. */
  readonly destination: string;
}

/** One enrolment: beginning with it, or confirming it. */
export interface EnrolPage {
  readonly action: string;
  readonly formToken: string;
  readonly kind: CredentialKind;
  /** null: it has not begun. */
  readonly question: EnrolmentPage | null;
  readonly problem: string | null;
  /** Recovery codes end others. */
  readonly replaces: boolean;
  readonly destination: string;
  /** For so many seconds an answer of the browser counts; after that the person has to be asked first; null: long enough. */
  readonly seconds: number | null;
  /** Where giving up leads; null: the login's own button. */
  readonly back: string | null;
}

export interface AccountFactor {
  readonly id: string;
  readonly kind: CredentialKind;
  /** The person's own name for it, or what it is. */
  readonly name: string;
  readonly details: readonly string[];
}

export interface AccountPage {
  readonly loginName: string;
  readonly formToken: string;
  /** A sentence, or null. */
  readonly notice: string | null;
  /** Something that was asked for did not happen. */
  readonly noticeIsProblem: boolean;
  readonly canChangePassword: boolean;
  /** null: there is no database. 'unavailable': it does not answer. */
  readonly factors:
    | null
    | 'unavailable'
    | {
        readonly list: readonly AccountFactor[];
        readonly addable: readonly CredentialKind[];
        /** null: nobody has use for them yet. */
        readonly codesLeft: number | null;
      };
  /** null: nobody keeps a list. */
  readonly signIns: null | 'unavailable' | readonly SignInRow[];
  /** null: nothing is kept. */
  readonly agreements: null | 'unavailable' | readonly AgreementRow[];
}

/** An application that somebody has agreed to. */
export interface AgreementRow {
  /** The party's key. */
  readonly party: string;
  readonly name: string;
  readonly since: string;
}

export interface SignInRow {
  readonly when: string;
  readonly how: string;
  readonly where: string;
  readonly note: string | null;
}

export interface PasswordPage {
  readonly formToken: string;
  readonly loginName: string;
  readonly least: number;
  readonly problem: string | null;
}

export interface FactorPageOfAccount {
  readonly action: string;
  readonly formToken: string;
  readonly name: string;
  readonly label: string;
  readonly removable: boolean;
}

export interface Pages {
  readonly login: (language: Language, status: number, page: LoginPage) => Body;
  readonly factor: (language: Language, status: number, page: FactorQuestion) => Body;
  readonly message: (language: Language, status: number, page: MessagePage) => Body;
  readonly logout: (language: Language, page: LogoutPage) => Body;
  readonly home: (language: Language, page: HomePage) => Body;
  readonly enrolChoice: (language: Language, status: number, page: EnrolChoicePage) => Body;
  readonly enrol: (language: Language, status: number, page: EnrolPage) => Body;
  readonly consent: (language: Language, page: ConsentPage) => Body;
  readonly account: (language: Language, page: AccountPage) => Body;
  readonly password: (language: Language, status: number, page: PasswordPage) => Body;
  readonly accountFactor: (language: Language, page: FactorPageOfAccount) => Body;
  readonly autoPost: (
    language: Language,
    page: { readonly action: string; readonly fields: readonly (readonly [string, string])[] },
  ) => string;
}

/** By name, without `.eta`. */
export type Templates = ReadonlyMap<string, string>;

/** @throws an error of eta's, which names the line, for a template that cannot be compiled. */
export function createPages(templates: Templates): Pages {
  const eta = new Eta({ cache: true, autoEscape: true, autoTrim: false });
  for (const [name, text] of templates) eta.loadTemplate(`@${name}`, text);
  const render = (name: string, language: Language, page: object): string =>
    eta.render(`@${name}`, { ...page, lang: language, words: wordsIn(language) });
  const html = (name: string, language: Language, status: number, page: object): Body => ({
    kind: 'body',
    status,
    contentType: 'text/html; charset=utf-8',
    text: render(name, language, page),
  });
  return {
    login: (language, status, page) => html('login', language, status, page),
    factor: (language, status, page) =>
      html('factor', language, status, { ...page, about: wordsIn(language).factor(page.question) }),
    message: (language, status, page) => html('message', language, status, page),
    logout: (language, page) => html('logout', language, 200, page),
    home: (language, page) => html('home', language, 200, page),
    enrolChoice: (language, status, page) => html('enrol-choice', language, status, page),
    enrol: (language, status, page) => html('enrol', language, status, page),
    consent: (language, page) => html('consent', language, 200, page),
    account: (language, page) => html('account', language, 200, page),
    password: (language, status, page) => html('password', language, status, page),
    accountFactor: (language, page) => html('account-factor', language, 200, page),
    autoPost: (language, page) => render('auto-post', language, page),
  };
}
