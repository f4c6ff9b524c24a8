// Owns: who a login name belongs to, for commands: one person of one directory, or a clear no.
import type { Config } from '../config/config.ts';
import type { DirectorySettings } from '../config/directories.ts';
import type { Claim } from '../core/password-directory.ts';
import type { PartEvent } from '../node/parts-context.ts';
import { openAllDirectories } from '../parts.ts';
import { CliFailure, type CliIo } from './io.ts';
import type { CommandDatabase } from './with-database.ts';

/** @throws CliFailure when nobody has the name, or it cannot be told who has. */
export async function findAccount(
  io: CliIo,
  config: Config,
  name: string,
  { opened, among }: { readonly opened: CommandDatabase | null; readonly among: readonly DirectorySettings[] },
): Promise<Extract<Claim, { readonly kind: 'claimed' }>> {
  const notes: string[] = [];
  const onEvent = ({ level, message }: PartEvent): void => {
    if (level !== 'info') notes.push(message);
  };
  const directories = await openAllDirectories(
    { ...config, directories: among },
    { ...io, onEvent },
    opened?.database ?? null,
  );
  try {
    const claim = await directories.table.claim(name);
    if (claim.kind === 'claimed') return claim;
    if (claim.kind === 'unclaimed') throw new CliFailure(`there is nobody called '${name}'`);
    throw new CliFailure([`'${name}' cannot be looked for`, ...notes].join('; '));
  } finally {
    directories.close();
  }
}
