// Owns: the OpenID Provider's addresses, and which origins' scripts may call them. Leaves to protocols/oidc: what requests
// and answers mean; to web/: signing in and out.
import type { Arrival } from '../core/protocol-adapter.ts';
import type { Reply } from '../core/reply.ts';
import type { Route } from '../http/app.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ProgramRequest } from '../protocols/oidc/client-authentication.ts';
import { OIDC_PATHS } from '../protocols/oidc/discovery.ts';
import { readEndSession } from '../protocols/oidc/end-session.ts';
import type { OidcProvider } from '../protocols/oidc/oidc-provider.ts';
import type { ProgramAnswer } from '../protocols/oidc/token-endpoint.ts';
import { json } from '../protocols/oidc/token-errors.ts';
import type { Log } from '../web/desk.ts';
import type { LoginDesk } from '../web/login-desk.ts';
import type { LogoutDesk } from '../web/logout-desk.ts';
import type { RequestFacts } from '../web/request-facts.ts';

export interface OidcRouteParts {
  readonly provider: OidcProvider;
  readonly login: Pick<LoginDesk, 'begin'>;
  readonly logout: Pick<LogoutDesk, 'asked'>;
  readonly metrics: Pick<Metrics, 'oidcRequests'>;
  readonly log: Log;
  readonly badRequest: (facts: RequestFacts) => Reply;
}

type Endpoint = 'token' | 'userinfo' | 'par' | 'introspect' | 'revoke';

/** By scripts of registered origins. Not introspection, for which a client needs a secret, and a page has none. */
const CALLED_BY_SCRIPTS: readonly Endpoint[] = ['token', 'userinfo', 'par', 'revoke'];

export function createOidcRoutes(parts: OidcRouteParts): readonly Route[] {
  const { provider, login, logout, metrics, log } = parts;

  const authorize = async (
    pairs: Iterable<readonly [string, string]>,
    via: 'get' | 'post',
    facts: RequestFacts,
  ): Promise<Reply> => {
    const arrival: Arrival = await provider.authorize.receive(pairs, via);
    metrics.oidcRequests.inc({ endpoint: 'authorize', outcome: arrival.kind });
    return login.begin(arrival, facts);
  };

  /** The same for every endpoint that programs call: counted, logged, and opened to scripts where they may call it. */
  const program = (endpoint: Endpoint, ask: (facts: RequestFacts) => Promise<ProgramAnswer>) => {
    return async (facts: RequestFacts): Promise<Reply> => {
      const { reply, client, problem } = await ask(facts);
      metrics.oidcRequests.inc({ endpoint, outcome: problem === null ? 'given' : problem.error });
      if (problem !== null) {
        const { error, detail } = problem;
        const clientId = client?.metadata.client_id ?? null;
        log.info('request refused', { requestId: facts.requestId, endpoint, code: error, detail, clientId });
      }
      return CALLED_BY_SCRIPTS.includes(endpoint) ? withOrigin(provider, reply, facts) : reply;
    };
  };

  const userinfo = program('userinfo', (facts) =>
    provider.userinfo({ ...programRequest(facts), method: facts.method }),
  );
  const discovery = async (): Promise<Reply> => publicDocument(provider.discovery());
  const endSession = async (pairs: Iterable<readonly [string, string]>, facts: RequestFacts): Promise<Reply> => {
    const request = await provider.endSession(pairs);
    if (!('problem' in request)) return logout.asked(request, facts);
    log.info('request refused', { requestId: facts.requestId, endpoint: 'end-session', code: request.problem });
    return parts.badRequest(facts);
  };
  const post = (path: string, handle: Route['handle'], repeatable: readonly string[] = []): Route => {
    return { method: 'POST', path, handle, program: true, repeatable };
  };
  return [
    {
      method: 'GET',
      path: OIDC_PATHS.authorize,
      direct: true,
      handle: (facts) => authorize(new URLSearchParams(facts.rawQuery), 'get', facts),
    },
    {
      method: 'POST',
      path: OIDC_PATHS.authorize,
      repeatable: [RESOURCE],
      handle: (facts) => authorize(postedPairs(facts), 'post', facts),
    },
    {
      ...post(
        OIDC_PATHS.token,
        program('token', (facts) => provider.token(programRequest(facts))),
        [RESOURCE],
      ),
      direct: true,
    },
    post(
      OIDC_PATHS.par,
      program('par', (facts) => provider.par(programRequest(facts))),
      [RESOURCE],
    ),
    post(
      OIDC_PATHS.introspect,
      program('introspect', (facts) => provider.services.introspect(programRequest(facts))),
    ),
    post(
      OIDC_PATHS.revoke,
      program('revoke', (facts) => provider.services.revoke(programRequest(facts))),
    ),
    post(OIDC_PATHS.userinfo, userinfo),
    { method: 'GET', path: OIDC_PATHS.userinfo, handle: userinfo, program: true, direct: true },
    ...POSTED.map(
      (endpoint): Route => ({
        method: 'GET',
        path: OIDC_PATHS[endpoint],
        program: true,
        handle: async () => POST_ONLY,
      }),
    ),
    ...CALLED_BY_SCRIPTS.map(
      (endpoint): Route => ({
        method: 'OPTIONS',
        path: OIDC_PATHS[endpoint],
        program: true,
        handle: async (facts) => preflight(provider, facts),
      }),
    ),
    {
      method: 'GET',
      path: OIDC_PATHS.endSession,
      handle: (facts) => endSession(new URLSearchParams(facts.rawQuery), facts),
    },
    // No cookie of ours comes with a post from another site, so it goes on as a GET (docs/architecture.md, Cookies).
    {
      method: 'POST',
      path: OIDC_PATHS.endSession,
      handle: async (facts) => endSessionByGet(facts) ?? parts.badRequest(facts),
    },
    { method: 'GET', path: '/.well-known/openid-configuration', handle: discovery, direct: true },
    { method: 'GET', path: '/.well-known/oauth-authorization-server', handle: discovery, direct: true },
    { method: 'GET', path: OIDC_PATHS.jwks, direct: true, handle: async () => publicDocument(provider.jwks()) },
  ];
}

