// Owns: what an authorization request of a known client must be like, one function a rule, in order.
// Every problem found here is told to the client: its return address is verified before.
import { decodeBase64url } from '../../lib/base64url.ts';
import type { Client } from '../../parties/client.ts';
import { RESPONSE_TYPES, type ResponseType } from '../../parties/client-metadata.ts';
import { CODE_NONCE_MAX_BYTES, CODE_REQUEST_MAX_BYTES, codeRequestBytes } from '../../sealed/code-body.ts';
import { GRANT_CLAIMS_MAX_BYTES } from '../../sealed/grant-fields.ts';
import { knownAcrs } from './acr.ts';
import { type AuthorizationParameters, PROMPTS, words } from './authorization-parameters.ts';
import { type ClaimsRequest, readClaims } from './claims-parameter.ts';
import type { AuthorizationProblem, AuthorizationProblemCode } from './oidc-errors.ts';
import { RESPONSE_MODES, type ResponseMode, STATE_MAX_BYTES } from './pending-answer.ts';

export interface AuthorizeFacts {
  readonly client: Client;
  readonly parameters: AuthorizationParameters;
  readonly responseType: ResponseType | null;
  /** Null: the one asked for is unknown, or does not go with the type. */
  readonly responseMode: ResponseMode | null;
  readonly claims: ClaimsRequest | null;
  /** It came through the pushed authorization request endpoint. */
  readonly pushed: boolean;
  /** It came as a request object whose signature is good. */
  readonly signed: boolean;
}

export type AuthorizeCheck = (facts: AuthorizeFacts) => AuthorizationProblem | null;

const eachOnce: AuthorizeCheck = ({ parameters: { repeated } }) =>
  repeated === null ? null : problem('repeated-parameter', repeated);

const noneTooLong: AuthorizeCheck = ({ parameters }) => {
  if (parameters.tooLong !== null) return problem('parameter-too-long', parameters.tooLong);
  const long = ([name, most]: readonly ['state' | 'nonce', number]): boolean =>
    Buffer.byteLength(parameters.get(name) ?? '', 'utf8') > most;
  const found = (
    [
      ['state', STATE_MAX_BYTES],
      ['nonce', CODE_NONCE_MAX_BYTES],
    ] as const
  ).find(long);
  return found === undefined ? null : problem('parameter-too-long', found[0]);
};

/** OpenID Connect Core §6.2, RFC 9101: fetching what a request names would let anybody aim requests from here (SSRF). */
const nothingByReference: AuthorizeCheck = ({ parameters, pushed }) => {
  if (parameters.get('registration') !== null) return problem('registration-not-supported', 'registration');
  return parameters.get('request_uri') !== null && !pushed
    ? problem('request-uri-not-supported', 'by reference')
    : null;
};

const pushedWhereRequired: AuthorizeCheck = ({ client: { metadata }, pushed }) =>
  (metadata.require_pushed_authorization_requests || metadata.signet.fapi) && !pushed
    ? problem('par-required', 'not pushed')
    : null;

const signedWhereRequired: AuthorizeCheck = ({ client: { metadata }, signed }) =>
  metadata.require_signed_request_object && !signed ? problem('request-object-required', 'plain parameters') : null;

const asksForATypeThatItMay: AuthorizeCheck = ({ client, parameters, responseType }) => {
  const asked = parameters.get('response_type');
  if (asked === null) return problem('no-response-type', 'none');
  if (responseType === null) return problem('unsupported-response-type', asked.slice(0, 64));
  const registered = client.metadata.response_types.includes(responseType);
  return registered ? null : problem('unregistered-response-type', responseType);
};

const modeGoesWithType: AuthorizeCheck = ({ parameters, responseMode }) =>
  responseMode === null ? problem('bad-response-mode', (parameters.get('response_mode') ?? '').slice(0, 32)) : null;

const asksForOpenid: AuthorizeCheck = ({ client, parameters }) => {
  const scopes = words(parameters.get('scope'));
  if (!scopes.includes('openid')) return problem('no-openid-scope', scopes.join(' ').slice(0, 100));
  const { scope } = client.metadata;
  if (scope === undefined) return null;
  const registered = words(scope);
  const other = scopes.find((one) => !registered.includes(one));
  return other === undefined ? null : problem('scope-not-registered', other.slice(0, 100));
};

/** OpenID Connect Core §3.2.2.1, §3.3.2.11: without one, an ID token in the front channel could be put in by anybody. */
const nonceInFrontChannel: AuthorizeCheck = ({ parameters, responseType }) =>
  responseType !== 'code' && parameters.get('nonce') === null ? problem('nonce-missing', String(responseType)) : null;

/** 32 bytes in their one spelling: what could not be decoded later would be forgotten, and nothing be proved. */
function isSha256(text: string): boolean {
  return decodeBase64url(text)?.length === 32;
}

/** RFC 7636 §4.4.1, RFC 9700 §2.1.1: plain is refused even where PKCE is optional, or it could be downgraded to it. */
const provesItsCode: AuthorizeCheck = ({ client: { metadata }, parameters, responseType }) => {
  const challenge = parameters.get('code_challenge');
  const method = parameters.get('code_challenge_method');
  if (challenge === null && method !== null) return problem('pkce-missing', 'a method without a challenge');
  if (challenge === null) {
    const optional = metadata.signet.pkce === 'optional' && !metadata.signet.fapi;
    return responseType === 'id_token' || optional ? null : problem('pkce-missing', 'none');
  }
  if (method !== 'S256') return problem('pkce-method', method ?? 'none, which means plain');
  return isSha256(challenge) ? null : problem('pkce-malformed', `${challenge.length} characters`);
};

