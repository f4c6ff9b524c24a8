// Owns: telling whether a file was changed, by a look that costs one system call.
import { type BigIntStats, statSync } from 'node:fs';

/** What changes when a file is replaced, written, or made readable; 'missing' while there is none. */
export function fileVersion(path: string): string {
  let stat: BigIntStats | undefined;
  try {
    stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return 'unreachable';
  }
  return stat === undefined ? 'missing' : [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ');
}
