// Owns: the token endpoint (RFC 6749 §3.2): who asks, with which proof, for which grant. Leaves to the grants: the rest.
import type { Body } from '../../core/reply.ts';
import type { Client } from '../../parties/client.ts';
import type { SigningKeySet } from '../../signing/key-set-folder.ts';
import { type ClientAuthentication, isBasic, type ProgramRequest, unavailable } from './client-authentication.ts';
import type { Grant } from './code-grant.ts';
import type { Dpop } from './dpop.ts';
import { missingAlgorithm } from './signable.ts';
import { isTokenProblem, problemReply, type TokenProblem, tokenProblem } from './token-errors.ts';

/** What the log should have of a request that was refused. */
export interface ProgramAnswer {
  readonly reply: Body;
  readonly client: Client | null;
  /** Null: it got what it asked for. */
  readonly problem: TokenProblem | null;
}

export type TokenEndpoint = (request: ProgramRequest) => Promise<ProgramAnswer>;

export function createTokenEndpoint(deps: {
  readonly authentication: ClientAuthentication;
  readonly keys: () => SigningKeySet;
  readonly dpop: Dpop;
  /** This endpoint's own address, for DPoP's htu. */
  readonly url: string;
  /** By grant_type. */
  readonly grants: ReadonlyMap<string, Grant>;
}): TokenEndpoint {
  const { authentication, keys, dpop, url, grants } = deps;

  const answer = async (request: ProgramRequest, client: Client): Promise<Body | TokenProblem> => {
    const type = request.form.get('grant_type');
    const grant = type === undefined ? undefined : grants.get(type);
    if (type === undefined) return tokenProblem('invalid_request', 'grant_type is missing.');
    if (grant === undefined) return tokenProblem('unsupported_grant_type', 'This grant_type is not supported.');
    if (!client.metadata.grant_types.some((one) => one === type)) {
      return tokenProblem('unauthorized_client', 'This client is not registered for the grant_type.');
    }
    // Before anything is used up: the code is still good when the key is there.
    const unsigned = missingAlgorithm(client, keys());
    if (unsigned !== null) return unavailable(`no current key signs ${unsigned}`);
    const { dpop_bound_access_tokens: mustBind, signet } = client.metadata;
    if (request.dpop === null) {
      return mustBind || signet.fapi
        ? tokenProblem('invalid_dpop_proof', 'This client must show a DPoP proof.')
        : grant(client, request, null);
    }
    const { attempt, now } = request;
    const proof = await dpop.verify(request.dpop, { method: 'POST', url, accessToken: null, attempt, now });
    return isTokenProblem(proof) ? proof : grant(client, request, proof);
  };

  return async (request) => {
    const client = await authentication.authenticate(request);
    if (isTokenProblem(client)) {
      return { reply: problemReply(client, isBasic(request.authorization)), client: null, problem: client };
    }
    const given = await answer(request, client);
    if (isTokenProblem(given)) return { reply: problemReply(given, false), client, problem: given };
    return { reply: given, client, problem: null };
  };
}
