// Owns: three real nodes behind a balancer, each with its own copy of the keys and its own idea of the time, and the
// operator's folder where `signet` is run. Leaves to live.ts: what happens when; to copies.ts: how a file is replaced.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../test/support/free-ports.ts';
import { startBalancer } from '../balancer.ts';
import { type BalancedNode, findHaproxy } from '../haproxy.ts';
import { makeFolder, type Person, runSignet, startHaproxy, startNode, waitUntilReady } from '../local-cluster.ts';
import { answersOk, type Child, type Environment, endAll, waitUntil } from '../processes.ts';
import { createCourier, type Delivery } from './copies.ts';

const CLOCK = new URL('./shift-clock.ts', import.meta.url).href;
const RING_FOLDER = 'keys';
const RING = 'sealer.json';
const SIGNING_FOLDER = 'keys/saml-signing';
const READY_MS = 30_000;

export interface FleetNode extends BalancedNode {
  readonly folder: string;
  /** Seconds by which its clock is ahead. */
  readonly clock: number;
  readonly delivery: Delivery;
}

export interface Fleet {
  readonly publicUrl: string;
  /** As the heading names it. */
  readonly balancer: string;
  readonly nodes: readonly FleetNode[];
  /** Runs a command on the operator's folder. */
  readonly signet: (...args: readonly string[]) => Promise<string>;
  /** The operator's keyring. */
  readonly ringFile: string;
  /** Brings the operator's files to each node after its delay; answers when they were there, by node. */
  readonly distribute: (what: 'ring' | 'signing keys', delaysMs: readonly number[]) => Promise<readonly number[]>;
  readonly kill9: (name: string) => Promise<void>;
  readonly restart: (name: string) => Promise<void>;
  /** How often a request was given to another node. */
  readonly retries: () => number;
  readonly close: () => Promise<void>;
}

export interface FleetSettings {
  /** For the nodes and the operator's commands. */
  readonly environment: Environment;
  /** Options of `signet keys init`. */
  readonly ring: readonly string[];
  readonly nodes: readonly { readonly clock: number; readonly delivery: Delivery }[];
  readonly person: Person;
  /** SP metadata. */
  readonly parties: readonly string[];
}

/** Starts everything and waits until the balancer serves; the caller closes it. */
export async function startFleet(settings: FleetSettings): Promise<Fleet> {
  const { environment } = settings;
  const base = await mkdtemp(join(tmpdir(), 'signet-proof-'));
  const operator = join(base, 'operator');
  const [port = 0, ...backs] = await freePorts(1 + 2 * settings.nodes.length);
  const publicUrl = `http://localhost:${port}`;
  const nodes = settings.nodes.map(
    ({ clock, delivery }, i): FleetNode => ({
      name: `n${i + 1}`,
      port: backs[2 * i] ?? 0,
      managementPort: backs[2 * i + 1] ?? 0,
      folder: join(base, `n${i + 1}`),
      clock,
      delivery,
    }),
  );
  const children = new Map<string, Child>();
  const closers: (() => Promise<void>)[] = [];
  const config = join(operator, 'signet.yaml');
  const ringFile = join(operator, RING_FOLDER, RING);
  let retries = 0;

  const start = async (node: FleetNode): Promise<void> => {
    const options = [process.env.NODE_OPTIONS ?? '', `--import=${CLOCK}`].join(' ').trim();
    const shift = String(Math.round(node.clock * 1000));
    const child = await startNode(node.folder, node, {
      ...environment,
      NODE_OPTIONS: options,
      PROOF_CLOCK_SHIFT_MS: shift,
    });
    children.set(node.name, child);
    await waitUntilReady(node, child, READY_MS);
  };
  const find = (name: string): { readonly node: FleetNode; readonly child: Child } => {
    const [node, child] = [nodes.find((one) => one.name === name), children.get(name)];
    if (node === undefined || child === undefined) throw new Error(`there is no node ${name}`);
    return { node, child };
  };
  const close = async (): Promise<void> => {
    for (const closer of closers) await closer();
    const all = [...children.values()];
    for (const child of all) child.signal('SIGKILL');
    await endAll(all, 0);
    await rm(base, { recursive: true, force: true });
  };

  try {
    const { person, parties } = settings;
    await makeFolder({ folder: operator, publicUrl, people: [person], parties, environment });
    // The ring that `init` makes lives by weeks.
    await rm(ringFile);
    await runSignet(['keys', 'init', '--config', config, ...settings.ring], '', environment);
    const couriers = { ring: new Map<string, () => void>(), 'signing keys': new Map<string, () => void>() };
    for (const { name, folder, delivery } of nodes) {
      await cp(operator, folder, { recursive: true });
      const courier = (part: string, names: () => readonly string[]): (() => void) =>
        createCourier({ from: join(operator, part), to: join(folder, part), names, delivery });
      couriers.ring.set(
        name,
        courier(RING_FOLDER, () => [RING]),
      );
      couriers['signing keys'].set(
        name,
        // The file that says what is published comes last, as the command writes it.
        courier(SIGNING_FOLDER, () => readdirSync(join(operator, SIGNING_FOLDER)).toSorted()),
      );
      for (const each of Object.values(couriers)) each.get(name)?.();
    }
    await Promise.all(nodes.map(start));
    const front = await startFront(base, port, nodes, (step) => {
      retries += step.retries;
    });
    closers.push(front.close);
    await waitUntil('sign-ins through the balancer', READY_MS, () => answersOk(`${publicUrl}/saml/idp/metadata`));
    return {
      publicUrl,
      balancer: front.name,
      nodes,
      signet: (...args) => runSignet([...args.slice(0, 2), '--config', config, ...args.slice(2)], '', environment),
      ringFile,
      distribute: (what, delaysMs) =>
        Promise.all(
          nodes.map(async ({ name }, i) => {
            await sleep(delaysMs[i] ?? 0);
            couriers[what].get(name)?.();
            return Date.now();
          }),
        ),
      kill9: async (name) => {
        const { child } = find(name);
        child.signal('SIGKILL');
        await child.ended;
      },
      restart: (name) => start(find(name).node),
      retries: () => retries,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Front {
  readonly name: string;
  readonly close: () => Promise<void>;
}

/** HAProxy where it is installed, else scripts/balancer.ts. */
async function startFront(
  base: string,
  port: number,
  nodes: readonly FleetNode[],
  onStep: (step: { readonly retries: number }) => void,
): Promise<Front> {
  const binary = findHaproxy();
  if (binary === null) {
    const { close } = await startBalancer({ port, nodes, onStep });
    return { name: 'scripts/balancer.ts (HAProxy is not installed)', close };
  }
  const child = await startHaproxy({ binary, configFile: join(base, 'haproxy.cfg'), port, nodes, onStep });
  const [, version = ''] = /version (\d+\.\d+\.\d+)/.exec(execFileSync(binary, ['-v'], { encoding: 'utf8' })) ?? [];
  return { name: `HAProxy ${version}`.trim(), close: () => endAll([child], 1000) };
}
