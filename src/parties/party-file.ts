// Owns: one metadata file and the settings beside it, read again when either changes; the last good parties are kept.
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Problem } from '../lib/problems.ts';
import type { MetadataReader } from './metadata-reader.ts';
import { createParty, type Party } from './party.ts';
import { DEFAULT_SETTINGS, type PartySettings, readPartySettings } from './party-settings.ts';

/** What a pair of files gave when it was last read. */
export interface PartyFile {
  /** Changes when either file does. */
  readonly version: string;
  /** About one party, so it wins over an aggregate that has the party too. */
  readonly single: boolean;
  readonly parties: readonly Party[];
  /** The metadata was empty at this look: somebody is writing it, or has emptied it. At the next look it is the latter. */
  readonly emptied: boolean;
  readonly problems: readonly Problem[];
}

/** `wiki.xml` → `wiki.yaml`. */
export function settingsFileName(metadataFile: string): string {
  return metadataFile.replace(/\.xml$/, '.yaml');
}

/**
 * Reads `FOLDER/NAME.xml` and `FOLDER/NAME.yaml`. When nothing changed since `before`, that is the answer; when what
 * is there now is wrong, the parties of `before` stay, with the problems of now. They end when sound metadata lists nobody
 * any more; and when it was empty at two looks: whoever empties a file means what whoever removes it means.
 */
export async function readPartyFile(
  folder: string,
  name: string,
  before: PartyFile | undefined,
  reader: MetadataReader,
): Promise<PartyFile> {
  const settingsName = settingsFileName(name);
  const version = `${await versionOf(join(folder, name))} ${await versionOf(join(folder, settingsName))}`;
  if (before?.version === version) return before.emptied ? { ...ended(name, before), emptied: false } : before;
  const { listsNobody, ...read } = await readBoth(folder, name, settingsName, reader);
  if (read.parties.length > 0 || before === undefined) return { version, ...read };
  const { single, parties } = before;
  const emptied = parties.length > 0 && read.emptied;
  const stays = { version, single, parties, emptied, problems: read.problems };
  return listsNobody ? ended(name, stays) : stays;
}

/** Without its parties, which is said as long as the file stays as it is. */
function ended(name: string, file: PartyFile): PartyFile {
  const count = file.parties.length;
  if (count === 0) return file;
  const gone = {
    path: name,
    found: `nobody any more: the parties that it had (${count}) have ended`,
    wanted: 'metadata of a service provider, or no such file',
  };
  return { ...file, parties: [], problems: [...file.problems, gone] };
}

type Both = Omit<PartyFile, 'version'> & { readonly listsNobody: boolean };

async function readBoth(folder: string, name: string, settingsName: string, reader: MetadataReader): Promise<Both> {
  const settings = await readSettings(join(folder, settingsName));
  const bytes = await readOrNull(join(folder, name));
  if (bytes === null) {
    const gone = { path: name, found: 'a file that cannot be read', wanted: 'readable metadata' };
    return { single: true, parties: [], emptied: false, listsNobody: false, problems: [gone] };
  }
  const found: Problem[] = [];
  const unserved: Problem[] = [];
  const parties: Party[] = [];
  let single = true;
  let listsNobody = false;
  for await (const part of reader.read(bytes, name)) {
    ({ single, listsNobody } = part);
    found.push(...part.problems);
    // A party whose settings cannot be read is not served by default ones: they may have been stricter.
    if (isProblems(settings)) continue;
    for (const one of part.serviceProviders) {
      const party = createParty(one, settings, name);
      if (isProblems(party)) unserved.push(...party);
      else parties.push(party);
    }
  }
  const problems = [...(isProblems(settings) ? settings : []), ...found, ...unserved];
  return { single, parties, emptied: bytes.length === 0, listsNobody, problems };
}

async function readSettings(path: string): Promise<PartySettings | readonly Problem[]> {
  const bytes = await readOrNull(path);
  return bytes === null ? DEFAULT_SETTINGS : readPartySettings(bytes.toString('utf8'), basename(path));
}

function isProblems(value: object): value is readonly Problem[] {
  return Array.isArray(value);
}

async function versionOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(path);
    return `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

/** Null when there is no such file; another failure is thrown, because it may hide settings that restrict. */
async function readOrNull(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
