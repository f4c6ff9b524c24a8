// Owns: a warm code flow as a browser and a client make it: authorize → code → token → userinfo, and what it must give.
import { createHash, randomBytes } from 'node:crypto';
import type { Connection, HttpAnswer } from './connection.ts';
import type { PreparedRequest } from './requests.ts';

export const BENCH_CALLBACK = 'https://wiki.example.org/callback';
export const OIDC_ALGORITHMS = ['ES256', 'RS256'] as const;
export type BenchAlgorithm = (typeof OIDC_ALGORITHMS)[number];

/** Where a provider's endpoints are. */
export interface OidcAddresses {
  readonly host: string;
  readonly authorize: string;
  readonly token: string;
  readonly userinfo: string;
}

/** The session is kept in the connection's cookies; token and userinfo go without. @throws Error for any other answer. */
export async function codeFlow(
  browser: Connection,
  client: Connection,
  at: OidcAddresses,
  algorithm: BenchAlgorithm,
): Promise<void> {
  const verifier = randomBytes(32).toString('base64url');
  const clientId = `bench-${algorithm.toLowerCase()}`;
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: BENCH_CALLBACK,
    response_type: 'code',
    scope: 'openid email',
    state: 's',
    nonce: 'n',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const authorized = await browser.send(get(at.host, `${at.authorize}?${query}`, NAVIGATION));
  const location = /\r\nlocation: ([^\r]+)/i.exec(authorized.head)?.[1] ?? '';
  const code = location.startsWith(BENCH_CALLBACK) ? new URL(location).searchParams.get('code') : null;
  if (code === null) throw new Error(`no code, but ${authorized.status} ${location.slice(0, 200)}`);
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: clientId,
    code,
    redirect_uri: BENCH_CALLBACK,
    code_verifier: verifier,
  }).toString();
  const tokens = json(await client.send(post(at.host, at.token, body), body));
  if (tokens.id_token === undefined) throw new Error('no ID token');
  const told = json(await client.send(get(at.host, at.userinfo, `Authorization: Bearer ${tokens.access_token}`)));
  if (told.email === undefined) throw new Error('no email from userinfo');
}

export const NAVIGATION = 'Sec-Fetch-Site: cross-site\r\nSec-Fetch-Dest: document\r\nAccept: text/html';

export function get(host: string, path: string, headers: string): PreparedRequest {
  return { id: '', head: Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\nCookie: `, 'latin1') };
}

function post(host: string, path: string, body: string): PreparedRequest {
  const form = `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${Buffer.byteLength(body)}`;
  return { id: '', head: Buffer.from(`POST ${path} HTTP/1.1\r\nHost: ${host}\r\n${form}\r\nCookie: `, 'latin1') };
}

function json({ status, body }: HttpAnswer): Readonly<Record<string, string>> {
  if (status !== 200) throw new Error(`${status}: ${body.toString('utf8').slice(0, 300)}`);
  return JSON.parse(body.toString('utf8'));
}
