// Owns: refreshing (RFC 6749 §6): each token once, each use gives the next, lifetime and scope never grow.
import { type Account, isUnavailable } from '../../core/account.ts';
import { assuranceOf, isAtLeast } from '../../core/assurance.ts';
import { floorFor } from '../../core/relying-party.ts';
import type { SpentStore } from '../../core/revocation.ts';
import { absenceId } from '../../core/session.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import { type Client, isPublic } from '../../parties/client.ts';
import type { RefreshGrant } from '../../sealed/refresh-body.ts';
import { words } from './authorization-parameters.ts';
import { type ProgramRequest, unavailable } from './client-authentication.ts';
import type { Grant } from './code-grant.ts';
import type { Families } from './families.ts';
import type { JudgeGrant } from './grant-state.ts';
import type { RefreshPolicy } from './refresh-policy.ts';
import type { OpenRefresh, RefreshTokens } from './refresh-tokens.ts';
import { grantScopes, isScope, registeredScopes } from './scopes.ts';
import { isTokenProblem, type TokenProblem, tokenProblem } from './token-errors.ts';
import { allResources, grantResources, type IssueTokens } from './token-issue.ts';

export interface RefreshGrantDeps {
  readonly refreshTokens: RefreshTokens;
  readonly spent: SpentStore;
  readonly families: Families;
  readonly judge: JudgeGrant;
  readonly issue: IssueTokens;
  readonly refreshPolicy: RefreshPolicy;
}

export function createRefreshGrant(deps: RefreshGrantDeps): Grant {
  const { refreshTokens, spent, families, judge, issue, refreshPolicy } = deps;

  /** A token that comes twice is in two hands, and nobody knows which is whose: the family ends (RFC 9700 §4.14.2). */
  const useOnce = async ({ grant }: OpenRefresh, { attempt, now }: ProgramRequest): Promise<TokenProblem | null> => {
    const id = `${Buffer.from(grant.family).toString('hex')}.${grant.generation}`;
    const used = await spent.spend('oidc-refresh', id, grant.ends, attempt, now);
    if (typeof used !== 'string' && isUnavailable(used)) return unavailable('spent store');
    if (used === 'full') return unavailable('spent table full');
    if (used !== 'spent') return null;
    const ended = await families.end(grant.family, grant.ends, now);
    return ended ? invalid('used before') : unavailable('families');
  };

  return async (client, request, proof) => {
    const dpopKey = proof?.key ?? null;
    const open = refreshTokens.open(client.metadata.client_id, request.form.get('refresh_token') ?? '');
    if (open === null) return invalid('no live token of this client');
    const { grant } = open;
    if (request.now >= grant.ends) return invalid('its time is over');
    // One that a client shows who proves itself is not bound to a key, so that its keys can change (RFC 9449 §5).
    const boundTo = isPublic(client) ? grant.dpopKey : null;
    if (boundTo !== null && dpopKey?.equals(boundTo) !== true) return invalid('another DPoP key');
    // Its people may be asked by now, or it may be a public client.
    if (!refreshPolicy.allows(client, boundTo !== null)) return invalid('this client gets none any more');
    const granted = grantScopes(grant.scope);
    const asked = words(request.form.get('scope') ?? null);
    const offered = registeredScopes(client, granted);
    const scopes = asked.length === 0 ? offered : asked.filter(isScope);
    if (asked.some((one) => !offered.some((scope) => scope === one))) {
      return tokenProblem('invalid_scope', 'The scope is wider than what was granted.');
    }
    const proofs = [grant.sessionCreated, ...grant.events.map(({ at }) => at)];
    const oldestProof = Math.min(...proofs);
    const held = {
      ...grant,
      client,
      sid: refreshPolicy.outlivesSession(client, granted) ? absenceId(grant.sid) : grant.sid,
      access: { scopes: granted, resources: allResources(client, grant.resources) },
      issuedAt: open.iat,
      oldestProof,
      latestProof: Math.max(...proofs),
    };
    const state = await judge(held, request.now);
    if (state.kind === 'unavailable') return unavailable(state.because);
    if (state.kind === 'ended') return invalid(state.because);
    if (!reachesFloor(client, state.account, grant, request.now)) return invalid('below the floor');
    const audiences = grantResources(client, grant.resources, request.resources);
    if (isTokenProblem(audiences)) return audiences;
    const refused = (await proof?.use()) ?? (await useOnce(open, request));
    if (refused !== null) return refused;
    return issue(
      {
        client,
        account: state.account,
        grant: { ...grant, dpopKey, generation: grant.generation + 1 },
        scopes,
        audiences,
        withRefreshToken: true,
        nonce: null,
        ancestors: [{ kid: open.kid, lineage: grant.lineage }],
      },
      request.now,
    );
  };
}

/** As it is now, for the person's groups of now: a grant of 90 days must not pass by what is demanded since. */
function reachesFloor(
  { relyingParty: { floor } }: Client,
  { groups }: Account,
  { events }: RefreshGrant,
  now: EpochSeconds,
): boolean {
  const isGraced = floor.graceUntil !== null && now < floor.graceUntil;
  return isGraced || isAtLeast(assuranceOf(events), floorFor(floor, groups));
}

function invalid(detail: string): TokenProblem {
  return tokenProblem('invalid_grant', 'The refresh token is not valid any more.', detail);
}
