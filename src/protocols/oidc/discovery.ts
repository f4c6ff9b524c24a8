// Owns: what this provider says of itself: discovery (OpenID Connect Discovery 1.0, RFC 8414) and its keys (RFC 7517).
import { LANGUAGES } from '../../core/language.ts';
import type { JwsAlgorithm } from '../../parties/client-metadata.ts';
import {
  JWE_CONTENT_ALGORITHMS,
  JWE_KEY_ALGORITHMS,
  JWS_ALGORITHMS,
  RESPONSE_TYPES,
} from '../../parties/client-metadata.ts';
import type { SigningKeySet } from '../../signing/key-set-folder.ts';
import { ACR_VALUES } from './acr.ts';
import { PROMPTS } from './authorization-parameters.ts';
import { canSign } from './jwt.ts';
import { RESPONSE_MODES } from './pending-answer.ts';
import { SCOPE_CLAIMS, SCOPES } from './scopes.ts';

/** Paths under the issuer. */
export const OIDC_PATHS = {
  authorize: '/oidc/authorize',
  par: '/oidc/par',
  token: '/oidc/token',
  userinfo: '/oidc/userinfo',
  introspect: '/oidc/introspect',
  revoke: '/oidc/revoke',
  endSession: '/oidc/end-session',
  jwks: '/oidc/jwks',
} as const;

const SIGNED_BY_CLIENTS: readonly JwsAlgorithm[] = JWS_ALGORITHMS;

/** The document at `/.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`. */
export function discoveryDocument(issuer: string, keys: SigningKeySet): Readonly<Record<string, unknown>> {
  const at = (path: string): string => `${issuer}${path}`;
  const signs = JWS_ALGORITHMS.filter((algorithm) => canSign(keys, algorithm));
  return {
    issuer,
    authorization_endpoint: at(OIDC_PATHS.authorize),
    token_endpoint: at(OIDC_PATHS.token),
    userinfo_endpoint: at(OIDC_PATHS.userinfo),
    jwks_uri: at(OIDC_PATHS.jwks),
    introspection_endpoint: at(OIDC_PATHS.introspect),
    revocation_endpoint: at(OIDC_PATHS.revoke),
    end_session_endpoint: at(OIDC_PATHS.endSession),
    pushed_authorization_request_endpoint: at(OIDC_PATHS.par),
    require_pushed_authorization_requests: false,
    scopes_supported: SCOPES,
    response_types_supported: RESPONSE_TYPES,
    response_modes_supported: [...RESPONSE_MODES, 'jwt'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'implicit'],
    subject_types_supported: ['pairwise', 'public'],
    id_token_signing_alg_values_supported: signs,
    id_token_encryption_alg_values_supported: JWE_KEY_ALGORITHMS,
    id_token_encryption_enc_values_supported: JWE_CONTENT_ALGORITHMS,
    userinfo_signing_alg_values_supported: signs,
    authorization_signing_alg_values_supported: signs,
    request_object_signing_alg_values_supported: SIGNED_BY_CLIENTS,
    request_parameter_supported: true,
    request_uri_parameter_supported: false,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    token_endpoint_auth_signing_alg_values_supported: SIGNED_BY_CLIENTS,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    introspection_endpoint_auth_signing_alg_values_supported: SIGNED_BY_CLIENTS,
    revocation_endpoint_auth_methods_supported: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'none',
    ],
    revocation_endpoint_auth_signing_alg_values_supported: SIGNED_BY_CLIENTS,
    code_challenge_methods_supported: ['S256'],
    dpop_signing_alg_values_supported: SIGNED_BY_CLIENTS,
    acr_values_supported: ACR_VALUES.map(({ value }) => value),
    claim_types_supported: ['normal'],
    claims_parameter_supported: true,
    claims_supported: [
      'sub',
      'iss',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'nonce',
      'acr',
      'amr',
      'sid',
      ...Object.values(SCOPE_CLAIMS).flat(),
    ],
    ui_locales_supported: LANGUAGES,
    prompt_values_supported: PROMPTS,
    authorization_response_iss_parameter_supported: true,
  };
}

/** Every published key: the next ones too, so that clients know them before they sign. */
export function jwksDocument({ keys }: SigningKeySet): { readonly keys: readonly object[] } {
  return {
    keys: keys.map(({ publicKey, kid, algorithm }) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid,
      alg: algorithm,
      use: 'sig',
    })),
  };
}
