// Owns: ports that nothing listens on, and that nothing will take by chance while a node is being restarted.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the range that Linux gives to outgoing connections (32768 and up): the sign-in storms open thousands of those. */
const FIRST = 15_000;
const LAST = 32_000;

const given = new Set<number>();

/** Answers `count` distinct free ports of 127.0.0.1; none of them was answered before in this process. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = randomInt(FIRST, LAST);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

/** One free port. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('no free port');
  return port;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
