// Owns: the process that computes password hashes, one at a time, at the lowest priority.
// Leaves to hash-pool.ts: when it starts, what it is asked, and its successor when it dies.
// A process and not a thread: with one hash in the node's own process the 99th percentile of a signature is ten times higher.
import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { matchesHash } from './argon2.ts';

/** What the pool sends. Secrets come by the channel between the processes only: never in arguments, environment or logs. */
export interface HashQuestion {
  readonly id: number;
  readonly phc: string;
  readonly password: string;
}

/** What it is told: once that the process can be used, then an answer per question. */
export type HashReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'checked'; readonly id: number; readonly match: boolean }
  /** The machine had no memory for it, say. `code` never holds input. */
  | { readonly kind: 'failed'; readonly id: number; readonly code: string };

/** On Linux a priority belongs to a thread; threads that start later inherit it. */
function lowerPriority(): void {
  setPriority(constants.priority.PRIORITY_LOW);
  if (process.platform !== 'linux') return;
  for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), constants.priority.PRIORITY_LOW);
}

function report(message: HashReport): void {
  // The callback takes the error of a node that has just gone; `disconnect` follows.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

async function answer({ id, phc, password }: HashQuestion): Promise<void> {
  try {
    report({ kind: 'checked', id, match: await matchesHash(phc, password) });
  } catch (error) {
    report({ kind: 'failed', id, code: error instanceof Error ? error.name : 'unknown' });
  }
}

process.title = 'signet-hash';
lowerPriority();
// A terminal's Ctrl-C reaches this process too, but the node still drains: it ends when the node lets go of it, or is gone.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.exit(0));
process.on('message', (question: HashQuestion) => void answer(question));
if (process.connected) report({ kind: 'ready' });
else process.exit(0);
