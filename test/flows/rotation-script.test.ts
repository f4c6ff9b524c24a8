// scripts/rotate-keys.sh as cron runs it: two real nodes, each with its own copy of the keyring.
import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { BalancedNode } from '../../scripts/haproxy.ts';
import { makeFolder, startNode, waitUntilReady } from '../../scripts/local-cluster.ts';
import { type Child, endAll, runToEnd, startChild } from '../../scripts/processes.ts';
import { parseKeyring } from '../../src/sealer/keyring.ts';
import { freePorts } from '../support/free-ports.ts';

const SCRIPT = join(import.meta.dirname, '../../scripts/rotate-keys.sh');
const base = mkdtempSync(join(tmpdir(), 'signet-rotate-'));
const folders = ['n1', 'n2'].map((name) => join(base, name));
const [first = '', second = ''] = folders;
const ring = (folder: string): string => join(folder, 'keys/sealer.json');
const environment = {
  NODE_COMPILE_CACHE: join(import.meta.dirname, '../../node_modules/.cache/signet-compiled'),
  SIGNET_KEYRING_POLL: '1',
  SIGNET_PASSWORD_WORKERS: '1',
  SIGNET_SPENT_CAPACITY: '1024',
};
const children: Child[] = [];
let endpoints = '';

before(async () => {
  const ports = await freePorts(4);
  await makeFolder({ folder: first, publicUrl: 'http://localhost:8080', people: [], parties: [], environment });
  cpSync(first, second, { recursive: true });
  const nodes = folders.map((folder, i): BalancedNode & { folder: string } => ({
    name: `n${i + 1}`,
    port: ports[i] ?? 0,
    managementPort: ports[i + 2] ?? 0,
    folder,
  }));
  for (const node of nodes) children.push(await startNode(node.folder, node, environment));
  for (const [i, node] of nodes.entries()) await waitUntilReady(node, children[i] ?? assert.fail(), 20_000);
  endpoints = nodes.map(({ managementPort }) => `127.0.0.1:${managementPort}`).join(',');
});

after(async () => {
  await endAll(children, 5000);
  rmSync(base, { recursive: true });
});

/** An ssh that reaches the second node's folder where the real one reaches another machine; `broken` comes before. */
function fakeSsh(t: TestContext, broken = ''): string {
  const folder = mkdtempSync(join(base, 'bin-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const text = `#!/bin/sh\nfor command; do :; done\n${broken}\nexec sh -c "$(printf %s "$command" | sed 's#${first}/#${second}/#g')"\n`;
  writeFileSync(join(folder, 'ssh'), text);
  chmodSync(join(folder, 'ssh'), 0o755);
  return folder;
}

interface Ended {
  readonly exit: string;
  readonly said: string;
}

async function job(path: string, ...more: readonly string[]): Promise<Ended> {
  const lines: string[] = [];
  const child = await startChild({
    name: 'rotate-keys',
    command: SCRIPT,
    args: [
      ...['--config', join(first, 'signet.yaml'), '--file', ring(first), '--node', 'signet@n2'],
      ...['--endpoints', endpoints, '--wait', '15s', '--pause', '0', ...more],
    ],
    environment: {
      ...environment,
      PATH: [path, dirname(process.execPath), process.env.PATH].join(delimiter),
    },
    onLine: (line) => lines.push(line),
  });
  const exit = await child.ended;
  // What was written last may still be on its way through the pipe.
  await new Promise((resolve) => setTimeout(resolve, 50));
  return { exit, said: lines.join('\n') };
}

const serialIn = (folder: string): number => parseKeyring(readFileSync(ring(folder)), { minSerial: 0 }).serial;

test('nothing is due: nothing changes, every node agrees, exit 0', async (t) => {
  const { exit, said } = await job(fakeSsh(t));
  assert.equal(exit, 'exit code 0', said);
  assert.match(said, /nothing to do: no key is due/);
  assert.equal(said.match(/agrees/g)?.length, 2);
  assert.equal(serialIn(first), 1);
});

test('a key is due: one new key, copied, and taken by both running nodes; a second run changes nothing', async (t) => {
  const { exit, said } = await job(fakeSsh(t), '--', '--if-due', '30d');
  assert.equal(exit, 'exit code 0', said);
  assert.deepEqual(folders.map(serialIn), [2, 2]);
  assert.equal(readFileSync(ring(second), 'utf8'), readFileSync(ring(first), 'utf8'));
  assert.equal(statSync(ring(second)).mode & 0o777, 0o600);
  const again = await job(fakeSsh(t), '--', '--if-due', '30d');
  assert.equal(again.exit, 'exit code 0', again.said);
  assert.match(again.said, /nothing to do: key [0-9a-f]{16} is pending/);
  assert.equal(serialIn(first), 2);
});

const changeAgain = (): Promise<string> =>
  runToEnd(process.execPath, [
    ...[join(import.meta.dirname, '../../src/cli/signet.ts'), 'keys', 'promote', '--force', '--file', ring(first)],
    ...['--kid', parseKeyring(readFileSync(ring(first)), { minSerial: 0 }).keys.at(-1)?.kid ?? ''],
  ]);

test('a copy that breaks off: the old file stays, the node is named, exit 3; the next run heals it', async (t) => {
  await changeAgain();
  const half = await job(
    fakeSsh(t, 'head -c 300 | { exec sh -c "$(printf %s "$command" | sed \'s#/n1/#/n2/#g\')"; }; exit $?'),
    '--wait',
    '1s',
  );
  assert.equal(half.exit, 'exit code 3', half.said);
  assert.match(half.said, /could not be copied to signet@n2/);
  assert.match(half.said, /it holds serial 2, the file has 3/);
  assert.equal(serialIn(second), 2);
  const healed = await job(fakeSsh(t));
  assert.equal(healed.exit, 'exit code 0', healed.said);
  assert.deepEqual(folders.map(serialIn), [3, 3]);
});

test('a copy that fails once is made again', async (t) => {
  const mark = join(base, 'failed-once');
  const { exit, said } = await job(fakeSsh(t, `[ -e '${mark}' ] || { : >'${mark}'; exit 255; }`));
  assert.equal(exit, 'exit code 0', said);
  assert.match(said, /copied to signet@n2/);
});

test('a copy that fails always: exit 1 although the node has the right file', async (t) => {
  const { exit, said } = await job(fakeSsh(t, 'exit 255'));
  assert.equal(exit, 'exit code 1', said);
});

test('what an invariant refuses: exit 2, and the nodes are asked all the same', async (t) => {
  const { exit, said } = await job(fakeSsh(t), '--', '--if-due', '30d', '--every', '1h');
  assert.equal(exit, 'exit code 2', said);
  assert.match(said, /refused, lineage-overflow/);
  assert.equal(said.match(/agrees/g)?.length, 2);
});

for (const args of [['--node', 'n2; reboot'], ['--node', '-oProxyCommand=x'], ['--nodes', 'n2'], ['--file']]) {
  test(`wrong usage: ${args.join(' ')}`, async (t) => {
    const { exit } = await job(fakeSsh(t), ...args);
    assert.equal(exit, 'exit code 1');
  });
}
