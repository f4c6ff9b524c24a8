import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { Reply } from '../../src/core/reply.ts';
import { createApp, type Route } from '../../src/http/app.ts';
import { createRequestReader } from '../../src/http/read-request.ts';
import type { Sender } from '../../src/http/send-reply.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';

const FINE: Reply = { kind: 'body', status: 200, contentType: 'text/plain', text: 'fine' };
/** No header can hold it: writing it throws. */
const UNSENDABLE: Reply = { ...FINE, headers: { 'x-name': 'a\nb' } };

const sender: Sender = {
  send: (response, reply) => {
    const { status, text } = reply.kind === 'body' ? reply : { status: 500, text: 'not a body' };
    response.writeHead(status, { ...reply.headers });
    response.end(text);
  },
};

interface Stage {
  readonly ask: (path: string) => Promise<{ readonly status: number; readonly text: string } | 'no answer'>;
  /** Messages of faults, in order. */
  readonly faults: readonly string[];
}

async function stage(t: TestContext, routes: readonly Route[], page: Reply): Promise<Stage> {
  const faults: string[] = [];
  const app = createApp({
    routes,
    read: createRequestReader({
      isProxy: () => false,
      clock: () => 5,
      random: (length) => Buffer.alloc(length, 1),
      onUntrustedForward: () => {},
    }),
    sender,
    metrics: createMetrics('test'),
    page: () => page,
    onFault: (error) => faults.push(error instanceof Error ? error.message : String(error)),
  });
  const server: Server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : assert.fail('no port');
  const ask: Stage['ask'] = async (path) => {
    try {
      const limits = { headers: { connection: 'close' }, signal: AbortSignal.timeout(10_000) };
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, limits);
      return { status: answer.status, text: await answer.text() };
    } catch {
      return 'no answer';
    }
  };
  return { ask, faults };
}

const PAGE: Reply = { kind: 'body', status: 500, contentType: 'text/plain', text: 'page' };

function routesOf(way: Pick<Route, 'direct'>): readonly Route[] {
  return [
    { method: 'GET', path: '/fine', handle: async () => FINE, ...way },
    { method: 'GET', path: '/unsendable', handle: async () => UNSENDABLE, ...way },
    {
      method: 'GET',
      path: '/broken',
      handle: async () => {
        throw new Error('a fault of ours');
      },
      ...way,
    },
  ];
}

// CWE-248: on the way past Express nothing catches a rejected promise, and Node ends a process that has one.
for (const [name, way] of [
  ['through Express', {}],
  ['past Express', { direct: true }],
] as const) {
  test(`${name}: a fault is told with a page, logged, and the next request is answered`, async (t) => {
    const { ask, faults } = await stage(t, routesOf(way), PAGE);
    assert.deepEqual(await ask('/broken?x=1'), { status: 500, text: 'page' });
    assert.deepEqual(faults, ['a fault of ours']);
    assert.deepEqual(await ask('/fine?x=1'), { status: 200, text: 'fine' });
  });

  test(`${name}: an answer that cannot be sent is a fault as well`, async (t) => {
    const { ask, faults } = await stage(t, routesOf(way), PAGE);
    assert.deepEqual(await ask('/unsendable'), { status: 500, text: 'page' });
    assert.equal(faults.length, 1);
    assert.match(faults[0] ?? '', /Invalid character in header/);
    assert.deepEqual(await ask('/fine'), { status: 200, text: 'fine' });
  });
}

test('past Express: when not even the page can be sent, the connection ends, and the node goes on', async (t) => {
  const { ask, faults } = await stage(t, routesOf({ direct: true }), UNSENDABLE);
  assert.equal(await ask('/unsendable'), 'no answer');
  assert.equal(faults.length, 2);
  assert.deepEqual(await ask('/fine'), { status: 200, text: 'fine' });
});
