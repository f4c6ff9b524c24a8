// Owns: what can be wrong with a request, and what the client is told of it. Leaves to authorization-response.ts and the
// token endpoint: how it is told. Descriptions are fixed ASCII sentences: nothing of the request, nothing of the inside.

import type { RelyingPartyKey } from '../../core/authentication-request.ts';
import type { NeededInteraction, RefusalReason, RefusedResult } from '../../core/authentication-result.ts';
import type { Refused } from '../../core/protocol-adapter.ts';

/** RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6, RFC 9101 §6.3, RFC 8707 §2, Unmet Authentication Requirements 1.0. */
export type AuthorizationError =
  | 'invalid_request'
  | 'unauthorized_client'
  | 'access_denied'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'temporarily_unavailable'
  | 'server_error'
  | 'interaction_required'
  | 'login_required'
  | 'consent_required'
  | 'invalid_request_uri'
  | 'invalid_request_object'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'registration_not_supported'
  | 'invalid_target'
  | 'unmet_authentication_requirements';

/** What is wrong with an authorization request; told to the client once its return address is verified. */
export const AUTHORIZATION_PROBLEMS = {
  'repeated-parameter': { error: 'invalid_request', description: 'A parameter occurs more than once.' },
  'parameter-too-long': { error: 'invalid_request', description: 'A parameter is longer than can be kept.' },
  'request-too-large': {
    error: 'invalid_request',
    description: 'The request is larger than can be kept: shorten state, nonce or claims.',
  },
  'no-response-type': { error: 'invalid_request', description: 'response_type is missing.' },
  'unsupported-response-type': {
    error: 'unsupported_response_type',
    description: 'This response_type is not supported.',
  },
  'unregistered-response-type': {
    error: 'unauthorized_client',
    description: 'This client is not registered for the response_type.',
  },
  'bad-response-mode': {
    error: 'invalid_request',
    description: 'This response_mode does not go with the response_type.',
  },
  'no-openid-scope': { error: 'invalid_scope', description: 'scope must contain openid.' },
  'scope-not-registered': {
    error: 'invalid_scope',
    description: 'This client is not registered for one of the scopes.',
  },
  'nonce-missing': { error: 'invalid_request', description: 'nonce is required for this response_type.' },
  'pkce-missing': { error: 'invalid_request', description: 'code_challenge is required (PKCE, RFC 7636).' },
  'pkce-method': { error: 'invalid_request', description: 'code_challenge_method must be S256.' },
  'pkce-malformed': { error: 'invalid_request', description: 'code_challenge must be 32 bytes as base64url.' },
  'bad-prompt': {
    error: 'invalid_request',
    description: 'prompt has an unknown value, or none together with another.',
  },
  'bad-max-age': { error: 'invalid_request', description: 'max_age must be a number of seconds.' },
  'bad-claims': { error: 'invalid_request', description: 'claims is not a claims request in JSON.' },
  'bad-resource': { error: 'invalid_target', description: 'This client is not registered for the resource.' },
  'bad-dpop-jkt': { error: 'invalid_request', description: 'dpop_jkt must be the thumbprint of a key.' },
  'bad-id-token-hint': {
    error: 'invalid_request',
    description:
      'id_token_hint is not an ID token that was issued here to this client, or claims names another person.',
  },
  'unknown-acr': {
    error: 'unmet_authentication_requirements',
    description: 'None of the essential acr values can be met here.',
  },
  'par-required': {
    error: 'invalid_request',
    description: 'This client must push its authorization requests (RFC 9126).',
  },
  'request-object-required': {
    error: 'invalid_request',
    description: 'This client must send a signed request object (RFC 9101).',
  },
  'request-object-invalid': {
    error: 'invalid_request_object',
    description: 'The request object is not one that this client can send.',
  },
  'request-uri-not-supported': {
    error: 'request_uri_not_supported',
    description: 'Request objects by reference are not fetched; use PAR or the request parameter.',
  },
  'request-uri-invalid': {
    error: 'invalid_request_uri',
    description: 'The request_uri is unknown, expired or was used already.',
  },
  'registration-not-supported': { error: 'registration_not_supported', description: 'registration is not supported.' },
  'no-signing-key': {
    error: 'temporarily_unavailable',
    description: 'No key of this provider signs as this client is registered.',
  },
} as const satisfies Readonly<Record<string, { readonly error: AuthorizationError; readonly description: string }>>;

export type AuthorizationProblemCode = keyof typeof AUTHORIZATION_PROBLEMS;

/** `detail` is for the log only. */
export interface AuthorizationProblem {
  readonly code: AuthorizationProblemCode;
  readonly detail: string;
}

/** What cannot be told to the client, because its return address is not verified. */
export type PageProblemCode =
  | 'unknown-client'
  | 'unregistered-redirect-uri'
  | 'no-client-id'
  | 'pending-unreadable'
  | 'cannot-sign';

export const OIDC_PAGES = {
  'unknown-client': 'unknown-party',
  'unregistered-redirect-uri': 'wrong-return-address',
  'no-client-id': 'unreadable-request',
  'pending-unreadable': 'stale-request',
  // Not even an error can be told to a client that wants it signed.
  'cannot-sign': 'cannot-answer',
} as const satisfies Record<PageProblemCode, Refused['page']>;

export function refusedWithPage(code: PageProblemCode, detail: string, relyingParty: RelyingPartyKey | null): Refused {
  return { kind: 'refused', status: 400, page: OIDC_PAGES[code], error: { code, detail, relyingParty } };
}

interface ToldError {
  readonly error: AuthorizationError;
  readonly description: string;
}

/** How a refused authentication is told (docs/architecture.md, Errors). */
export const REFUSAL_ERRORS = {
  'assurance-unmet': {
    error: 'unmet_authentication_requirements',
    description: 'The person cannot sign in as strongly as asked.',
  },
  'wrong-subject': { error: 'login_required', description: 'Another person than the expected one signed in.' },
  'account-disabled': { error: 'access_denied', description: 'This person may not sign in.' },
  declined: { error: 'access_denied', description: 'The person declined.' },
  unavailable: { error: 'temporarily_unavailable', description: 'Signing in does not work at the moment.' },
} as const satisfies Record<Exclude<RefusalReason, 'interaction-needed'>, ToldError>;

/** By what prompt=none kept from happening (OpenID Connect Core §3.1.2.6). */
export const INTERACTION_ERRORS = {
  login: { error: 'login_required', description: 'The person has to sign in, and prompt=none forbids it.' },
  consent: { error: 'consent_required', description: 'The person has to agree, and prompt=none forbids asking.' },
} as const satisfies Record<NeededInteraction, ToldError>;

export function refusalError(result: RefusedResult): ToldError {
  return result.reason === 'interaction-needed' ? INTERACTION_ERRORS[result.needed] : REFUSAL_ERRORS[result.reason];
}
