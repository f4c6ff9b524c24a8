// Owns: the OpenID Provider's addresses. Leaves to protocols/oidc: what requests and answers mean; to web/: signing in.
import type { Arrival } from './core/protocol-adapter.ts';
import type { Reply } from './core/reply.ts';
import type { Route } from './http/app.ts';
import type { Metrics } from './metrics/metrics.ts';
import { OIDC_PATHS } from './protocols/oidc/discovery.ts';
import type { OidcProvider } from './protocols/oidc/oidc-provider.ts';
import type { LoginDesk } from './web/login-desk.ts';
import type { RequestFacts } from './web/request-facts.ts';

export interface OidcRouteParts {
  readonly provider: OidcProvider;
  readonly login: Pick<LoginDesk, 'begin'>;
  readonly metrics: Pick<Metrics, 'oidcRequests'>;
}

export function createOidcRoutes({ provider, login, metrics }: OidcRouteParts): readonly Route[] {
  const authorize = async (
    pairs: Iterable<readonly [string, string]>,
    via: 'get' | 'post',
    facts: RequestFacts,
  ): Promise<Reply> => {
    const arrival: Arrival = await provider.authorize.receive(pairs, via);
    metrics.oidcRequests.inc({ endpoint: 'authorize', outcome: arrival.kind });
    return login.begin(arrival, facts);
  };
  const discovery = async (): Promise<Reply> => publicDocument(provider.discovery());
  return [
    {
      method: 'GET',
      path: OIDC_PATHS.authorize,
      direct: true,
      handle: (facts) => authorize(new URLSearchParams(facts.rawQuery), 'get', facts),
    },
    { method: 'POST', path: OIDC_PATHS.authorize, handle: (facts) => authorize(facts.form, 'post', facts) },
    { method: 'GET', path: '/.well-known/openid-configuration', handle: discovery },
    { method: 'GET', path: '/.well-known/oauth-authorization-server', handle: discovery },
    { method: 'GET', path: OIDC_PATHS.jwks, handle: async () => publicDocument(provider.jwks()) },
  ];
}

/** How long clients and proxies may keep a document, in seconds: a new key is published long before it signs. */
const DOCUMENT_MAX_AGE = 300;

/** Read by scripts of any origin too (OpenID Connect Discovery §4, RFC 8414 §3.1). */
function publicDocument(text: string): Reply {
  const headers = { 'Cache-Control': `public, max-age=${DOCUMENT_MAX_AGE}`, 'Access-Control-Allow-Origin': '*' };
  return { kind: 'body', status: 200, contentType: 'application/json', text, headers };
}
