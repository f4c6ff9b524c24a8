// Owns: the far side of revocation-file-aside.ts: a long revocation file parsed off the main thread, handed over in slices.
import { parentPort, workerData } from 'node:worker_threads';
import { ProblemsError } from '../lib/problems.ts';
import { parseRevocations, type RevocationEntry } from './revocation-file.ts';
import { type RevocationAnswer, type RevocationTask, SLICE_ENTRIES } from './revocation-file-aside.ts';

const { path, text }: RevocationTask = workerData;
const send = (answer: RevocationAnswer) => parentPort?.postMessage(answer);

function handOver(all: readonly RevocationEntry[]): void {
  let at = 0;
  const sendNext = () => {
    const entries = all.slice(at, at + SLICE_ENTRIES);
    at += SLICE_ENTRIES;
    send({ kind: 'entries', slice: { entries, total: all.length }, last: at >= all.length });
  };
  parentPort?.on('message', sendNext);
  sendNext();
}

try {
  handOver(parseRevocations(path, text));
} catch (error) {
  if (!(error instanceof ProblemsError)) throw error;
  send({ kind: 'problems', problems: error.problems });
}
