// Owns: the raw Argon2id rate of one process: the node's own hashing call in a loop, at the priority of its workers.
import { constants, setPriority } from 'node:os';
import { matchesHash } from '../src/methods/argon2.ts';
import { PASSWORD } from './identity-provider.ts';

const [hash = '', milliseconds = '0'] = process.argv.slice(2);
setPriority(constants.priority.PRIORITY_LOW);
await matchesHash(hash, PASSWORD);
const [began, used] = [performance.now(), process.cpuUsage()];
let count = 0;
while (performance.now() - began < Number(milliseconds)) {
  if (!(await matchesHash(hash, PASSWORD))) throw new Error('the password is not the hash’s');
  count += 1;
}
const perSecond = (count * 1000) / (performance.now() - began);
const { user, system } = process.cpuUsage(used);
// Hashes per second, and milliseconds of CPU, all threads together, for each.
process.stdout.write(`${JSON.stringify({ perSecond, cpuMs: (user + system) / 1000 / count })}\n`);
