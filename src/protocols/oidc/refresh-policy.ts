// Owns: who gets a refresh token, and until when. docs/openid.md, Refresh tokens.
import type { EpochSeconds } from '../../lib/clock.ts';
import { type Client, isPublic } from '../../parties/client.ts';
import { oidcRefresh } from '../../sealer/purpose.ts';
import type { Scope } from './scopes.ts';

export interface RefreshPolicy {
  readonly allows: (client: Client, bound: boolean) => boolean;
  /** When the family ends: fixed by its first token, never later. */
  readonly ends: (
    client: Client,
    sessionCreated: EpochSeconds,
    scopes: readonly Scope[],
    now: EpochSeconds,
  ) => EpochSeconds;
  /** When whatever has been granted until now is over, also under settings of before. */
  readonly allEnded: (now: EpochSeconds) => EpochSeconds;
  /**
   * Whether such a grant is good without its session: offline_access is what a person's absence needs (OpenID Connect Core
   * §11), so signing out does not end it (Back-Channel Logout §2.7); everywhere, taking consent back, or revoking it does.
   */
  readonly outlivesSession: (client: Client, scopes: readonly Scope[]) => boolean;
}

/**
 * `shared`: single use is remembered over the whole cluster, so that a token used twice is found out. Without it a token
 * of a public client that is stolen would go on at another node: then only clients that prove who they are, or tokens
 * that are bound to a key, and never beyond the session; and no client whose people are asked, since without a database
 * there is no place where what they agreed to could be taken back.
 */
export function createRefreshPolicy(options: {
  readonly shared: boolean;
  /** Absolute lifetime of a session, in seconds. */
  readonly sessionAbsolute: number;
}): RefreshPolicy {
  // Only a database remembers for as long as such a grant lives what has ended it.
  const outlivesSession: RefreshPolicy['outlivesSession'] = ({ metadata }, scopes) =>
    options.shared && metadata.grant_types.includes('refresh_token') && scopes.includes('offline_access');
  return {
    outlivesSession,
    allEnded: (now) => now + (options.shared ? oidcRefresh.maxLifetime : options.sessionAbsolute),
    allows: (client, bound) =>
      client.metadata.grant_types.includes('refresh_token') &&
      (options.shared || (!client.relyingParty.consent.ask && (bound || !isPublic(client)))),
    ends: (client, sessionCreated, scopes, now) => {
      const session = sessionCreated + options.sessionAbsolute;
      const { refreshTokenLifetime: own } = client.metadata.signet;
      if (!outlivesSession(client, scopes)) return own === undefined ? session : Math.min(session, now + own);
      return now + Math.min(own ?? oidcRefresh.maxLifetime, oidcRefresh.maxLifetime);
    },
  };
}
