// Owns: the authorization endpoint: a request by GET or POST, pushed, or as a request object, becomes an Arrival.
// Leaves to authorize-checks.ts: what is refused; to authorize-request.ts: what core is asked; to oidc-adapter.ts: the answer.
// Reads no cookie and no header.
import type { AuthenticationRequest } from '../../core/authentication-request.ts';
import { TYPED_NAME_MAX_BYTES } from '../../core/login-context.ts';
import type { Arrival } from '../../core/protocol-adapter.ts';
import type { Clock, EpochSeconds } from '../../lib/clock.ts';
import type { Client } from '../../parties/client.ts';
import type { PartyRegistry } from '../../parties/party-registry.ts';
import { FLOW_REQUEST_MAX_BYTES } from '../../sealed/flow-body.ts';
import type { SigningKeySet } from '../../signing/key-set-folder.ts';
import { type AuthorizationParameters, readParameters } from './authorization-parameters.ts';
import type { AuthorizationResponder } from './authorization-response.ts';
import { type AuthorizeFacts, authorizeFacts, checkAuthorize, modeForErrors } from './authorize-checks.ts';
import { type RegisteredAddress, registeredAddress, requestOf } from './authorize-request.ts';
import type { ClientKeys } from './client-keys.ts';
import type { HintedSubject } from './id-token-hint.ts';
import { AUTHORIZATION_PROBLEMS, type AuthorizationProblem, refusedWithPage } from './oidc-errors.ts';
import { isPushedUri, type PushedRequests } from './pushed-request.ts';
import { readRequestObject } from './request-object.ts';
import { missingAlgorithm } from './signable.ts';

export interface AuthorizeDeps {
  readonly issuer: string;
  readonly registry: Pick<PartyRegistry, 'findClient'>;
  readonly clientKeys: ClientKeys;
  readonly pushed: PushedRequests;
  readonly responder: AuthorizationResponder;
  /** The person that an ID token of ours is about; null: it is none. */
  readonly hintedSubject: (token: string) => Promise<HintedSubject | null>;
  readonly keys: () => SigningKeySet;
  readonly clock: Clock;
  /** How far clocks may be apart, in seconds. */
  readonly skew: number;
}

export interface AuthorizeEndpoint {
  /** By GET: `rawQuery` is what stands after the question mark. By POST: the form's fields. */
  readonly receive: (pairs: Iterable<readonly [string, string]>, via: 'get' | 'post') => Promise<Arrival>;
  /** What a pushed request would be told (RFC 9126 §2.1); null: it can be pushed. */
  readonly examine: (
    client: Client,
    parameters: AuthorizationParameters,
    signed: boolean,
  ) => AuthorizationProblem | { readonly redirect: 'unregistered' } | null;
}

/** Where the parameters come from, and whether anybody vouches for them. */
interface Source {
  readonly parameters: AuthorizationParameters;
  readonly pushed: boolean;
  readonly signed: boolean;
}

export function createAuthorizeEndpoint(deps: AuthorizeDeps): AuthorizeEndpoint {
  const receive = async (pairs: Iterable<readonly [string, string]>, via: 'get' | 'post'): Promise<Arrival> => {
    const now = deps.clock();
    const asked = readParameters(pairs);
    const clientId = asked.get('client_id');
    if (clientId === null) return refusedWithPage('no-client-id', 'none', null);
    const client = deps.registry.findClient(clientId);
    if (client === undefined) return refusedWithPage('unknown-client', clientId.slice(0, 251), null);
    const source = await sourceOf(deps, client, asked, now);
    const { key } = client.relyingParty;
    // Nothing that is repeated can be believed to be the one that counts: a return address least of all.
    const parameters = 'code' in source ? asked : source.parameters;
    const redirectUri = parameters.repeated === 'redirect_uri' ? null : registeredAddress(client, parameters);
    if (redirectUri === null) {
      const named = parameters.get('redirect_uri') ?? 'none';
      return refusedWithPage('unregistered-redirect-uri', named.slice(0, 300), key);
    }
    const how = 'code' in source ? { pushed: false, signed: false } : source;
    const facts = authorizeFacts(client, parameters, how);
    const mode = modeForErrors(facts);
    const unsigned = missingAlgorithm(client, deps.keys());
    if (unsigned !== null && mode.endsWith('.jwt')) return refusedWithPage('cannot-sign', unsigned, key);
    const understood =
      unsigned !== null
        ? ({ code: 'no-signing-key', detail: unsigned } as const)
        : 'code' in source
          ? source
          : await understand(deps, facts, redirectUri, now);
    if ('receivedAt' in understood) return { kind: 'authenticate', request: understood, via };
    const to = { client, redirectUri: redirectUri.asked, mode, state: shortState(parameters) };
    const reply = await deps.responder.failure(to, AUTHORIZATION_PROBLEMS[understood.code], now);
    return { kind: 'reply', reply, error: { ...understood, relyingParty: key } };
  };

  return {
    receive,
    examine: (client, parameters, signed) => {
      if (parameters.repeated === 'redirect_uri' || registeredAddress(client, parameters) === null) {
        return { redirect: 'unregistered' };
      }
      return checkAuthorize(authorizeFacts(client, parameters, { pushed: true, signed }));
    },
  };
}

