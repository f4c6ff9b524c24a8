// Owns: whether a client can be served with the keys that there are. Which one it wants is its registration's; keys roll
// over, and may leave its algorithm behind. Leaves to parts.ts: telling the operator; to the endpoints: telling the client.
import type { Problem } from '../../lib/problems.ts';
import type { Client } from '../../parties/client.ts';
import type { JwsAlgorithm } from '../../parties/client-metadata.ts';
import type { SigningKeySet } from '../../signing/key-set-folder.ts';
import { canSign } from './jwt.ts';

const MEMBERS = [
  'id_token_signed_response_alg',
  'userinfo_signed_response_alg',
  'authorization_signed_response_alg',
] as const;

/** The first algorithm that the client is registered with and no current key signs; null: it can be served. */
export function missingAlgorithm(client: Client, keys: SigningKeySet): JwsAlgorithm | null {
  return missing(client, keys)[0]?.algorithm ?? null;
}

/** Clients that are turned away because of that, for the operator. */
export function unsignableClients(clients: readonly Client[], keys: SigningKeySet): readonly Problem[] {
  return clients.flatMap((client) =>
    missing(client, keys).map(({ member, algorithm }) => ({
      path: `${client.source}: ${member}`,
      found: algorithm,
      wanted: `one that a current key in oidc.signing makes: ${keys.current.map((key) => key.algorithm).join(', ')}`,
    })),
  );
}

function missing({ metadata }: Client, keys: SigningKeySet) {
  return MEMBERS.flatMap((member) => {
    const algorithm = metadata[member];
    return algorithm === undefined || canSign(keys, algorithm) ? [] : [{ member, algorithm }];
  });
}
