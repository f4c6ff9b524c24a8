// Owns: whole sign-ins at an SP without HTTP of its own: request, pages, response, verification.
import assert from 'node:assert/strict';
import { makeKeyAndCertificate } from '../../scripts/key-and-certificate.ts';
import type { Person } from '../../scripts/local-cluster.ts';
import {
  acsUrlOf,
  makeSamlSp,
  newRequestId,
  type RequestOptions,
  type SamlAnswer,
  type SamlSp,
  type SpIdentity,
} from '../../scripts/saml-sp.ts';
import type { Cluster } from './cluster.ts';
import type { Form } from './forms.ts';
import { HttpBrowser, type Page } from './http-browser.ts';
import { signingKeyFromStock } from './key-stock.ts';

export const PLAIN: RequestOptions = { binding: 'redirect', forceAuthn: false, passive: false };

/** An SP that exists as metadata and keys only; its ACS is never asked, the test reads the form itself. */
export async function bareSp(number: number): Promise<SpIdentity> {
  const baseUrl = `http://127.0.0.1:${4 + number}`;
  return { baseUrl, title: `Bare SP ${number}`, keys: await makeKeyAndCertificate(baseUrl, signingKeyFromStock) };
}

export interface Outcome {
  readonly answer: SamlAnswer;
  /** Login pages that were shown on the way. */
  readonly pages: number;
}

/** One sign-in from the SP's request to its verified answer. Throws, with what was seen, when it does not arrive. */
export async function signIn(
  browser: HttpBrowser,
  sp: SpIdentity,
  saml: SamlSp,
  options: RequestOptions,
  person: Person,
): Promise<Outcome> {
  const id = newRequestId();
  const outgoing = await saml.request(options, id);
  const from: Page = { url: `${sp.baseUrl}/`, status: 200, headers: {}, text: '', forms: [] };
  let page =
    outgoing.kind === 'redirect'
      ? await browser.get(outgoing.url, from)
      : await browser.post(outgoing.action, outgoing.fields, from.url);
  let pages = 0;
  const login = loginForm(page);
  if (login !== null) {
    pages += 1;
    page = await browser.submit(page, login, { username: person.name, password: person.password });
  }
  const form = responseForm(page);
  if (form === null) throw new Error(`no response form, but ${page.status} at ${page.url}: ${headline(page)}`);
  assert.equal(form.action, acsUrlOf(sp));
  assert.equal(fieldOf(form, 'RelayState'), id);
  const answer = await saml.accept(fieldOf(form, 'SAMLResponse') ?? '');
  if (answer !== null) assert.equal(answer.inResponseTo, id);
  return { answer, pages };
}

/** The page's login form, if it shows one. */
export function loginForm(page: Page): Form | null {
  return page.forms.find((form) => form.fields.some((field) => field.name === 'password')) ?? null;
}

/** The form that takes a SAML response to the SP (saml-bindings §3.5.4), if the page has one. */
export function responseForm(page: Page): Form | null {
  return page.forms.find((form) => form.fields.some((field) => field.name === 'SAMLResponse')) ?? null;
}

export function fieldOf(form: Form, name: string): string | undefined {
  return form.fields.find((field) => field.name === name)?.value;
}

/** What a page says in its headings and alerts; never its hidden fields. */
export function headline(page: Page): string {
  const said = page.text.match(/<(title|h1|h2|p)\b[^>]*>[\s\S]*?<\/\1>/gi) ?? [page.text.slice(0, 200)];
  return said.map((part) => part.replace(/<[^>]*>/g, '').trim()).join(' | ');
}

/** A browser and an SP's SAML side for one person. */
export function visitor(cluster: Cluster, sp: SpIdentity): { readonly browser: HttpBrowser; readonly saml: SamlSp } {
  return { browser: new HttpBrowser(), saml: makeSamlSp(sp, cluster.idp) };
}
