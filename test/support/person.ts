// Owns: one person's browser against a node of one-node.ts: exactly the cookies it was given, requests written by hand.
import assert from 'node:assert/strict';
import { deflateRawSync } from 'node:zlib';
import { parseForms } from './forms.ts';
import { type Answer, type OneNode, PASSWORD } from './one-node.ts';
import { fieldOf } from './sign-in.ts';

export interface RequestFields {
  readonly id?: string;
  readonly sp?: string;
  readonly now: number;
  readonly forceAuthn?: boolean;
  readonly passive?: boolean;
  readonly relayState?: string;
  readonly inner?: string;
}

let counter = 0;

/** An unsigned AuthnRequest of `SP/metadata`. */
export function authnRequest(node: Pick<OneNode, 'publicUrl'>, fields: RequestFields): string {
  counter += 1;
  const { sp = 'https://sp.example.org', now, id = `_request${counter}` } = fields;
  const flags = `${fields.forceAuthn ? ' ForceAuthn="true"' : ''}${fields.passive ? ' IsPassive="true"' : ''}`;
  const instant = new Date(now * 1000).toISOString();
  return (
    `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="${id}" Version="2.0" IssueInstant="${instant}"` +
    ` Destination="${node.publicUrl}/saml/idp/sso"${flags}>` +
    `<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${sp}/metadata</saml:Issuer>${fields.inner ?? ''}</samlp:AuthnRequest>`
  );
}

export function redirectPath(node: Pick<OneNode, 'publicUrl'>, fields: RequestFields): string {
  const message = encodeURIComponent(deflateRawSync(authnRequest(node, fields)).toString('base64'));
  const relayState = fields.relayState === undefined ? '' : `&RelayState=${encodeURIComponent(fields.relayState)}`;
  return `/saml/idp/sso?SAMLRequest=${message}${relayState}`;
}

/** What a browser of 2026 says of a navigation that a person made from another site. */
const FROM_ELSEWHERE = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Dest': 'document' };
const FROM_OUR_PAGE = { 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Dest': 'document' };

export class PersonBrowser {
  readonly cookies = new Map<string, string>();

  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** A copy with the same cookies: an older copy of the browser, or a stolen one. */
  copy(): PersonBrowser {
    const copy = new PersonBrowser();
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    return copy;
  }

  async get(node: OneNode, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.#keep(await node.ask({ path, headers: { ...FROM_ELSEWHERE, ...this.#sent(), ...headers } }));
  }

  /** A form of our own page. */
  async post(
    node: OneNode,
    path: string,
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return this.#keep(await node.ask({ path, form, headers: { ...FROM_OUR_PAGE, ...this.#sent(), ...headers } }));
  }

  /** A cross-site POST: it carries no cookie of ours (SameSite=Lax). */
  async postFromElsewhere(node: OneNode, path: string, form: Readonly<Record<string, string>>): Promise<Answer> {
    return this.#keep(await node.ask({ path, form, headers: FROM_ELSEWHERE }));
  }

  /** Starts at the SP by Redirect and follows to the login page, or to the answer. */
  async start(
    node: OneNode,
    fields: RequestFields,
  ): Promise<{ readonly answer: Answer; readonly flowPath: string | null }> {
    const first = await this.get(node, redirectPath(node, fields));
    const { location } = first.headers;
    if (first.status !== 303 || location === undefined) return { answer: first, flowPath: null };
    return { answer: await this.get(node, location), flowPath: location };
  }

  /** Types name and password into the login page. */
  login(
    node: OneNode,
    flowPath: string,
    page: Answer,
    name = 'alice',
    password = PASSWORD,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return this.post(node, flowPath, { form_token: formTokenOf(page), username: name, password }, headers);
  }

  /** The whole of it; fails unless the person ends up with an answer for the SP. */
  async signIn(node: OneNode, name = 'alice', fields: Partial<RequestFields> = {}): Promise<Answer> {
    const { answer, flowPath } = await this.start(node, { now: node.time.now, ...fields });
    const last = flowPath === null ? answer : await this.login(node, flowPath, answer, name);
    assert.ok(samlResponse(last), `${last.status}: ${last.text.slice(0, 400)}`);
    return last;
  }

  #sent(): Record<string, string> {
    return this.cookies.size === 0 ? {} : { Cookie: this.cookieHeader };
  }

  #keep(answer: Answer): Answer {
    for (const line of answer.setCookies) {
      const [pair = '', ...attributes] = line.split('; ');
      const equals = pair.indexOf('=');
      if (attributes.includes('Max-Age=0')) this.cookies.delete(pair.slice(0, equals));
      else this.cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    return answer;
  }
}

export function formTokenOf(page: Pick<Answer, 'text'>): string {
  for (const form of parseForms(page.text)) {
    const token = fieldOf(form, 'form_token');
    if (token !== undefined) return token;
  }
  return assert.fail(`no form token on: ${page.text.slice(0, 400)}`);
}

/** The XML of the response on an auto-post page; null when the answer is something else. */
export function samlResponse(answer: Pick<Answer, 'text'>): string | null {
  for (const form of parseForms(answer.text)) {
    const message = fieldOf(form, 'SAMLResponse');
    if (message !== undefined) return Buffer.from(message, 'base64').toString('utf8');
  }
  return null;
}

export function heading(answer: Answer): string {
  return /<h1>([^<]*)<\/h1>/.exec(answer.text)?.[1] ?? '';
}

/** The innermost SAML status of a response. */
export function statusOf(answer: Answer): string {
  const codes = [...(samlResponse(answer) ?? '').matchAll(/StatusCode[^>]* Value="[^"]*:([A-Za-z]+)"/g)];
  return codes.at(-1)?.[1] ?? `no response: ${answer.status} ${heading(answer)}`;
}
