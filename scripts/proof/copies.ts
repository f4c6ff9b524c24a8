// Owns: how changed key files reach a node's own folder: replaced whole, as scripts/rotate-keys.sh does it, or by the
// swap of a folder behind symbolic links, as a kubelet does it. Leaves to fleet.ts: when, and which files.
import { chmodSync, copyFileSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

export type Delivery = 'renamed files' | '..data swap';

/** Some files of a folder, and their copies in another one. */
export interface Copy {
  readonly from: string;
  readonly to: string;
  /** In the order in which they are to arrive, where that is not all at once. */
  readonly names: () => readonly string[];
  readonly delivery: Delivery;
}

/** Answers what brings the files, as they are each time. What was brought before and is no more is taken away. */
export function createCourier({ from, to, names, delivery }: Copy): () => void {
  let before: readonly string[] = [];
  return () => {
    const now = names();
    mkdirSync(to, { recursive: true, mode: 0o700 });
    if (delivery === 'renamed files') for (const name of now) rename(join(from, name), join(to, name));
    else swap(from, to, now, before);
    for (const name of before.filter((one) => !now.includes(one))) rmSync(join(to, name));
    before = now;
  };
}

function rename(source: string, target: string): void {
  const temporary = `${target}.new`;
  copyFileSync(source, temporary);
  chmodSync(temporary, 0o600);
  renameSync(temporary, target);
}

/** A new folder with all files; `..data` leads to it from one moment to the next; names that are new get their links. */
function swap(from: string, to: string, names: readonly string[], linked: readonly string[]): void {
  const data = join(to, '..data');
  const old = linked.length === 0 ? null : readlinkSync(data);
  const version = `..${process.hrtime.bigint()}`;
  mkdirSync(join(to, version));
  for (const name of names) {
    copyFileSync(join(from, name), join(to, version, name));
    // What fsGroup makes of 0400.
    chmodSync(join(to, version, name), 0o440);
  }
  symlinkSync(version, join(to, '..data_tmp'));
  renameSync(join(to, '..data_tmp'), data);
  for (const name of names.filter((one) => !linked.includes(one))) {
    rmSync(join(to, name), { force: true });
    symlinkSync(join('..data', name), join(to, name));
  }
  if (old !== null) rmSync(join(to, old), { recursive: true });
}
