// Owns: how the endpoints that programs call say no: JSON with a status (RFC 6749 §5.2), and a challenge where one is due.
import type { Body } from '../../core/reply.ts';

/** Every error of the endpoints that programs call, with its status (RFC 6749 §5.2, RFC 6750 §3.1, RFC 8707, RFC 9449). */
export const TOKEN_ERROR_STATUS = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  invalid_target: 400,
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  invalid_token: 401,
  temporarily_unavailable: 503,
} as const;

export type TokenError = keyof typeof TOKEN_ERROR_STATUS;

/** `description` is plain ASCII without internals; `detail` is for the log only. */
export interface TokenProblem {
  readonly error: TokenError;
  readonly description: string;
  readonly detail: string;
  /** RFC 9449 §8: the nonce that the next proof must have. */
  readonly dpopNonce?: string;
}

export function tokenProblem(error: TokenError, description: string, detail: string = description): TokenProblem {
  return { error, description, detail };
}

export function isTokenProblem(value: object): value is TokenProblem {
  return 'error' in value && 'description' in value;
}

/** Nothing that these endpoints say may be kept by anybody in between (RFC 6749 §5.1). */
export const NOT_KEPT = { 'Cache-Control': 'no-store', Pragma: 'no-cache' } as const;

export function json(value: object, headers: Readonly<Record<string, string>> = {}, status = 200): Body {
  const text = JSON.stringify(value);
  return { kind: 'body', status, contentType: 'application/json', text, headers: { ...NOT_KEPT, ...headers } };
}

/** At the token, PAR, introspection and revocation endpoints. */
export function problemReply(problem: TokenProblem, triedBasic: boolean): Body {
  const { error, description, dpopNonce } = problem;
  const headers: Record<string, string> = {};
  // RFC 6749 §5.2: in the scheme that was tried.
  if (error === 'invalid_client' && triedBasic) headers['WWW-Authenticate'] = 'Basic realm="client"';
  if (dpopNonce !== undefined) headers['DPoP-Nonce'] = dpopNonce;
  if (error === 'temporarily_unavailable') headers['Retry-After'] = '5';
  return json({ error, error_description: description }, headers, TOKEN_ERROR_STATUS[error]);
}

/** At userinfo (RFC 6750 §3, RFC 9449 §7.1): the error stands in the challenge. */
export function challengeReply(problem: TokenProblem | null, scheme: 'Bearer' | 'DPoP'): Body {
  const fields = problem === null ? [] : [`error="${problem.error}"`, `error_description="${problem.description}"`];
  const algorithms = scheme === 'DPoP' ? ['algs="RS256 PS256 ES256 EdDSA"'] : [];
  const headers: Record<string, string> = {
    'WWW-Authenticate': `${scheme} ${[...fields, ...algorithms].join(', ')}`.trim(),
  };
  if (problem?.dpopNonce !== undefined) headers['DPoP-Nonce'] = problem.dpopNonce;
  if (problem?.error === 'temporarily_unavailable') headers['Retry-After'] = '5';
  // RFC 9449 §9: here a nonce is asked for with 401, at the token endpoint with 400.
  const asksForNonce = problem?.error === 'use_dpop_nonce';
  const status = problem === null || asksForNonce ? 401 : TOKEN_ERROR_STATUS[problem.error];
  return json(
    problem === null ? {} : { error: problem.error, error_description: problem.description },
    headers,
    status,
  );
}
