// Owns: several nodes on one folder of this machine, with a balancer in front. `make run` and the tests share it.
// Leaves to callers: ports, people, parties, and when anything ends.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BalancedNode, type BalancerStep, haproxyConfig, readHaproxyLine } from './haproxy.ts';
import { answersOk, type Child, type Environment, runToEnd, startChild, waitUntil } from './processes.ts';

const SIGNET = fileURLToPath(new URL('../src/cli/signet.ts', import.meta.url));
/** Many short-lived processes load the same modules: Node keeps them compiled here (a third of their time). */
const COMPILED: Environment = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../node_modules/.cache/signet-compiled', import.meta.url)),
};

export interface Person {
  readonly name: string;
  readonly password: string;
  /** `key=value` pairs; a key may stand more than once. */
  readonly attributes: readonly string[];
}

export interface FolderSettings {
  /** Must not exist yet. */
  readonly folder: string;
  readonly publicUrl: string;
  readonly people: readonly Person[];
  /** SP metadata. */
  readonly parties: readonly string[];
  /** OpenID Connect clients: their documents. */
  readonly clients?: readonly ({ readonly client_id: string } & Readonly<Record<string, unknown>>)[];
  /** CAS services: their documents. */
  readonly services?: readonly { readonly url: string }[];
  /** yaml: people in a file, and no database. */
  readonly directory?: 'sql' | 'yaml';
  readonly environment: Environment;
}

/** Makes a complete folder with the commands that an operator would type. */
export async function makeFolder(settings: FolderSettings): Promise<void> {
  const { folder, publicUrl, directory = 'sql', clients = [], services = [] } = settings;
  await runSignet(['init', folder, '--public-url', publicUrl, '--directory', directory], '', settings.environment);
  const documents = clients.map((client) =>
    writeFile(join(folder, 'parties', `${client.client_id}.client.json`), JSON.stringify(client)),
  );
  documents.push(
    ...services.map((service, i) => writeFile(join(folder, 'parties', `s${i}.service.json`), JSON.stringify(service))),
  );
  await Promise.all([addPeople(settings), importParties(settings), ...documents]);
}

/** One after the other: every command rewrites the same file. */
async function addPeople({ folder, people, environment }: FolderSettings): Promise<void> {
  for (const { name, password, attributes } of people) {
    const options = attributes.flatMap((attribute) => ['--attribute', attribute]);
    await runSignet(
      ['users', 'add', name, '--password-stdin', ...options, '--config', join(folder, 'signet.yaml')],
      `${password}\n`,
      environment,
    );
  }
}

async function importParties({ folder, parties, environment }: FolderSettings): Promise<void> {
  for (const party of parties) {
    await runSignet(['parties', 'import', '-', '--config', join(folder, 'signet.yaml')], party, environment);
  }
}

/** Runs one `signet` command to its end, answers what it printed, and throws with what it complained about. */
export function runSignet(args: readonly string[], input: string, environment: Environment): Promise<string> {
  return runToEnd(process.execPath, [SIGNET, ...args], { input, environment: { ...COMPILED, ...environment } });
}

/** Starts one node; it is not ready yet, see {@link waitUntilReady}. `onLine` gets what it writes: log and audit. */
export function startNode(
  folder: string,
  node: BalancedNode,
  environment: Environment,
  onLine: (line: string) => void = () => {},
): Promise<Child> {
  return startChild({
    name: node.name,
    onLine,
    command: process.execPath,
    args: [
      ...[SIGNET, 'serve', '--config', join(folder, 'signet.yaml')],
      ...['--listen', `127.0.0.1:${node.port}`, '--management', `127.0.0.1:${node.managementPort}`],
    ],
    environment: {
      ...COMPILED,
      ...environment,
      SIGNET_NODE_NAME: node.name,
      SIGNET_NODE_HEADER: 'true',
      // The balancer on this machine: its X-Request-Id and X-Forwarded-For are believed, nobody else's.
      SIGNET_TRUSTED_PROXIES: '["127.0.0.1"]',
    },
  });
}

/** Waits for /readyz of a node; throws with the node's last words when it ends or takes too long. */
export async function waitUntilReady(node: BalancedNode, child: Child, timeoutMs: number): Promise<void> {
  try {
    await waitUntil(`${node.name} ready`, timeoutMs, async () => {
      if (!child.alive()) throw new Error(`${node.name} ended with ${await child.ended}`);
      return answersOk(`http://127.0.0.1:${node.managementPort}/readyz`);
    });
  } catch (error) {
    throw new Error(`${String(error)}\n${child.lastLines().slice(-15).join('\n')}`);
  }
}

export interface HaproxyRun {
  readonly binary: string;
  /** Where its configuration is written. */
  readonly configFile: string;
  readonly port: number;
  readonly nodes: readonly BalancedNode[];
  readonly onStep: (step: BalancerStep) => void;
}

/** Starts HAProxy in the foreground on {@link haproxyConfig}. */
export async function startHaproxy(run: HaproxyRun): Promise<Child> {
  await writeFile(run.configFile, haproxyConfig(run));
  return startChild({
    name: 'haproxy',
    command: run.binary,
    args: ['-db', '-f', run.configFile],
    onLine: (line) => {
      const step = readHaproxyLine(line);
      if (step !== null) run.onStep(step);
    },
  });
}
