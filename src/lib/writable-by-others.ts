// Owns: which files and folders somebody beside their owner may change. Leaves to callers: which of them matter.
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from './problems.ts';

/** Write access for the group or for others. */
const WRITABLE = 0o022;

/**
 * A problem for each of these files and folders that others than its owner may change. Of a folder its own bits count:
 * who may write into it may replace what is in it. What is not there or cannot be looked at is passed over: whoever opens it
 * says so.
 *
 * What a link points to counts, never the link, whose own bits mean nothing. On a file system that is mounted read-only
 * nobody can change anything, whatever the bits say: so Kubernetes mounts ConfigMaps and Secrets, with folders of 0777.
 */
export function writableByOthers(paths: readonly string[]): readonly Problem[] {
  return [...new Set(paths)].flatMap((path) => problemOf(path) ?? []);
}

/** The files in a folder whose names end so; none when it cannot be read. */
export function filesIn(folder: string, ending: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function problemOf(path: string): Problem | null {
  let mode: number;
  try {
    ({ mode } = statSync(path));
  } catch {
    return null;
  }
  if ((mode & WRITABLE) === 0 || isReadOnlyMount(path)) return null;
  const found = `permissions ${(mode & 0o7777).toString(8).padStart(4, '0')}`;
  return { path, found, wanted: 'no write access for group and others: chmod go-w' };
}

function isReadOnlyMount(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EROFS';
  }
}
