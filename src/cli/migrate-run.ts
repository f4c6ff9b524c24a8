// Owns: what `signet migrate` does: bringing the database's tables up to this program, or saying how far they are.
import { readConfig } from '../config/read-config.ts';
import { isUnavailable } from '../core/account.ts';
import { Problems } from '../lib/problems.ts';
import { describeSchema, openConfiguredDatabase } from '../node/shared-state.ts';
import { forgetSerials } from '../state/sql-meta.ts';
import { CliFailure, type CliIo } from './io.ts';

export interface MigrateOptions {
  readonly config: string;
  readonly dryRun?: true;
  readonly forgetSerials?: true;
}

export async function migrateDatabase(io: CliIo, options: MigrateOptions): Promise<void> {
  const config = readConfig(options.config, io.environment);
  const problems = new Problems();
  const nothing = (): void => {};
  const look = options.dryRun === true;
  const opened = openConfiguredDatabase(
    config,
    { clock: io.clock, onEvent: nothing, onBackend: nothing, look },
    problems,
  );
  problems.throwIfAny();
  if (opened === null) throw new CliFailure('database.url is not set');
  try {
    const state = await opened.ready();
    if (isUnavailable(state)) throw new CliFailure(opened.lastOutage());
    if (state.kind === 'too-new') throw new CliFailure(describeSchema(state), 2);
    io.out(`${describeSchema(state)}\n`);
    if (options.forgetSerials === true) {
      if (isUnavailable(await forgetSerials(opened.database))) throw new CliFailure(opened.lastOutage());
      io.out('the next node that starts says which serials are the highest\n');
    }
  } finally {
    await opened.database.close();
  }
}
