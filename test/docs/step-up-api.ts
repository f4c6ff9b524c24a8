// An API, whole, as docs/openid.md speaks of it: it takes access tokens of Signet (RFC 9068), and asks for a stronger or a
// fresher proof where it wants one (RFC 9470). Nothing of Signet's own code is used; jose and node:http are all it needs.
import type { IncomingMessage, RequestListener } from 'node:http';
import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';

export interface ApiOptions {
  readonly issuer: string;
  /** This API's name: what clients ask for as `resource`, and have registered. */
  readonly audience: string;
  /** `createRemoteJWKSet(new URL(`${issuer}/oidc/jwks`))` of jose. */
  readonly keys: JWTVerifyGetKey;
  /** In seconds; `() => Date.now() / 1000`. */
  readonly clock: () => number;
}

interface Demand {
  /** How old the newest proof may be, in seconds. */
  readonly maxAge?: number;
  /** One of these must have been reached. */
  readonly acr?: readonly string[];
}

const DEMANDS: ReadonlyMap<string, Demand> = new Map([
  ['/notes', {}],
  ['/salaries', { maxAge: 60 }],
  ['/vault', { acr: ['https://refeds.org/profile/mfa', 'phr', 'phrh'] }],
]);

export function createApi(options: ApiOptions): RequestListener {
  return async (request, response) => {
    const demand = DEMANDS.get(request.url ?? '');
    if (demand === undefined) return void response.writeHead(404).end();
    const claims = await claimsOf(request, options);
    if (claims === null)
      return void response.writeHead(401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' }).end();
    const challenge = unmet(claims, demand, options.clock());
    if (challenge !== null) return void response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
    response.writeHead(200, { 'Content-Type': 'text/plain' }).end(`hello ${claims.sub}`);
  };
}

/** RFC 9068 §4: an access token, of this issuer, for this API, not over. */
async function claimsOf(
  request: IncomingMessage,
  { issuer, audience, keys, clock }: ApiOptions,
): Promise<JWTPayload | null> {
  const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  try {
    const currentDate = new Date(clock() * 1000);
    const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];
    const { payload } = await jwtVerify(token ?? '', keys, {
      issuer,
      audience,
      typ: 'at+jwt',
      algorithms,
      currentDate,
    });
    // A token that is bound to a key needs its proof (RFC 9449); this API takes bearer tokens alone.
    return payload.cnf === undefined ? payload : null;
  } catch {
    return null;
  }
}

/** RFC 9470 §3: what is wanted, in the words that the client passes on to the authorization endpoint. */
function unmet({ auth_time: at, acr }: JWTPayload, { maxAge, acr: wanted }: Demand, now: number): string | null {
  const challenge = 'Bearer error="insufficient_user_authentication"';
  if (maxAge !== undefined && !(typeof at === 'number' && now - at <= maxAge))
    return `${challenge}, max_age="${maxAge}"`;
  if (wanted !== undefined && !wanted.includes(String(acr))) return `${challenge}, acr_values="${wanted.join(' ')}"`;
  return null;
}
