// Owns: two ways of asking: as fast as the server can, and at a fixed rate whatever the server does.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, HttpAnswer } from './connection.ts';
import { cpuSeconds } from './machine.ts';
import type { PreparedRequest } from './requests.ts';
import { requireResponse, type Verifier } from './responses.ts';

export interface Saturated {
  readonly perSecond: number;
  /** Share of one core that the server used meanwhile. */
  readonly cpu: number;
}

/** Answers that are verified in full; all others are looked at. */
const SAMPLES = 20;

/** Sends every request once, each connection one at a time; closes them, and checks samples when the clock has stopped. */
export async function saturate(
  connections: readonly Connection[],
  requests: readonly PreparedRequest[],
  pid: number,
  verify: Verifier,
): Promise<Saturated> {
  const every = Math.max(1, Math.floor(requests.length / SAMPLES));
  const samples: (() => void)[] = [];
  let next = 0;
  const work = async (connection: Connection): Promise<void> => {
    for (let i = next++; i < requests.length; i = next++) {
      const request = requests[i];
      if (request === undefined) return;
      const answer = await connection.send(request);
      requireResponse(answer);
      if (i % every === 0) samples.push(() => verify(answer, request.id));
    }
  };
  const [started, cpuBefore] = [performance.now(), cpuSeconds(pid)];
  await Promise.all(connections.map(work));
  const seconds = (performance.now() - started) / 1000;
  const cpu = (cpuSeconds(pid) - cpuBefore) / seconds;
  for (const connection of connections) connection.close();
  for (const check of samples) check();
  return { perSecond: requests.length / seconds, cpu };
}

/** When requests are due, in milliseconds: one after the other, evenly. */
export function steadily(count: number, perSecond: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => (i * 1000) / perSecond);
}

/** The same rate, each at a moment of its own slot, so that two streams of questions do not march in step. */
export function scattered(count: number, perSecond: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => ((i + Math.random()) * 1000) / perSecond);
}

export interface Answered {
  /** Milliseconds from when each request was due, as far as this client's timers can tell, to its answer. */
  readonly latencies: readonly number[];
  /** Milliseconds by which this client was late in asking, which are in no latency. */
  readonly lateness: readonly number[];
}

/**
 * Asks when it is time, whatever became of the questions before. A request that finds no free connection waits, and its
 * wait counts: a server that stalls must not slow down the questions.
 */
export async function atFixedRate(
  connections: readonly Connection[],
  requests: readonly PreparedRequest[],
  dueAt: readonly number[],
  check: (answer: HttpAnswer) => void = requireResponse,
): Promise<Answered> {
  const free = [...connections];
  const due: { readonly request: PreparedRequest; readonly at: number }[] = [];
  const [latencies, lateness]: [number[], number[]] = [[], []];
  let failure: unknown = null;
  const pump = (): void => {
    while (free.length > 0 && due.length > 0) {
      const connection = free.pop();
      const first = due.shift();
      if (connection === undefined || first === undefined) return;
      connection
        .send(first.request)
        .then((answer) => {
          latencies.push(performance.now() - first.at);
          check(answer);
          free.push(connection);
          pump();
        })
        .catch((error: unknown) => {
          failure = error;
        });
    }
  };
  const began = performance.now();
  for (const [i, request] of requests.entries()) {
    const at = began + (dueAt[i] ?? 0);
    const wait = at - performance.now();
    if (wait > 0) await sleep(wait);
    // Timers fire late, or up to a millisecond early; that is the client's fault, not the server's: told by itself.
    const now = performance.now();
    lateness.push(Math.max(0, now - at));
    due.push({ request, at: now });
    pump();
    if (failure !== null) throw failure;
  }
  while (latencies.length < requests.length && failure === null) await sleep(20);
  if (failure !== null) throw failure;
  return { latencies, lateness };
}
