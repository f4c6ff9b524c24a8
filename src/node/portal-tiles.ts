// Owns: which applications stand on the page at `/`: those that may be opened without having asked. Leaves to home-desk.ts
// the page; to each protocol: opening one.
import type { Client } from '../parties/client.ts';
import type { PartyRegistry } from '../parties/party-registry.ts';
import type { Service } from '../parties/service.ts';
import type { Tile } from '../web/pages.ts';

/** `issuer`: who an OpenID Connect client is told to sign in with (OpenID Connect Core §4). */
export function portalTiles(
  parties: Pick<PartyRegistry, 'all' | 'clients' | 'services'>,
  issuer: string,
): readonly Tile[] {
  const providers = parties
    .all()
    .filter((party) => party.settings.idpInitiated.allowed)
    .map(({ metadata, relyingParty: { displayName } }): Tile => ({ kind: 'post', id: metadata.entityId, displayName }));
  const clients = parties
    .clients()
    .filter(({ metadata }) => metadata.signet.portal)
    .flatMap((client) => clientTile(client, issuer));
  const services = parties
    .services()
    .all()
    .filter(({ settings }) => settings.portal)
    .map(serviceTile);
  return [...providers, ...clients, ...services].sort((a, b) => a.displayName.localeCompare(b.displayName));
}

/** Where it begins to sign people in; else its home page, which knows how to. */
function clientTile({ metadata, relyingParty: { displayName } }: Client, issuer: string): readonly Tile[] {
  const { initiate_login_uri: initiate, client_uri: home } = metadata;
  if (initiate === undefined) return home === undefined ? [] : [{ kind: 'link', href: home, displayName }];
  const href = new URL(initiate);
  href.searchParams.set('iss', issuer);
  return [{ kind: 'link', href: href.href, displayName }];
}

/** A service sends people here by itself. An exact address is where it takes tickets: there it is given one at once. */
function serviceTile({ settings: { url, match }, relyingParty: { displayName } }: Service): Tile {
  const href = match === 'prefix' ? url : `/cas/login?${new URLSearchParams({ service: url })}`;
  return { kind: 'link', href, displayName };
}
