// Owns: reading and changing a users file on a thread of its own: a few thousand people take a second to parse, and SSO must
// not wait. Leaves to users-file.ts: what the text means; to users-file-edit.ts: changing it.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { AccountId } from '../core/account.ts';
import { loginNameKey } from '../core/login-name.ts';
import type { Argon2Cost } from '../lib/argon2-string.ts';
import type { Problem } from '../lib/problems.ts';
import { type Person, parseUsersFile, type UsersFile } from './users-file.ts';
import { setPasswordHash } from './users-file-edit.ts';

export type UsersTask =
  | { readonly kind: 'read'; readonly source: string; readonly file: string }
  | { readonly kind: 'set-password'; readonly path: string; readonly loginName: string; readonly passwordHash: string };

export type UsersSlice =
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] }
  | {
      readonly kind: 'people';
      readonly people: readonly Person[];
      readonly commonCost: Argon2Cost | null;
      readonly last: boolean;
    };

/** Taking this many over costs a few milliseconds. */
export const SLICE_PEOPLE = 250;

/** A file that is parsed in a few milliseconds is not worth a thread. */
const SMALL_BYTES = 16_384;

/** As {@link parseUsersFile}; the people of a long file come over some at a time, with others' turns in between. */
export async function readUsersAside(source: string, file: string): Promise<UsersFile> {
  if (source.length <= SMALL_BYTES) return parseUsersFile(source, file);
  const worker = start({ kind: 'read', source, file });
  try {
    const byId = new Map<AccountId, Person>();
    const byLoginName = new Map<string, Person>();
    for (;;) {
      const [slice]: UsersSlice[] = await once(worker, 'message');
      if (slice === undefined) throw new Error('the users file worker sent nothing');
      if (slice.kind === 'problems') return slice;
      for (const person of slice.people) {
        byId.set(person.account.id, person);
        byLoginName.set(loginNameKey(person.account.loginName), person);
      }
      if (slice.last) return { kind: 'people', people: { byId, byLoginName, commonCost: slice.commonCost } };
      worker.postMessage('more');
    }
  } finally {
    await worker.terminate();
  }
}

/** As {@link setPasswordHash}, in a file of `bytes`. */
export async function setPasswordHashAside(
  path: string,
  loginName: string,
  passwordHash: string,
  bytes: number,
): Promise<void> {
  if (bytes <= SMALL_BYTES) return setPasswordHash(path, loginName, passwordHash);
  const worker = start({ kind: 'set-password', path, loginName, passwordHash });
  try {
    await once(worker, 'message');
  } finally {
    await worker.terminate();
  }
}

function start(task: UsersTask): Worker {
  return new Worker(new URL('./users-file-worker.ts', import.meta.url), { workerData: task });
}
