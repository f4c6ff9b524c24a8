// Owns: what the files of a folder say together: which parties there are, by every name that they are asked for, and which of
// two that cannot both be served. Leaves to party-folder-read.ts: the files; to party-registry.ts: the picture of now.
import type { RelyingPartyKey } from '../core/authentication-request.ts';
import type { Problem } from '../lib/problems.ts';
import type { Client } from './client.ts';
import type { Party } from './party.ts';
import type { PartyFiles } from './party-folder-read.ts';
import type { RegisteredParty } from './registered-party.ts';
import type { Service } from './service.ts';
import { createServiceIndex, type ServiceIndex } from './service-index.ts';

export interface PartySnapshot {
  readonly parties: ReadonlyMap<string, Party>;
  readonly clients: ReadonlyMap<string, Client>;
  readonly services: ServiceIndex;
  readonly origins: ReadonlySet<string>;
  readonly byKey: ReadonlyMap<string, RegisteredParty>;
  readonly byHash: ReadonlyMap<string, RegisteredParty>;
  readonly problems: readonly Problem[];
}

/** What a party's name is, by its protocol. */
const NAMES: Readonly<Record<string, string>> = { saml: 'an entityID', oidc: 'a client_id', cas: 'an address' };

/** One name, one party: a file of its own wins over an aggregate, then the first file name; the others are reported. */
export function snapshotOf({ metadata, clients, services }: PartyFiles, orphans: readonly Problem[]): PartySnapshot {
  const problems: Problem[] = [...orphans];
  const parties: Party[] = [];
  const registered: Client[] = [];
  const accepted: Service[] = [];
  const byKey = new Map<string, RegisteredParty>();
  const byHash = new Map<string, RegisteredParty>();
  const admit = <One extends RegisteredParty>(party: One, admitted: One[]): void => {
    const { key } = party.relyingParty;
    const [protocol, name] = splitKey(key);
    const path = `${party.source}: ${name}`;
    const twin = byKey.get(key);
    const namesake = byHash.get(party.hash);
    if (twin !== undefined) {
      problems.push({ path, found: `a party that ${twin.source} has too`, wanted: 'one source for a party' });
    } else if (namesake !== undefined) {
      // Sealed sessions name parties by this hash: serving both would mix them up.
      const other = namesake.relyingParty.key;
      problems.push({
        path,
        found: `${NAMES[protocol] ?? 'a name'} with the same 6-byte hash as ${other}`,
        wanted: 'another name',
      });
    } else {
      byKey.set(key, party);
      byHash.set(party.hash, party);
      admitted.push(party);
    }
  };
  for (const file of [...metadata.values()].sort((a, b) => Number(b.single) - Number(a.single))) {
    problems.push(...file.problems);
    for (const party of file.parties) admit(party, parties);
  }
  for (const { party, problems: found } of clients.values()) {
    problems.push(...found);
    if (party !== null) admit(party, registered);
  }
  for (const { party, problems: found } of services.values()) {
    problems.push(...found);
    if (party !== null) admit(party, accepted);
  }
  const index = createServiceIndex(accepted);
  problems.push(...index.problems);
  return {
    parties: new Map(parties.map((party) => [party.metadata.entityId, party])),
    clients: new Map(registered.map((client) => [client.metadata.client_id, client])),
    services: index,
    origins: new Set(registered.flatMap(({ metadata }) => metadata.redirect_uris.flatMap(webOrigin))),
    byKey,
    byHash,
    problems,
  };
}

/** None for a native app's scheme. */
function webOrigin(uri: string): readonly string[] {
  return /^https?:/.test(uri) && URL.canParse(uri) ? [new URL(uri).origin] : [];
}

/** A key without its prefix is the party's name in its protocol. */
export function splitKey(key: RelyingPartyKey): readonly [protocol: string, name: string] {
  const colon = key.indexOf(':');
  return [key.slice(0, colon), key.slice(colon + 1)];
}
