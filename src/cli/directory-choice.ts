// Owns: which directory a command is about, and saying so when it is one that Signet only reads.
import type { Config } from '../config/config.ts';
import type { DirectorySettings } from '../config/directories.ts';
import { CliFailure } from './io.ts';

/** @throws CliFailure when there is none of this name. */
export function directoryCalled(config: Config, name: string): DirectorySettings {
  const found = config.directories.find((directory) => directory.name === name);
  if (found !== undefined) return found;
  const names = config.directories.map((directory) => directory.name).join(', ');
  throw new CliFailure(`--directory: found '${name}'; wanted one of ${names}`);
}

/** The users file of the chosen directory. @throws CliFailure when the people are kept elsewhere. */
export function fileOf(config: Config, options: { readonly directory?: string }): string {
  const chosen =
    options.directory === undefined
      ? (config.directories.find(({ kind }) => kind !== 'ldap') ?? config.directories[0])
      : directoryCalled(config, options.directory);
  if (chosen?.kind === 'yaml') return chosen.file;
  const where = chosen?.kind === 'ldap' ? 'an LDAP server, which Signet only reads' : 'a database';
  throw new CliFailure(
    `the people of '${chosen?.name}' are kept in ${where}; \`signet users find NAME\` shows one of them`,
  );
}
