// Owns: `make run`: three nodes, a balancer and two demo service providers on this machine, until Ctrl-C.
// The folder ./run is made once and used again. Everything listens on loopback only.
import { createWriteStream } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { type Balancer, startBalancer } from './balancer.ts';
import { type DemoSp, startDemoSp } from './demo-sp.ts';
import { type BalancedNode, type BalancerStep, findHaproxy } from './haproxy.ts';
import { startHaproxy, startNode, waitUntilReady } from './local-cluster.ts';
import { readOptions } from './options.ts';
import { answersOk, type Child, endAll, waitUntil } from './processes.ts';
import { portsInUse, type RunFolder, type RunPorts, readOrMakeRunFolder } from './run-folder.ts';
import { readIdpMetadata } from './saml-sp.ts';
import { makeTrail } from './trail.ts';

const NODES = 3;
const READY_MS = 15_000;
const GRACE_MS = 5000;

const USAGE = `usage: make run [ARGS="--folder FOLDER --offset N --no-haproxy"]
  --folder FOLDER  where its files are (run)
  --offset N       added to every port, so that two trials fit on one machine
  --no-haproxy     with the balancer of this project, where HAProxy is installed, too`;
const values = readOptions(USAGE, {
  folder: { type: 'string', default: 'run' },
  offset: { type: 'string', default: '0' },
  'no-haproxy': { type: 'boolean', default: false },
});

const children: Child[] = [];
const closers: (Balancer | DemoSp)[] = [];
let ending = false;

async function end(code: number): Promise<never> {
  if (!ending) {
    ending = true;
    await Promise.all(closers.map((each) => each.close()));
    await endAll(
      children.filter((child) => child.alive()),
      GRACE_MS,
    );
    process.exit(code);
  }
  return new Promise(() => {});
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    console.log('\nEnding everything.');
    void end(0);
  });
}

try {
  await main();
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  await end(1);
}

async function main(): Promise<void> {
  const started = performance.now();
  const ports = portsFrom(Number(values.offset));
  const busy = await portsInUse([ports.public, ...ports.nodes, ...ports.management, ...ports.sps]);
  if (busy.length > 0) {
    throw new Error(
      `Already in use: port ${busy.join(', ')}. Is another \`make run\` going? End it, or use other ports: make run ARGS="--folder run2 --offset 100"`,
    );
  }
  const run = await readOrMakeRunFolder(resolve(values.folder), ports);
  const nodes = Array.from(
    { length: NODES },
    (_, i): BalancedNode => ({
      name: `node-${i + 1}`,
      port: ports.nodes[i] ?? 0,
      managementPort: ports.management[i] ?? 0,
    }),
  );
  const trail = makeTrail(Date.now);
  await startNodes(run, nodes);
  const balancer = await startFront(run, nodes, ports.public, trail.add);
  const metadataUrl = `${run.publicUrl}/saml/idp/metadata`;
  await waitUntil(`the balancer at ${run.publicUrl}`, READY_MS, () => answersOk(metadataUrl));
  const idp = readIdpMetadata(await (await fetch(metadataUrl)).text());
  for (const [index, sp] of run.sps.entries()) {
    const other = run.sps[1 - index];
    closers.push(
      await startDemoSp({
        port: ports.sps[index] ?? 0,
        identity: sp,
        idp,
        idpLogoutUrl: `${run.publicUrl}/logout`,
        other: other === undefined ? null : { title: other.title, url: other.baseUrl },
        trail: trail.between,
      }),
    );
  }
  if (!ending) printWelcome(run, nodes, balancer, (performance.now() - started) / 1000);
}

function portsFrom(offset: number): RunPorts {
  if (!Number.isInteger(offset) || offset < 0 || offset > 50_000)
    throw new Error('--offset wants a number from 0 to 50000');
  return {
    public: 8080 + offset,
    nodes: [8081, 8082, 8083].map((port) => port + offset),
    management: [9081, 9082, 9083].map((port) => port + offset),
    sps: [8090, 8091].map((port) => port + offset),
  };
}

async function startNodes(run: RunFolder, nodes: readonly BalancedNode[]): Promise<void> {
  await Promise.all(
    nodes.map(async (node) => {
      const said = createWriteStream(join(run.folder, `${node.name}.log`), { mode: 0o600 });
      const child = await startNode(run.idpFolder, node, {}, (line) => said.write(`${line}\n`));
      children.push(child);
      await waitUntilReady(node, child, READY_MS);
      void child.ended.then((how) => {
        if (!ending) console.log(`${node.name} ended with ${how}. The others go on; so do sign-ins.`);
      });
    }),
  );
}

/** HAProxy where it is installed, else scripts/balancer.ts; answers the name of the one that runs. */
async function startFront(
  run: RunFolder,
  nodes: readonly BalancedNode[],
  port: number,
  onStep: (step: BalancerStep) => void,
): Promise<string> {
  const binary = values['no-haproxy'] ? null : findHaproxy();
  if (binary === null) {
    closers.push(await startBalancer({ port, nodes, onStep }));
    return 'scripts/balancer.ts';
  }
  const child = await startHaproxy({ binary, configFile: join(run.folder, 'haproxy.cfg'), port, nodes, onStep });
  children.push(child);
  void child.ended.then((how) => {
    if (ending) return;
    console.error(`HAProxy ended with ${how}:\n${child.lastLines().slice(-10).join('\n')}`);
    void end(1);
  });
  return 'HAProxy';
}

function printWelcome(run: RunFolder, nodes: readonly BalancedNode[], balancer: string, seconds: number): void {
  const [first, second] = run.sps;
  const people = run.people.map((person) => `      ${person.name.padEnd(6)} ${person.password}`);
  const pids = nodes.map((node) => {
    const child = children.find((each) => each.name === node.name);
    return `      ${node.name}  127.0.0.1:${node.port}  status http://127.0.0.1:${node.managementPort}/status  pid ${child?.pid}`;
  });
  console.log(`
  Signet runs: three nodes behind ${balancer} at ${run.publicUrl}   (${seconds.toFixed(1)} s)

    1. Open ${first?.baseUrl} and sign in as
${people.join('\n')}
    2. Then ${second?.baseUrl}: no page, single sign-on.
    3. ${run.publicUrl}: your applications, to open from there.
       ${run.publicUrl}/account: set up an app or a passkey, see your sign-ins, change the password.
    4. Kill a node (kill -9 PID) in the middle of a sign-in and go on: nothing is lost.
${pids.join('\n')}

  Folder: ${run.folder} (remove it to start afresh).   Ctrl-C ends all of it.
  What the nodes log, to look up the reference of a page:  grep REFERENCE ${relative('', run.folder) || '.'}/*.log
  Commands:  bin/signet users list --config ${join(relative('', run.folder), 'idp/signet.yaml')}
`);
}
