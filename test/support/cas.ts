// Owns: a CAS service by hand against nodes of one-node.ts: what it sends, and what it reads; nothing is checked here.
import assert from 'node:assert/strict';
import { DOMParser, type Element } from '@xmldom/xmldom';
import { parseForms } from './forms.ts';
import type { Answer, OneNode } from './one-node.ts';
import { heading, PersonBrowser } from './person.ts';
import { fieldOf } from './sign-in.ts';

export const APP = 'https://wiki.example.org/app';
const CAS_NS = 'http://www.yale.edu/tp/cas';

export interface Params {
  readonly [name: string]: string | undefined;
}

export function casPath(endpoint: string, parameters: Params): string {
  const given = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return `/cas/${endpoint}?${new URLSearchParams(given)}`;
}

/** Asks for a sign-in, signing in when a page asks for it. */
export async function casLogin(
  node: OneNode,
  browser: PersonBrowser,
  parameters: Params = { service: APP },
  loginName = 'alice',
): Promise<Answer> {
  const started = await browser.get(node, casPath('login', parameters));
  const location = started.headers.location ?? '';
  if (!location.startsWith('/flow/')) return started;
  const page = await browser.get(node, location);
  assert.equal(heading(page), 'Sign in');
  return browser.login(node, location, page, loginName);
}

/** The ticket that an answer takes to the service, by redirect or by form. */
export function ticketOf(answer: Answer): string {
  const { location } = answer.headers;
  if (location !== undefined) return new URL(location).searchParams.get('ticket') ?? assert.fail(location);
  const [form] = parseForms(answer.text);
  return (form && fieldOf(form, 'ticket')) ?? assert.fail(`${answer.status}: ${answer.text.slice(0, 300)}`);
}

export async function newTicket(
  node: OneNode,
  parameters: Params = { service: APP },
  browser = new PersonBrowser(),
): Promise<string> {
  return ticketOf(await casLogin(node, browser, parameters));
}

/** A service response as a client reads it. */
export interface CasTold {
  /** The element inside cas:serviceResponse. */
  readonly kind: string;
  readonly code: string | null;
  readonly user: string | null;
  readonly pgtIou: string | null;
  readonly proxyTicket: string | null;
  readonly proxies: readonly string[];
  /** Null: there is no such element. */
  readonly attributes: readonly (readonly [string, string])[] | null;
  readonly text: string;
}

export async function ask(node: OneNode, endpoint: string, parameters: Params): Promise<CasTold> {
  const answer = await node.ask({ path: casPath(endpoint, parameters) });
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers['content-type'] ?? '', /^application\/xml/);
  return told(answer.text);
}

export function validate(node: OneNode, ticket: string, parameters: Params = {}): Promise<CasTold> {
  return ask(node, 'p3/serviceValidate', { service: APP, ticket, ...parameters });
}

export function told(text: string): CasTold {
  const parser = new DOMParser({
    onError: (level, message) => {
      throw new Error(`${level}: ${message}`);
    },
  });
  const root = parser.parseFromString(text, 'text/xml').documentElement ?? assert.fail(text);
  assert.equal(root.localName, 'serviceResponse');
  assert.equal(root.namespaceURI, CAS_NS);
  const [inside = assert.fail(text)] = children(root);
  const all = children(inside);
  const textOf = (name: string): string | null => all.find(({ localName }) => localName === name)?.textContent ?? null;
  const within = (name: string): readonly Element[] | null => {
    const holder = all.find(({ localName }) => localName === name);
    return holder === undefined ? null : children(holder);
  };
  return {
    kind: inside.localName ?? '',
    code: inside.getAttribute('code'),
    user: textOf('user'),
    pgtIou: textOf('proxyGrantingTicket'),
    proxyTicket: textOf('proxyTicket'),
    proxies: (within('proxies') ?? []).map(({ textContent }) => textContent ?? ''),
    attributes: within('attributes')?.map((one) => [one.localName ?? '', one.textContent ?? ''] as const) ?? null,
    text,
  };
}

function children(element: Element): readonly Element[] {
  return [...element.childNodes].filter((node): node is Element => node.nodeType === 1);
}

/** A client's SAML 1.1 request, as Apereo's and mod_auth_cas write it. */
export function samlRequest(ticket: string): string {
  return `<?xml version="1.0" encoding="utf-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Header/><SOAP-ENV:Body><samlp:Request xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol" MajorVersion="1" MinorVersion="1"><samlp:AssertionArtifact>${ticket}</samlp:AssertionArtifact></samlp:Request></SOAP-ENV:Body></SOAP-ENV:Envelope>`;
}

export function samlValidate(node: OneNode, body: string, parameters: Params = { TARGET: APP }): Promise<Answer> {
  const headers = { 'Content-Type': 'text/xml', soapaction: 'http://www.oasis-open.org/committees/security' };
  return node.ask({ method: 'POST', path: casPath('samlValidate', parameters), body, headers });
}
