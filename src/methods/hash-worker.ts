// Owns: the process that computes password hashes, one at a time, at the lowest priority.
// Leaves to hash-pool.ts: when it starts, what it is asked, and its successor when it dies.
// A process and not a thread: with one hash in the node's own process the 99th percentile of a signature is ten times higher.
import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import type { Argon2Cost } from '../lib/argon2-string.ts';
import { createHash, matchesHash } from './argon2.ts';

/** What the pool sends. Secrets come by the channel between the processes only: never in arguments, environment or logs. */
export type HashQuestion = HashWork & { readonly id: number };

export type HashWork =
  | { readonly kind: 'check'; readonly phc: string; readonly password: string }
  /** `salt`: base64url, random; made where randomness comes from. */
  | { readonly kind: 'create'; readonly password: string; readonly cost: Argon2Cost; readonly salt: string };

/** What it is told: once that the process can be used, then an answer per question. */
export type HashReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'checked'; readonly id: number; readonly match: boolean }
  | { readonly kind: 'created'; readonly id: number; readonly phc: string }
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

async function answer(question: HashQuestion): Promise<void> {
  const { id, password } = question;
  try {
    if (question.kind === 'check') {
      report({ kind: 'checked', id, match: await matchesHash(question.phc, password) });
    } else {
      const salt = Buffer.from(question.salt, 'base64url');
      report({ kind: 'created', id, phc: await createHash(password, question.cost, () => salt) });
    }
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