const promptIsPossible: AuthorizeCheck = ({ parameters }) => {
  const prompts = words(parameters.get('prompt'));
  const unknown = prompts.find((one) => !PROMPTS.some((prompt) => prompt === one));
  if (unknown !== undefined) return problem('bad-prompt', unknown.slice(0, 64));
  return prompts.includes('none') && prompts.length > 1 ? problem('bad-prompt', prompts.join(' ')) : null;
};

const maxAgeIsANumber: AuthorizeCheck = ({ parameters }) => {
  const maxAge = parameters.get('max_age');
  return maxAge === null || /^\d{1,9}$/.test(maxAge) ? null : problem('bad-max-age', maxAge);
};

const claimsAreReadable: AuthorizeCheck = ({ claims }) => {
  if (claims === null) return problem('bad-claims', 'not a claims request');
  const longest = Math.max(claims.idToken.join(' ').length, claims.userinfo.join(' ').length);
  return longest > GRANT_CLAIMS_MAX_BYTES ? problem('request-too-large', 'claims') : null;
};

/** Judged here, before anybody signs in: a code that turns out too large afterwards would be a dead end. */
const fitsIntoACode: AuthorizeCheck = ({ parameters, claims }) => {
  const names = [claims?.idToken ?? [], claims?.userinfo ?? []].map((one) => one.join(' '));
  const [idToken = '', userinfo = ''] = names;
  const nonce = parameters.get('nonce');
  const size = codeRequestBytes({ nonce, claims: [idToken, userinfo], resources: parameters.resources.length });
  return size > CODE_REQUEST_MAX_BYTES ? problem('request-too-large', `${size} bytes for the code`) : null;
};

/** An essential acr that nobody can have here is refused at once: asking a person for it would be in vain. */
const acrIsPossible: AuthorizeCheck = ({ claims }) => {
  const acr = claims?.acr ?? null;
  if (acr === null || !acr.essential || acr.values.length === 0) return null;
  return knownAcrs(acr.values).length > 0 ? null : problem('unknown-acr', acr.values.join(' ').slice(0, 200));
};

const resourcesAreItsOwn: AuthorizeCheck = ({ client, parameters }) => {
  const registered = new Set(client.metadata.signet.resources);
  const other = parameters.resources.find((one) => !registered.has(one));
  return other === undefined ? null : problem('bad-resource', other.slice(0, 200));
};

const boundKeyIsOne: AuthorizeCheck = ({ parameters }) => {
  const jkt = parameters.get('dpop_jkt');
  return jkt === null || isSha256(jkt) ? null : problem('bad-dpop-jkt', `${jkt.length} characters`);
};

/** In this order: what keeps the request from being understood first, what the client merely cannot have last. */
export const AUTHORIZE_CHECKS: readonly AuthorizeCheck[] = [
  eachOnce,
  noneTooLong,
  nothingByReference,
  pushedWhereRequired,
  signedWhereRequired,
  asksForATypeThatItMay,
  modeGoesWithType,
  asksForOpenid,
  nonceInFrontChannel,
  provesItsCode,
  promptIsPossible,
  maxAgeIsANumber,
  claimsAreReadable,
  fitsIntoACode,
  acrIsPossible,
  resourcesAreItsOwn,
  boundKeyIsOne,
];

/** The first problem; null when there is none. */
export function checkAuthorize(facts: AuthorizeFacts): AuthorizationProblem | null {
  for (const check of AUTHORIZE_CHECKS) {
    const found = check(facts);
    if (found !== null) return found;
  }
  return null;
}

/** What the parameters say, as far as it can be understood. */
export function authorizeFacts(
  client: Client,
  parameters: AuthorizationParameters,
  how: { readonly pushed: boolean; readonly signed: boolean },
): AuthorizeFacts {
  const responseType = typeOf(parameters.get('response_type'));
  const responseMode = modeOf(parameters.get('response_mode'), responseType);
  return { client, parameters, responseType, responseMode, claims: readClaims(parameters.get('claims')), ...how };
}

/** How even an error travels: as asked where that can be, else as the type does by default. */
export function modeForErrors({ responseMode, responseType }: AuthorizeFacts): ResponseMode {
  return responseMode ?? (responseType === null || responseType === 'code' ? 'query' : 'fragment');
}

/** The order of the words does not matter (OAuth 2.0 Multiple Response Type Encoding Practices §3). */
function typeOf(text: string | null): ResponseType | null {
  const sorted = words(text).toSorted().join(' ');
  return RESPONSE_TYPES.find((one) => one === sorted) ?? null;
}

/** A token in a query would stand in logs and histories (Multiple Response Types §3); as a JWT likewise (JARM §2.3.1). */
function modeOf(asked: string | null, type: ResponseType | null): ResponseMode | null {
  const usual = type === 'code' || type === null ? 'query' : 'fragment';
  if (asked === null) return usual;
  const named = asked === 'jwt' ? `${usual}.jwt` : asked;
  const mode = RESPONSE_MODES.find((one) => one === named);
  if (mode === undefined) return null;
  return usual === 'fragment' && mode.startsWith('query') ? null : mode;
}

function problem(code: AuthorizationProblemCode, detail: string): AuthorizationProblem {
  return { code, detail };
}
