// Owns: what an operator may do about somebody's second factors: take them all away, or let them try again.
import type { Config } from '../config/config.ts';
import { readConfig } from '../config/read-config.ts';
import type { AccountId } from '../core/account.ts';
import type { Queries } from '../database/database.ts';
import { removeAllCredentials } from '../directories/sql-credentials.ts';
import { endSessionsOf } from '../node/end-sessions.ts';
import { clearAttempts } from '../state/sql-attempts.ts';
import { findAccount } from './find-account.ts';
import { CliFailure, type CliIo } from './io.ts';
import { withDatabase } from './with-database.ts';

export interface FactorOptions {
  readonly id?: true;
  readonly config: string;
}

export async function resetFactors(io: CliIo, name: string, options: FactorOptions): Promise<void> {
  const config = readConfig(options.config, io.environment);
  const removed = await change(io, config, name, options, async (queries, accountId) => {
    // First, while it is known where codes were sent.
    await clearAttempts(queries, accountId);
    const count = await removeAllCredentials(queries, accountId);
    // Whoever took the factors over may be signed in with them.
    await endSessionsOf(queries, config, accountId, io.clock());
    return count;
  });
  // Nobody looked whether there is such an account.
  if (options.id === true && removed === 0) throw new CliFailure(`nothing was enrolled by the account id '${name}'`);
  io.out(`removed ${removed} from ${name}; their sessions have been ended\n`);
}

export async function unlock(io: CliIo, name: string, options: FactorOptions): Promise<void> {
  await change(io, readConfig(options.config, io.environment), name, options, async (queries, accountId) => {
    await clearAttempts(queries, accountId);
    return 0;
  });
  io.out(`${name} may try again\n`);
}

/** In one transaction, on somebody of whatever directory. */
function change(
  io: CliIo,
  config: Config,
  name: string,
  { id }: FactorOptions,
  run: (queries: Queries, accountId: AccountId) => Promise<number>,
): Promise<number> {
  return withDatabase(config, io, async (opened) => {
    if (opened === null) throw new CliFailure('database.url is not set: there is nothing beside passwords');
    const accountId =
      id === true ? name : (await findAccount(io, config, name, { opened, among: config.directories })).account.id;
    const { database, answered } = opened;
    return answered(await database.transaction('users-factors', (queries) => run(queries, accountId)));
  });
}
