// Owns: rows that may come late: they wait in memory and are written in batches, off the path of any answer. Bounded, and
// what is lost is counted. Leaves to its users: the statement; to the audit's stream: what must not be lost.

export interface WriteBehind<R> {
  /** Never waits. When too many wait, the new one is left out. */
  readonly add: (row: R) => void;
  /** How many were left out since the start: too many waited, or they could not be written at all. */
  readonly lost: () => number;
  /** Writes what waits, and stops. What a database that is down does not take goes with the node. */
  readonly close: () => Promise<void>;
}

export interface WriteBehindOptions<R> {
  /** False: nobody answers, so the same rows come again. A rejection: they never will be taken. */
  readonly write: (rows: readonly R[]) => Promise<boolean>;
  readonly onFault: (error: unknown) => void;
}

const BATCH_MS = 1000;
const BATCH_ROWS = 200;
/** Rows that wait for a database that is down. */
export const WAITING_MAX = 10_000;

/** Writes every second what has come meanwhile. */
export function createWriteBehind<R>({ write, onFault }: WriteBehindOptions<R>): WriteBehind<R> {
  const waiting: R[] = [];
  let lost = 0;
  let writing: Promise<void> | null = null;

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH_ROWS);
      try {
        if (!(await write(batch))) return;
      } catch (error) {
        lost += batch.length;
        onFault(error);
      }
      waiting.splice(0, batch.length);
    }
  };
  const soon = (): Promise<void> => {
    writing ??= flush().finally(() => {
      writing = null;
    });
    return writing;
  };
  const timer = setInterval(() => void soon(), BATCH_MS).unref();

  return {
    add: (row) => {
      if (waiting.length < WAITING_MAX) waiting.push(row);
      else lost += 1;
    },
    lost: () => lost,
    close: async () => {
      clearInterval(timer);
      await soon();
    },
  };
}
