// Owns: changing the folder of parties: import, list, remove. Leaves to cli/: words and exit codes.
import { mkdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { relyingPartyHash } from '../core/relying-party.ts';
import { withLock, writeAtomically } from '../lib/atomic-file.ts';
import { type Problem, ProblemsError } from '../lib/problems.ts';
import { readMetadata } from '../saml/metadata-read.ts';
import { createParty, type Party } from './party.ts';
import { settingsFileName } from './party-file.ts';
import { openPartyRegistry } from './party-registry.ts';
import { DEFAULT_SETTINGS } from './party-settings.ts';

/** The change cannot be made; the message is for the person who asked. */
export class PartyFolderError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PartyFolderError';
  }
}

/** Nothing of that name is registered. */
export class NoSuchPartyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoSuchPartyError';
  }
}

export interface Imported {
  readonly file: string;
  readonly entityIds: readonly string[];
  /** The file was there before. */
  readonly replaced: boolean;
}

/**
 * Stores metadata as a file of its own, or in place of the file that already has this one entity.
 * @throws ProblemsError with everything that is wrong with it; PartyFolderError when another file has the party.
 */
export async function importParty(folder: string, bytes: Uint8Array, source: string): Promise<Imported> {
  const { single, serviceProviders, problems } = readMetadata(bytes, source);
  const unusable = serviceProviders.map((one) => createParty(one, DEFAULT_SETTINGS, source)).filter(isProblems);
  if (problems.length + unusable.length > 0) throw new ProblemsError([...problems, ...unusable.flat()]);
  const entityIds = serviceProviders.map(({ entityId }) => entityId);
  const [first = ''] = entityIds;
  await mkdir(folder, { recursive: true });
  return withLock(join(folder, '.parties'), async () => {
    const registry = await openPartyRegistry(folder);
    const there = single ? registry.find(first) : undefined;
    const file = there === undefined || isAggregate(registry.all(), there) ? fileName(first, single) : there.source;
    const other = registry.all().find((party) => party.source === file && !entityIds.includes(party.metadata.entityId));
    if (other !== undefined) throw new PartyFolderError(`${file} already holds ${other.metadata.entityId}`);
    const replaced = registry.all().some((party) => party.source === file);
    await writeAtomically(join(folder, file), bytes, { mode: 0o644 });
    return { file, entityIds, replaced };
  });
}

/** The parties of a folder, and what is wrong with it. */
export async function listParties(folder: string) {
  const registry = await openPartyRegistry(folder);
  return {
    parties: registry.all(),
    clients: registry.clients(),
    services: registry.services().all(),
    problems: registry.problems(),
  };
}

/**
 * Removes a SAML party's metadata and settings, or a client's or service's document. `name` is the entityID, client_id or
 * address, or one of them with its protocol before it: `saml:…`, `oidc:…`, `cas:…`.
 * @throws NoSuchPartyError; PartyFolderError when there are two of that name, or its file holds others too.
 */
export async function removeParty(folder: string, name: string): Promise<readonly string[]> {
  return withLock(join(folder, '.parties'), async () => {
    const registry = await openPartyRegistry(folder);
    const party = registry.all().find(({ relyingParty: { key } }) => key === `saml:${name}` || key === name);
    const client = registry.clients().find(({ relyingParty: { key } }) => key === `oidc:${name}` || key === name);
    const services = registry.services().all();
    const service = services.find(({ relyingParty: { key } }) => key === `cas:${name}` || key === name);
    const named = [party, client, service].flatMap((one) => (one === undefined ? [] : [one.relyingParty.key]));
    if (named.length > 1) throw new PartyFolderError(`'${name}' is several parties: say ${named.join(' or ')}`);
    const document = client ?? service;
    if (document !== undefined) {
      await removeFile(join(folder, document.source));
      return [document.source];
    }
    if (party === undefined) throw new NoSuchPartyError(`there is no party '${name}'`);
    if (isAggregate(registry.all(), party)) {
      throw new PartyFolderError(`${party.source} holds other parties too: take the entity out of that file by hand`);
    }
    const removed: string[] = [];
    // The settings go last: without them the metadata would for a moment be served by the defaults.
    for (const name of [party.source, settingsFileName(party.source)]) {
      if (await removeFile(join(folder, name))) removed.push(name);
    }
    return removed;
  });
}

function isProblems(value: object): value is readonly Problem[] {
  return Array.isArray(value);
}

function isAggregate(all: readonly Party[], party: Party): boolean {
  return all.some((other) => other !== party && other.source === party.source);
}

/** A party's name as words of a file name: lower case, digits and hyphens. */
export function slugOf(name: string): string {
  return name
    .replace(/^[a-z]+:(\/\/)?/i, '')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60)
    .toLowerCase();
}

/** A readable name that two entityIDs never share. */
function fileName(entityId: string, single: boolean): string {
  return `${single ? '' : 'aggregate-'}${slugOf(entityId) || 'party'}-${relyingPartyHash(`saml:${entityId}`).slice(0, 6)}.xml`;
}

async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
