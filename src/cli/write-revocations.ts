// Owns: writing down what a command ends, where every node reads it: in the database, else in the file of revocations.
// Leaves to callers: who, and until when.
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { withLock, writeAtomically } from '../lib/atomic-file.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { formatRevocations, parseRevocations, type RevocationEntry } from '../state/revocation-file.ts';
import { writeRevocation } from '../state/revocation-rows.ts';
import type { CommandDatabase } from './with-database.ts';

/** All of them or none. @throws CliFailure when the database does not answer; ProblemsError for a broken file. */
export async function writeRevocations(
  { revocations }: Pick<Config, 'revocations'>,
  opened: CommandDatabase | null,
  entries: readonly RevocationEntry[],
  now: EpochSeconds,
): Promise<void> {
  if (opened === null) return writeToFile(revocations.file, entries, now);
  const { database, answered } = opened;
  answered(
    await database.transaction('revoke', async (queries) => {
      for (const entry of entries) await writeRevocation(queries, entry, now);
      return true;
    }),
  );
}

async function writeToFile(file: string, added: readonly RevocationEntry[], now: EpochSeconds): Promise<void> {
  await withLock(file, async () => {
    const entries = parseRevocations(file, readFileSync(file, 'utf8'));
    await writeAtomically(file, formatRevocations([...entries, ...added], now), { mode: 0o600 });
  });
}
