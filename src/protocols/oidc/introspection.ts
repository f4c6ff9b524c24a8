// Owns: introspection (RFC 7662) and revocation (RFC 7009): what a client may learn of a token, and end.
import type { EpochSeconds } from '../../lib/clock.ts';
import { type Client, isPublic } from '../../parties/client.ts';
import type { AccessTokens, OpenAccessToken } from './access-token.ts';
import { type ClientAuthentication, isBasic, type ProgramRequest, unavailable } from './client-authentication.ts';
import type { Families } from './families.ts';
import { heldBy, type JudgeGrant } from './grant-state.ts';
import type { RefreshPolicy } from './refresh-policy.ts';
import type { RefreshTokens } from './refresh-tokens.ts';
import type { ProgramAnswer } from './token-endpoint.ts';
import { isTokenProblem, json, problemReply, type TokenProblem, tokenProblem } from './token-errors.ts';

export interface TokenServiceDeps {
  readonly authentication: ClientAuthentication;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly judge: JudgeGrant;
  readonly families: Families;
  readonly refreshPolicy: RefreshPolicy;
}

export interface TokenServices {
  readonly introspect: (request: ProgramRequest) => Promise<ProgramAnswer>;
  readonly revoke: (request: ProgramRequest) => Promise<ProgramAnswer>;
}

/** All that is said of a token that is none, is of another client, or does not hold any more (RFC 7662 §2.2). */
const INACTIVE = { active: false } as const;

export function createTokenServices(deps: TokenServiceDeps): TokenServices {
  const introspect: TokenServices['introspect'] = (request) =>
    withClient(deps, request, async (client, token) => {
      if (isPublic(client)) {
        return tokenProblem('unauthorized_client', 'A public client cannot introspect tokens.');
      }
      const access = await deps.accessTokens.open(token, request.now);
      if (access === null || !mayKnow(client, access)) return INACTIVE;
      const state = await deps.judge(heldBy(access, deps.refreshPolicy), request.now);
      if (state.kind === 'unavailable') return unavailable(state.because);
      // `ref` is for this provider only.
      const { ref: _, ...claims } = access.claims;
      return state.kind === 'ended'
        ? INACTIVE
        : { active: true, token_type: access.dpopKey === null ? 'Bearer' : 'DPoP', ...claims };
    });

  const revoke: TokenServices['revoke'] = (request) =>
    withClient(deps, request, async (client, token) => {
      const held = await familyOf(deps, client, token, request.now);
      const ended = held === null || (await deps.families.end(held.family, held.refreshable, request.now));
      // RFC 7009 §2.2.1: the client must know that the token still lives.
      if (!ended) return unavailable('families');
      // RFC 7009 §2.2: a token that is none is no error: what the client wanted is so.
      return {};
    });

  return { introspect, revoke };
}

/** A client may ask of its own tokens, and of those for a resource that it serves. */
function mayKnow(client: Client, { client: owner, audiences }: OpenAccessToken): boolean {
  if (owner.metadata.client_id === client.metadata.client_id) return true;
  return audiences.some((audience) => client.metadata.signet.introspects.includes(audience));
}

/** The family of a token that this client holds; null for anything else. */
async function familyOf(
  { accessTokens, refreshTokens, refreshPolicy }: TokenServiceDeps,
  client: Client,
  token: string,
  now: EpochSeconds,
): Promise<{ readonly family: Uint8Array; readonly refreshable: EpochSeconds } | null> {
  const refresh = refreshTokens.open(client.metadata.client_id, token);
  if (refresh !== null) return { family: refresh.grant.family, refreshable: refresh.grant.ends };
  const access = await accessTokens.open(token, now);
  if (access === null || access.client.metadata.client_id !== client.metadata.client_id) return null;
  // The refresh token beside it ends too (§2.1). When that would have been is not known from here.
  return { family: access.grant.family, refreshable: refreshPolicy.allEnded(now) };
}

async function withClient(
  { authentication }: TokenServiceDeps,
  request: ProgramRequest,
  work: (client: Client, token: string) => Promise<object | TokenProblem>,
): Promise<ProgramAnswer> {
  const client = await authentication.authenticate(request);
  if (isTokenProblem(client)) {
    return { reply: problemReply(client, isBasic(request.authorization)), client: null, problem: client };
  }
  const token = request.form.get('token');
  const said = token === undefined ? tokenProblem('invalid_request', 'token is missing.') : await work(client, token);
  if (isTokenProblem(said)) return { reply: problemReply(said, false), client, problem: said };
  return { reply: json(said), client, problem: null };
}
