// Owns: a fixed number of hashing processes behind a bounded queue, so that a flood of logins takes neither the memory
// nor the cores of the node. Leaves to hash-worker.ts: hashing; to password.ts: what is worth a hash.
import { availableParallelism } from 'node:os';
import { type Argon2Cost, isAllowedCost, parseArgon2String } from '../lib/argon2-string.ts';
import { encodeBase64url } from '../lib/base64url.ts';
import type { Random } from '../lib/random.ts';
import { type HashDone, type HashProcess, type HashProcessEvent, startHashProcess } from './hash-process.ts';
import type { HashWork } from './hash-worker.ts';

/** Too many are waiting, or no process could do it. `retryAfter` in seconds. */
interface Busy {
  readonly kind: 'busy';
  readonly retryAfter: number;
}

export type HashAnswer = { readonly kind: 'checked'; readonly match: boolean } | Busy;
export type HashCreated = { readonly kind: 'created'; readonly phc: string } | Busy;

export interface HashPoolOptions {
  /** Processes; each works on one hash, so memory is bounded by `workers` times the dearest hash. */
  readonly workers: number;
  /** Hashes that may wait for a process; more are answered `busy` at once. */
  readonly queue: number;
  /** What `busy` says, in seconds. */
  readonly retryAfter: number;
  /** How long a hash may wait in the queue, in milliseconds: less than a balancer waits for an answer. */
  readonly queueWaitMs: number;
  /** How long one hash may take, in milliseconds; then its process is killed. */
  readonly hashTimeoutMs: number;
  readonly onEvent: (event: HashProcessEvent) => void;
}

export const HASH_POOL_DEFAULTS = { queue: 64, retryAfter: 5, queueWaitMs: 8_000, hashTimeoutMs: 20_000 } as const;

export interface HashPoolStatus {
  /** Ids of the processes that can be used. */
  readonly pids: readonly number[];
  readonly hashing: number;
  readonly queued: number;
  /** Answered `busy` since the start. */
  readonly refused: number;
}

export interface HashPool {
  /** Checks a prepared password (`preparePassword`) against a PHC string. */
  readonly verify: (phc: string, password: string) => Promise<HashAnswer>;
  /** Hashes a prepared password that a person has chosen. */
  readonly create: (password: string, cost: Argon2Cost, random: Random) => Promise<HashCreated>;
  readonly status: () => HashPoolStatus;
  /** Answers `busy` to what waits, lets hashes in work finish, then ends the processes. */
  readonly close: () => Promise<void>;
}

/** All cores but one: the last is for requests that need no hash. */
export function defaultHashWorkers(): number {
  return Math.max(1, availableParallelism() - 1);
}

/** RFC 9106 §3.1 */
const SALT_BYTES = 16;

interface Task {
  readonly work: HashWork;
  readonly resolve: (answer: HashDone | Busy) => void;
  attempts: number;
  waiting: NodeJS.Timeout | null;
}

/** A hash whose process died is tried once more; then somebody is told to come back. */
const MAX_ATTEMPTS = 2;

export function openHashPool(options: HashPoolOptions): HashPool {
  const queue: Task[] = [];
  const running = new Set<Promise<void>>();
  let refused = 0;
  let closed = false;
  const processes: readonly HashProcess[] = Array.from({ length: options.workers }, () =>
    startHashProcess({ hashTimeoutMs: options.hashTimeoutMs, onEvent: options.onEvent, onIdle: () => pump() }),
  );

  function refuse(task: Pick<Task, 'resolve'>): void {
    refused += 1;
    task.resolve({ kind: 'busy', retryAfter: options.retryAfter });
  }

  function wait(task: Task, place: 'push' | 'unshift'): void {
    queue[place](task);
    task.waiting = setTimeout(() => {
      queue.splice(queue.indexOf(task), 1);
      refuse(task);
    }, options.queueWaitMs);
  }

  async function run(worker: HashProcess, task: Task): Promise<void> {
    task.attempts += 1;
    const result = await worker.work(task.work);
    if (result.kind === 'checked' || result.kind === 'created') task.resolve(result);
    else if (result.kind === 'died' && task.attempts < MAX_ATTEMPTS && !closed) wait(task, 'unshift');
    else refuse(task);
  }

  function pump(): void {
    for (const worker of processes) {
      if (!worker.isIdle()) continue;
      const task = queue.shift();
      if (task === undefined) return;
      if (task.waiting !== null) clearTimeout(task.waiting);
      const work = run(worker, task).finally(() => {
        running.delete(work);
        pump();
      });
      running.add(work);
    }
  }

  const ask = (work: HashWork): Promise<HashDone | Busy> =>
    new Promise((resolve) => {
      if (closed || queue.length >= options.queue) return refuse({ resolve });
      wait({ work, resolve, attempts: 0, waiting: null }, 'push');
      pump();
    });

  return {
    verify: (phc, password) => {
      if (parseArgon2String(phc) === null) throw new RangeError('not an Argon2id string within bounds');
      return ask({ kind: 'check', phc, password }).then((answer) =>
        answer.kind === 'created' ? { kind: 'checked', match: false } : answer,
      );
    },
    create: (password, cost, random) => {
      if (!isAllowedCost(cost)) throw new RangeError('no hash of this cost may be made');
      return ask({ kind: 'create', password, cost, salt: encodeBase64url(random(SALT_BYTES)) }).then((answer) =>
        answer.kind === 'checked' ? { kind: 'busy', retryAfter: options.retryAfter } : answer,
      );
    },
    status: () => ({
      pids: processes.map((worker) => worker.pid()).filter((pid) => pid !== null),
      hashing: processes.filter((worker) => worker.isWorking()).length,
      queued: queue.length,
      refused,
    }),
    close: async () => {
      closed = true;
      for (const task of queue.splice(0)) {
        if (task.waiting !== null) clearTimeout(task.waiting);
        refuse(task);
      }
      await Promise.all(running);
      await Promise.all(processes.map((worker) => worker.close()));
    },
  };
}
