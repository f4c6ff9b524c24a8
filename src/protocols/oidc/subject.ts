// Owns: under which `sub` a client knows a person (OpenID Connect Core §8).
import type { Account, AccountId } from '../../core/account.ts';
import type { Client } from '../../parties/client.ts';
import { sectorHost } from '../../parties/client-uris.ts';
import type { StableSecret } from '../../sealer/stable-secret.ts';

export type SubjectOf = (client: Client, accountId: Account['id']) => string;

/** Pairwise: the same for every client of one sector, without a way to tell it is the same person elsewhere (§8.1). */
export function createSubjects(secret: Pick<StableSecret, 'pairwiseId'>): SubjectOf {
  const sectors = new WeakMap<Client, string>();
  const sectorOf = (client: Client): string => {
    const before = sectors.get(client);
    if (before !== undefined) return before;
    const sector = `oidc-sector:${sectorName(client)}`;
    sectors.set(client, sector);
    return sector;
  };
  return (client: Client, accountId: AccountId) =>
    client.metadata.subject_type === 'public' ? accountId : secret.pairwiseId(sectorOf(client), accountId);
}

/** A client whose addresses are on the person's device has no host: it is a sector of its own. */
function sectorName({ metadata }: Client): string {
  return (
    sectorHost(metadata.sector_identifier_uri ?? metadata.redirect_uris[0] ?? '') ?? `client:${metadata.client_id}`
  );
}
