// Owns: a party that is one YAML or JSON document, read again when it changes; the last good one is kept.
// Leaves to client.ts and service.ts: what stands in it.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { fileFault, type Problem } from '../lib/problems.ts';

/** What a file gave when it was last read. */
export interface PartyDocument<Party> {
  /** Changes when the file does. */
  readonly version: string;
  readonly party: Party | null;
  readonly problems: readonly Problem[];
}

/** A document's value as a party, or everything that is wrong with it; `source` names the file in problems. */
export type ReadParty<Party> = (value: unknown, source: string) => Party | readonly Problem[];

/** When nothing changed since `before`, that is the answer; when what is there now is wrong, its party stays. */
export async function readPartyDocument<Party extends object>(
  folder: string,
  name: string,
  before: PartyDocument<Party> | undefined,
  read: ReadParty<Party>,
): Promise<PartyDocument<Party>> {
  const path = join(folder, name);
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(path);
    const version = `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
    // Empty at two looks: nobody is writing it any more, and whoever empties a file means what whoever removes it means.
    if (before?.version === version) return size === 0 && before.party !== null ? { ...before, party: null } : before;
    const result = readValue(await readFile(path, 'utf8'), name, read);
    return isProblems(result)
      ? { version, party: before?.party ?? null, problems: result }
      : { version, party: result, problems: [] };
  } catch (error) {
    const found = fileFault(error);
    if (before?.version === found) return before;
    return {
      version: found,
      party: before?.party ?? null,
      problems: [{ path: name, found, wanted: 'a readable file' }],
    };
  }
}

/** A document's text as whatever `read` makes of its value. */
export function readValue<Party extends object>(
  text: string,
  name: string,
  read: ReadParty<Party>,
): Party | readonly Problem[] {
  // JSON is YAML, so one reader serves both.
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: false });
  if (document.errors.length > 0) {
    // Not the error's message: it may quote the file, and a file may hold a secret.
    return document.errors.map(({ code }) => ({ path: name, found: code, wanted: 'YAML or JSON' }));
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    return [{ path: name, found: 'an alias', wanted: 'plain values' }];
  }
  return read(value, name);
}

export function isProblems(value: object): value is readonly Problem[] {
  return Array.isArray(value);
}
