// Owns: a database for the length of one command, and saying so when it does not answer.
import type { Config } from '../config/config.ts';
import { isUnavailable } from '../core/account.ts';
import type { Database } from '../database/database.ts';
import { Problems } from '../lib/problems.ts';
import { type ConfiguredDatabase, openConfiguredDatabase } from '../node/shared-state.ts';
import { CliFailure, type CliIo } from './io.ts';

/** An answer, whatever it is, without the possibility of an outage. */
export type Answered<T> = Exclude<T, { readonly unavailable: true }>;

export interface CommandDatabase {
  readonly database: Database;
  /** @throws CliFailure when it is an outage. */
  readonly answered: <T>(answer: T) => Answered<T>;
}

/** Runs with the configured database, its tables up to date; null where none is configured. */
export async function withDatabase<T>(
  config: Config,
  io: Pick<CliIo, 'clock'>,
  run: (opened: CommandDatabase | null) => Promise<T>,
): Promise<T> {
  const problems = new Problems();
  const nothing = (): void => {};
  const context = { clock: io.clock, onEvent: nothing, onBackend: nothing, look: false };
  const opened = openConfiguredDatabase(config, context, problems);
  problems.throwIfAny();
  if (opened === null) return run(null);
  try {
    const { database } = opened;
    return await run({ database, answered: (answer) => answeredBy(opened, answer) });
  } finally {
    await opened.database.close();
  }
}

function answeredBy<T>(opened: ConfiguredDatabase, answer: T): Answered<T> {
  if (typeof answer === 'object' && answer !== null && isUnavailable(answer)) throw new CliFailure(opened.lastOutage());
  return answer as Answered<T>;
}
