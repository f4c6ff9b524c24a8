// Owns: the token response: access token, ID token, refresh token, from a grant that was found good.
// The same for a code and for a refresh, so that the two cannot drift apart.
import { createHash } from 'node:crypto';
import type { Account } from '../../core/account.ts';
import type { AuthenticationEvent } from '../../core/authentication-event.ts';
import type { Body } from '../../core/reply.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import { type Client, isPublic } from '../../parties/client.ts';
import type { Ancestor } from '../../sealed/lineage.ts';
import type { RefreshGrant } from '../../sealed/refresh-body.ts';
import { ACCESS_TOKEN_SECONDS, type AccessTokens } from './access-token.ts';
import { acrByNumber, amrOf, provedAcr } from './acr.ts';
import { unavailable } from './client-authentication.ts';
import type { IssueIdToken } from './id-token.ts';
import { shortHash } from './pending-answer.ts';
import type { RefreshTokens } from './refresh-tokens.ts';
import type { Scope } from './scopes.ts';
import type { SubjectOf } from './subject.ts';
import { json, type TokenProblem, tokenProblem } from './token-errors.ts';

/** What is given, and to whom. */
export interface TokenIssue {
  readonly client: Client;
  readonly account: Account;
  /** The grant as it is from now on, with the key that was shown; the next refresh token holds it. */
  readonly grant: Omit<RefreshGrant, 'lineage'>;
  /** What this response is about: at most the grant's. */
  readonly scopes: readonly Scope[];
  readonly audiences: readonly string[];
  readonly withRefreshToken: boolean;
  readonly nonce: string | null;
  readonly ancestors: readonly Ancestor[];
}

export type IssueTokens = (issue: TokenIssue, now: EpochSeconds) => Promise<Body | TokenProblem>;

export interface TokenIssuerDeps {
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly issueIdToken: IssueIdToken;
  readonly subjectOf: SubjectOf;
  /** The client's name for a session. */
  readonly sidFor: (client: Client, sid: Uint8Array) => string;
}

export function createTokenIssuer(deps: TokenIssuerDeps): IssueTokens {
  return async (issue, now) => {
    const { client, account, grant, scopes, ancestors } = issue;
    const methods = grant.events.map(({ method }) => method);
    const asked = grant.acr.flatMap((number) => acrByNumber(number) ?? []);
    const accessToken = await deps.accessTokens.issue(
      {
        client,
        subject: deps.subjectOf(client, account.id),
        scopes,
        audiences: issue.audiences,
        dpopKey: grant.dpopKey === null ? null : Buffer.from(grant.dpopKey).toString('base64url'),
        authTime: latest(grant.events),
        acr: provedAcr(asked, methods)?.value,
        amr: amrOf(methods),
        sid: deps.sidFor(client, grant.sid),
        id: tokenId(grant.family, grant.generation),
        grant: {
          sid: grant.sid,
          accountId: grant.accountId,
          oldestProof: Math.min(grant.sessionCreated, ...grant.events.map(({ at }) => at)),
          latestProof: latest(grant.events),
          family: grant.family,
          scope: grant.scope,
          claims: grant.claims[1],
        },
        ancestors,
      },
      now,
    );
    const refreshToken = issue.withRefreshToken
      ? deps.refreshTokens.seal(client.metadata.client_id, refreshable(client, grant), ancestors, now)
      : null;
    if (accessToken === null || (issue.withRefreshToken && refreshToken === null)) return unavailable('no key seals');
    const idToken = await deps.issueIdToken(
      {
        client,
        account,
        sid: grant.sid,
        events: grant.events,
        scopes,
        claims: grant.claims[0] === '' ? [] : grant.claims[0].split(' '),
        nonce: issue.nonce,
        acr: asked,
        code: null,
        accessToken,
        withScopeClaims: false,
      },
      now,
    );
    return json({
      access_token: accessToken,
      token_type: grant.dpopKey === null ? 'Bearer' : 'DPoP',
      expires_in: ACCESS_TOKEN_SECONDS,
      scope: scopes.join(' '),
      id_token: idToken,
      ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
    });
  };
}

/** RFC 9449 §5: a public client's refresh tokens are bound to its key; who proves itself by other means may change keys. */
function refreshable(client: Client, grant: TokenIssue['grant']): TokenIssue['grant'] {
  return isPublic(client) ? grant : { ...grant, dpopKey: null };
}

/** The registered resources that a grant has, by their hashes. */
export function allResources(client: Client, hashes: readonly Uint8Array[]): readonly string[] {
  const held = new Set(hashes.map((one) => Buffer.from(one).toString('hex')));
  return client.metadata.signet.resources.filter((resource) => held.has(shortHash(resource)));
}

/** The same; those `wanted` alone, when there are any (RFC 8707 §2.2). */
export function grantResources(
  client: Client,
  hashes: readonly Uint8Array[],
  wanted: readonly string[],
): readonly string[] | TokenProblem {
  const resources = allResources(client, hashes);
  if (wanted.length === 0) return resources;
  return wanted.every((one) => resources.includes(one))
    ? resources.filter((one) => wanted.includes(one))
    : tokenProblem('invalid_target', 'A resource is not one that was granted.');
}

function latest(events: readonly AuthenticationEvent[]): EpochSeconds {
  return events.reduce((newest, { at }) => Math.max(newest, at), 0);
}

/** 16 bytes, base64url: a repeat on another node gives the token the same id. */
function tokenId(family: Uint8Array, generation: number): string {
  const hash = createHash('sha256').update('signet.access\0').update(family).update(String(generation));
  return hash.digest().subarray(0, 16).toString('base64url');
}
