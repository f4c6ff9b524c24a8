// The small balancer of `make run` where HAProxy is missing: what Signet needs of a balancer, and what it must not do.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { type TestContext, test } from 'node:test';
import { startBalancer } from '../../scripts/balancer.ts';
import type { BalancerStep } from '../../scripts/haproxy.ts';
import { freePort } from '../support/free-ports.ts';

interface Seen {
  readonly node: string;
  readonly method: string;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

type Behaviour = (response: ServerResponse, request: IncomingMessage) => void;

const answer: Behaviour = (response) => response.end('ok');
const die: Behaviour = (response) => response.destroy();
const hang: Behaviour = () => {};
const busy: Behaviour = (response) => response.writeHead(503).end('busy');

/** A balancer before nodes that behave as told; `ready` is what their /readyz says. */
async function balanced(t: TestContext, behaviours: readonly Behaviour[], ready: readonly boolean[] = []) {
  const seen: Seen[] = [];
  const steps: BalancerStep[] = [];
  const nodes = await Promise.all(
    behaviours.map(async (behave, i) => {
      const name = `n${i + 1}`;
      const port = await serve(t, async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        seen.push({
          node: name,
          method: request.method ?? '',
          body: Buffer.concat(chunks).toString(),
          headers: request.headers,
        });
        behave(response, request);
      });
      const managementPort = await serve(t, (_, response) => response.writeHead(ready[i] === false ? 503 : 200).end());
      return { name, port, managementPort };
    }),
  );
  const port = await freePort();
  const balancer = await startBalancer({ port, nodes, onStep: (step) => steps.push(step) });
  t.after(() => balancer.close());
  return { port, seen, steps };
}

async function serve(
  t: TestContext,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<number> {
  const server = createServer(handle);
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return port;
}

function ask(port: number, options: { method?: string; body?: string; headers?: Record<string, string> } = {}) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const { method = 'GET', body = '', headers = {} } = options;
    const outgoing = send(
      { host: '127.0.0.1', port, method, path: '/flow/x?secret=1', headers, agent: false },
      (incoming) => {
        let text = '';
        incoming.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
        incoming.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

test('requests go round, without stickiness', async (t) => {
  const { port, seen } = await balanced(t, [answer, answer, answer]);
  for (let i = 0; i < 6; i += 1) assert.equal((await ask(port, { headers: { Cookie: 'a=b' } })).status, 200);
  assert.deepEqual(seen.map((each) => each.node).sort(), ['n1', 'n1', 'n2', 'n2', 'n3', 'n3']);
});

test('a POST whose node dies goes whole, under the same id, to another node', async (t) => {
  const { port, seen, steps } = await balanced(t, [die, die, answer]);
  const answers = await Promise.all([1, 2, 3].map(() => ask(port, { method: 'POST', body: 'username=alice' })));
  assert.deepEqual(
    answers.map((each) => each.status),
    [200, 200, 200],
  );
  assert.ok(seen.every((each) => each.method === 'POST' && each.body === 'username=alice'));
  const ids = new Set(seen.map((each) => each.headers['x-request-id']));
  assert.equal(ids.size, 3);
  assert.ok(seen.length > 3, 'something was repeated');
  assert.ok(steps.every((step) => step.node === 'n3' && step.path === '/flow/x' && step.status === 200));
  assert.ok(steps.some((step) => step.retries > 0));
});

test('what a browser claims about itself is replaced', async (t) => {
  const { port, seen } = await balanced(t, [answer]);
  const headers = { 'X-Request-Id': 'mine', 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Proto': 'https' };
  await ask(port, { headers });
  const [request] = seen;
  assert.match(String(request?.headers['x-request-id']), /^[0-9A-F]{32}$/);
  assert.equal(request?.headers['x-forwarded-for'], '127.0.0.1');
  assert.equal(request?.headers['x-forwarded-proto'], 'http');
  assert.match(String(request?.headers.host), /^127\.0\.0\.1:/);
});

test('an honest 503 is an answer: it is not asked again elsewhere', async (t) => {
  const { port, seen } = await balanced(t, [busy, busy, busy]);
  assert.deepEqual(await ask(port), { status: 503, text: 'busy' });
  assert.equal(seen.length, 1);
});

test('when every node dies the browser is told, after each was asked once', async (t) => {
  const { port, seen } = await balanced(t, [die, die, die]);
  assert.equal((await ask(port)).status, 503);
  assert.deepEqual(seen.map((each) => each.node).sort(), ['n1', 'n2', 'n3']);
});

test('a body that is too long to be repeated is refused', async (t) => {
  const { port, seen } = await balanced(t, [answer]);
  const outcome = await ask(port, { method: 'POST', body: 'x'.repeat(300_000) }).catch(() => ({
    status: 413,
    text: '',
  }));
  assert.equal(outcome.status, 413);
  assert.deepEqual(seen, []);
});

test('a node that is not ready gets nothing new', async (t) => {
  const { port, seen } = await balanced(t, [answer, answer], [false, true]);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  for (let i = 0; i < 4; i += 1) assert.equal((await ask(port)).status, 200);
  assert.deepEqual(new Set(seen.map((each) => each.node)), new Set(['n2']));
});

test('a request that waits at a node which stops being ready is given to another', async (t) => {
  const { port, seen } = await balanced(t, [hang, answer], [false, true]);
  const answers = await Promise.all([ask(port), ask(port)]);
  assert.deepEqual(
    answers.map((each) => each.status),
    [200, 200],
  );
  assert.deepEqual(seen.map((each) => each.node).sort(), ['n1', 'n2', 'n2']);
});
