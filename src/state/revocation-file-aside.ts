// Owns: parsing a revocation file without holding the thread that serves HTTP: a thousand entries take a tenth of a second.
// Leaves to revocation-file.ts: what they mean.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Problem, ProblemsError } from '../lib/problems.ts';
import { parseRevocations, type RevocationEntry } from './revocation-file.ts';

export interface RevocationTask {
  readonly path: string;
  readonly text: string;
}

export type RevocationAnswer =
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] }
  | { readonly kind: 'entries'; readonly slice: RevocationSlice; readonly last: boolean };

export interface RevocationSlice {
  readonly entries: readonly RevocationEntry[];
  /** In all slices together. */
  readonly total: number;
}

/** Taking this many over costs a few milliseconds. */
export const SLICE_ENTRIES = 500;

/** About a hundred entries: not worth a thread. */
const SMALL_CHARACTERS = 8192;

/** As {@link parseRevocations}, in slices, with others' turns in between. @throws ProblemsError before the first slice */
export async function* readRevocationsAside(path: string, text: string): AsyncGenerator<RevocationSlice> {
  if (text.length <= SMALL_CHARACTERS) {
    const entries = parseRevocations(path, text);
    yield { entries, total: entries.length };
    return;
  }
  const task: RevocationTask = { path, text };
  const worker = new Worker(new URL('./revocation-file-worker.ts', import.meta.url), { workerData: task });
  try {
    for (;;) {
      const [answer]: RevocationAnswer[] = await once(worker, 'message');
      if (answer === undefined) throw new Error('the revocation file worker sent nothing');
      if (answer.kind === 'problems') throw new ProblemsError(answer.problems);
      yield answer.slice;
      if (answer.last) return;
      worker.postMessage('more');
    }
  } finally {
    await worker.terminate();
  }
}
