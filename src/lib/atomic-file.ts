// Owns: replacing a file so that a reader sees the old bytes or the new ones, and one writer at a time.
// Leaves to the caller: what the bytes are, and reading them again inside the lock before changing them.
import { open, readlink, realpath, rename, stat, symlink, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Another process holds the lock and did not let go in time. */
export class LockedError extends Error {
  constructor(lock: string, holder: string) {
    super(`${lock} is held by ${holder}; if no such process runs, remove that file`);
    this.name = 'LockedError';
  }
}

/**
 * Replaces the file at `path`: a temporary file beside it (0600 while it is written), fsync, rename, fsync of the folder.
 * `mode` is for a new file; an existing one keeps its mode and owner, so that an administrator's command does not take
 * a file away from the service that reads it. A symbolic link is followed, not replaced.
 */
export async function writeAtomically(
  path: string,
  bytes: Uint8Array | string,
  options: { readonly mode: number },
): Promise<void> {
  const target = await realpath(path).catch(missingMeans(path));
  const existing = await stat(target).catch(missingMeans(null));
  const { file, name } = await openTemporary(target);
  try {
    try {
      await file.writeFile(bytes);
      if (existing !== null) {
        const own = await file.stat();
        if (own.uid !== existing.uid || own.gid !== existing.gid) await file.chown(existing.uid, existing.gid);
      }
      await file.chmod(existing === null ? options.mode : existing.mode & 0o7777);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(name, target);
  } catch (error) {
    await unlink(name).catch(missingMeans(undefined));
    throw error;
  }
  await syncFolder(dirname(target));
}

/**
 * Runs `work` while no other process (or call) that asks for the same path's lock does.
 * The lock is `PATH.lock`, a symbolic link whose text names its holder, because making one is atomic, text included.
 * A lock whose holder has died on this machine is taken over; one from another machine never is.
 * @throws LockedError after `waitMs` milliseconds (default 10 000).
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  options?: { readonly waitMs?: number },
): Promise<T> {
  const target = await realpath(path).catch(missingMeans(path));
  const lock = `${target}.lock`;
  await takeLock(lock, options?.waitMs ?? 10_000);
  try {
    return await work();
  } finally {
    await unlink(lock);
  }
}

const STEP_MS = 25;

async function takeLock(lock: string, waitMs: number): Promise<void> {
  const self = await holderText(process.pid);
  for (let waited = 0; ; waited += STEP_MS) {
    if (await makeLink(self, lock)) return;
    const holder = await readlink(lock).catch(missingMeans(null));
    if (holder !== null && (await isDead(holder))) await breakLock(lock);
    else if (waited >= waitMs) throw new LockedError(lock, holder ?? 'a process that comes and goes');
    else await sleep(STEP_MS);
  }
}

/** Removes a dead holder's lock. Under a second lock, so that nobody removes the lock of whoever came first after it. */
async function breakLock(lock: string): Promise<void> {
  const breaking = `${lock}.breaking`;
  if (!(await makeLink(await holderText(process.pid), breaking))) {
    await sleep(STEP_MS);
    const breaker = await readlink(breaking).catch(missingMeans(null));
    if (breaker !== null && (await isDead(breaker))) throw new LockedError(breaking, breaker);
    return;
  }
  try {
    const holder = await readlink(lock).catch(missingMeans(null));
    if (holder !== null && (await isDead(holder))) await unlink(lock);
  } finally {
    await unlink(breaking);
  }
}

async function makeLink(text: string, path: string): Promise<boolean> {
  try {
    await symlink(text, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Process, machine, and process-id namespace: two containers may share the name of the machine. */
async function holderText(pid: number): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => 'pid');
  return `${pid}@${hostname()}/${namespace}`;
}

async function isDead(holder: string): Promise<boolean> {
  const pid = Number(/^([1-9]\d*)@/.exec(holder)?.[1]);
  if (!Number.isSafeInteger(pid) || holder !== (await holderText(pid))) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

async function openTemporary(target: string) {
  for (let count = 0; ; count++) {
    const name = join(dirname(target), `.${basename(target)}.${process.pid}-${count}.tmp`);
    try {
      return { name, file: await open(name, 'wx', 0o600) };
    } catch (error) {
      // The leftover of a process that died with the same id, or a write of our own that is under way.
      if (codeOf(error) !== 'EEXIST' || count >= 99) throw error;
    }
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function missingMeans<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (codeOf(error) === 'ENOENT') return value;
    throw error;
  };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
