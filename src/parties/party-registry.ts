// Owns: which parties there are now, from a folder of files that may change at any time. Leaves to party-folder-read.ts: the files;
// to party-snapshot.ts: what they say together; to parts.ts: how often to look.
import type { RelyingPartyKey } from '../core/authentication-request.ts';
import type { RelyingParty } from '../core/relying-party.ts';
import type { Problem } from '../lib/problems.ts';
import type { Client } from './client.ts';
import type { Party } from './party.ts';
import { areSameFiles, listFolder, NO_FILES, orphanedSettings, readPartyFiles } from './party-folder-read.ts';
import { snapshotOf, splitKey } from './party-snapshot.ts';
import type { RegisteredParty } from './registered-party.ts';
import type { ServiceIndex } from './service-index.ts';

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

/** Reads the folder once; a missing folder is a problem, not a failure. */
export async function openPartyRegistry(folder: string): Promise<PartyRegistry> {
  let files = NO_FILES;
  let snapshot = snapshotOf(NO_FILES, []);
  let folderProblem: string | null = null;
  let running: Promise<void> = Promise.resolve();
  let waiting: Promise<boolean> | null = null;

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
    const next = await readPartyFiles(folder, names, files);
    const unchanged = folderProblem === null && areSameFiles(next, files);
    folderProblem = null;
    files = next;
    const merged = snapshotOf(next, orphanedSettings(names));
    const changed = !unchanged || JSON.stringify(merged.problems) !== JSON.stringify(snapshot.problems);
    snapshot = merged;
    return changed;
  };

  // One look at a time: an older picture must not come out on top of a newer one. Whoever asks while one is under way gets
  // the next one, which begins after the asking: the look under way may have passed the file that has just changed.
  const reload = (): Promise<boolean> => {
    waiting ??= running.then(() => {
      waiting = null;
      const looking = look();
      running = looking.then(nothing, nothing);
      return looking;
    });
    return waiting;
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

function nothing(): void {}

/** The party as one of its kind; undefined when it is of another. */
function ofKind<One extends RegisteredParty>(
  all: ReadonlyMap<string, One>,
  kind: 'saml' | 'oidc',
  party: RegisteredParty | undefined,
): One | undefined {
  const [protocol, name] = splitKey(party?.relyingParty.key ?? 'saml:');
  return protocol === kind ? all.get(name) : undefined;
}
