// Owns: one registered OpenID Connect client: its document, and what its members may not say together.
// Leaves to party-registry.ts: finding it; to protocols/oidc: serving it.
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { addSchemaProblems } from '../config/schema-problems.ts';
import { relyingPartyHash } from '../core/relying-party.ts';
import { type Problem, Problems } from '../lib/problems.ts';
import { type ClientMetadata, clientMetadataSchema } from './client-metadata.ts';
import { isClientSecretHash } from './client-secret.ts';
import { httpsProblem, redirectUriProblem, sectorHost } from './client-uris.ts';
import { consentOf } from './consent-setting.ts';
import { encryptionKeyOf } from './encryption-key.ts';
import type { RegisteredParty } from './registered-party.ts';
import { floorOf, releaseOf } from './release-setting.ts';

export interface Client extends RegisteredParty {
  readonly metadata: ClientMetadata;
}

/** It has nothing to prove who it is with. */
export function isPublic({ metadata }: Pick<Client, 'metadata'>): boolean {
  return metadata.token_endpoint_auth_method === 'none';
}

/** A client from its document's value, or everything that is wrong with it. No problem shows a secret. */
export function readClient(value: unknown, source: string): Client | readonly Problem[] {
  const problems = new Problems();
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, 'client_secret')) {
    problems.add(`${source}: client_secret`, 'a secret in the open', 'client_secret_hash: `signet parties add-client`');
    return problems.list();
  }
  const parsed = clientMetadataSchema.safeParse(value ?? {});
  if (!parsed.success) {
    const name = (path: readonly PropertyKey[]): string => pathIn(source, path);
    addSchemaProblems(problems, clientMetadataSchema, value, parsed.error.issues, name);
    return problems.list();
  }
  const metadata = parsed.data;
  for (const rule of RULES)
    rule(metadata, (member, found, wanted) => problems.add(`${source}: ${member}`, found, wanted));
  return problems.any() ? problems.list() : createClient(metadata, source);
}

function createClient(metadata: ClientMetadata, source: string): Client {
  const key = `oidc:${metadata.client_id}` as const;
  const { assurance, attributes = [], consent, termsVersion } = metadata.signet;
  const [tosUri, policyUri] = [metadata.tos_uri, metadata.policy_uri].map(shownLink);
  const displayName = metadata.client_name ?? metadata.client_id;
  return {
    relyingParty: {
      key,
      displayName,
      language: metadata.signet.language ?? null,
      floor: floorOf(assurance),
      release: releaseOf(attributes),
      consent: consentOf({ consent, termsVersion, tosUri, policyUri }),
    },
    hash: relyingPartyHash(key),
    metadata,
    source,
  };
}

/** Informative members may hold anything; only what people can safely follow is shown to them. */
function shownLink(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= 512 && httpsProblem(value) === null ? value : undefined;
}

type Report = (member: string, found: string, wanted: string) => void;
type Rule = (metadata: ClientMetadata, report: Report) => void;

const returnAddresses: Rule = ({ redirect_uris, post_logout_redirect_uris, application_type }, report) => {
  if (redirect_uris.length === 0) report('redirect_uris', 'none', 'where people are sent back to');
  for (const [member, uris] of Object.entries({ redirect_uris, post_logout_redirect_uris })) {
    for (const [index, uri] of uris.entries()) {
      const wanted = redirectUriProblem(uri, application_type);
      if (wanted !== null) report(`${member}[${index}]`, `'${uri}'`, wanted);
    }
    if (new Set(uris).size !== uris.length) report(member, 'an address twice', 'each once');
  }
};

const fetchedAddresses: Rule = (metadata, report) => {
  for (const member of ['jwks_uri', 'sector_identifier_uri', 'initiate_login_uri'] as const) {
    const uri = metadata[member];
    const wanted = uri === undefined ? null : httpsProblem(uri);
    if (wanted !== null) report(member, `'${uri}'`, wanted);
  }
};

const authentication: Rule = (metadata, report) => {
  const { token_endpoint_auth_method: method, client_secret_hash: hash, jwks, jwks_uri: jwksUri } = metadata;
  if (method.startsWith('client_secret_') && (hash === undefined || !isClientSecretHash(hash))) {
    report(
      'client_secret_hash',
      hash === undefined ? 'nothing' : 'something else',
      'what `signet parties add-client` writes',
    );
  }
  if (jwks !== undefined && jwksUri !== undefined) report('jwks_uri', 'jwks as well', 'one of the two (RFC 7591 §2)');
  const hasKeys = jwks !== undefined || jwksUri !== undefined;
  if (method === 'private_key_jwt' && !hasKeys) report('jwks', 'nothing', 'the keys of private_key_jwt');
  if (metadata.require_signed_request_object && !hasKeys) report('jwks', 'nothing', 'the keys of request objects');
};

