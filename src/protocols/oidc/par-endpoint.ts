// Owns: the pushed authorization request endpoint (RFC 9126): a client leaves its request here and gets a name for it.
import { type Client, isPublic } from '../../parties/client.ts';
import type { SigningKeySet } from '../../signing/key-set-folder.ts';
import { type AuthorizationParameters, type ParameterName, readParameters } from './authorization-parameters.ts';
import type { AuthorizeEndpoint } from './authorize-endpoint.ts';
import { type ClientAuthentication, isBasic, type ProgramRequest, unavailable } from './client-authentication.ts';
import type { ClientKeys } from './client-keys.ts';
import type { Dpop } from './dpop.ts';
import { AUTHORIZATION_PROBLEMS } from './oidc-errors.ts';
import { type PushedRequests, REQUEST_URI_SECONDS } from './pushed-request.ts';
import { readRequestObject } from './request-object.ts';
import { missingAlgorithm } from './signable.ts';
import type { ProgramAnswer } from './token-endpoint.ts';
import { isTokenProblem, json, problemReply, type TokenProblem, tokenProblem } from './token-errors.ts';

export interface ParDeps {
  readonly issuer: string;
  /** This endpoint's own address, for DPoP's htu. */
  readonly url: string;
  readonly authentication: ClientAuthentication;
  readonly keys: () => SigningKeySet;
  readonly clientKeys: ClientKeys;
  readonly dpop: Dpop;
  readonly pushed: PushedRequests;
  readonly examine: AuthorizeEndpoint['examine'];
  readonly skew: number;
}

/** Of the client's authentication, not of its request. */
const NOT_PUSHED = new Set(['client_secret', 'client_assertion', 'client_assertion_type']);

export function createParEndpoint(deps: ParDeps): (request: ProgramRequest) => Promise<ProgramAnswer> {
  const push = async (client: Client, request: ProgramRequest): Promise<object | TokenProblem> => {
    const clientId = client.metadata.client_id;
    const unsigned = missingAlgorithm(client, deps.keys());
    if (unsigned !== null) return unavailable(`no current key signs ${unsigned}`);
    const own = [
      ...[...request.form].filter(([name]) => !NOT_PUSHED.has(name)),
      ...request.resources.map((one) => ['resource', one] as const),
    ];
    if (request.form.has('request_uri')) {
      return tokenProblem('invalid_request', 'A pushed request cannot name another one.');
    }
    const read = await understand(deps, client, own, request);
    if ('error' in read) return read;
    const bound = await withProof(deps, client, read.parameters, request);
    if (isTokenProblem(bound)) return bound;
    const found = deps.examine(client, bound.parameters, read.signed);
    if (found !== null && 'redirect' in found)
      return tokenProblem('invalid_request', 'redirect_uri is not registered.');
    if (found !== null) return fromAuthorization(found);
    const pairs = [...pairsOf(bound.parameters), ['client_id', clientId] as const];
    const outcome = deps.pushed.push(clientId, pairs, read.signed, request.now);
    if ('requestUri' in outcome) return { request_uri: outcome.requestUri, expires_in: REQUEST_URI_SECONDS };
    return outcome.refused === 'too-large'
      ? tokenProblem('invalid_request', 'The request is larger than can be kept: shorten state, nonce or claims.')
      : unavailable('no key seals');
  };

  return async (request) => {
    const client = await deps.authentication.authenticate(request);
    if (isTokenProblem(client)) {
      return { reply: problemReply(client, isBasic(request.authorization)), client: null, problem: client };
    }
    const said = await push(client, request);
    if (isTokenProblem(said)) return { reply: problemReply(said, false), client, problem: said };
    return { reply: json(said, {}, 201), client, problem: null };
  };
}

async function understand(
  { issuer, clientKeys: keys, skew }: ParDeps,
  client: Client,
  own: readonly (readonly [string, string])[],
  { now }: ProgramRequest,
): Promise<{ readonly parameters: AuthorizationParameters; readonly signed: boolean } | TokenProblem> {
  const parameters = readParameters(own);
  const object = parameters.get('request');
  if (object === null) return { parameters, signed: false };
  const read = await readRequestObject(object, client, { issuer, keys, now, skew });
  return 'code' in read ? fromAuthorization(read) : { parameters: read, signed: true };
}

/** RFC 9449 §10.1: a proof shown here binds the code as dpop_jkt would; the two may not disagree. */
async function withProof(
  { dpop, url }: ParDeps,
  client: Client,
  parameters: AuthorizationParameters,
  { dpop: proof, attempt, now }: ProgramRequest,
): Promise<{ readonly parameters: AuthorizationParameters } | TokenProblem> {
  if (proof === null) return { parameters };
  const verified = await dpop.verify(proof, { method: 'POST', url, accessToken: null, attempt, now });
  if (isTokenProblem(verified)) return verified;
  // Behind a public client stands nobody: its proof is not used up, and shown again it leaves the same request here again.
  const used = isPublic(client) ? null : await verified.use();
  if (used !== null) return used;
  const shown = verified.key.toString('base64url');
  const named = parameters.get('dpop_jkt');
  if (named !== null && named !== shown) return tokenProblem('invalid_dpop_proof', 'dpop_jkt names another key.');
  return { parameters: { ...parameters, get: (name) => (name === 'dpop_jkt' ? shown : parameters.get(name)) } };
}

/** What is kept of the parameters; a request object is kept as what it said. */
const KEPT = [
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'state',
  'nonce',
  'prompt',
  'max_age',
  'ui_locales',
  'login_hint',
  'acr_values',
  'id_token_hint',
  'claims',
  'code_challenge',
  'code_challenge_method',
  'dpop_jkt',
] as const satisfies readonly ParameterName[];

function pairsOf(parameters: AuthorizationParameters): readonly (readonly [string, string])[] {
  const named = KEPT.flatMap((name): readonly (readonly [string, string])[] => {
    const value = parameters.get(name);
    return value === null ? [] : [[name, value]];
  });
  return [...named, ...parameters.resources.map((one) => ['resource', one] as const)];
}

function fromAuthorization(problem: {
  readonly code: keyof typeof AUTHORIZATION_PROBLEMS;
  readonly detail: string;
}): TokenProblem {
  const { error, description } = AUTHORIZATION_PROBLEMS[problem.code];
  const told = TOLD_AS_THEY_ARE.find((one) => one === error) ?? 'invalid_request';
  return { error: told, description, detail: `${problem.code}: ${problem.detail}` };
}

const TOLD_AS_THEY_ARE = ['invalid_scope', 'invalid_target', 'unauthorized_client'] as const;
