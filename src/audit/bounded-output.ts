// Owns: writing lines to a pipe whose reader may stop, or end: never waits, never fails, and never holds more than so much.
// Leaves to audit-file.ts: files; to callers: counting what is lost.
import { Writable } from 'node:stream';

/** Bytes that wait for a reader; beyond it the newest lines are lost. */
export const OUTPUT_WAITING_MAX = 64 * 1024 * 1024;

export interface BoundedOutputOptions {
  readonly to: Writable;
  readonly maxBytes: number;
  /** The reader has ended: from now on every line is lost. Told once. */
  readonly onBroken: (error: Error) => void;
  /** A line that nobody will read. */
  readonly onLost: () => void;
}

/** Each chunk is a line. Standard output in the first place: a node outlives whoever reads it. */
export function boundOutput({ to, maxBytes, onBroken, onLost }: BoundedOutputOptions): Writable {
  let broken = false;
  to.on('error', (error) => {
    if (!broken) onBroken(error);
    broken = true;
  });
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (broken || to.writableLength + chunk.length > maxBytes) onLost();
      else {
        to.write(chunk, (error) => {
          if (error !== null && error !== undefined) onLost();
        });
      }
      done();
    },
  });
}
