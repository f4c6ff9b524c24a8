// Owns: the files of a folder of parties: which there are, and reading those that have changed. Leaves to party-file.ts and
// party-document.ts: one file; to party-snapshot.ts: what they say together.
import { readdir } from 'node:fs/promises';
import { fileFault, type Problem } from '../lib/problems.ts';
import { type Client, readClient } from './client.ts';
import { createMetadataReader, type MetadataReader } from './metadata-reader.ts';
import { type PartyDocument, readPartyDocument } from './party-document.ts';
import { type PartyFile, readPartyFile, settingsFileName } from './party-file.ts';
import { readService, type Service } from './service.ts';

/** What the files of a folder gave. */
export interface PartyFiles {
  readonly metadata: ReadonlyMap<string, PartyFile>;
  readonly clients: ReadonlyMap<string, PartyDocument<Client>>;
  readonly services: ReadonlyMap<string, PartyDocument<Service>>;
}

export const NO_FILES: PartyFiles = { metadata: new Map(), clients: new Map(), services: new Map() };
const CLIENT_FILE = /\.client\.(ya?ml|json)$/;
const SERVICE_FILE = /\.service\.(ya?ml|json)$/;

/** Reads what has changed since `before`. */
export async function readPartyFiles(
  folder: string,
  names: readonly string[],
  before: PartyFiles,
): Promise<PartyFiles> {
  const reader = createMetadataReader();
  try {
    return await readAll(folder, names, before, reader);
  } finally {
    await reader.close();
  }
}

async function readAll(
  folder: string,
  names: readonly string[],
  before: PartyFiles,
  reader: MetadataReader,
): Promise<PartyFiles> {
  const metadata = new Map<string, PartyFile>();
  for (const name of names.filter((one) => one.endsWith('.xml'))) {
    metadata.set(name, await readSafely(folder, name, before.metadata.get(name), reader));
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

/** The names in a folder, sorted; the reason when it cannot be read. */
export async function listFolder(folder: string): Promise<string[] | string> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  } catch (error) {
    return fileFault(error);
  }
}

/** No file has it, so it is tried again at each look. */
const UNREADABLE = '';

async function readSafely(
  folder: string,
  name: string,
  before: PartyFile | undefined,
  reader: MetadataReader,
): Promise<PartyFile> {
  try {
    return await readPartyFile(folder, name, before, reader);
  } catch (error) {
    const found = fileFault(error);
    if (before?.version === UNREADABLE && before.problems[0]?.found === found) return before;
    const problems = [{ path: name, found, wanted: 'readable files' }];
    return {
      version: UNREADABLE,
      single: before?.single ?? true,
      parties: before?.parties ?? [],
      emptied: false,
      problems,
    };
  }
}

/** Settings beside no metadata. */
export function orphanedSettings(names: readonly string[]): readonly Problem[] {
  const expected = new Set(names.filter((name) => name.endsWith('.xml')).map(settingsFileName));
  return names
    .filter((name) => /\.ya?ml$/.test(name) && !CLIENT_FILE.test(name) && !SERVICE_FILE.test(name))
    .filter((name) => !expected.has(name))
    .map((name) => {
      const metadata = name.replace(/\.ya?ml$/, '.xml');
      return { path: name, found: 'settings of no party', wanted: `${settingsFileName(metadata)} beside ${metadata}` };
    });
}

/** Whether nothing has changed between two looks. */
export function areSameFiles(next: PartyFiles, before: PartyFiles): boolean {
  return (
    isSame(next.metadata, before.metadata) &&
    isSame(next.clients, before.clients) &&
    isSame(next.services, before.services)
  );
}

function isSame<File>(next: ReadonlyMap<string, File>, before: ReadonlyMap<string, File>): boolean {
  return next.size === before.size && [...next].every(([name, file]) => before.get(name) === file);
}
