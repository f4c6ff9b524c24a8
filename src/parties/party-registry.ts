// Owns: which parties there are now, from a folder of files that may change at any time.
// Leaves to party-file.ts and party-document.ts: one file. Leaves to parts.ts: how often to look.
import { readdir } from 'node:fs/promises';
import type { RelyingPartyKey } from '../core/authentication-request.ts';
import type { RelyingParty } from '../core/relying-party.ts';
import type { Problem } from '../lib/problems.ts';
import { type Client, readClient } from './client.ts';
import type { Party } from './party.ts';
import { type PartyDocument, readPartyDocument } from './party-document.ts';
import { type PartyFile, readPartyFile, settingsFileName } from './party-file.ts';
import type { RegisteredParty } from './registered-party.ts';
import { readService, type Service } from './service.ts';
import { createServiceIndex, type ServiceIndex } from './service-index.ts';

export interface PartyRegistry {
  /** A SAML party by entityID, compared as text. */
  readonly find: (entityId: string) => Party | undefined;
  /** A SAML party by the 12 hex digits that sealed values hold. */
  readonly findByHash: (hash: string) => Party | undefined;
  /** The SAML parties. */
  readonly all: () => readonly Party[];
  /** An OpenID Connect client by client_id, compared as text. */
  readonly findClient: (clientId: string) => Client | undefined;
  /** A client by the 12 hex digits that sealed values hold. */
  readonly findClientByHash: (hash: string) => Client | undefined;
  readonly clients: () => readonly Client[];
  /** The CAS services, by address, by hash, by callback. */
  readonly services: () => ServiceIndex;
  /** How many there are, whatever they speak. */
  readonly size: () => number;
  /** Whether a script of this origin may call the endpoints for programs: some client's address is there. */
  readonly isClientOrigin: (origin: string) => boolean;
  /** Whoever has this key, whatever it speaks. */
  readonly relyingParty: (key: RelyingPartyKey) => RelyingParty | undefined;
  readonly relyingPartyByHash: (hash: string) => RelyingParty | undefined;
  /** Everything that was wrong when the folder was last read; what it was wrong with is not served, or served as before. */
  readonly problems: () => readonly Problem[];
  /** Looks at the folder again; true when parties or problems are others than before. */
  readonly reload: () => Promise<boolean>;
}

/** What the files of a folder gave. */
interface Files {
  readonly metadata: ReadonlyMap<string, PartyFile>;
  readonly clients: ReadonlyMap<string, PartyDocument<Client>>;
  readonly services: ReadonlyMap<string, PartyDocument<Service>>;
}

interface Snapshot {
  readonly parties: ReadonlyMap<string, Party>;
  readonly clients: ReadonlyMap<string, Client>;
  readonly services: ServiceIndex;
  readonly origins: ReadonlySet<string>;
  readonly byKey: ReadonlyMap<string, RegisteredParty>;
  readonly byHash: ReadonlyMap<string, RegisteredParty>;
  readonly problems: readonly Problem[];
}

const NOTHING: Files = { metadata: new Map(), clients: new Map(), services: new Map() };
const CLIENT_FILE = /\.client\.(ya?ml|json)$/;
const SERVICE_FILE = /\.service\.(ya?ml|json)$/;

