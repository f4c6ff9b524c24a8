// Owns: an OpenID Connect client by hand against nodes of one-node.ts: what it sends, written out; nothing is checked here.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, createLocalJWKSet, exportJWK, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { Answer, OneNode } from './one-node.ts';
import { heading, PersonBrowser } from './person.ts';

export const ISSUER = 'https://idp.example.org';
export const CALLBACK = 'https://wiki.example.org/callback';
export const VERIFIER = 'correct-horse-battery-staple-correct-horse-battery';
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

export interface Params {
  readonly [name: string]: string | undefined;
}

export function authorizePath(clientId: string, changes: Params = {}): string {
  const parameters: Params = {
    client_id: clientId,
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: 'openid',
    state: 's',
    nonce: 'n-1',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...changes,
  };
  return `/oidc/authorize?${new URLSearchParams(defined(parameters))}`;
}

function defined(parameters: Params): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

/** What came back to the client in the query, or after the hash sign. */
export function returned(answer: Answer): URLSearchParams {
  assert.equal(answer.status, 303, answer.text.slice(0, 300));
  const url = new URL(answer.headers.location ?? '');
  return new URLSearchParams(url.hash === '' ? url.search : url.hash.slice(1));
}

/** Goes to the client's address, signing in when a page asks for it. */
export async function authorize(
  node: OneNode,
  browser: PersonBrowser,
  clientId: string,
  changes: Params = {},
  loginName = 'alice',
): Promise<URLSearchParams> {
  const started = await browser.get(node, authorizePath(clientId, changes));
  const location = started.headers.location ?? '';
  if (!location.startsWith('/flow/')) return returned(started);
  const page = await browser.get(node, location);
  assert.equal(heading(page), 'Sign in');
  return returned(await browser.login(node, location, page, loginName));
}

export async function codeOf(
  node: OneNode,
  clientId: string,
  changes: Params = {},
  browser = new PersonBrowser(),
): Promise<string> {
  const parameters = await authorize(node, browser, clientId, changes);
  return parameters.get('code') ?? assert.fail(String(parameters));
}

export interface Told {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
  readonly headers: Answer['headers'];
}

/** A form to an endpoint for programs. */
export async function call(
  node: OneNode,
  path: string,
  form: Params,
  headers: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const answer = await node.ask({ path, form: defined(form), headers });
  return { status: answer.status, body: JSON.parse(answer.text), headers: answer.headers };
}

/** The token endpoint, with the code's usual companions. */
export function redeem(
  node: OneNode,
  clientId: string,
  code: string,
  changes: Params = {},
  headers = {},
): Promise<Told> {
  const form = {
    grant_type: 'authorization_code',
    client_id: clientId,
    code,
    redirect_uri: CALLBACK,
    code_verifier: VERIFIER,
    ...changes,
  };
  return call(node, '/oidc/token', form, headers);
}

export function basic(clientId: string, secret: string): Readonly<Record<string, string>> {
  const joined = `${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`;
  return { Authorization: `Basic ${Buffer.from(joined).toString('base64')}` };
}

/** The claims of a token that verifies with the published keys. */
export async function claimsOf(node: OneNode, token: string, typ: string, audience: string): Promise<JWTPayload> {
  const { keys } = JSON.parse((await node.ask({ path: '/oidc/jwks' })).text);
  const currentDate = new Date(node.time.now * 1000);
  const { payload } = await jwtVerify(token, createLocalJWKSet({ keys }), {
    issuer: ISSUER,
    typ,
    audience,
    currentDate,
  });
  return payload;
}

/** A key pair of a client, and what it signs with it. */
export class ClientKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.privateKey = privateKey;
    this.publicKey = publicKey;
  }

  async jwk(): Promise<Readonly<Record<string, unknown>>> {
    return { ...(await exportJWK(this.publicKey)), alg: 'ES256', use: 'sig' };
  }

  async thumbprint(): Promise<string> {
    return calculateJwkThumbprint(await exportJWK(this.publicKey), 'sha256');
  }

  sign(claims: JWTPayload, header: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', ...header }).sign(this.privateKey);
  }

  /** RFC 7523. */
  assertion(
    node: OneNode,
    clientId: string,
    changes: Readonly<Record<string, unknown>> = {},
    header = {},
  ): Promise<string> {
    const { now } = node.time;
    const claims = {
      iss: clientId,
      sub: clientId,
      aud: ISSUER,
      iat: now,
      exp: now + 60,
      jti: `a${Math.random()}`,
      ...changes,
    };
    return this.sign(claims, header);
  }

  /** RFC 9449. */
  async proof(node: OneNode, method: string, path: string, changes: JWTPayload = {}, header = {}): Promise<string> {
    const claims = { htm: method, htu: `${ISSUER}${path}`, iat: node.time.now, jti: `p${Math.random()}`, ...changes };
    return this.sign(claims, { typ: 'dpop+jwt', jwk: await exportJWK(this.publicKey), ...header });
  }
}
