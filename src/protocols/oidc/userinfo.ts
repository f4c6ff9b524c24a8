// Owns: the userinfo endpoint (OpenID Connect Core §5.3): claims of the person whose access token is shown.
import type { Account } from '../../core/account.ts';
import type { Body } from '../../core/reply.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import type { SigningKeySet } from '../../signing/key-set-folder.ts';
import type { AccessTokens, OpenAccessToken } from './access-token.ts';
import { claimsOfScopes, releaseClaims } from './claims-release.ts';
import { unavailable } from './client-authentication.ts';
import type { Dpop } from './dpop.ts';
import { heldBy, type JudgeGrant } from './grant-state.ts';
import { canSign, type SignJwt } from './jwt.ts';
import type { RefreshPolicy } from './refresh-policy.ts';
import { grantScopes, registeredScopes } from './scopes.ts';
import type { SubjectOf } from './subject.ts';
import type { ProgramAnswer } from './token-endpoint.ts';
import { challengeReply, isTokenProblem, json, NOT_KEPT, type TokenProblem, tokenProblem } from './token-errors.ts';

export interface UserinfoRequest {
  readonly method: 'GET' | 'POST';
  readonly authorization: string | null;
  readonly dpop: string | null;
  readonly attempt: string | null;
  readonly now: EpochSeconds;
}

export type Userinfo = (request: UserinfoRequest) => Promise<ProgramAnswer>;

export function createUserinfo(deps: {
  readonly issuer: string;
  /** This endpoint's own address, for DPoP's htu. */
  readonly url: string;
  readonly accessTokens: AccessTokens;
  readonly dpop: Dpop;
  readonly judge: JudgeGrant;
  readonly refreshPolicy: RefreshPolicy;
  readonly subjectOf: SubjectOf;
  readonly sign: SignJwt;
  readonly keys: () => SigningKeySet;
}): Userinfo {
  const { issuer, url, accessTokens, dpop, judge, refreshPolicy, subjectOf, sign, keys } = deps;

  const open = async (
    request: UserinfoRequest,
  ): Promise<{ token: OpenAccessToken; account: Account } | TokenProblem | null> => {
    const shown = readAuthorization(request.authorization);
    if (shown === null) return null;
    const token = await accessTokens.open(shown.token, request.now);
    if (token === null) return invalid('not a live token of ours');
    const bound = await proofProblem(token, shown, request);
    if (bound !== null) return bound;
    // RFC 9068 §4: a token for an API is no token for this endpoint.
    if (!token.audiences.includes(issuer)) return invalid('for another audience');
    const state = await judge(heldBy(token, refreshPolicy), request.now);
    if (state.kind === 'unavailable') return unavailable(state.because);
    return state.kind === 'ended' ? invalid(state.because) : { token, account: state.account };
  };

  /** RFC 9449 §7: a bound token needs its key's proof, and never travels as a bearer token. */
  const proofProblem = async (
    token: OpenAccessToken,
    shown: Shown,
    { method, dpop: proof, attempt, now }: UserinfoRequest,
  ): Promise<TokenProblem | null> => {
    if (token.dpopKey === null) return shown.scheme === 'Bearer' ? null : invalid('not bound to a key');
    if (shown.scheme === 'Bearer') return invalid('bound to a key, shown as a bearer token');
    if (proof === null) return tokenProblem('invalid_dpop_proof', 'The DPoP proof is missing.');
    const verified = await dpop.verify(proof, { method, url, accessToken: shown.token, attempt, now });
    if (isTokenProblem(verified)) return verified;
    return verified.key.toString('base64url') === token.dpopKey ? verified.use() : invalid('bound to another key');
  };

  return async (request) => {
    const opened = await open(request);
    const scheme = /^dpop /i.test(request.authorization ?? '') ? 'DPoP' : 'Bearer';
    if (opened === null) return { reply: challengeReply(null, scheme), client: null, problem: invalid('no token') };
    if (isTokenProblem(opened)) return { reply: challengeReply(opened, scheme), client: null, problem: opened };
    const { token, account } = opened;
    const { client } = token;
    const scopes = registeredScopes(client, grantScopes(token.grant.scope)).filter((scope) =>
      String(token.claims.scope).split(' ').includes(scope),
    );
    const named = token.grant.claims === '' ? [] : token.grant.claims.split(' ');
    const claims = {
      ...releaseClaims(client, account, scopes, [...claimsOfScopes(scopes), ...named]),
      sub: subjectOf(client, account.id),
    };
    const algorithm = client.metadata.userinfo_signed_response_alg;
    if (algorithm === undefined) return { reply: json(claims), client, problem: null };
    if (!canSign(keys(), algorithm)) {
      const problem = unavailable(`no current key signs ${algorithm}`);
      return { reply: challengeReply(problem, scheme), client, problem };
    }
    const text = await sign(algorithm, 'userinfo+jwt', { ...claims, iss: issuer, aud: client.metadata.client_id });
    const reply: Body = { kind: 'body', status: 200, contentType: 'application/jwt', text, headers: NOT_KEPT };
    return { reply, client, problem: null };
  };
}

interface Shown {
  readonly scheme: 'Bearer' | 'DPoP';
  readonly token: string;
}

/** RFC 6750 §2.1: in the header only. In a form or a query it would stand in logs. */
function readAuthorization(authorization: string | null): Shown | null {
  const [, scheme, token] = /^(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization ?? '') ?? [];
  if (scheme === undefined || token === undefined) return null;
  return { scheme: scheme.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer', token };
}

function invalid(detail: string): TokenProblem {
  return tokenProblem('invalid_token', 'The access token is not valid here, or not any more.', detail);
}