/** Reads the folder once; a missing folder is a problem, not a failure. */
export async function openPartyRegistry(folder: string): Promise<PartyRegistry> {
  let files = NOTHING;
  let snapshot = merge(NOTHING, []);
  let folderProblem: string | null = null;
  let running: Promise<boolean> | null = null;

  const look = async (): Promise<boolean> => {
    const names = await listFolder(folder);
    if (!Array.isArray(names)) {
      if (folderProblem === names) return false;
      folderProblem = names;
      // Parties that were there stay: an unmounted volume is no reason to turn everybody away.
      const problems = [...snapshot.problems, { path: folder, found: names, wanted: 'a readable folder of parties' }];
      snapshot = { ...snapshot, problems };
      return true;
    }
    const next = await readFiles(folder, names, files);
    const unchanged =
      folderProblem === null &&
      isSame(next.metadata, files.metadata) &&
      isSame(next.clients, files.clients) &&
      isSame(next.services, files.services);
    folderProblem = null;
    files = next;
    const merged = merge(next, orphanedSettings(names));
    const changed = !unchanged || JSON.stringify(merged.problems) !== JSON.stringify(snapshot.problems);
    snapshot = merged;
    return changed;
  };

  // Two looks at once could put an older picture over a newer one.
  const reload = (): Promise<boolean> => {
    running ??= look().finally(() => {
      running = null;
    });
    return running;
  };

  await reload();
  return {
    find: (entityId) => snapshot.parties.get(entityId),
    findByHash: (hash) => ofKind(snapshot.parties, 'saml', snapshot.byHash.get(hash)),
    all: () => [...snapshot.parties.values()],
    findClient: (clientId) => snapshot.clients.get(clientId),
    findClientByHash: (hash) => ofKind(snapshot.clients, 'oidc', snapshot.byHash.get(hash)),
    clients: () => [...snapshot.clients.values()],
    services: () => snapshot.services,
    size: () => snapshot.byKey.size,
    isClientOrigin: (origin) => snapshot.origins.has(origin),
    relyingParty: (key) => snapshot.byKey.get(key)?.relyingParty,
    relyingPartyByHash: (hash) => snapshot.byHash.get(hash)?.relyingParty,
    problems: () => snapshot.problems,
    reload,
  };
}

/** The party as one of its kind; undefined when it is of another. */
function ofKind<One extends RegisteredParty>(
  all: ReadonlyMap<string, One>,
  kind: 'saml' | 'oidc',
  party: RegisteredParty | undefined,
): One | undefined {
  const [protocol, name] = splitKey(party?.relyingParty.key ?? 'saml:');
  return protocol === kind ? all.get(name) : undefined;
}

function splitKey(key: RelyingPartyKey): readonly [protocol: string, name: string] {
  const colon = key.indexOf(':');
  return [key.slice(0, colon), key.slice(colon + 1)];
}

async function readFiles(folder: string, names: readonly string[], before: Files): Promise<Files> {
  const metadata = new Map<string, PartyFile>();
  for (const name of names.filter((one) => one.endsWith('.xml'))) {
    metadata.set(name, await readSafely(folder, name, before.metadata.get(name)));
  }
  const clients = new Map<string, PartyDocument<Client>>();
  for (const name of names.filter((one) => CLIENT_FILE.test(one))) {
    clients.set(name, await readPartyDocument(folder, name, before.clients.get(name), readClient));
  }
  const services = new Map<string, PartyDocument<Service>>();
  for (const name of names.filter((one) => SERVICE_FILE.test(one))) {
    services.set(name, await readPartyDocument(folder, name, before.services.get(name), readService));
  }
  return { metadata, clients, services };
}

function isSame<File>(next: ReadonlyMap<string, File>, before: ReadonlyMap<string, File>): boolean {
  return next.size === before.size && [...next].every(([name, file]) => before.get(name) === file);
}

async function listFolder(folder: string): Promise<string[] | string> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

async function readSafely(folder: string, name: string, before: PartyFile | undefined): Promise<PartyFile> {
  try {
    return await readPartyFile(folder, name, before);
  } catch (error) {
    const found = (error as NodeJS.ErrnoException).code ?? 'an unknown failure';
    const problems = [{ path: name, found, wanted: 'readable files' }];
    return { version: '', single: before?.single ?? true, parties: before?.parties ?? [], problems };
  }
}

function orphanedSettings(names: readonly string[]): readonly Problem[] {
  const expected = new Set(names.filter((name) => name.endsWith('.xml')).map(settingsFileName));
  return names
    .filter((name) => /\.ya?ml$/.test(name) && !CLIENT_FILE.test(name) && !SERVICE_FILE.test(name))
    .filter((name) => !expected.has(name))
    .map((name) => {
      const metadata = name.replace(/\.ya?ml$/, '.xml');
      return { path: name, found: 'settings of no party', wanted: `${settingsFileName(metadata)} beside ${metadata}` };
    });
}

/** What a party's name is, by its protocol. */
const NAMES: Readonly<Record<string, string>> = { saml: 'an entityID', oidc: 'a client_id', cas: 'an address' };

/** One name, one party: a file of its own wins over an aggregate, then the first file name; the others are reported. */
function merge({ metadata, clients, services }: Files, orphans: readonly Problem[]): Snapshot {
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
