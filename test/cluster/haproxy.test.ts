// The settings that let any node die, and the log that shows who served a step.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer as createHttpServer, request as send } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { haproxyConfig, readHaproxyLine } from '../../scripts/haproxy.ts';
import { startHaproxy } from '../../scripts/local-cluster.ts';
import { answersOk, endAll, waitUntil } from '../../scripts/processes.ts';
import { freePort } from '../support/free-ports.ts';
import { requireTool, runTool } from '../support/tools.ts';

const HAPROXY = '/usr/sbin/haproxy';
const CONFIG = haproxyConfig({ port: 8080, nodes: [{ name: 'n1', port: 8081, managementPort: 9081 }] });

test('HAProxy itself finds nothing wrong with the configuration', async (t) => {
  if (!requireTool(t, HAPROXY)) return;
  const folder = await mkdtemp(join(tmpdir(), 'signet-haproxy-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, CONFIG);
  const good = runTool(HAPROXY, ['-c', '-f', file]);
  assert.equal(good.ok, true, good.stderr);
  assert.doesNotMatch(good.stderr + good.stdout.toString(), /warning/i);
  await writeFile(file, CONFIG.replace('balance roundrobin', 'balance roundrobbin'));
  assert.equal(runTool(HAPROXY, ['-c', '-f', file]).ok, false);
});

test('there is no stickiness in it', () => {
  assert.match(CONFIG, /balance roundrobin/);
  assert.doesNotMatch(CONFIG, /\b(cookie|stick|source|hash-type)\b/);
});

/** HAProxy on our configuration before these listeners; their readiness is always good. */
async function behindHaproxy(t: TestContext, ports: readonly number[]): Promise<number> {
  const managementPort = await freePort();
  const ready = createHttpServer((_, response) => response.end()).listen(managementPort, '127.0.0.1');
  const folder = await mkdtemp(join(tmpdir(), 'signet-haproxy-'));
  const port = await freePort();
  const haproxy = await startHaproxy({
    binary: HAPROXY,
    configFile: join(folder, 'haproxy.cfg'),
    port,
    nodes: ports.map((each, i) => ({ name: `n${i + 1}`, port: each, managementPort })),
    onStep: () => {},
  });
  t.after(async () => {
    await endAll([haproxy], 1000);
    ready.close();
    ready.closeAllConnections();
    await rm(folder, { recursive: true });
  });
  await waitUntil('HAProxy', 5000, () => answersOk(`http://127.0.0.1:${port}/`));
  return port;
}

/** A node that answers with the body's length. */
async function goodNode(t: TestContext): Promise<number> {
  const port = await freePort();
  const server = createHttpServer(async (request, response) => {
    let length = 0;
    for await (const chunk of request) length += (chunk as Buffer).length;
    response.end(`${length}`);
  }).listen(port, '127.0.0.1');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return port;
}

// github.com/haproxy/haproxy/issues/2751: a request is repeated only when it was held whole before it was sent on.
test('a POST whose body comes in a later packet, to a node that dies with it, is repeated', async (t) => {
  if (!requireTool(t, HAPROXY)) return;
  const dyingPort = await freePort();
  let deaths = 0;
  const dying = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      deaths += 1;
      socket.resetAndDestroy();
    });
  }).listen(dyingPort, '127.0.0.1');
  t.after(() => dying.close());
  const port = await behindHaproxy(t, [dyingPort, await goodNode(t)]);
  for (const agent of [new Agent({ keepAlive: false }), new Agent({ keepAlive: true, maxSockets: 1 })]) {
    for (let i = 0; i < 6; i += 1) assert.equal(await postInTwoPackets(port, agent), '200 2000');
    agent.destroy();
  }
  assert.ok(deaths >= 6, `the dying node was asked ${deaths} times`);
});

function postInTwoPackets(port: number, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, agent, method: 'POST', headers: { 'Content-Length': '2000' } };
    const outgoing = send(options, (answer) => {
      let text = `${answer.statusCode} `;
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      answer.on('end', () => resolve(text));
    });
    outgoing.on('error', (error) => resolve(error.message));
    outgoing.write('x'.repeat(10));
    setTimeout(() => outgoing.end('x'.repeat(1990)), 10);
  });
}

test('a node that refuses connections, before any check has noticed, costs nobody an answer', async (t) => {
  if (!requireTool(t, HAPROXY)) return;
  const port = await behindHaproxy(t, [await freePort(), await goodNode(t), await goodNode(t)]);
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.status, String)),
  );
  assert.deepEqual(new Set(answers), new Set([200]));
});

const lines = [
  {
    name: 'an answer',
    line: 'GET /saml/idp/sso 303 n3 0 7F000001',
    expect: { method: 'GET', path: '/saml/idp/sso', status: 303, node: 'n3', retries: 0, requestId: '7F000001' },
  },
  {
    name: 'after a redispatch, which HAProxy marks with +',
    line: 'POST /flow/a_b-c123 200 node-2 +1 7F000001AA6E',
    expect: {
      method: 'POST',
      path: '/flow/a_b-c123',
      status: 200,
      node: 'node-2',
      retries: 1,
      requestId: '7F000001AA6E',
    },
  },
  {
    name: 'a health check message',
    line: '[WARNING]  (42) : Server nodes/n1 is DOWN, reason: Layer4 connection problem',
    expect: null,
  },
  { name: 'an empty line', line: '', expect: null },
  { name: 'a request that HAProxy could not read', line: '<BADREQ> - 400 <NOSRV> 0 7F', expect: null },
  { name: 'a line with something behind it', line: 'GET / 200 n1 0 7F 8', expect: null },
] as const;

for (const { name, line, expect } of lines) {
  test(`log line: ${name}`, () => assert.deepEqual(readHaproxyLine(line), expect));
}
