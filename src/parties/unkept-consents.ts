// Owns: telling an operator that people will be asked again and again, because no database keeps what they agreed to.
// Nothing is wrong with that, so it keeps neither a node from starting nor `signet check` from being content.
import type { Problem } from '../lib/problems.ts';
import type { PartyRegistry } from './party-registry.ts';
import type { RegisteredParty } from './registered-party.ts';

/** Registered parties whose people are asked, while there is no database. */
export function unkeptConsents(
  parties: Pick<PartyRegistry, 'all' | 'clients' | 'services'>,
  hasDatabase: boolean,
): readonly Problem[] {
  if (hasDatabase) return [];
  const refreshing = (grants: readonly string[]): string =>
    grants.includes('refresh_token') ? ', and the client gets no refresh tokens' : '';
  const proxying = (callbacks: readonly string[]): string =>
    callbacks.length > 0 ? ', and the service is no proxy' : '';
  return [
    ...parties.all().flatMap((party) => unkept(party, `${party.metadata.entityId}: consent`, '')),
    ...parties.clients().flatMap((one) => unkept(one, 'signet.consent', refreshing(one.metadata.grant_types))),
    ...parties
      .services()
      .all()
      .flatMap((one) => unkept(one, 'consent', proxying(one.settings.proxy.callbackUrls))),
  ];
}

function unkept({ relyingParty, source }: RegisteredParty, member: string, besides: string): readonly Problem[] {
  if (!relyingParty.consent.ask) return [];
  const wanted = `database.url, which keeps what people agree to: without one they are asked at each sign-in${besides}`;
  return [{ path: `${source}: ${member}`, found: 'ask', wanted }];
}
