// Owns: how parameters travel back to a client: query, fragment, form_post (OAuth 2.0 Form Post Response Mode), or each
// as one signed JWT (JARM). Leaves to callers: that the address is verified.
import type { Reply } from '../../core/reply.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import type { Client } from '../../parties/client.ts';
import type { SignJwt } from './jwt.ts';
import type { AuthorizationError } from './oidc-errors.ts';
import type { ResponseMode } from './pending-answer.ts';

/** Where an answer goes. */
export interface ReturnAddress {
  readonly client: Client;
  /** As the request had it: registered, character by character. */
  readonly redirectUri: string;
  readonly mode: ResponseMode;
  readonly state: string | null;
}

export interface AuthorizationResponder {
  /** `parameters` without iss and state, which every answer has. */
  readonly success: (
    to: ReturnAddress,
    parameters: Readonly<Record<string, string>>,
    now: EpochSeconds,
  ) => Promise<Reply>;
  readonly failure: (
    to: ReturnAddress,
    problem: { readonly error: AuthorizationError; readonly description: string },
    now: EpochSeconds,
  ) => Promise<Reply>;
}

/** JARM §2.1: short, because the answer is used at once. */
const JARM_LIFETIME_SECONDS = 60;

export function createAuthorizationResponder(issuer: string, sign: SignJwt): AuthorizationResponder {
  const send = async (
    to: ReturnAddress,
    given: Readonly<Record<string, string>>,
    now: EpochSeconds,
  ): Promise<Reply> => {
    const { client, redirectUri, mode, state } = to;
    // RFC 9207: the client compares iss, so that an answer of another server is not taken for ours (mix-up).
    const parameters = { ...given, ...(state === null ? {} : { state }), iss: issuer };
    if (!mode.endsWith('.jwt')) return carry(redirectUri, mode, parameters);
    const algorithm = client.metadata.authorization_signed_response_alg ?? client.metadata.id_token_signed_response_alg;
    const claims = { ...parameters, aud: client.metadata.client_id, exp: now + JARM_LIFETIME_SECONDS };
    return carry(redirectUri, mode, { response: await sign(algorithm, 'oauth-authz-resp+jwt', claims) });
  };
  return {
    success: send,
    failure: (to, { error, description }, now) => send(to, { error, error_description: description }, now),
  };
}

function carry(redirectUri: string, mode: ResponseMode, parameters: Readonly<Record<string, string>>): Reply {
  if (mode.startsWith('form_post')) {
    return { kind: 'auto-post', action: redirectUri, fields: Object.entries(parameters) };
  }
  const encoded = new URLSearchParams(parameters).toString();
  // Appended as text: the registered address stays as it is, character by character (RFC 6749 §3.1.2 keeps its query).
  const separator = mode.startsWith('fragment') ? '#' : redirectUri.includes('?') ? '&' : '?';
  return { kind: 'redirect', status: 303, location: `${redirectUri}${separator}${encoded}` };
}
