// Owns: which SAML parties there are now, from a folder of files that may change at any time.
// Leaves to party-file.ts: one file. Leaves to wire.ts: how often to look.
import { readdir } from 'node:fs/promises';
import type { Problem } from '../lib/problems.ts';
import type { Party } from './party.ts';
import { type PartyFile, readPartyFile, settingsFileName } from './party-file.ts';

export interface PartyRegistry {
  /** By entityID, compared as text. */
  readonly find: (entityId: string) => Party | undefined;
  /** By the 12 hex digits that sealed values hold. */
  readonly findByHash: (hash: string) => Party | undefined;
  readonly all: () => readonly Party[];
  /** Everything that was wrong when the folder was last read; what it was wrong with is not served, or served as before. */
  readonly problems: () => readonly Problem[];
  /** Looks at the folder again; true when parties or problems are others than before. */
  readonly reload: () => Promise<boolean>;
}

interface Snapshot {
  readonly byEntityId: ReadonlyMap<string, Party>;
  readonly byHash: ReadonlyMap<string, Party>;
  readonly problems: readonly Problem[];
}

/** Reads the folder once; a missing folder is a problem, not a failure. */
export async function openPartyRegistry(folder: string): Promise<PartyRegistry> {
  let files: ReadonlyMap<string, PartyFile> = new Map();
  let snapshot: Snapshot = { byEntityId: new Map(), byHash: new Map(), problems: [] };
  let folderProblem: string | null = null;
  let running: Promise<boolean> | null = null;

  const look = async (): Promise<boolean> => {
    const names = await listFolder(folder);
    if (!Array.isArray(names)) {
      if (folderProblem === names) return false;
      folderProblem = names;
      // Parties that were there stay: an unmounted volume is no reason to turn everybody away.
      const problems = [...snapshot.problems, { path: folder, found: names, wanted: 'a readable folder of metadata' }];
      snapshot = { ...snapshot, problems };
      return true;
    }
    const next = new Map<string, PartyFile>();
    for (const name of names.filter((one) => one.endsWith('.xml'))) {
      next.set(name, await readSafely(folder, name, files.get(name)));
    }
    const unchanged =
      folderProblem === null && next.size === files.size && [...next].every(([name, file]) => files.get(name) === file);
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
    find: (entityId) => snapshot.byEntityId.get(entityId),
    findByHash: (hash) => snapshot.byHash.get(hash),
    all: () => [...snapshot.byEntityId.values()],
    problems: () => snapshot.problems,
    reload,
  };
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
    .filter((name) => /\.ya?ml$/.test(name) && !expected.has(name))
    .map((name) => {
      const metadata = name.replace(/\.ya?ml$/, '.xml');
      return { path: name, found: 'settings of no party', wanted: `${settingsFileName(metadata)} beside ${metadata}` };
    });
}

/** One entityID, one party: a file of its own wins over an aggregate, then the first file name; the others are reported. */
function merge(files: ReadonlyMap<string, PartyFile>, orphans: readonly Problem[]): Snapshot {
  const problems: Problem[] = [...orphans];
  const byEntityId = new Map<string, Party>();
  const byHash = new Map<string, Party>();
  const ordered = [...files.values()].sort((a, b) => Number(b.single) - Number(a.single));
  for (const file of ordered) {
    problems.push(...file.problems);
    for (const party of file.parties) {
      const { entityId } = party.metadata;
      const path = `${party.source}: ${entityId}`;
      const twin = byEntityId.get(entityId);
      const namesake = byHash.get(party.hash);
      if (twin !== undefined) {
        problems.push({ path, found: `a party that ${twin.source} has too`, wanted: 'one source for a party' });
      } else if (namesake !== undefined) {
        // Sealed sessions name parties by this hash: serving both would mix them up.
        const other = namesake.metadata.entityId;
        problems.push({ path, found: `an entityID with the same 6-byte hash as ${other}`, wanted: 'another entityID' });
      } else {
        byEntityId.set(entityId, party);
        byHash.set(party.hash, party);
      }
    }
  }
  return { byEntityId, byHash, problems };
}
