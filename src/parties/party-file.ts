// Owns: one metadata file and the settings beside it, read again when either changes; the last good parties are kept.
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Problem } from '../lib/problems.ts';
import { readMetadata } from '../saml/metadata-read.ts';
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
 * is there now is wrong, the parties of `before` stay, with the problems of now; but not those of metadata that was empty
 * at two looks: whoever empties a file means what whoever removes it means.
 */
export async function readPartyFile(folder: string, name: string, before: PartyFile | undefined): Promise<PartyFile> {
  const settingsName = settingsFileName(name);
  const version = `${await versionOf(join(folder, name))} ${await versionOf(join(folder, settingsName))}`;
  if (before?.version === version) return before.emptied ? { ...before, emptied: false, parties: [] } : before;
  const read = await readBoth(folder, name, settingsName);
  if (read.parties.length > 0 || before === undefined) return { version, ...read };
  const { single, parties } = before;
  return { version, single, parties, emptied: parties.length > 0 && read.emptied, problems: read.problems };
}

async function readBoth(folder: string, name: string, settingsName: string): Promise<Omit<PartyFile, 'version'>> {
  const settings = await readSettings(join(folder, settingsName));
  const bytes = await readOrNull(join(folder, name));
  if (bytes === null) {
    const gone = { path: name, found: 'a file that cannot be read', wanted: 'readable metadata' };
    return { single: true, parties: [], emptied: false, problems: [gone] };
  }
  const emptied = bytes.length === 0;
  const metadata = readMetadata(bytes, name);
  // A party whose settings cannot be read is not served by default ones: they may have been stricter.
  if (isProblems(settings))
    return { single: metadata.single, parties: [], emptied, problems: [...settings, ...metadata.problems] };
  const problems: Problem[] = [...metadata.problems];
  const parties: Party[] = [];
  for (const one of metadata.serviceProviders) {
    const party = createParty(one, settings, name);
    if (isProblems(party)) problems.push(...party);
    else parties.push(party);
  }
  return { single: metadata.single, parties, emptied, problems };
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
