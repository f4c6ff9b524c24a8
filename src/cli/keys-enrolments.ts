// Owns: what `signet keys revoke` does in the database: whatever was enrolled under a revoked key is listed and disabled,
// and its people's sessions end. docs/sealed-values.md, Lineage; docs/operations.md, Leaks.
import type { Config } from '../config/config.ts';
import { disableEnrolledUnder, enrolledUnder, type MadeUnder } from '../directories/sql-lineage.ts';
import { messageOf, ProblemsError } from '../lib/problems.ts';
import { endSessionsOf } from '../node/end-sessions.ts';
import type { Keyring } from '../sealer/keyring.ts';
import { CliFailure } from './io.ts';
import type { Followed } from './keys-apply.ts';
import type { KeysIo } from './keys-options.ts';
import { withDatabase } from './with-database.ts';

/** Of every revoked key in the ring, so that a command that was ended in the middle can be given again. */
export async function disableEnrolments(
  io: KeysIo,
  config: Config | null,
  { revoked }: Pick<Keyring, 'revoked'>,
  dryRun: boolean,
): Promise<Followed> {
  const kids = revoked.map(({ kid }) => kid);
  if (config === null) {
    const failure = 'what was enrolled under revoked keys was not looked for: no configuration was named';
    return { json: { enrolments: null }, lines: [failure], failure: null };
  }
  try {
    const found = await disable(io, config, kids, dryRun);
    return { json: { enrolments: found }, lines: linesOf(found, dryRun), failure: null };
  } catch (error) {
    if (!(error instanceof CliFailure || error instanceof ProblemsError)) throw error;
    const again = `signet keys revoke --kid ${kids.at(-1)} --reason AGAIN`;
    const failure = `the keys are revoked, what was enrolled under them is not disabled yet: ${messageOf(error)}; then: ${again}`;
    return { json: { enrolments: null }, lines: [], failure };
  }
}

function disable(io: KeysIo, config: Config, kids: readonly string[], dryRun: boolean): Promise<readonly MadeUnder[]> {
  return withDatabase(config, io, async (opened) => {
    if (opened === null) return [];
    const { database, answered } = opened;
    if (dryRun) return answered(await database.ask('lineage', (queries) => enrolledUnder(queries, kids)));
    return answered(
      await disableEnrolledUnder(database, kids, (queries, accountId) =>
        endSessionsOf(queries, config, accountId, io.clock()),
      ),
    );
  });
}

function linesOf(found: readonly MadeUnder[], dryRun: boolean): readonly string[] {
  if (found.length === 0) return [];
  const told = dryRun ? 'would be disabled' : 'disabled, and the sessions of their people ended';
  return [
    `${found.length} enrolments under revoked keys ${told}:`,
    ...found.map(({ accountId, kind, id }) => `  ${accountId}\t${kind}\t${id}`),
  ];
}
