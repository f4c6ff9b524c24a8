// Owns: the clients that attacks are tried on, and what one of them does with its tokens.

import assert from 'node:assert/strict';
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import { basic, CALLBACK, ClientKey, call, codeOf, type Params, redeem, type Told } from './oidc.ts';
import type { OneNode, OneNodeOptions } from './one-node.ts';
import { PersonBrowser } from './person.ts';

export const SECRET = 'a-secret-of-at-least-thirty-two-characters';
export const API = 'https://api.example.org';
export const OTHER_API = 'https://other-api.example.org';
export const AFTERWARDS = 'https://wiki.example.org/signed-out';
/** Of the clients `bank` and `shop`. */
export const BANK_KEY = new ClientKey();
export const SHOP_KEY = new ClientKey();

const confidential = {
  client_secret_hash: hashClientSecret(SECRET, (size) => Buffer.alloc(size, 7)),
  redirect_uris: [CALLBACK],
  post_logout_redirect_uris: [AFTERWARDS],
  grant_types: ['authorization_code', 'refresh_token'],
  signet: { resources: [API, OTHER_API] },
};
const signing = { token_endpoint_auth_method: 'private_key_jwt', redirect_uris: [CALLBACK] };

/** Two confidential ones, two public ones, two that sign with keys, and one from before PKCE. */
export async function attackedClients(): Promise<NonNullable<OneNodeOptions['clients']>> {
  return [
    { client_id: 'wiki', ...confidential },
    { client_id: 'other', ...confidential },
    {
      client_id: 'spa',
      redirect_uris: [CALLBACK],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
    },
    {
      client_id: 'app',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://127.0.0.1/cb', 'http://127.0.0.1:7000/ported', 'org.example.app:/cb'],
      subject_type: 'public',
    },
    { client_id: 'local', token_endpoint_auth_method: 'none', redirect_uris: ['http://127.0.0.1:3000/cb'] },
    { client_id: 'bank', ...signing, jwks: { keys: [await BANK_KEY.jwk()] } },
    { client_id: 'shop', ...signing, jwks: { keys: [await SHOP_KEY.jwk()] } },
    { client_id: 'old', ...confidential, signet: { pkce: 'optional' } },
  ];
}

export const AS_WIKI = basic('wiki', SECRET);

/** At the token endpoint, as `wiki`. */
export const refresh = (
  node: OneNode,
  token: string | undefined,
  changes: Params = {},
  headers: object = AS_WIKI,
): Promise<Told> =>
  call(node, '/oidc/token', { grant_type: 'refresh_token', refresh_token: token, ...changes }, { ...headers });

/** The status that a bearer token gets. */
export const userinfo = async (node: OneNode, token: string | undefined): Promise<number> =>
  (await node.ask({ path: '/oidc/userinfo', headers: { Authorization: `Bearer ${token}` } })).status;

/** What `wiki` gets for a code. */
export async function tokens(
  node: OneNode,
  changes: Params = {},
  browser = new PersonBrowser(),
): Promise<Told['body']> {
  const told = await redeem(node, 'wiki', await codeOf(node, 'wiki', changes, browser), {}, AS_WIKI);
  assert.equal(told.status, 200, JSON.stringify(told.body));
  return told.body;
}

export const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The same token under another header, or with a signature that is none. */
export function forged(token: string, header: object, signature = ''): string {
  return `${encode(header)}.${token.split('.')[1]}.${signature}`;
}
