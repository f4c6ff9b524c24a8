// Owns: asking no question before the tables are those of this program: a node may start while its database is down.
// Leaves to migrations.ts: making them.
import { type DirectoryUnavailable, isUnavailable } from '../core/account.ts';
import type { Clock, EpochSeconds } from '../lib/clock.ts';
import type { Database } from './database.ts';
import { migrate, type SchemaState } from './migrations.ts';

/** Seconds between two tries. */
const RETRY_SECONDS = 1;

export interface MigratedDatabase extends Database {
  /** Tries now, unless it is done; what came of it. */
  readonly ready: () => Promise<SchemaState | DirectoryUnavailable>;
}

/** Until the migrations have run, by this node or another, every answer is an outage. `onState` is told of each change. */
export function whenMigrated(
  database: Database,
  clock: Clock,
  onState: (state: SchemaState) => void,
): MigratedDatabase {
  let state: SchemaState | null = null;
  let trying: Promise<SchemaState | DirectoryUnavailable> | null = null;
  let notBefore: EpochSeconds = 0;

  const attempt = async (): Promise<SchemaState | DirectoryUnavailable> => {
    try {
      const found = await migrate(database, clock());
      if (isUnavailable(found)) return found;
      if (found.kind !== state?.kind) onState(found);
      state = found;
      return found;
    } finally {
      notBefore = clock() + RETRY_SECONDS;
      trying = null;
    }
  };
  const ready = async (): Promise<SchemaState | DirectoryUnavailable> => {
    if (state?.kind === 'current') return state;
    if (trying === null && clock() < notBefore) return state ?? { unavailable: true };
    trying ??= attempt();
    return trying;
  };
  const isReady = async (): Promise<boolean> => {
    if (state?.kind === 'current') return true;
    const found = await ready();
    return !isUnavailable(found) && found.kind === 'current';
  };

  return {
    ...database,
    ready,
    ask: async (operation, run) => ((await isReady()) ? database.ask(operation, run) : { unavailable: true }),
    transaction: async (operation, run) =>
      (await isReady()) ? database.transaction(operation, run) : { unavailable: true },
  };
}
