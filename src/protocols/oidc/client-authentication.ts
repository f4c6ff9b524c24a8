// Owns: who calls an endpoint for programs: a client by secret, by signed assertion, or a public one by name.
// Leaves to callers: what it may do.
import { errors, jwtVerify } from 'jose';
import { isUnavailable } from '../../core/account.ts';
import type { SpentStore } from '../../core/revocation.ts';
import { decodeBase64 } from '../../lib/base64url.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import type { Client } from '../../parties/client.ts';
import { JWS_ALGORITHMS } from '../../parties/client-metadata.ts';
import { CLIENT_SECRET_MIN_CHARACTERS, matchesClientSecret } from '../../parties/client-secret.ts';
import type { PartyRegistry } from '../../parties/party-registry.ts';
import type { ClientKeys } from './client-keys.ts';
import { type TokenProblem, tokenProblem } from './token-errors.ts';

/** What a program's request says, as far as these endpoints look at it. */
export interface ProgramRequest {
  readonly form: ReadonlyMap<string, string>;
  /** The values of `resource`, which alone may be repeated (RFC 8707 §2). */
  readonly resources: readonly string[];
  readonly authorization: string | null;
  /** DPoP header. */
  readonly dpop: string | null;
  /** The trusted proxy's request id: a repeat of one request is the same attempt. */
  readonly attempt: string | null;
  readonly now: EpochSeconds;
}

export interface ClientAuthentication {
  readonly authenticate: (request: ProgramRequest) => Promise<Client | TokenProblem>;
}

