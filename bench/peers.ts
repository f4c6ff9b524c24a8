// Owns: starting what the node is compared with, on the node's core. Leaves to each peer's own file: what it does.
import { fileURLToPath } from 'node:url';
import { type Child, endAll, startChild, waitUntil } from '../scripts/processes.ts';
import { freePort } from './identity-provider.ts';
import { NODE_CORE } from './machine.ts';

export interface Peer {
  readonly child: Child;
  readonly port: number;
}

/** `script` is a file of this folder; it gets the port as its first argument. */
export async function startPeer(
  script: string,
  args: (port: number) => readonly string[],
  answers: (port: number) => Promise<boolean>,
): Promise<Peer> {
  const port = await freePort();
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = await startChild({
    name: script,
    command: 'taskset',
    args: ['-c', NODE_CORE, process.execPath, file, String(port), ...args(port)],
    environment: { NODE_ENV: 'production', NODE_NO_WARNINGS: '1' },
  });
  await waitUntil(`${script} answers`, 15_000, async () => {
    if (!child.alive()) throw new Error(`${script} ended: ${child.lastLines().slice(-5).join('\n')}`);
    return answers(port).catch(() => false);
  });
  return { child, port };
}

export async function stopPeer({ child }: Peer): Promise<void> {
  await endAll([child], 5_000);
}
