// Owns: redeeming an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.6). What is compared is compared before the code is
// used up, and the code is used up before anything is given.
import { createHash, timingSafeEqual } from 'node:crypto';
import { isUnavailable } from '../../core/account.ts';
import type { Body } from '../../core/reply.ts';
import type { SpentStore } from '../../core/revocation.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import type { Client } from '../../parties/client.ts';
import type { AuthorizationCode } from '../../sealed/code-body.ts';
import { type ProgramRequest, unavailable } from './client-authentication.ts';
import { type Codes, type OpenCode, redirectDigest } from './codes.ts';
import type { DpopProof } from './dpop.ts';
import type { Families } from './families.ts';
import type { JudgeGrant } from './grant-state.ts';
import type { RefreshPolicy } from './refresh-policy.ts';
import { grantScopes, registeredScopes } from './scopes.ts';
import { isTokenProblem, type TokenProblem, tokenProblem } from './token-errors.ts';
import { allResources, grantResources, type IssueTokens } from './token-issue.ts';

export interface CodeGrantDeps {
  readonly codes: Codes;
  readonly spent: SpentStore;
  readonly families: Families;
  readonly judge: JudgeGrant;
  readonly issue: IssueTokens;
  readonly refreshPolicy: RefreshPolicy;
}

/** `proof`: null when none was shown; one that was is used up before anything is given. */
export type Grant = (client: Client, request: ProgramRequest, proof: DpopProof | null) => Promise<Body | TokenProblem>;

export function createCodeGrant(deps: CodeGrantDeps): Grant {
  const { codes, spent, families, judge, issue, refreshPolicy } = deps;

  /** A code that comes again has been stolen, before or after: whatever it gave ends (RFC 6749 §4.1.2). */
  const useOnce = async (
    { code, exp }: OpenCode,
    ends: EpochSeconds,
    request: ProgramRequest,
  ): Promise<TokenProblem | null> => {
    const used = await spent.spend('oidc-code', code.id, exp + 60, request.attempt, request.now);
    if (typeof used !== 'string' && isUnavailable(used)) return unavailable('spent store');
    if (used === 'full') return unavailable('spent table full');
    if (used !== 'spent') return null;
    const ended = await families.end(families.of(code.id), ends, request.now);
    return ended ? invalid('used before') : unavailable('families');
  };

  return async (client, request, proof) => {
    const dpopKey = proof?.key ?? null;
    const open = codes.open(client.metadata.client_id, request.form.get('code') ?? '');
    if (open === null) return invalid('no live code of this client');
    const { code } = open;
    const mismatch = compare(code, request, dpopKey);
    if (mismatch !== null) return mismatch;
    const audiences = grantResources(client, code.resources, request.resources);
    if (isTokenProblem(audiences)) return audiences;
    const family = families.of(code.id);
    const proofs = [code.sessionCreated, ...code.events.map(({ at }) => at)];
    const scopes = grantScopes(code.scope);
    const held = {
      client,
      access: { scopes, resources: allResources(client, code.resources) },
      issuedAt: open.iat,
      sid: code.sid,
      accountId: code.accountId,
      oldestProof: Math.min(...proofs),
      latestProof: Math.max(...proofs),
      family,
    };
    const state = await judge(held, request.now);
    if (state.kind === 'unavailable') return unavailable(state.because);
    if (state.kind === 'ended') return invalid(state.because);
    const ends = refreshPolicy.ends(client, code.sessionCreated, scopes, request.now);
    const refused = (await proof?.use()) ?? (await useOnce(open, ends, request));
    if (refused !== null) return refused;
    return issue(
      {
        client,
        account: state.account,
        grant: {
          family,
          generation: 0,
          sid: code.sid,
          accountId: code.accountId,
          sessionCreated: code.sessionCreated,
          events: code.events,
          scope: code.scope,
          resources: code.resources,
          // A client that shows a proof gets a bound access token, whether it must or not (RFC 9449 §5).
          dpopKey,
          claims: code.claims,
          acr: code.acr,
          ends,
        },
        scopes: registeredScopes(client, scopes),
        audiences,
        withRefreshToken: refreshPolicy.allows(client, dpopKey !== null) && ends > request.now,
        nonce: code.nonce,
        ancestors: [{ kid: open.kid, lineage: code.lineage }],
      },
      request.now,
    );
  };
}

function compare(code: AuthorizationCode, { form }: ProgramRequest, dpopKey: Buffer | null): TokenProblem | null {
  const redirectUri = form.get('redirect_uri');
  if (redirectUri === undefined || !redirectDigest(redirectUri).equals(code.redirectUri)) {
    return invalid('redirect_uri of another request');
  }
  const verifier = form.get('code_verifier') ?? null;
  // RFC 9700 §2.1.1: a verifier without a challenge means that somebody took the challenge out (PKCE downgrade).
  if ((verifier === null) !== (code.codeChallenge === null)) return invalid('a verifier without a challenge, or none');
  if (verifier !== null && code.codeChallenge !== null && !proves(verifier, code.codeChallenge)) {
    return invalid('code_verifier does not fit');
  }
  if (code.dpopKey !== null && dpopKey?.equals(code.dpopKey) !== true) return invalid('another DPoP key');
  return null;
}

const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

function proves(verifier: string, challenge: Uint8Array): boolean {
  if (!VERIFIER.test(verifier)) return false;
  return timingSafeEqual(createHash('sha256').update(verifier, 'ascii').digest(), challenge);
}

function invalid(detail: string): TokenProblem {
  return tokenProblem('invalid_grant', 'The code is not valid, or is not for this request.', detail);
}
