// Asking nodes which ring they hold: real listeners on loopback that answer well, badly, late or not at all.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Keyring } from '../../src/sealer/keyring.ts';
import { sealerRing } from '../../src/sealer/ring-kind.ts';
import { reportRing } from '../../src/sealer/ring-report.ts';
import { DAY, KEY1, KEY2, keyOf, LONG, NOW, revoked, ringOf } from '../sealer/support.ts';
import { freePorts } from '../support/free-ports.ts';
import { type KeysRun, ringFile, ringIn, runKeys } from './keys-run.ts';

const RING = ringOf([KEY1, KEY2], { serial: 17 });

async function listening(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function nonceOf(url: string | undefined): string {
  return new URL(url ?? '', 'http://node').searchParams.get('nonce') ?? '';
}

/** A node whose ring may change from one question to the next. */
function node(t: TestContext, name: string, ring: () => Keyring, now = NOW): Promise<string> {
  return listening(t, (request, response) =>
    response.end(reportRing(sealerRing, ring(), { node: name, now, nonce: nonceOf(request.url) })),
  );
}

interface Json {
  readonly nodes: readonly {
    readonly endpoint: string;
    readonly clock: number;
    readonly disagreement: string | null;
  }[];
}

async function verify(t: TestContext, endpoints: readonly string[], ...args: readonly string[]): Promise<KeysRun> {
  return runKeys(['verify', '--file', ringFile(t, RING), '--endpoints', endpoints.join(','), ...args]);
}

test('exit 0 when every node holds the ring in the file', async (t) => {
  const endpoints = [await node(t, 'n1', () => RING), await node(t, 'n2', () => RING, NOW - 3)];
  const run = await verify(t, endpoints);
  assert.equal(run.exitCode, 0, run.failure);
  assert.match(run.output, /serial 17, key [0-9a-f]{16} seals/);
  assert.match(run.output, new RegExp(`${endpoints[1]} +n2 +17 +${KEY1.kid} +-3 s +agrees`));
  const { nodes } = JSON.parse((await verify(t, endpoints, '--json')).output) as Json;
  assert.deepEqual(
    nodes.map(({ clock, disagreement }) => [clock, disagreement]),
    [
      [0, null],
      [-3, null],
    ],
  );
});

const liar = { ...RING, keys: RING.keys.map((key, i) => ({ ...key, master: keyOf(i + 1).master })) };
const hearsay =
  (text: string): RequestListener =>
  (_request, response) =>
    response.end(text);

for (const { name, answers, says } of [
  { name: 'an older ring', answers: ringOf([KEY1], { serial: 16 }), says: /holds serial 16, the file has 17/ },
  { name: 'a newer ring', answers: ringOf([KEY1, KEY2], { serial: 18 }), says: /holds serial 18, the file has 17/ },
  {
    name: 'another ring of the same serial',
    answers: ringOf([{ ...KEY1, retires: LONG.retires - DAY }, KEY2], { serial: 17 }),
    says: /another ring with the same serial: key \S+ retires/,
  },
  {
    name: 'the same ring without what was revoked',
    answers: { ...RING, revoked: [revoked('00112233445566ff')] },
    says: /another ring with the same serial: \+ revoked 00112233445566ff/,
  },
  { name: 'the facts of the ring, not its keys', answers: liar, says: /cannot prove/ },
] as const) {
  test(`exit 3, and the node is named: ${name}`, async (t) => {
    const [good, bad] = [await node(t, 'n1', () => RING), await node(t, 'n2', () => answers)];
    const run = await verify(t, [good, bad]);
    assert.equal(run.exitCode, 3);
    assert.match(run.failure, /^1 of 2 nodes/);
    assert.ok(run.failure.includes(bad) && !run.failure.includes(good));
    assert.match(run.failure, says);
  });
}

const recorded = reportRing(sealerRing, RING, { node: 'n1', now: NOW, nonce: 'AAAAAAAAAAAAAAAAAAAAAA' });

for (const { name, listener, says } of [
  { name: 'a recorded answer', listener: hearsay(recorded), says: /something else than a keyring report/ },
  { name: 'a page', listener: hearsay('<html>welcome</html>'), says: /something else/ },
  { name: 'nothing', listener: hearsay(''), says: /something else/ },
  {
    name: 'not found, as older releases answer',
    listener: (_request, response) => response.writeHead(404).end(),
    says: /status 404/,
  },
  {
    name: 'a redirect to a node that is right',
    listener: (_request, response) => response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
    says: /no answer/,
  },
  {
    name: 'more than anybody wants to read',
    listener: (_request, response) => response.end('x'.repeat(300 * 1024)),
    says: /more than 262144 bytes/,
  },
  { name: 'half an answer, then silence', listener: (_request, response) => response.write('{'), says: /too late/ },
  { name: 'silence', listener: () => {}, says: /too late/ },
  { name: 'a hang-up', listener: (request) => request.socket.destroy(), says: /no answer/ },
] as readonly { name: string; listener: RequestListener; says: RegExp }[]) {
  test(`exit 3, and the node is named: it answers ${name}`, async (t) => {
    const endpoint = await listening(t, listener);
    const run = await verify(t, [endpoint], '--timeout', '1s');
    assert.equal(run.exitCode, 3);
    assert.ok(run.failure.includes(endpoint), run.failure);
    assert.match(run.failure, says);
  });
}

test('exit 3 when nobody listens', async (t) => {
  const [port] = await freePorts(1);
  const run = await verify(t, [`127.0.0.1:${port}`]);
  assert.equal(run.exitCode, 3);
  assert.match(run.failure, new RegExp(`127\\.0\\.0\\.1:${port}: no answer: ECONNREFUSED`));
});

test('--wait asks again until the last copy has arrived', async (t) => {
  let asked = 0;
  const late = await node(t, 'n1', () => (++asked < 2 ? ringOf([KEY1], { serial: 16 }) : RING));
  const run = await verify(t, [late], '--wait', '10s');
  assert.equal(run.exitCode, 0, run.failure);
  assert.equal(asked, 2);
});

test('--dns asks every address of a name; a name without one is a disagreement', async (t) => {
  const port = (await node(t, 'n1', () => RING)).split(':')[1];
  const path = ringFile(t, RING);
  const run = await runKeys(['verify', '--file', path, '--dns', `127.0.0.1:${port}`]);
  assert.equal(run.exitCode, 0, run.failure);
  const nobody = await runKeys(['verify', '--file', path, '--dns', 'nobody.invalid']);
  assert.equal(nobody.exitCode, 3);
  assert.match(nobody.failure, /nobody\.invalid has no address/);
});

test('without nodes the file alone is read', async (t) => {
  const run = await runKeys(['verify', '--file', ringFile(t, RING)]);
  assert.equal(run.exitCode, 0);
  assert.match(run.output, /serial 17/);
});

for (const list of ['', 'n1', 'http://n1:9090', 'n1:9090/x', 'n1:9090,other host', 'user@n1:9090']) {
  test(`no endpoints: '${list}'`, async (t) => {
    await assert.rejects(verify(t, [list]), { name: 'CommanderError' });
  });
}

const WAITING = keyOf(5, { ...LONG, created: NOW - 1000, activates: NOW + DAY });
const ROTATED = ringOf([KEY1, WAITING], { serial: 18 });

test('promote --endpoints promotes when every node reports the key, and writes nothing otherwise', async (t) => {
  let second: Keyring = ringOf([KEY1], { serial: 17 });
  const endpoints = [await node(t, 'n1', () => ROTATED), await node(t, 'n2', () => second)].join(',');
  const path = ringFile(t, ROTATED);
  const before = readFileSync(path);
  const args = ['promote', '--file', path, '--kid', WAITING.kid, '--endpoints', endpoints];
  for (const force of [[], ['--force']]) {
    const refused = await runKeys([...args, ...force]);
    assert.equal(refused.exitCode, 3);
    assert.match(refused.failure, /holds serial 17/);
    assert.deepEqual(readFileSync(path), before);
  }
  second = ROTATED;
  const run = await runKeys(args);
  assert.equal(run.exitCode, 0, run.failure);
  assert.equal(ringIn(path).serial, 19);
});
