// Owns: reading a file of keys: its size, its permissions, and that both belong to the bytes that were read.
// Leaves to keyring.ts and stable-secret.ts: what the bytes mean.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { fileFault, ProblemsError } from '../lib/problems.ts';
import { KEY_FILE_MAX_BYTES } from './json-record.ts';

/** Group read is allowed: Kubernetes' fsGroup turns 0400 into 0440. */
const FORBIDDEN_MODE = 0o027;

/**
 * The bytes of a key file; one byte more than is allowed when it is too large, for the parser to refuse.
 * Permissions are those of the opened file, so that a swap between two looks gains nothing.
 * @throws ProblemsError when it cannot be read or others than its owner and readers in its group may touch it.
 */
export function readSecretFile(path: string): Buffer {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw refusal(path, 'something else', 'a file');
    if ((stat.mode & FORBIDDEN_MODE) !== 0) {
      const found = `permissions ${(stat.mode & 0o777).toString(8).padStart(4, '0')}`;
      throw refusal(path, found, 'no access for others, no write access for the group, for example 0600 or 0440');
    }
    const bytes = Buffer.alloc(KEY_FILE_MAX_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, null);
    }
    return bytes.subarray(0, length);
  } catch (error) {
    throw error instanceof ProblemsError ? error : unreadable(path, error);
  } finally {
    closeSync(file);
  }
}

function unreadable(path: string, error: unknown): ProblemsError {
  return refusal(path, fileFault(error), 'a file that can be read');
}

function refusal(path: string, found: string, wanted: string): ProblemsError {
  return new ProblemsError([{ path, found, wanted }]);
}
