// Owns: the client metadata that is understood, by the names of RFC 7591 and its companions. Leaves to client.ts: what
// members may not say together. A member that Signet does not serve is refused, never passed over in silence.
import { z } from 'zod';
import { consentSetting, termsVersionSetting } from './consent-setting.ts';
import { assuranceSetting, attributesSetting, languageSetting } from './release-setting.ts';

export const JWS_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
export type JwsAlgorithm = (typeof JWS_ALGORITHMS)[number];
export const JWE_KEY_ALGORITHMS = ['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A256KW'] as const;
export const JWE_CONTENT_ALGORITHMS = ['A256GCM', 'A128GCM'] as const;
export const RESPONSE_TYPES = ['code', 'code id_token', 'id_token'] as const;
export type ResponseType = (typeof RESPONSE_TYPES)[number];
export const GRANT_TYPES = ['authorization_code', 'implicit', 'refresh_token'] as const;
export const CLIENT_AUTHENTICATION = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const;

/** A client_id in ASCII without spaces; with `oidc:` before it, it fits the sealed login (256 bytes). */
const CLIENT_ID = /^[!-~]{1,251}$/;
const uri = z.string().min(1).max(512);
const text = z.string().min(1).max(256);
const jws = z.enum(JWS_ALGORITHMS);
const informative = z.unknown().optional();

const member = z.string().exactOptional();
/** RFC 7517 §4, RFC 7518 §6: the members that are read of a public key. A private one is found by client.ts. */
const jwk = z.looseObject({
  kty: z.string(),
  kid: member,
  use: member,
  alg: member,
  key_ops: z.array(z.string()).exactOptional(),
  crv: member,
  x: member,
  y: member,
  n: member,
  e: member,
});

/** Signet's own settings, which no standard names. */
const ownSettings = z.strictObject({
  assurance: assuranceSetting.prefault({}),
  /** Of the pages on the way to this client, where the browser asks for no language that there is. */
  language: languageSetting.optional(),
  /** Released beside what scopes and the claims parameter ask for; without the list: what they ask for. */
  attributes: attributesSetting.optional(),
  /** FAPI 2.0 Security Profile: PAR, PKCE, DPoP and private_key_jwt are required, whatever else the document says. */
  fapi: z.boolean().default(false),
  /** For confidential clients of before PKCE. */
  pkce: z.enum(['required', 'optional']).default('required'),
  /** Whether people are asked before it is told about them; `prompt=consent` asks in any case. */
  consent: consentSetting,
  /** Of tos_uri and policy_uri. */
  termsVersion: termsVersionSetting.optional(),
  /** RFC 8707: what access tokens of this client may be for. */
  resources: z.array(uri).max(20).default([]),
  /** Resources whose access tokens this client may introspect (RFC 7662): it is their resource server. */
  introspects: z.array(uri).max(20).default([]),
  /** In seconds, at most the session's. */
  refreshTokenLifetime: z.int().min(60).max(7_776_000).optional(),
  /** Shown at `/`, where it is opened by its initiate_login_uri, or else its client_uri. */
  portal: z.boolean().default(false),
});

export const clientMetadataSchema = z.strictObject({
  client_id: z.string().regex(CLIENT_ID, '1 to 251 visible ASCII characters'),
  /** Written by `signet parties add-client`; the secret itself is never kept. */
  client_secret_hash: z.string().optional(),
  client_name: z.string().min(1).max(100).optional(),
  application_type: z.enum(['web', 'native']).default('web'),
  redirect_uris: z.array(uri).max(50).default([]),
  post_logout_redirect_uris: z.array(uri).max(50).default([]),
  response_types: z.array(z.enum(RESPONSE_TYPES)).min(1).default(['code']),
  grant_types: z.array(z.enum(GRANT_TYPES)).default(['authorization_code']),
  token_endpoint_auth_method: z.enum(CLIENT_AUTHENTICATION).default('client_secret_basic'),
  token_endpoint_auth_signing_alg: jws.optional(),
  scope: z.string().max(500).optional(),
  jwks: z.looseObject({ keys: z.array(jwk).min(1).max(20) }).optional(),
  jwks_uri: uri.optional(),
  subject_type: z.enum(['public', 'pairwise']).default('pairwise'),
  sector_identifier_uri: uri.optional(),
  id_token_signed_response_alg: jws.default('RS256'),
  id_token_encrypted_response_alg: z.enum(JWE_KEY_ALGORITHMS).optional(),
  id_token_encrypted_response_enc: z.enum(JWE_CONTENT_ALGORITHMS).optional(),
  userinfo_signed_response_alg: jws.optional(),
  authorization_signed_response_alg: jws.optional(),
  request_object_signing_alg: jws.optional(),
  require_signed_request_object: z.boolean().default(false),
  require_pushed_authorization_requests: z.boolean().default(false),
  dpop_bound_access_tokens: z.boolean().default(false),
  default_max_age: z.int().min(0).max(31_536_000).optional(),
  require_auth_time: z.boolean().default(false),
  default_acr_values: z.array(text).max(10).default([]),
  initiate_login_uri: uri.optional(),
  client_uri: uri.optional(),
  logo_uri: informative,
  policy_uri: informative,
  tos_uri: informative,
  contacts: informative,
  software_id: informative,
  software_version: informative,
  client_id_issued_at: informative,
  client_secret_expires_at: z.literal(0).optional(),
  signet: ownSettings.prefault({}),
});

export type ClientMetadata = Readonly<z.output<typeof clientMetadataSchema>>;