const publicKeys: Rule = (metadata, report) => {
  const { jwks, id_token_encrypted_response_alg: encryption } = metadata;
  for (const [index, key] of (jwks?.keys ?? []).entries()) {
    const problem = publicKeyProblem(key);
    if (problem !== null) report(`jwks.keys[${index}]`, problem, 'a public key, RSA ones of 2048 bits or more');
  }
  if (encryption !== undefined && encryptionKeyOf(metadata) === undefined) {
    report(
      'jwks',
      jwks === undefined ? 'nothing' : 'no key for it',
      `the key that ID tokens are encrypted to (${encryption})`,
    );
  }
};

function publicKeyProblem(key: JsonWebKey): string | null {
  if (key.kty === 'oct' || ['d', 'k', 'p', 'q'].some((member) => Object.hasOwn(key, member)))
    return 'a private or secret key';
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key, format: 'jwk' });
    return (asymmetricKeyDetails?.modulusLength ?? 2048) < 2048 ? 'a short key' : null;
  } catch {
    return 'something that is no key';
  }
}

const grants: Rule = (metadata, report) => {
  const { response_types: types, grant_types: granted, token_endpoint_auth_method: method, signet } = metadata;
  if (types.some((type) => type.includes('code')) && !granted.includes('authorization_code')) {
    report('grant_types', granted.join(' ') || 'none', 'authorization_code, because response_types has code');
  }
  if (types.some((type) => type.includes('id_token')) && !granted.includes('implicit')) {
    report('grant_types', granted.join(' ') || 'none', 'implicit too, because response_types has id_token');
  }
  if (method === 'none' && signet.pkce === 'optional') {
    report('signet.pkce', 'optional', 'required: a public client has nothing else');
  }
  if (
    metadata.id_token_encrypted_response_enc !== undefined &&
    metadata.id_token_encrypted_response_alg === undefined
  ) {
    report('id_token_encrypted_response_alg', 'nothing', 'an algorithm, because …_enc is there');
  }
};

/** FAPI 2.0 Security Profile §5.3.2. What the switch turns on by itself need not be written; what contradicts it may not. */
const fapi: Rule = (metadata, report) => {
  if (!metadata.signet.fapi) return;
  if (metadata.token_endpoint_auth_method !== 'private_key_jwt') {
    report('token_endpoint_auth_method', metadata.token_endpoint_auth_method, 'private_key_jwt, because signet.fapi');
  }
  if (metadata.response_types.some((type) => type !== 'code')) {
    report('response_types', metadata.response_types.join(', '), 'code alone, because signet.fapi');
  }
  if (metadata.id_token_signed_response_alg === 'RS256') {
    report('id_token_signed_response_alg', 'RS256', 'PS256, ES256 or EdDSA, because signet.fapi');
  }
};

/** OpenID Connect Core §8.1: without it, addresses of two hosts would have two names for a person. */
const sector: Rule = (metadata, report) => {
  if (metadata.subject_type !== 'pairwise' || metadata.sector_identifier_uri !== undefined) return;
  const hosts = new Set(metadata.redirect_uris.map(sectorHost));
  if (hosts.size > 1) {
    report('sector_identifier_uri', `redirect_uris of ${hosts.size} hosts`, 'one, or subject_type public');
  }
};

/** A tile that opens nothing, or something that is no page of the web, would be seen by people only. */
const portal: Rule = ({ signet, initiate_login_uri: initiate, client_uri: home }, report) => {
  if (!signet.portal || initiate !== undefined) return;
  if (home === undefined) report('signet.portal', 'true', 'initiate_login_uri or client_uri: what the tile opens');
  else if (httpsProblem(home) !== null) report('client_uri', `'${home}'`, `${httpsProblem(home)}: the tile opens it`);
};

const RULES: readonly Rule[] = [
  portal,
  returnAddresses,
  fetchedAddresses,
  authentication,
  publicKeys,
  grants,
  fapi,
  sector,
];

function pathIn(source: string, parts: readonly PropertyKey[]): string {
  const dotted = parts.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return dotted === '' ? source : `${source}: ${dotted.replace(/^\./, '')}`;
}
