// Owns: reading a users file off the main thread: a few thousand people take a second to parse, and SSO must not wait.
import { parentPort, workerData } from 'node:worker_threads';
import { parseUsersFile } from './users-file.ts';

const { source, file }: { readonly source: string; readonly file: string } = workerData;
parentPort?.postMessage(parseUsersFile(source, file));