async function sourceOf(
  deps: AuthorizeDeps,
  client: Client,
  asked: AuthorizationParameters,
  now: EpochSeconds,
): Promise<Source | AuthorizationProblem> {
  const [object, requestUri] = [asked.get('request'), asked.get('request_uri')];
  if (object !== null || requestUri !== null) {
    // What stands beside it does not count, so it must be clear which one it is, and whose (RFC 9101 §5).
    if (asked.repeated !== null) return { code: 'repeated-parameter', detail: asked.repeated };
    if (asked.tooLong !== null) return { code: 'parameter-too-long', detail: asked.tooLong };
    if (object !== null && requestUri !== null) {
      return { code: 'request-object-invalid', detail: 'request and request_uri together' };
    }
  }
  if (requestUri !== null && isPushedUri(requestUri)) {
    const pushed = deps.pushed.open(client.metadata.client_id, requestUri);
    if (pushed === null) return { code: 'request-uri-invalid', detail: 'not pushed here, or too old' };
    return { ...pushed, pushed: true };
  }
  if (object === null) return { parameters: asked, pushed: false, signed: false };
  const { issuer, clientKeys: keys, skew } = deps;
  const parameters = await readRequestObject(object, client, { issuer, keys, now, skew });
  return 'code' in parameters ? parameters : { parameters, pushed: false, signed: true };
}

async function understand(
  deps: AuthorizeDeps,
  facts: AuthorizeFacts,
  redirectUri: RegisteredAddress,
  now: EpochSeconds,
): Promise<AuthenticationRequest | AuthorizationProblem> {
  const found = checkAuthorize(facts);
  if (found !== null) return found;
  const { client, parameters } = facts;
  const hint = parameters.get('id_token_hint');
  const hinted = hint === null ? null : await deps.hintedSubject(hint);
  if (hint !== null && hinted?.audiences.includes(client.metadata.client_id) !== true) {
    return { code: 'bad-id-token-hint', detail: hinted === null ? 'none of ours' : 'of another client' };
  }
  const wanted = facts.claims?.sub ?? null;
  // Nobody is both: whichever of them was passed over, the client would be told of somebody that it did not mean.
  if (wanted !== null && hinted !== null && wanted !== hinted.sub) {
    return { code: 'bad-id-token-hint', detail: 'another person than claims names' };
  }
  const subject = wanted ?? hinted?.sub ?? null;
  const request = requestOf(facts, redirectUri, subject, now);
  const size = Buffer.byteLength(request.relyingParty) + TYPED_NAME_MAX_BYTES + request.answerTo.data.length;
  return size <= FLOW_REQUEST_MAX_BYTES ? request : { code: 'request-too-large', detail: `${size} bytes to remember` };
}

/** What is too long to be kept is not sent back either. */
function shortState(parameters: AuthorizationParameters): string | null {
  const state = parameters.get('state');
  return state !== null && state.length <= 512 && parameters.repeated !== 'state' ? state : null;
}
