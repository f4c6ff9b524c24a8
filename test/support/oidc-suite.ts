// Owns: what the OpenID conformance suite's client does with a node: one person's visits, tokens, userinfo. Leaves to the
// tests: what each module expects.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import { type Form, parseForms } from './forms.ts';
import { authorizePath, basic, CALLBACK, claimsOf, type Params, redeem, returned, type Told } from './oidc.ts';
import { type Answer, type OneNode, startOneNode } from './one-node.ts';
import { heading, PersonBrowser } from './person.ts';

export const SUITE_SECRET = 'a-secret-of-at-least-thirty-two-characters';
export const SUITE_AUTH = basic('suite', SUITE_SECRET);
/** The suite sends no PKCE in these profiles: that is what `signet.pkce: optional` is for. */
export const WITHOUT_PKCE = { code_challenge: undefined, code_challenge_method: undefined };

/** A node with the suite's two clients, and one that posts its secret. */
export function startSuiteNode(): Promise<OneNode> {
  const confidential = {
    client_secret_hash: hashClientSecret(SUITE_SECRET, (size) => Buffer.alloc(size, 7)),
    redirect_uris: [CALLBACK, `${CALLBACK}?dummy1=lorem&dummy2=ipsum`],
    grant_types: ['authorization_code', 'refresh_token'],
    signet: { pkce: 'optional' },
  };
  return startOneNode({
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    clients: [
      { client_id: 'suite', ...confidential },
      { client_id: 'suite2', ...confidential },
      { client_id: 'suite-post', ...confidential, token_endpoint_auth_method: 'client_secret_post' },
    ],
  });
}

export interface Visit {
  readonly answer: Answer;
  /** Whether the person was asked for their password. */
  readonly asked: boolean;
}

export const token = (
  node: OneNode,
  code: string,
  client = 'suite',
  changes: Params = {},
  headers: object = SUITE_AUTH,
): Promise<Told> => redeem(node, client, code, { code_verifier: undefined, ...changes }, { ...headers });

export async function userinfo(
  node: OneNode,
  method: 'GET' | 'POST',
  accessToken: string | undefined,
): Promise<Record<string, unknown>> {
  const answer = await node.ask({
    method,
    path: '/oidc/userinfo',
    headers: { Authorization: `Bearer ${accessToken}` },
    ...(method === 'POST' ? { body: '' } : {}),
  });
  assert.equal(answer.status, 200);
  return JSON.parse(answer.text);
}

/** Sets the clock forward, for modules that wait. */
export async function later(node: OneNode, seconds: number, work: () => Promise<void>): Promise<void> {
  const began = node.time.now;
  node.travelTo(began + seconds);
  try {
    await work();
  } finally {
    node.travelTo(began);
  }
}

/** How the answers of a profile come back. */
export type SuiteMode = 'query' | 'form_post';

/** What the suite does at the authorization endpoint and after it, in one profile. */
export function suiteIn(mode: SuiteMode) {
  const usual: Params = { ...WITHOUT_PKCE, ...(mode === 'form_post' ? { response_mode: mode } : {}) };

  /** The address that an answer goes to, with its own query. */
  const addressOf = (answer: Answer): string =>
    mode === 'query' ? (answer.headers.location ?? '') : formOf(answer).action;

  const parametersOf = (answer: Answer): URLSearchParams =>
    mode === 'query'
      ? returned(answer)
      : new URLSearchParams(formOf(answer).fields.map(({ name, value }): [string, string] => [name, value]));

  /** Goes to the authorization endpoint as a person's browser, and signs in when a page asks for it. */
  const visit = async (
    node: OneNode,
    browser: PersonBrowser,
    changes: Params = {},
    client = 'suite',
  ): Promise<Visit> => {
    const started = await browser.get(node, authorizePath(client, { ...usual, ...changes }));
    const flow = started.headers.location ?? '';
    if (!flow.startsWith('/flow/')) return { answer: started, asked: false };
    const page = await browser.get(node, flow);
    assert.equal(heading(page), 'Sign in');
    return { answer: await browser.login(node, flow, page), asked: true };
  };

  const codeFor = async (
    node: OneNode,
    browser: PersonBrowser,
    changes: Params = {},
    client = 'suite',
  ): Promise<string> => {
    const parameters = parametersOf((await visit(node, browser, changes, client)).answer);
    return parameters.get('code') ?? assert.fail(String(parameters));
  };

  const tokensFor = async (node: OneNode, browser: PersonBrowser, changes: Params = {}): Promise<Told['body']> => {
    const told = await token(node, await codeFor(node, browser, changes));
    assert.equal(told.status, 200, JSON.stringify(told.body));
    return told.body;
  };

  const idClaims = async (node: OneNode, browser: PersonBrowser, changes: Params = {}) =>
    claimsOf(node, (await tokensFor(node, browser, changes)).id_token ?? '', 'JWT', 'suite');

  const errorOf = async (node: OneNode, browser: PersonBrowser, changes: Params): Promise<string | null> =>
    parametersOf((await visit(node, browser, changes)).answer).get('error');

  return { usual, addressOf, parametersOf, visit, codeFor, tokensFor, idClaims, errorOf };
}

/** A module by the name that it has in the suite. */
export type SuiteModule = readonly [name: string, run: (browser: PersonBrowser) => Promise<void>];

/** Makes a test of each module in both profiles: Form Post is Basic with other carriers of the answers. */
export function basicAndFormPost(modulesIn: (mode: SuiteMode) => readonly SuiteModule[]): void {
  for (const [profile, mode] of [
    ['oidcc-basic', 'query'],
    ['oidcc-formpost-basic', 'form_post'],
  ] as const) {
    for (const [module, run] of modulesIn(mode)) test(`${profile}: ${module}`, () => run(new PersonBrowser()));
  }
}

/** The form of a page that posts itself (OAuth 2.0 Form Post Response Mode). */
function formOf(answer: Answer): Form {
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  assert.match(String(answer.headers['cache-control']), /no-store/);
  const form = parseForms(answer.text).find(({ action }) => action.startsWith(CALLBACK)) ?? assert.fail('no form');
  assert.equal(form.method, 'post');
  return form;
}
