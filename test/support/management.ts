// Owns: asking a node of one-node.ts on its management listener.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OneNode } from './one-node.ts';

export interface Managed {
  readonly status: number;
  readonly text: string;
}

export async function manage({ node }: Pick<OneNode, 'node'>, path: string): Promise<Managed> {
  const server = createServer(node.managementListener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: answer.status, text: await answer.text() };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** The value of one line of /metrics, by its name and labels as they stand there; 0 while there is none. */
export async function metric(node: Pick<OneNode, 'node'>, line: string): Promise<number> {
  const { text } = await manage(node, '/metrics');
  const found = text.split('\n').find((one) => one.startsWith(`${line} `));
  return found === undefined ? 0 : Number(found.slice(line.length + 1));
}
