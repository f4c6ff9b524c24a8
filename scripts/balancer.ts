// Owns: a small round-robin balancer without stickiness, for machines without HAProxy. A trial's tool, not a product.
// It keeps the promises that Signet needs of a balancer (haproxy.ts says which): a request whose node dies is given,
// whole and under the same id, to another node; nodes that are not ready get nothing new.
import { randomBytes } from 'node:crypto';
import { Agent, createServer, get, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { BalancedNode, BalancerStep } from './haproxy.ts';

export interface BalancerSettings {
  readonly port: number;
  readonly nodes: readonly BalancedNode[];
  readonly onStep: (step: BalancerStep) => void;
}

export interface Balancer {
  readonly close: () => Promise<void>;
}

const RETRIES = 3;
const BODY_MAX_BYTES = 262_144;
const CONNECT_AND_ANSWER_MS = 10_000;
const CHECK_EVERY_MS = 500;
const CHECK_TIMEOUT_MS = 400;
const FALL = 2;
const RISE = 2;

/** RFC 9110 §7.6.1: these belong to one connection. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

interface NodeState {
  readonly node: BalancedNode;
  readonly agent: Agent;
  up: boolean;
  /** Consecutive checks that contradict `up`. */
  contrary: number;
  /** Requests under way, so that they can be taken away from a node that stopped answering. */
  readonly inFlight: Set<() => void>;
}

/** Starts it on 127.0.0.1; rejects when the port is taken. */
export async function startBalancer(settings: BalancerSettings): Promise<Balancer> {
  const states = settings.nodes.map(
    (node): NodeState => ({ node, agent: new Agent({ keepAlive: true }), up: true, contrary: 0, inFlight: new Set() }),
  );
  let turn = 0;
  const next = (tried: ReadonlySet<NodeState>): NodeState | null => {
    const untried = states.filter((state) => !tried.has(state));
    const candidates = untried.some((state) => state.up) ? untried.filter((state) => state.up) : untried;
    turn += 1;
    return candidates[turn % candidates.length] ?? null;
  };
  const server = createServer((incoming, response) => {
    balance(incoming, response, next, settings.onStep).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port, '127.0.0.1', resolve);
  });
  const timer = setInterval(() => {
    for (const state of states) check(state);
  }, CHECK_EVERY_MS);
  return {
    close: () =>
      new Promise((resolve) => {
        clearInterval(timer);
        server.close(() => resolve());
        server.closeAllConnections();
        for (const state of states) state.agent.destroy();
      }),
  };
}

async function balance(
  incoming: IncomingMessage,
  response: ServerResponse,
  next: (tried: ReadonlySet<NodeState>) => NodeState | null,
  onStep: (step: BalancerStep) => void,
): Promise<void> {
  const requestId = randomBytes(16).toString('hex').toUpperCase();
  const body = await readBody(incoming);
  if (body === null) {
    // The connection ends: what was not read would be taken for the next request.
    response.writeHead(413, { Connection: 'close' }).end();
    return;
  }
  const headers = headersFor(incoming, requestId);
  const tried = new Set<NodeState>();
  for (let retries = 0; retries <= RETRIES; retries += 1) {
    const state = next(tried);
    if (state === null) break;
    tried.add(state);
    const answer = await attempt(state, incoming, headers, body);
    if (answer === null) continue;
    const path = (incoming.url ?? '/').split('?')[0] ?? '/';
    onStep({
      method: incoming.method ?? '',
      path,
      status: answer.statusCode ?? 0,
      node: state.node.name,
      retries,
      requestId,
    });
    response.writeHead(answer.statusCode ?? 502, endToEnd(answer.rawHeaders));
    answer.on('error', () => response.destroy());
    answer.pipe(response);
    return;
  }
  response.writeHead(503, { 'Content-Type': 'text/plain; charset=utf-8' }).end('No node answers.\n');
}

/** One node's answer once its headers are there; null when there was none, so that another node may be asked. */
function attempt(
  state: NodeState,
  incoming: IncomingMessage,
  headers: readonly string[],
  body: Buffer,
): Promise<IncomingMessage | null> {
  return new Promise((resolve) => {
    const outgoing = send({
      host: '127.0.0.1',
      port: state.node.port,
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      headers: [...headers],
      agent: state.agent,
    });
    const takeAway = () => outgoing.destroy();
    const timer = setTimeout(takeAway, CONNECT_AND_ANSWER_MS);
    const settle = (answer: IncomingMessage | null) => {
      clearTimeout(timer);
      state.inFlight.delete(takeAway);
      resolve(answer);
    };
    state.inFlight.add(takeAway);
    outgoing.once('response', settle);
    outgoing.on('error', () => settle(null));
    outgoing.end(body);
  });
}

/** Raw header pairs for the node: ours replace what a browser claims about itself. */
function headersFor(incoming: IncomingMessage, requestId: string): readonly string[] {
  const replaced = new Set(['x-request-id', 'x-forwarded-for', 'x-forwarded-proto']);
  const kept = endToEnd(incoming.rawHeaders).filter(
    (_, i, all) => !replaced.has((all[i - (i % 2)] ?? '').toLowerCase()),
  );
  return [
    ...kept,
    ...['X-Request-Id', requestId],
    ...['X-Forwarded-For', incoming.socket.remoteAddress ?? ''],
    ...['X-Forwarded-Proto', 'http'],
  ];
}

function endToEnd(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, i, all) => !HOP_BY_HOP.has((all[i - (i % 2)] ?? '').toLowerCase()));
}

async function readBody(incoming: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    const bytes = chunk as Buffer;
    length += bytes.length;
    if (length > BODY_MAX_BYTES) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function check(state: NodeState): void {
  const options = { host: '127.0.0.1', port: state.node.managementPort, path: '/readyz', timeout: CHECK_TIMEOUT_MS };
  const probe = get({ ...options, agent: false }, (answer) => {
    answer.resume();
    saw(state, answer.statusCode === 200);
  });
  probe.on('timeout', () => probe.destroy(new Error('no answer in time')));
  probe.on('error', () => saw(state, false));
}

function saw(state: NodeState, ready: boolean): void {
  state.contrary = ready === state.up ? 0 : state.contrary + 1;
  if (state.contrary < (state.up ? FALL : RISE)) return;
  state.up = ready;
  state.contrary = 0;
  if (!ready) for (const takeAway of state.inFlight) takeAway();
}
