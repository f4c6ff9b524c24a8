// Owns: putting a changed set of signing keys back into its folder, so that whoever reads meanwhile finds all he needs.
// Leaves to lib/atomic-file.ts: the lock, and that a file is replaced whole. Nodes never write.
import { chown, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock, writeAtomically } from '../lib/atomic-file.ts';
import { formatKeySet, type PublishedKey, parseKeySet } from '../signing/key-set.ts';
import type { KeySetChange } from '../signing/key-set-change.ts';
import {
  FIRST_CERTIFICATE_FILE,
  FIRST_KEY_FILE,
  KEY_SET_FILE,
  type KeySetPlace,
  loadKeySet,
  type SigningKeySet,
} from '../signing/key-set-folder.ts';

/** A private key's file that comes with a change. */
export interface NewKeyFile {
  readonly name: string;
  readonly pem: string;
}

export interface StoredChange {
  readonly before: SigningKeySet;
  readonly change: KeySetChange;
}

/**
 * Reads the set, changes it and writes it, under the lock. A new private key comes before the file that names it; what
 * has been dropped goes after the file that named it. A dry run, and a refusal, write nothing.
 * @throws ProblemsError for a set that no node would take; LockedError when another writer stays.
 */
export async function changeKeySet(
  place: KeySetPlace,
  change: (before: SigningKeySet) => { readonly change: KeySetChange; readonly newKey?: NewKeyFile },
  dryRun: boolean,
): Promise<StoredChange> {
  const path = join(place.folder, KEY_SET_FILE);
  return withLock(path, async () => {
    const before = loadKeySet(place);
    const { change: outcome, newKey } = change(before);
    if (outcome.kind === 'refused' || dryRun) return { before, change: outcome };
    const text = formatKeySet(outcome.set);
    parseKeySet(Buffer.from(text));
    if (newKey !== undefined) await writeLikeCurrent(place, before, newKey.name, newKey.pem);
    await writeLikeCurrent(place, before, KEY_SET_FILE, text);
    for (const key of outcome.dropped) await removeFiles(place, key);
    return { before, change: outcome };
  });
}

/** The service that reads the current key must be able to read what comes beside it, whoever runs the command. */
async function writeLikeCurrent(
  place: KeySetPlace,
  { current }: SigningKeySet,
  name: string,
  text: string,
): Promise<void> {
  const path = join(place.folder, name);
  const like = await stat(join(place.folder, current[0]?.file ?? FIRST_KEY_FILE));
  await writeAtomically(path, text, { mode: like.mode & 0o640 });
  const own = await stat(path);
  if (own.uid !== like.uid || own.gid !== like.gid) await chown(path, like.uid, like.gid);
}

async function removeFiles({ folder }: KeySetPlace, { file }: PublishedKey): Promise<void> {
  await rm(join(folder, file), { force: true });
  if (file === FIRST_KEY_FILE) await rm(join(folder, FIRST_CERTIFICATE_FILE), { force: true });
}
