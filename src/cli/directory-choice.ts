// Owns: which directory a command is about.
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
