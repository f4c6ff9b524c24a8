// Owns: getting audit lines into a file, in order, also when the disk is full for a while or the file is rotated away.
import { appendFile } from 'node:fs/promises';
import { Writable } from 'node:stream';

/** Lines that wait while the file cannot be written; beyond it the newest are lost, and counted. */
const WAITING_MAX_BYTES = 64 * 1024 * 1024;

const GATHER_MS = 5;

export interface AuditFileOptions {
  readonly path: string;
  /** Milliseconds between two tries while writing fails. */
  readonly retryMs: number;
  /** Told when writing begins to fail, and when it works again. */
  readonly onEvent: (event: { readonly kind: 'failing'; readonly error: Error } | { readonly kind: 'working' }) => void;
  /** A line that could not be kept. */
  readonly onLost: () => void;
}

/**
 * A stream that appends to a file (mode 0600), opened anew for each batch: rotation needs no signal. A batch that
 * fails is tried again as a whole; a reader may then see lines twice (`signet audit verify` says so), never too few.
 */
export function openAuditFile(options: AuditFileOptions): Writable {
  const { path, retryMs, onEvent, onLost } = options;
  let waiting: Buffer[] = [];
  let bytes = 0;
  let failing = false;
  let running: Promise<void> | null = null;

  const append = async (batch: Buffer): Promise<void> => {
    for (;;) {
      try {
        await appendFile(path, batch, { mode: 0o600 });
        if (failing) onEvent({ kind: 'working' });
        failing = false;
        return;
      } catch (error) {
        if (!failing) onEvent({ kind: 'failing', error: error instanceof Error ? error : new Error(String(error)) });
        failing = true;
        // Does not keep the process alive: at the end there is one try, and then the loss is told.
        await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
      }
    }
  };

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      // One open, write and close for what comes within a few milliseconds: under load, many lines.
      await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
      const batch = Buffer.concat(waiting);
      waiting = [];
      await append(batch);
      bytes -= batch.length;
    }
    running = null;
  };

  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      // Never waits: an answer that is due must not hang on a full disk.
      if (bytes + chunk.length > WAITING_MAX_BYTES) onLost();
      else {
        waiting.push(chunk);
        bytes += chunk.length;
        running ??= drain();
      }
      done();
    },
    final(done) {
      if (running === null || failing) done();
      else running.then(() => done(), done);
    },
  });
}
