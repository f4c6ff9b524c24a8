// Owns: the far side of users-file-aside.ts: a users file read, or a password changed in it, off the main thread.
import { parentPort, workerData } from 'node:worker_threads';
import { parseUsersFile } from './users-file.ts';
import { SLICE_PEOPLE, type UsersSlice, type UsersTask } from './users-file-aside.ts';
import { setPasswordHash } from './users-file-edit.ts';

const task: UsersTask = workerData;
const send = (slice: UsersSlice | 'done') => parentPort?.postMessage(slice);

if (task.kind === 'read') {
  const read = parseUsersFile(task.source, task.file);
  if (read.kind === 'problems') send(read);
  else {
    const { byId, commonCost } = read.people;
    const all = [...byId.values()];
    let at = 0;
    const sendNext = () => {
      const people = all.slice(at, at + SLICE_PEOPLE);
      at += SLICE_PEOPLE;
      send({ kind: 'people', people, commonCost, last: at >= all.length });
    };
    parentPort?.on('message', sendNext);
    sendNext();
  }
} else {
  await setPasswordHash(task.path, task.loginName, task.passwordHash);
  send('done');
}
