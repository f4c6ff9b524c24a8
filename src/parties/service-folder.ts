// Owns: registering CAS services as files in the folder of parties. Leaves to service.ts: what a service may say; to cli/:
// words and exit codes.
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { relyingPartyHash } from '../core/relying-party.ts';
import { withLock, writeAtomically } from '../lib/atomic-file.ts';
import { ProblemsError } from '../lib/problems.ts';
import { isProblems } from './party-document.ts';
import { PartyFolderError, slugOf } from './party-folder.ts';
import { openPartyRegistry } from './party-registry.ts';
import { readService, type Service } from './service.ts';

/**
 * Writes a service's document, made of the members that {@link readService} knows.
 * @throws ProblemsError with everything that is wrong with it; PartyFolderError when it is there already.
 */
export async function addService(
  folder: string,
  document: Readonly<Record<string, unknown>> & { readonly url: string },
): Promise<{ readonly service: Service; readonly file: string }> {
  const service = readService(document, 'the service');
  if (isProblems(service)) throw new ProblemsError(service);
  const { key } = service.relyingParty;
  await mkdir(folder, { recursive: true });
  return withLock(join(folder, '.parties'), async () => {
    const registry = await openPartyRegistry(folder);
    const before = registry.services().findByHash(service.hash);
    if (before !== null) throw new PartyFolderError(`${before.source} has '${document.url}' already: change it there`);
    const namesake = registry.relyingPartyByHash(service.hash);
    if (namesake !== undefined) throw new PartyFolderError(`${key} has the same 6-byte hash as ${namesake.key}`);
    const file = `${slugOf(document.url) || 'service'}-${relyingPartyHash(key).slice(0, 6)}.service.yaml`;
    const isThere = await access(join(folder, file)).then(
      () => true,
      () => false,
    );
    if (isThere) throw new PartyFolderError(`${file} is there already and cannot be read: put it right, or remove it`);
    await writeAtomically(join(folder, file), Buffer.from(stringify(document), 'utf8'), { mode: 0o644 });
    return { service, file };
  });
}
