// Owns: turning data into HTML pages. Templates escape by default; a theme may replace any of them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Eta } from 'eta';
import type { MethodName } from '../core/authentication-event.ts';
import type { Body } from '../core/reply.ts';
import type { FactorPage } from '../methods/factor-method.ts';
import { factorWords } from './words.ts';

export interface LoginPage {
  readonly action: string;
  readonly formToken: string;
  readonly relyingParty: string;
  readonly loginName: string;
  /** A sentence, or null. */
  readonly problem: string | null;
  readonly reauthentication: boolean;
  readonly ways: readonly OtherWay[];
  /** JSON for navigator.credentials.get, which the page's script asks for; null: no passkey is asked for. */
  readonly passkey: string | null;
}

/** Another way of proving who it is. */
export interface OtherWay {
  readonly method: MethodName;
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

export interface HomePage {
  readonly loginName: string;
  readonly action: string;
  readonly formToken: string;
  readonly parties: readonly { readonly id: string; readonly displayName: string }[];
}

export interface Pages {
  readonly login: (status: number, page: LoginPage) => Body;
  readonly factor: (status: number, page: FactorQuestion) => Body;
  readonly message: (status: number, page: MessagePage) => Body;
  readonly logout: (page: LogoutPage) => Body;
  readonly home: (page: HomePage) => Body;
  readonly autoPost: (page: {
    readonly action: string;
    readonly fields: readonly (readonly [string, string])[];
  }) => string;
  readonly stylesheet: string;
}

/** @param folder where the templates are */
export function createPages(folder: string): Pages {
  const eta = new Eta({ views: folder, cache: true, autoEscape: true, autoTrim: false });
  // On the warm path: compiled here, so that no path is resolved for each page.
  const autoPost = eta.compile(readFileSync(join(folder, 'auto-post.eta'), 'utf8'));
  const html = (status: number, template: string, page: object): Body => ({
    kind: 'body',
    status,
    contentType: 'text/html; charset=utf-8',
    text: eta.render(template, page),
  });
  return {
    login: (status, page) => html(status, './login', page),
    factor: (status, page) => html(status, './factor', { ...page, words: factorWords(page.question) }),
    message: (status, page) => html(status, './message', page),
    logout: (page) => html(200, './logout', page),
    home: (page) => html(200, './home', page),
    autoPost: (page) => eta.render(autoPost, page),
    stylesheet: readFileSync(join(folder, 'signet.css'), 'utf8'),
  };
}
