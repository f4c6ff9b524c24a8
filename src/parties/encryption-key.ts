// Owns: which of a client's keys its ID tokens are encrypted to. Leaves to protocols/oidc: encrypting.
import type { ClientMetadata } from './client-metadata.ts';

type Jwk = NonNullable<ClientMetadata['jwks']>['keys'][number];

/**
 * The first key that fits the registered algorithm (OpenID Connect Core §10.2); undefined when none does. Of `jwks` only:
 * a token must not depend on whether the client's own server answers at the moment.
 */
export function encryptionKeyOf({ id_token_encrypted_response_alg: algorithm, jwks }: ClientMetadata): Jwk | undefined {
  if (algorithm === undefined) return undefined;
  const wanted = algorithm.startsWith('RSA') ? 'RSA' : 'EC';
  return jwks?.keys.find(
    (one) => one.kty === wanted && (one.use ?? 'enc') === 'enc' && (one.alg ?? algorithm) === algorithm,
  );
}
