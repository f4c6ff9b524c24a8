// Owns: which nodes a command asks, and asking one of them. Leaves to the commands: what the answers mean.
import { lookup } from 'node:dns/promises';
import { CliFailure } from './io.ts';
import type { NodeOptions } from './keys-options.ts';

/**
 * The management listeners that the options name.
 * @throws CliFailure (3) when a name has no address.
 */
export async function endpointsOf({ endpoints = [], dns }: NodeOptions): Promise<readonly string[]> {
  return [...endpoints, ...(dns === undefined ? [] : await addressesOf(dns))];
}

const ANSWER_MAX_BYTES = 256 * 1024;

/** What a node's management listener answers with 200, within so many seconds; rejects otherwise: {@link reasonOf}. */
export async function getFromNode(endpoint: string, path: string, seconds: number): Promise<Buffer> {
  const signal = AbortSignal.timeout(seconds * 1000);
  const response = await fetch(`http://${endpoint}${path}`, { signal, redirect: 'error' });
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > ANSWER_MAX_BYTES) throw new Error(`more than ${ANSWER_MAX_BYTES} bytes`);
  }
  return Buffer.concat(chunks);
}

/** Why a node did not answer, in a word or two. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  if (error.name === 'TimeoutError') return 'too late';
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.message;
}

/** @throws CliFailure (3) when the name has no address: then no node is known to agree. */
async function addressesOf(nameAndPort: string): Promise<readonly string[]> {
  const [name = '', port] = nameAndPort.split(':');
  try {
    const found = await lookup(name, { all: true });
    return found.map(({ address, family }) => (family === 6 ? `[${address}]:${port}` : `${address}:${port}`));
  } catch (error) {
    throw new CliFailure(`${name} has no address: ${reasonOf(error)}`, 3);
  }
}
