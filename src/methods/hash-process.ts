// Owns: the life of one hashing process: started, asked one thing at a time, started again when it dies.
// Leaves to hash-pool.ts: the queue in front of it.
import { type ChildProcess, fork } from 'node:child_process';
import type { HashQuestion, HashReport, HashWork } from './hash-worker.ts';

/** For the log. Nothing in it comes from a person. */
export type HashProcessEvent =
  | {
      readonly kind: 'hash-process-ended';
      readonly pid: number | null;
      readonly exitCode: number | null;
      readonly signal: string | null;
      readonly restartInMs: number;
    }
  | { readonly kind: 'hash-failed'; readonly code: string };

/** What came of a piece of work. */
export type HashDone =
  | { readonly kind: 'checked'; readonly match: boolean }
  | { readonly kind: 'created'; readonly phc: string };

type WorkResult =
  | HashDone
  /** The process is gone: somebody else may try. */
  | { readonly kind: 'died' }
  /** The process lives, but could not compute it. */
  | { readonly kind: 'failed' };

export interface HashProcess {
  /** Started, not working: `work` may be called. */
  readonly isIdle: () => boolean;
  readonly isWorking: () => boolean;
  readonly work: (work: HashWork) => Promise<WorkResult>;
  readonly pid: () => number | null;
  readonly close: () => Promise<void>;
}

const ENTRY = new URL('./hash-worker.ts', import.meta.url);
const FIRST_RESTART_MS = 50;
const LAST_RESTART_MS = 10_000;
const CLOSE_MS = 2_000;

export function startHashProcess(options: {
  readonly hashTimeoutMs: number;
  readonly onEvent: (event: HashProcessEvent) => void;
  /** Told whenever the process becomes idle by starting. */
  readonly onIdle: () => void;
}): HashProcess {
  let child: ChildProcess | null = null;
  let ready = false;
  let closed = false;
  let failures = 0;
  let questions = 0;
  let restart: NodeJS.Timeout | null = null;
  let current: { readonly id: number; readonly settle: (result: WorkResult) => void } | null = null;

  function start(): void {
    // No environment and no arguments: what the node was given in either is no business of this process.
    const started = fork(ENTRY, [], { env: {}, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child = started;
    // It ends with the node; it does not keep it alive.
    started.unref();
    started.channel?.unref();
    started.on('message', (report: HashReport) => heard(report));
    let over = false;
    const ended = (exitCode: number | null, signal: string | null) => {
      if (over) return;
      over = true;
      gone(started, exitCode, signal);
    };
    started.on('exit', ended);
    // Could not be started, or its channel broke: either way it is of no use.
    started.on('error', () => {
      started.kill('SIGKILL');
      ended(null, null);
    });
  }

  function heard(report: HashReport): void {
    if (report.kind === 'ready') {
      ready = true;
      options.onIdle();
      return;
    }
    if (current?.id !== report.id) return;
    if (report.kind === 'failed') options.onEvent({ kind: 'hash-failed', code: report.code });
    else failures = 0;
    current.settle(resultOf(report));
  }

  function gone(was: ChildProcess, exitCode: number | null, signal: string | null): void {
    child = null;
    ready = false;
    if (!closed) {
      const restartInMs = Math.min(LAST_RESTART_MS, FIRST_RESTART_MS * 2 ** Math.min(failures, 20));
      failures += 1;
      restart = setTimeout(start, restartInMs).unref();
      options.onEvent({ kind: 'hash-process-ended', pid: was.pid ?? null, exitCode, signal, restartInMs });
    }
    current?.settle({ kind: 'died' });
  }

  start();
  return {
    isIdle: () => ready && current === null,
    isWorking: () => current !== null,
    pid: () => (ready ? (child?.pid ?? null) : null),
    work: (work) =>
      new Promise((resolve) => {
        const asked = child;
        questions += 1;
        const question: HashQuestion = { ...work, id: questions };
        // Also what keeps the node alive while somebody waits for this answer.
        const timeout = setTimeout(() => asked?.kill('SIGKILL'), options.hashTimeoutMs);
        const settle = (result: WorkResult) => {
          clearTimeout(timeout);
          current = null;
          resolve(result);
        };
        current = { id: question.id, settle };
        // A send that fails is a process that is gone: its exit settles this.
        asked?.send(question, () => {});
      }),
    close: () => {
      closed = true;
      if (restart !== null) clearTimeout(restart);
      const ending = child;
      if (ending === null) return Promise.resolve();
      return new Promise((resolve) => {
        const kill = setTimeout(() => ending.kill('SIGKILL'), CLOSE_MS);
        ending.once('exit', () => {
          clearTimeout(kill);
          resolve();
        });
        if (ending.connected) ending.disconnect();
      });
    },
  };
}

function resultOf(report: Exclude<HashReport, { readonly kind: 'ready' }>): WorkResult {
  switch (report.kind) {
    case 'checked':
      return { kind: 'checked', match: report.match };
    case 'created':
      return { kind: 'created', phc: report.phc };
    case 'failed':
      return { kind: 'failed' };
    default:
      return report satisfies never;
  }
}
