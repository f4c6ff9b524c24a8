// Owns: people from users.yaml: read at start, read again when the file changes, the last good copy kept when it breaks.
// Leaves to users-file.ts: what the text means; to methods/: checking a password; to users-file-edit.ts: changing the file.
import { isUtf8 } from 'node:buffer';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { loginNameKey } from '../core/login-name.ts';
import type { HashCheck, PasswordDirectory } from '../core/password-directory.ts';
import { fileFault, type Problem, ProblemsError } from '../lib/problems.ts';
import type { People, Person, UsersFile } from './users-file.ts';
import { readUsersAside, setPasswordHashAside } from './users-file-aside.ts';

export type YamlDirectoryEvent =
  | { readonly kind: 'loaded'; readonly people: number }
  /** The file changed and cannot be used; the last good copy stays. Reported once per change. */
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

interface YamlDirectoryStatus {
  readonly people: number;
  /** What is wrong with the file as it is now; empty when `people` are those of the file. */
  readonly problems: readonly Problem[];
}

/** The YAML file as a directory. It never answers `unavailable`: its people are in memory. */
export interface YamlDirectory extends PasswordDirectory {
  readonly check: HashCheck;
  readonly status: () => YamlDirectoryStatus;
  /** Looks at the file now, not at the next poll. */
  readonly reload: () => Promise<void>;
  readonly close: () => void;
}

/**
 * Reads the file and looks at it again every `pollSeconds`.
 * Polling, because a mounted Kubernetes Secret changes behind a symbolic link, which file watchers miss.
 * @throws ProblemsError when the file cannot be used at the start.
 */
export async function openYamlDirectory(options: {
  readonly name: string;
  readonly path: string;
  readonly pollSeconds: number;
  readonly onEvent: (event: YamlDirectoryEvent) => void;
}): Promise<YamlDirectory> {
  const { name, path, pollSeconds, onEvent } = options;
  const first = await readUsers(path, null);
  if (first.kind !== 'people') throw new ProblemsError(first.kind === 'problems' ? first.problems : [restless(path)]);
  let { people, version } = first;
  let problems: readonly Problem[] = [];
  onEvent({ kind: 'loaded', people: people.byId.size });

  const look = async () => {
    const read = await readUsers(path, version);
    if (read.kind === 'unchanged') return;
    version = read.version;
    if (read.kind === 'people') {
      people = read.people;
      problems = [];
      onEvent({ kind: 'loaded', people: people.byId.size });
    } else {
      problems = read.problems;
      onEvent({ kind: 'refused', problems });
    }
  };
  // One look at a time: an older reading must not come out on top of a newer one.
  let looking = Promise.resolve();
  const reload = () => {
    looking = looking.then(look);
    return looking;
  };
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  const poll = () => {
    if (!closed) timer = setTimeout(() => void reload().finally(poll), pollSeconds * 1000).unref();
  };
  poll();

  // One change at a time: each of many would read all of a long file on a thread of its own.
  let changing: Promise<unknown> = Promise.resolve();
  const change = (loginName: string, phc: string): Promise<void> => {
    const changed = changing.then(async () => setPasswordHashAside(path, loginName, phc, (await stat(path)).size));
    changing = changed.catch(() => {});
    return changed;
  };

  const account = (person: Person | undefined) => person?.account ?? null;
  return {
    name,
    findByLoginName: async (typed) => account(people.byLoginName.get(loginNameKey(typed))),
    findById: async (id) => account(people.byId.get(id)),
    check: {
      kind: 'hash',
      passwordHash: async (id) => people.byId.get(id)?.passwordHash ?? null,
      commonCost: () => people.commonCost,
      setPasswordHash: async (owner, phc) => {
        const person = people.byId.get(owner.id);
        if (person === undefined) return 'missing';
        try {
          await change(person.account.loginName, phc);
        } catch {
          // Read-only (a Kubernetes Secret), locked, or broken since it was read: the last good copy stays in force.
          return { unavailable: true };
        }
        await reload();
        return 'done';
      },
    },
    status: () => ({ people: people.byId.size, problems }),
    reload,
    close: () => {
      closed = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

type Reading =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'people'; readonly people: People; readonly version: string }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[]; readonly version: string };

/** Reads the file unless it is the version already known, or is being written just now. */
async function readUsers(path: string, known: string | null): Promise<Reading> {
  let file: FileHandle | undefined;
  try {
    if ((await versionOf(() => stat(path, { bigint: true }))) === known) return { kind: 'unchanged' };
    file = await open(path, 'r');
    const handle = file;
    const version = await versionOf(() => handle.stat({ bigint: true }));
    const bytes = await file.readFile();
    // Somebody writes in place: what we have may be half of it. The next poll sees it whole.
    if ((await versionOf(() => handle.stat({ bigint: true }))) !== version) return { kind: 'unchanged' };
    const { mode } = await file.stat();
    return { ...(await readBytes(bytes, mode, basename(path))), version };
  } catch (error) {
    const fault = fileFault(error);
    if (known === fault) return { kind: 'unchanged' };
    return { kind: 'problems', problems: [{ path, found: fault, wanted: 'a readable file' }], version: fault };
  } finally {
    await file?.close();
  }
}

async function readBytes(bytes: Buffer, mode: number, file: string): Promise<UsersFile> {
  if ((mode & 0o007) !== 0) {
    const wanted = `no permissions for others, because it holds password hashes (chmod o= ${file})`;
    return { kind: 'problems', problems: [{ path: file, found: `mode ${(mode & 0o777).toString(8)}`, wanted }] };
  }
  if (!isUtf8(bytes)) return { kind: 'problems', problems: [{ path: file, found: 'other bytes', wanted: 'UTF-8' }] };
  return readUsersAside(bytes.toString('utf8'), file);
}

type FileFacts = { readonly [name in 'dev' | 'ino' | 'mode' | 'size' | 'mtimeNs' | 'ctimeNs']: bigint };

async function versionOf(ask: () => Promise<FileFacts>): Promise<string> {
  const { dev, ino, mode, size, mtimeNs, ctimeNs } = await ask();
  return [dev, ino, mode, size, mtimeNs, ctimeNs].join(':');
}

function restless(path: string): Problem {
  return { path, found: 'a file that changes while it is read', wanted: 'a file at rest' };
}
