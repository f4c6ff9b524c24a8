// Owns: measurement (f): resident memory of the node before and after many distinct sessions were used.
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../src/config/read-config.ts';
import { Connection } from './connection.ts';
import { type Folder, startNode, stopNode } from './identity-provider.ts';
import { BOTH_CORES, residentBytes } from './machine.ts';
import { ssoRequests } from './requests.ts';
import { requireResponse } from './responses.ts';
import { createMint } from './sessions.ts';
import { median } from './statistics.ts';
import { number, type Row } from './table.ts';

export interface MemoryPlan {
  readonly warmUp: number;
  readonly sessions: number;
  /** Stops here all the same, and says how many sessions there were. */
  readonly maxSeconds: number;
}

const CONNECTIONS = 16;
const BATCH = 4000;

export async function measureMemory(folder: Folder, plan: MemoryPlan): Promise<readonly Row[]> {
  const node = await startNode(folder, { cores: BOTH_CORES });
  try {
    const mint = createMint(folder);
    const deadline = performance.now() + plan.maxSeconds * 1000;
    const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => Connection.open(folder.port, '')));
    const use = async (sessions: number): Promise<number> => {
      let used = 0;
      while (used < sessions && performance.now() < deadline) {
        used += await useBatch(connections, folder, mint, Math.min(BATCH, sessions - used));
      }
      return used;
    };
    await use(plan.warmUp);
    const before = await settledMemory(node.pid);
    const used = await use(plan.sessions);
    const after = await settledMemory(node.pid);
    for (const connection of connections) connection.close();
    const growth = after / before - 1;
    const mib = (bytes: number): string => `${number(bytes / 2 ** 20)} MiB`;
    return [
      {
        what: `(f) memory after ${used.toLocaleString('en')} more sessions`,
        value: mib(after),
        comparedWith: `after ${plan.warmUp.toLocaleString('en')}: ${mib(before)}, of which ${mib(spentTableBytes(folder))} replay table`,
        ratio: `${growth < 0 ? '−' : '+'}${Math.abs(growth * 100).toFixed(1)} %`,
        bar: '< +10 %',
        held: used < plan.sessions ? false : growth < 0.1,
      },
    ];
  } finally {
    await stopNode(node);
  }
}

/** Every session is used once: opened, given a participant, answered, sealed again. */
async function useBatch(
  connections: readonly Connection[],
  folder: Folder,
  mint: (person: number) => string,
  count: number,
): Promise<number> {
  const requests = ssoRequests(count, folder.ssoUrl);
  let next = 0;
  const work = async (connection: Connection): Promise<void> => {
    for (let i = next++; i < requests.length; i = next++) {
      const request = requests[i];
      if (request === undefined) return;
      connection.cookies = mint(i);
      requireResponse(await connection.send(request));
    }
  };
  await Promise.all(connections.map(work));
  return count;
}

/** The middle of several looks, when the last requests' garbage has had time to go. */
async function settledMemory(pid: number): Promise<number> {
  const looks: number[] = [];
  for (let i = 0; i < 10; i++) {
    await sleep(300);
    looks.push(residentBytes(pid));
  }
  return median(looks);
}

const SLOT_BYTES = 32;

/** What is allocated for remembered request IDs when the node starts. */
function spentTableBytes(folder: Folder): number {
  const { capacity } = readConfig(`${folder.path}/signet.yaml`, {}).spent;
  return 2 ** Math.ceil(Math.log2(capacity)) * SLOT_BYTES;
}