const POSTED = ['token', 'par', 'introspect', 'revoke'] as const;
/** RFC 9110 §15.5.6: a program that asks by GET is told what is wrong, not shown a page for people. */
const POST_ONLY = json(
  { error: 'invalid_request', error_description: 'This endpoint takes POST only.' },
  { Allow: 'POST' },
  405,
);

/** RFC 8707 §2: a client may name several. */
const RESOURCE = 'resource';

function postedPairs({ form, lists }: RequestFacts): Iterable<readonly [string, string]> {
  return [...form, ...(lists.get(RESOURCE) ?? []).map((one) => [RESOURCE, one] as const)];
}

function programRequest(facts: RequestFacts): ProgramRequest {
  const { form, lists, headers, attempt, now } = facts;
  // A parameter without a value counts as left out (RFC 6749 §3.2).
  const resources = (lists.get(RESOURCE) ?? []).filter((one) => one !== '');
  return { form, resources, authorization: headers.authorization ?? null, dpop: headers.dpop ?? null, attempt, now };
}

/** With what end-session knows, and nothing else that somebody put into the form. Null: it cannot be read. */
function endSessionByGet({ form }: RequestFacts): Reply | null {
  const known = readEndSession(form);
  if (known === null) return null;
  const query = new URLSearchParams([...known].map(([name, value]): [string, string] => [name, value]));
  return { kind: 'redirect', status: 303, location: `${OIDC_PATHS.endSession}?${query}` };
}

/** Fetch standard, CORS protocol: never with credentials; the caches in between must tell origins apart. */
function withOrigin(provider: OidcProvider, reply: Reply, facts: RequestFacts): Reply {
  const { origin } = facts.headers;
  if (origin === undefined || !provider.isClientOrigin(origin)) return reply;
  const headers = {
    ...reply.headers,
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': 'DPoP-Nonce, WWW-Authenticate',
    Vary: 'Origin',
  };
  return { ...reply, headers };
}

const PREFLIGHT_SECONDS = 600;

function preflight(provider: OidcProvider, facts: RequestFacts): Reply {
  const allowed = withOrigin(provider, { kind: 'body', status: 204, contentType: 'text/plain', text: '' }, facts);
  if (allowed.headers === undefined) return allowed;
  const headers = {
    ...allowed.headers,
    'Access-Control-Allow-Methods': 'GET, POST',
    'Access-Control-Allow-Headers': 'Authorization, Content-Type, DPoP',
    'Access-Control-Max-Age': String(PREFLIGHT_SECONDS),
  };
  return { ...allowed, headers };
}

/** How long clients and proxies may keep a document, in seconds: a new key is published long before it signs. */
const DOCUMENT_MAX_AGE = 300;

/** Read by scripts of any origin too (OpenID Connect Discovery §4, RFC 8414 §3.1). */
function publicDocument(text: string): Reply {
  const headers = { 'Cache-Control': `public, max-age=${DOCUMENT_MAX_AGE}`, 'Access-Control-Allow-Origin': '*' };
  return { kind: 'body', status: 200, contentType: 'application/json', text, headers };
}
