// Owns: which applications stand on the page at `/`: those that may be opened without having asked. Leaves to home-desk.ts
// the page; to each protocol: opening one.
import type { PartyRegistry } from './parties/party-registry.ts';
import type { Tile } from './web/pages.ts';

/** `issuer`: who an OpenID Connect client is told to sign in with (OpenID Connect Core §4). */
export function portalTiles(parties: Pick<PartyRegistry, 'all' | 'clients'>, issuer: string): readonly Tile[] {
  const services = parties
    .all()
    .filter((party) => party.settings.idpInitiated.allowed)
    .map(({ metadata, relyingParty: { displayName } }): Tile => ({ kind: 'post', id: metadata.entityId, displayName }));
  const clients = parties.clients().flatMap(({ metadata, relyingParty: { displayName } }): Tile[] => {
    const { initiate_login_uri: address, signet } = metadata;
    if (!signet.portal || address === undefined) return [];
    const href = new URL(address);
    href.searchParams.set('iss', issuer);
    return [{ kind: 'link', href: href.href, displayName }];
  });
  return [...services, ...clients].sort((a, b) => a.displayName.localeCompare(b.displayName));
}
