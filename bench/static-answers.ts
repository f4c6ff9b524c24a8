// Owns: answers of the node, kept, so that a bare server can give the very same bytes.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HttpAnswer } from './connection.ts';
import type { Folder } from './identity-provider.ts';
import { type Peer, startPeer } from './peers.ts';

export interface StaticAnswer {
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string;
}

/** Written by the HTTP server itself on every answer. */
const OWN_HEADERS = new Set(['date', 'connection', 'keep-alive']);

/** With every header that the node sent, cookies too. */
export function keepAnswer(path: string, { status, head, body }: HttpAnswer): StaticAnswer {
  const headers: Record<string, string | string[]> = {};
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(': ');
    const name = line.slice(0, colon).toLowerCase();
    if (colon < 0 || OWN_HEADERS.has(name)) continue;
    const value = line.slice(colon + 2);
    headers[name] = name === 'set-cookie' ? [...(headers[name] ?? []), value] : value;
  }
  return { path, status, headers, body: body.toString('utf8') };
}

export async function startStaticPeer(folder: Folder, answers: readonly StaticAnswer[]): Promise<Peer> {
  const file = join(folder.path, 'static-answers.json');
  await writeFile(file, JSON.stringify(answers));
  return startPeer(
    'static-peer.ts',
    () => [file],
    async (port) => (await fetch(`http://127.0.0.1:${port}/`)).status === 404,
  );
}
