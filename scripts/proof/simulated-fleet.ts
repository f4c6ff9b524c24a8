// Owns: three nodes in this process on a virtual time: clocks apart, a keyring that reaches each at another moment and is
// looked at every ten seconds, a node that goes and comes back. Leaves to simulation.ts: what happens when.
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { systemRandom } from '../../src/lib/random.ts';
import { type Keyring, parseKeyring } from '../../src/sealer/keyring.ts';
import { runKeys } from '../../test/cli/keys-run.ts';
import { NOW, type OneNode, startOneNode } from '../../test/support/one-node.ts';
import { keyRefusals } from './metrics.ts';

export interface SimulatedNode {
  readonly name: string;
  /** Seconds by which its clock is ahead. */
  readonly ahead: number;
  /** Null while it is gone. */
  up: OneNode | null;
}

export interface SimulatedFleet {
  readonly nodes: readonly SimulatedNode[];
  /** The true time. */
  readonly now: () => number;
  /** Lets the time pass: files arrive, nodes look at theirs. */
  readonly travelTo: (now: number) => void;
  /** `signet keys …` on the operator's folder, with the real defaults. */
  readonly keys: (...args: readonly string[]) => Promise<string>;
  readonly ring: () => Keyring;
  /** Sends the operator's keyring to each node; it is there after so many seconds. */
  readonly send: (delays: readonly number[]) => void;
  readonly kill: (name: string) => Promise<void>;
  readonly restart: (name: string) => Promise<void>;
  /** Values that a node refused because of their key, or of the time: of all nodes, those that are gone included. */
  readonly refusals: () => Promise<number>;
  readonly close: () => Promise<void>;
}

export const SIMULATION_BEGINS = NOW;

/** `keyring.poll`; nodes do not look at the same moment. */
const POLL = 10;
/** Looked at when the virtual time says so, and by no timer of the real one. */
const QUIET = { SIGNET_KEYRING_POLL: '600', SIGNET_THROTTLE_ENABLED: 'false', SIGNET_SPENT_CAPACITY: '8192' };

export async function startSimulatedFleet(
  clocks: readonly number[],
  people: readonly string[],
): Promise<SimulatedFleet> {
  const random = systemRandom();
  // It serves nobody: it is the operator's folder, and the clock.
  const operator = await startOneNode({ environment: QUIET, people });
  const folder = operator.config.folder;
  const ringFile = operator.config.keyring.file;
  const config = join(folder, 'signet.yaml');
  let time = NOW;
  let refusedByTheGone = 0;
  const waiting: { readonly at: number; readonly file: string; readonly bytes: Buffer }[] = [];

  const copyOf = (name: string): string => join(folder, 'keys', `${name}.json`);
  const start = ({ name, ahead }: SimulatedNode): Promise<OneNode> =>
    operator.sibling({ SIGNET_KEYRING_FILE: copyOf(name), SIGNET_NODE_NAME: name }, ahead);
  const nodes = clocks.map((ahead, i): SimulatedNode => ({ name: `n${i + 1}`, ahead, up: null }));
  for (const node of nodes) {
    copyFileSync(ringFile, copyOf(node.name));
    node.up = await start(node);
  }
  const find = (name: string): SimulatedNode => {
    const node = nodes.find((one) => one.name === name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  };
  /** Moments at which a node looks, between two others. */
  const looked = (index: number, from: number, to: number): boolean =>
    Math.floor((to - 3 * index) / POLL) > Math.floor((from - 3 * index) / POLL);

  return {
    nodes,
    now: () => time,
    travelTo: (now) => {
      operator.travelTo(now);
      for (const copy of waiting.splice(0)) {
        if (copy.at > now) waiting.push(copy);
        else replace(copy.file, copy.bytes);
      }
      for (const [i, { up }] of nodes.entries()) {
        up?.node.parts.revocations.poll();
        if (looked(i, time, now)) up?.node.parts.keyring.poll();
      }
      time = now;
    },
    keys: async (verb = '', ...args) => {
      const run = await runKeys([verb, '--config', config, ...args], { now: time, random });
      if (run.exitCode !== 0) throw new Error(`signet keys ${verb}: ${run.failure}`);
      return run.output;
    },
    ring: () => parseKeyring(readFileSync(ringFile), { minSerial: 0 }),
    send: (delays) => {
      const bytes = readFileSync(ringFile);
      for (const [i, { name }] of nodes.entries())
        waiting.push({ at: time + (delays[i] ?? 0), file: copyOf(name), bytes });
    },
    kill: async (name) => {
      const node = find(name);
      if (node.up === null) return;
      refusedByTheGone += await refusalsOf(node.up);
      await node.up.close();
      node.up = null;
    },
    restart: async (name) => {
      const node = find(name);
      node.up ??= await start(node);
    },
    refusals: async () => {
      const counts = await Promise.all(nodes.map(({ up }) => (up === null ? 0 : refusalsOf(up))));
      return counts.reduce((sum, count) => sum + count, refusedByTheGone);
    },
    close: async () => {
      for (const { up } of nodes) await up?.close();
      await operator.close();
    },
  };
}

function replace(file: string, bytes: Buffer): void {
  writeFileSync(`${file}.new`, bytes, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

async function refusalsOf({ node }: OneNode): Promise<number> {
  const server = createServer(node.managementListener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  server.closeAllConnections();
  server.close();
  return keyRefusals(text);
}
