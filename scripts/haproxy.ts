// Owns: the HAProxy configuration that `make run` and the tests share. Leaves to callers: ports, and starting it.
// Every setting that keeps sign-ins alive while nodes die is here once; docs/operations.md explains them.
import { existsSync } from 'node:fs';

/** One node as the balancer sees it; all on 127.0.0.1. */
export interface BalancedNode {
  readonly name: string;
  readonly port: number;
  /** Readiness is asked here, never on the public listener. */
  readonly managementPort: number;
}

export interface HaproxySettings {
  /** Where browsers come. */
  readonly port: number;
  readonly nodes: readonly BalancedNode[];
}

/** Fields of a log line, in the order of {@link haproxyConfig}'s log-format. */
const LOG_FORMAT = '%HM %HP %ST %s %rc %ID';

const HAPROXY_PATHS = ['/usr/sbin/haproxy', '/usr/local/sbin/haproxy', '/opt/homebrew/bin/haproxy'];

/** Where HAProxy is on this machine; null when it is not. */
export function findHaproxy(): string | null {
  return HAPROXY_PATHS.find((path) => existsSync(path)) ?? null;
}

/** haproxy.cfg: round robin without stickiness, retries that keep the body, readiness on the management listeners. */
export function haproxyConfig(settings: HaproxySettings): string {
  const servers = settings.nodes.map(
    (node) => `  server ${node.name} 127.0.0.1:${node.port} port ${node.managementPort}`,
  );
  return `${[
    'global',
    // A request is buffered whole so that it can be repeated: a signed POST with a long RelayState must fit.
    '  tune.bufsize 32768',
    '  log stdout format raw daemon',
    '',
    'defaults',
    '  mode http',
    '  log global',
    `  log-format "${LOG_FORMAT}"`,
    '  timeout connect 500ms',
    '  timeout check 400ms',
    '  timeout client 30s',
    // response-timeout, and so recovery from a node that is stopped but not dead, hangs on this one.
    '  timeout server 10s',
    '  timeout http-request 10s',
    '',
    'frontend public',
    `  bind 127.0.0.1:${settings.port}`,
    // The nodes believe this id: a repeated request carries the same one, so its second copy is the same attempt.
    '  unique-id-format %{+X}o%ci%cp%fi%fp%Ts%rt%pid',
    '  http-request del-header X-Request-Id',
    '  unique-id-header X-Request-Id',
    // What a browser claims about its own address is dropped; option forwardfor writes the true one.
    '  http-request del-header X-Forwarded-For',
    '  http-request set-header X-Forwarded-Proto http',
    '  option forwardfor',
    // HAProxy repeats only what it holds whole: without this a POST whose body came in a later packet, as browsers send
    // it, is lost with its node (tried: every one; test/cluster/haproxy.test.ts).
    '  option http-buffer-request',
    '  default_backend nodes',
    '',
    'backend nodes',
    '  balance roundrobin',
    // Each one goes to another node, at once. Until the checks notice, a dead node is still among the candidates.
    '  retries 6',
    '  option redispatch 1',
    // Not all-retryable-errors: that also repeats honest 5xx answers.
    '  retry-on conn-failure empty-response response-timeout',
    '  option httpchk GET /readyz',
    '  http-check expect status 200',
    // No `observe layer4 … on-error mark-down`: with shutdown-sessions it ends the very session whose failed connection
    // made it mark the node down, and that one is not repeated (tried: about one lost sign-in per kill).
    '  default-server check inter 500ms fastinter 200ms fall 2 rise 2 on-marked-down shutdown-sessions',
    ...servers,
  ].join('\n')}\n`;
}

/** One request as the balancer saw it. The path has no query: nothing secret is in it. */
export interface BalancerStep {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Name of the node that answered. */
  readonly node: string;
  /** How often the request was given to another node first. */
  readonly retries: number;
  readonly requestId: string;
}

const LOG_LINE = /^([A-Z]+) (\/\S*) (\d{3}) (\S+) \+?(\d+) (\S+)$/;

/** Reads one log line of {@link haproxyConfig}; null for HAProxy's other messages. */
export function readHaproxyLine(line: string): BalancerStep | null {
  const [, method, path, status, node, retries, requestId] = LOG_LINE.exec(line.trim()) ?? [];
  if (method === undefined || path === undefined || node === undefined || requestId === undefined) return null;
  return { method, path, status: Number(status), node, retries: Number(retries), requestId };
}
