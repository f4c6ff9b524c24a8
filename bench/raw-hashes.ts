// Owns: running raw-hash.ts: what Argon2id alone costs here and now. Leaves to the measurements: what it is compared with.
import { fileURLToPath } from 'node:url';
import { runToEnd } from '../scripts/processes.ts';
import type { Folder } from './identity-provider.ts';
import { BOTH_CORES } from './machine.ts';

const RAW_HASH = fileURLToPath(new URL('./raw-hash.ts', import.meta.url));

export interface RawHashes {
  /** Of all processes together. */
  readonly perSecond: number;
  /** Milliseconds of CPU for each hash, all its threads together. */
  readonly cpuMs: number;
}

/** So many processes hash at once, on both cores. */
export async function rawHashes(folder: Folder, processes: number, seconds: number): Promise<RawHashes> {
  const args = ['-c', BOTH_CORES, process.execPath, RAW_HASH, folder.passwordHash, String(seconds * 1000)];
  const outputs = await Promise.all(Array.from({ length: processes }, () => runToEnd('taskset', args)));
  const all = outputs.map((text) => JSON.parse(text) as RawHashes);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return { perSecond: sum(all.map((one) => one.perSecond)), cpuMs: sum(all.map((one) => one.cpuMs)) / processes };
}