export interface ClientAuthenticationDeps {
  readonly issuer: string;
  readonly registry: Pick<PartyRegistry, 'findClient'>;
  readonly keys: ClientKeys;
  readonly spent: Pick<SpentStore, 'spend'>;
  /** How far clocks may be apart, in seconds. */
  readonly skew: number;
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** RFC 7523bis: an own typ, or an older client without one. A request object or a DPoP proof is never an assertion. */
const ASSERTION_TYPES = new Set([undefined, 'JWT', 'jwt', 'client-authentication+jwt']);
/** An assertion may live this long, in seconds: so long its jti is remembered. */
const ASSERTION_LIFETIME_MAX = 600;
/** Of a name that may be a secret. */
const NAMED_CHARACTERS = 8;

type Shown =
  | {
      readonly method: 'client_secret_basic' | 'client_secret_post';
      readonly clientId: string;
      readonly secret: string;
    }
  | { readonly method: 'private_key_jwt'; readonly clientId: string; readonly assertion: string }
  | { readonly method: 'none'; readonly clientId: string };

export function isBasic(authorization: string | null): boolean {
  return authorization !== null && /^basic /i.test(authorization);
}

export function createClientAuthentication(deps: ClientAuthenticationDeps): ClientAuthentication {
  return {
    authenticate: async (request) => {
      const shown = readShown(request);
      if ('error' in shown) return shown;
      const client = deps.registry.findClient(shown.clientId);
      // One answer for everything that is wrong: which clients there are is nobody's business.
      if (client === undefined) return refused(`unknown client ${namable(shown.clientId)}`);
      const { token_endpoint_auth_method: registered, client_secret_hash: hash } = client.metadata;
      if (shown.method !== registered) return refused(`${shown.method} instead of ${registered}`);
      if (shown.method === 'none') return client;
      if (shown.method === 'private_key_jwt') return verifyAssertion(deps, client, shown.assertion, request);
      return matchesClientSecret(shown.secret, hash ?? '') ? client : refused('wrong secret');
    },
  };
}

/** For the log. Whoever mixes up the two fields has sent the secret as the name, and no secret is as short as is written whole. */
function namable(clientId: string): string {
  return clientId.length < CLIENT_SECRET_MIN_CHARACTERS ? clientId : `${clientId.slice(0, NAMED_CHARACTERS)}…`;
}

/** RFC 6749 §2.3: one method in one request. */
function readShown({ form, authorization }: ProgramRequest): Shown | TokenProblem {
  const clientId = form.get('client_id') ?? null;
  const secret = form.get('client_secret') ?? null;
  const assertion = form.get('client_assertion') ?? null;
  const basic = isBasic(authorization);
  if ([basic, secret !== null, assertion !== null].filter(Boolean).length > 1) {
    return tokenProblem('invalid_request', 'More than one client authentication method was used.');
  }
  if (basic) {
    const read = readBasic(authorization ?? '');
    if (read === null) return refused('unreadable Basic credentials');
    return clientId === null || clientId === read.clientId ? read : refused('two client_ids');
  }
  if (assertion !== null) {
    if (form.get('client_assertion_type') !== ASSERTION_TYPE) {
      return tokenProblem('invalid_request', 'client_assertion_type is not the one for JWTs.');
    }
    const subject = clientId ?? claimedSubject(assertion);
    return subject === null
      ? refused('an unreadable assertion')
      : { method: 'private_key_jwt', clientId: subject, assertion };
  }
  if (clientId === null) return refused('no client');
  return secret === null ? { method: 'none', clientId } : { method: 'client_secret_post', clientId, secret };
}

/** RFC 6749 §2.3.1: id and secret are form-encoded before they are joined. */
function readBasic(authorization: string): Shown | null {
  const text = decodeBase64(authorization.slice('basic '.length).trim())?.toString('utf8') ?? '';
  const colon = text.indexOf(':');
  if (colon < 1) return null;
  try {
    const [clientId, secret] = [text.slice(0, colon), text.slice(colon + 1)].map((part) =>
      decodeURIComponent(part.replaceAll('+', ' ')),
    );
    return { method: 'client_secret_basic', clientId: clientId ?? '', secret: secret ?? '' };
  } catch {
    return null;
  }
}

/** Only to know whose keys to verify with; nothing is believed before. */
function claimedSubject(assertion: string): string | null {
  try {
    const payload: unknown = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const sub = typeof payload === 'object' && payload !== null && 'sub' in payload ? payload.sub : null;
    return typeof sub === 'string' && sub !== '' ? sub : null;
  } catch {
    return null;
  }
}

/** RFC 7523 §3 with FAPI's narrowing: aud is the issuer, as one string, so that an assertion for another server is none here. */
async function verifyAssertion(
  { issuer, keys, spent, skew }: ClientAuthenticationDeps,
  client: Client,
  assertion: string,
  { attempt, now }: ProgramRequest,
): Promise<Client | TokenProblem> {
  const jwks = keys.of(client);
  if (jwks === null) return refused('the client has no keys');
  const { client_id: clientId, token_endpoint_auth_signing_alg: only } = client.metadata;
  try {
    const { payload, protectedHeader } = await jwtVerify(assertion, jwks, {
      algorithms: only === undefined ? [...JWS_ALGORITHMS] : [only],
      issuer: clientId,
      subject: clientId,
      requiredClaims: ['exp', 'jti'],
      clockTolerance: skew,
      currentDate: new Date(now * 1000),
    });
    if (payload.aud !== issuer) return refused('aud is not the issuer');
    if (!ASSERTION_TYPES.has(protectedHeader.typ)) return refused(`typ ${String(protectedHeader.typ).slice(0, 40)}`);
    const { exp = 0, jti } = payload;
    if (typeof jti !== 'string' || jti.length > 256) return refused('a jti that is none');
    if (exp - now > ASSERTION_LIFETIME_MAX + skew) return refused('it lives too long');
    const used = await spent.spend('oidc-jti', `assertion\0${clientId}\0${jti}`, exp + skew + 1, attempt, now);
    if (typeof used !== 'string' && isUnavailable(used)) return unavailable('spent store');
    if (used === 'full') return unavailable('spent table full');
    return used === 'spent' ? refused('a jti that was used before') : client;
  } catch (error) {
    return refused(error instanceof errors.JOSEError ? error.code : 'a failure to verify');
  }
}

function refused(detail: string): TokenProblem {
  return tokenProblem(
    'invalid_client',
    'Client authentication failed. It must be done as token_endpoint_auth_method is registered.',
    detail,
  );
}

export function unavailable(detail: string): TokenProblem {
  return tokenProblem('temporarily_unavailable', 'Please try again in a few seconds.', detail);
}
