// Owns: request objects by value (RFC 9101): who signed one, for whom, and the parameters in it.
import { errors, jwtVerify } from 'jose';
import type { EpochSeconds } from '../../lib/clock.ts';
import type { Client } from '../../parties/client.ts';
import { JWS_ALGORITHMS } from '../../parties/client-metadata.ts';
import { type AuthorizationParameters, readParameters } from './authorization-parameters.ts';
import type { ClientKeys } from './client-keys.ts';
import type { AuthorizationProblem } from './oidc-errors.ts';

/** RFC 9101 §10.8: client assertions and request objects must not pass for each other. Older ones have no typ, or JWT. */
const TYPES = new Set([undefined, 'JWT', 'jwt', 'oauth-authz-req+jwt', 'application/oauth-authz-req+jwt']);
/** FAPI 2.0 Message Signing §5.3.1: neither long-lived nor old. */
const LIFETIME_MAX_SECONDS = 3600;
/** Claims of the JWT itself. */
const REGISTERED = new Set(['iss', 'aud', 'exp', 'nbf', 'iat', 'jti', 'sub']);

/**
 * The parameters in the object; what stands beside it in the request does not count (RFC 9101 §6.3).
 * `clientId` is that of the request: the object must have the same.
 */
export async function readRequestObject(
  object: string,
  client: Client,
  options: { readonly issuer: string; readonly keys: ClientKeys; readonly now: EpochSeconds; readonly skew: number },
): Promise<AuthorizationParameters | AuthorizationProblem> {
  const keys = options.keys.of(client);
  if (keys === null) return invalid('the client has no keys');
  const { client_id: clientId, request_object_signing_alg: only } = client.metadata;
  try {
    const { payload, protectedHeader } = await jwtVerify(object, keys, {
      algorithms: only === undefined ? [...JWS_ALGORITHMS] : [only],
      issuer: clientId,
      audience: options.issuer,
      requiredClaims: ['exp'],
      clockTolerance: options.skew,
      currentDate: new Date(options.now * 1000),
    });
    if (!TYPES.has(protectedHeader.typ)) return invalid(`typ ${String(protectedHeader.typ).slice(0, 40)}`);
    if ((payload.exp ?? 0) - options.now > LIFETIME_MAX_SECONDS + options.skew) return invalid('it lives too long');
    if (payload.client_id !== clientId) return invalid('client_id differs');
    // §6.3: an object within an object could say something else again. `sub` would make it a client assertion.
    if ('request' in payload || 'request_uri' in payload || 'sub' in payload)
      return invalid('a member that it must not have');
    return readParameters(Object.entries(payload).flatMap(asParameter));
  } catch (error) {
    return invalid(error instanceof errors.JOSEError ? error.code : 'a failure to verify');
  }
}

function asParameter([name, value]: readonly [string, unknown]): readonly (readonly [string, string])[] {
  if (REGISTERED.has(name)) return [];
  if (name === 'resource' && Array.isArray(value)) return value.map((one) => [name, String(one)] as const);
  if (typeof value === 'string') return [[name, value]];
  if (typeof value === 'number' || typeof value === 'boolean') return [[name, String(value)]];
  return [[name, JSON.stringify(value)]];
}

function invalid(detail: string): AuthorizationProblem {
  return { code: 'request-object-invalid', detail };
}
