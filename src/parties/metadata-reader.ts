// Owns: reading metadata files without holding the thread that serves HTTP: an aggregate of a thousand parties takes a good part of
// a second to parse, and SSO must not wait. Leaves to saml/metadata-read.ts: what a file says.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type MetadataFile, readMetadata } from '../saml/metadata-read.ts';
import { METADATA_MAX_BYTES } from '../xml/parse.ts';

/** For one look at a folder: the thread is started for the first large file, and ends with {@link MetadataReader.close}. */
export interface MetadataReader {
  /**
   * What `readMetadata` makes of the file, in slices: each has some of the service providers and some of the problems.
   * Between two of them the caller's thread is free for others. One file at a time.
   */
  readonly read: (bytes: Uint8Array, source: string) => AsyncIterable<MetadataFile>;
  readonly close: () => Promise<void>;
}

/** What the thread is asked for: a file, then the rest of it. */
export type Asked = { readonly bytes: Uint8Array; readonly source: string } | 'more';

export interface Slice {
  readonly part: MetadataFile;
  readonly last: boolean;
}

/** Service providers, and problems, of one slice: taking their keys over costs some ten microseconds each. */
export const SLICE_ENTRIES = 20;

/** A file that is read in a few milliseconds is not worth a thread. */
const SMALL_BYTES = 32_768;

export function createMetadataReader(): MetadataReader {
  let worker: Worker | null = null;

  async function ask(asked: Asked): Promise<Slice> {
    worker ??= new Worker(new URL('./metadata-worker.ts', import.meta.url));
    worker.postMessage(asked);
    try {
      const [slice]: Slice[] = await once(worker, 'message');
      if (slice === undefined) throw new Error('the metadata worker sent nothing');
      return slice;
    } catch (error) {
      // A thread that failed has ended; the next file gets a new one.
      worker = null;
      throw error;
    }
  }

  async function* read(bytes: Uint8Array, source: string): AsyncGenerator<MetadataFile> {
    // One that is too large is refused before anything of it is looked at.
    if (bytes.length <= SMALL_BYTES || bytes.length > METADATA_MAX_BYTES) {
      yield readMetadata(bytes, source);
      return;
    }
    for (let asked: Asked = { bytes, source }; ; asked = 'more') {
      const { part, last } = await ask(asked);
      yield part;
      if (last) return;
    }
  }

  return {
    read,
    close: async () => {
      await worker?.terminate();
      worker = null;
    },
  };
}
