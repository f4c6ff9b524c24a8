// Owns: which files of a node nobody but their owner may change: they decide who gets in, and who is told. Leaves to
// sealer/secret-file.ts: keys, which are refused when others may touch them. docs/operations.md, Permissions.
import { dirname } from 'node:path';
import type { Config } from '../config/config.ts';
import type { Problem } from '../lib/problems.ts';
import { filesIn, writableByOthers } from '../lib/writable-by-others.ts';

/** Told at the start and by `signet check`, and no reason not to start: a mount may show bits that are not the truth. */
export function writeProblems(config: Config): readonly Problem[] {
  const { folder, parties, directories, revocations, database, keyring, dataKeyring, stableSecret, saml, oidc } =
    config;
  const people = directories.flatMap((directory) => (directory.kind === 'yaml' ? [directory.file] : []));
  const files = [...people, ...(database.target === null ? [revocations.file] : [])];
  const keys = [keyring.file, dataKeyring.file, stableSecret.file].map(dirname);
  const sets = [saml.signing.folder, oidc.signing.folder];
  return writableByOthers([
    folder,
    ...filesIn(folder, '.yaml'),
    ...files,
    ...files.map(dirname),
    parties.folder,
    ...['.xml', '.yaml', '.json'].flatMap((ending) => filesIn(parties.folder, ending)),
    ...keys,
    ...sets,
    ...sets.flatMap((set) => [...filesIn(set, '.pem'), ...filesIn(set, '.json')]),
  ]);
}
