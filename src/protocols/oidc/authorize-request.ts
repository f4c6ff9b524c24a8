// Owns: which registered address an authorization request names, and of one that has passed its checks: what core is asked, and
// what is remembered for the answer. Leaves to authorize-endpoint.ts: receiving and refusing; to pending-answer.ts: its spelling.
import type { AuthenticationRequest, SubjectHint } from '../../core/authentication-request.ts';
import { languageOfTags } from '../../core/language.ts';
import { TYPED_NAME_MAX_BYTES } from '../../core/login-context.ts';
import { decodeBase64url } from '../../lib/base64url.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import type { Client } from '../../parties/client.ts';
import { matchesLoopback } from '../../parties/client-uris.ts';
import { knownAcrs } from './acr.ts';
import { type AuthorizationParameters, words } from './authorization-parameters.ts';
import { type AuthorizeFacts, modeForErrors } from './authorize-checks.ts';
import { NO_CLAIMS } from './claims-parameter.ts';
import { encodePending, type PendingOidc, shortHash, subjectDigest } from './pending-answer.ts';
import { isScope, type Scope } from './scopes.ts';

/** The address that was asked for, and the registered one that it is. */
export interface RegisteredAddress {
  readonly asked: string;
  readonly registered: string;
}

/** Compared as text; only a native app's loopback address may have another port (RFC 9700 §2.1). Null: not registered. */
export function registeredAddress(
  { metadata }: Client,
  parameters: Pick<AuthorizationParameters, 'get'>,
): RegisteredAddress | null {
  const asked = parameters.get('redirect_uri');
  if (asked === null) return null;
  const registered = metadata.redirect_uris.find(
    (one) => one === asked || (metadata.application_type === 'native' && matchesLoopback(asked, one)),
  );
  return registered === undefined ? null : { asked, registered };
}

/** Only for a request that has passed its checks. `subject`: whom the client wants it to be about; null: anybody. */
export function requestOf(
  facts: AuthorizeFacts,
  redirectUri: RegisteredAddress,
  subject: string | null,
  receivedAt: EpochSeconds,
): AuthenticationRequest {
  const { client, parameters } = facts;
  const pending = pendingOf(facts, redirectUri, subject);
  const prompts = words(parameters.get('prompt'));
  const text = parameters.get('max_age');
  const maxAge = text === null ? (client.metadata.default_max_age ?? null) : Number(text);
  return {
    relyingParty: client.relyingParty.key,
    assurance: {
      accepted: [...new Set(pending.acr.map(({ level }) => level))],
      binding: pending.acrEssential ? 'required' : 'preferred',
    },
    // A choice of account never finishes by itself: the person is asked, and may name somebody else. max_age=0 is prompt=login
    // (OpenID Connect Core §3.1.2.1), also within the second in which the person has signed in.
    forceAuthn: prompts.includes('login') || prompts.includes('select_account') || maxAge === 0,
    maxAge,
    passive: prompts.includes('none'),
    // Asked of clients whose people are not asked otherwise as well: it is the client that wants to hear it.
    askConsent: prompts.includes('consent'),
    subject: subject === null ? suggestion(parameters.get('login_hint')) : { kind: 'required' },
    language: languageOfTags(parameters.get('ui_locales')),
    receivedAt,
    answerTo: encodePending(pending),
  };
}

function pendingOf(
  facts: AuthorizeFacts,
  { asked, registered }: RegisteredAddress,
  subject: string | null,
): PendingOidc {
  const { client, parameters, responseType, claims } = facts;
  const { metadata } = client;
  const bytes = (name: 'code_challenge' | 'dpop_jkt'): Uint8Array | null =>
    decodeBase64url(parameters.get(name) ?? '!');
  const acr = claims?.acr ?? { values: [], essential: false };
  const wished = [
    ...acr.values,
    ...words(parameters.get('acr_values')),
    ...(acr.values.length > 0 ? [] : defaultAcrs(facts)),
  ];
  const known = knownAcrs(acr.essential ? acr.values : wished);
  return {
    partyHash: client.hash,
    redirectHash: shortHash(registered),
    loopbackPort: asked === registered ? null : portOf(asked),
    responseType: responseType ?? 'code',
    responseMode: modeForErrors(facts),
    state: parameters.get('state'),
    nonce: parameters.get('nonce'),
    codeChallenge: bytes('code_challenge'),
    dpopKey: bytes('dpop_jkt'),
    scopes: grantedScopes(client, words(parameters.get('scope'))),
    resources: parameters.resources.map(shortHash),
    claims: { idToken: claims?.idToken ?? NO_CLAIMS.idToken, userinfo: claims?.userinfo ?? NO_CLAIMS.userinfo },
    acr: known,
    acrEssential: acr.essential && known.length > 0,
    subject: subject === null ? null : subjectDigest(subject),
    authTime:
      metadata.require_auth_time || parameters.get('max_age') !== null || metadata.default_max_age !== undefined,
  };
}

function defaultAcrs({ client, parameters }: AuthorizeFacts): readonly string[] {
  return parameters.get('acr_values') === null ? client.metadata.default_acr_values : [];
}

/** Scopes that nobody knows here are passed over (OpenID Connect Core §3.1.2.1). */
function grantedScopes({ metadata }: Client, asked: readonly string[]): readonly Scope[] {
  const refreshes = metadata.grant_types.includes('refresh_token');
  return asked.filter(isScope).filter((scope) => scope !== 'offline_access' || refreshes);
}

/** A hint too long to be kept is not worth refusing a sign-in for: it only fills in a field. */
function suggestion(loginHint: string | null): SubjectHint {
  if (loginHint === null || Buffer.byteLength(loginHint, 'utf8') > TYPED_NAME_MAX_BYTES) return { kind: 'none' };
  return { kind: 'suggested', loginName: loginHint };
}

function portOf(uri: string): number {
  const { port } = new URL(uri);
  return port === '' ? 80 : Number(port);
}
