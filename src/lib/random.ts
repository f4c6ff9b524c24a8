// Owns: where randomness comes from. Passed as a parameter, so that a test can pin every byte.
import { randomFillSync } from 'node:crypto';

/** Answers `length` unpredictable bytes. */
export type Random = (length: number) => Buffer;

const POOL_BYTES = 4096;

/**
 * The operating system's generator, read in blocks of 4 KiB.
 * A block is handed out once and never again; one system call then serves about a hundred requests.
 */
export function systemRandom(): Random {
  const pool = Buffer.alloc(POOL_BYTES);
  let used = POOL_BYTES;
  return (length) => {
    if (length > POOL_BYTES) return randomFillSync(Buffer.alloc(length));
    if (used + length > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    const bytes = Buffer.from(pool.subarray(used, used + length));
    pool.fill(0, used, used + length);
    used += length;
    return bytes;
  };
}
