// Owns: one node's life: read, wire, listen, drain on SIGTERM or SIGINT, exit.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, format, type Logger, transports, config as winstonLevels } from 'winston';
import { openAuditFile } from './audit/audit-file.ts';
import { boundOutput, OUTPUT_WAITING_MAX } from './audit/bounded-output.ts';
import { VERSION } from './cli/version.ts';
import type { Config } from './config/config.ts';
import type { Clock } from './lib/clock.ts';
import { formatProblem } from './lib/problems.ts';
import type { Random } from './lib/random.ts';
import { notes, signatureProblems } from './parts.ts';
import { createNode } from './wire.ts';

export interface MainContext {
  readonly clock: Clock;
  readonly random: Random;
}

/** Runs one node until it is told to stop; resolves when it has stopped. */
export async function serve(config: Config, context: MainContext): Promise<void> {
  const output = standardError();
  const log = createNodeLog(config, output.stream);
  const audit = openAudit(config, log);
  const node = await createNode(config, {
    ...context,
    log,
    audit: audit.stream,
    auditLost: audit.lost,
    logLost: output.lost,
    version: VERSION,
  });
  const { parts } = node;
  const problems = [...parts.warnings, ...parts.parties.problems(), ...signatureProblems(parts), ...notes(parts)];
  for (const problem of problems) log.warn(formatProblem(problem));
  const publicServer = await listen(node.publicListener, config.listen);
  const managementServer = await listen(node.managementListener, config.management);
  log.info('listening', {
    public: addressOf(publicServer),
    management: addressOf(managementServer),
    url: config.publicUrl,
  });
  await stopSignal();
  log.info('draining', { seconds: config.shutdown.drain });
  node.drain();
  // The balancer asks /readyz from time to time; until it has, it still sends people here.
  await sleep(config.shutdown.lead * 1000);
  await closeGently(publicServer, config.shutdown.drain);
  await closeGently(managementServer, 0);
  await node.close();
  log.info('stopped');
  await new Promise<void>((resolve) => audit.stream.end(resolve));
}

function createNodeLog(config: Config, stream: Writable): Logger {
  return createLogger({
    level: config.log.level,
    levels: winstonLevels.npm.levels,
    defaultMeta: { node: config.nodeName },
    format: format.combine(format.timestamp(), format.json()),
    // The audit log has standard output for itself.
    transports: [new transports.Stream({ stream })],
  });
}

/** A log that nobody reads any more is no reason to end. */
function standardError(): Output {
  let lost = 0;
  const stream = boundOutput({
    to: process.stderr,
    maxBytes: OUTPUT_WAITING_MAX,
    // There is nowhere left to say it: the count does.
    onBroken: () => {},
    onLost: () => {
      lost += 1;
    },
  });
  return { stream, lost: () => lost };
}

function openAudit(config: Config, log: Logger): Output {
  let lost = 0;
  const onLost = (): void => {
    lost += 1;
  };
  if (config.audit.file === '-') {
    const onBroken = ({ message }: Error): void => {
      log.error('nobody reads standard output any more; audit lines are lost', { error: message });
    };
    const stream = boundOutput({ to: process.stdout, maxBytes: OUTPUT_WAITING_MAX, onBroken, onLost });
    return { stream, lost: () => lost };
  }
  const stream = openAuditFile({
    path: config.audit.file,
    retryMs: 1000,
    onEvent: (event) => {
      if (event.kind === 'working') log.info('audit log is written again', { lost });
      else log.error('audit log cannot be written; lines are kept and tried again', { error: event.error.message });
    },
    onLost,
  });
  return { stream, lost: () => lost };
}

/** Where lines go. */
interface Output {
  readonly stream: Writable;
  /** Lines lost since the start. */
  readonly lost: () => number;
}

async function listen(listener: RequestListener, endpoint: string): Promise<Server> {
  const colon = endpoint.lastIndexOf(':');
  const host = endpoint.slice(0, colon).replace(/^\[|\]$/g, '');
  const server = createServer({ keepAlive: true }, listener);
  // Longer than a balancer keeps idle connections, so that it is the one to close them.
  server.keepAliveTimeout = 75_000;
  server.headersTimeout = 80_000;
  server.requestTimeout = 30_000;
  server.listen(Number(endpoint.slice(colon + 1)), host);
  await once(server, 'listening');
  return server;
}

function addressOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Stops listening, lets requests under way finish, and ends what is left after `seconds`. */
async function closeGently(server: Server, seconds: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const idle = setInterval(() => server.closeIdleConnections(), 100);
  const limit = setTimeout(() => server.closeAllConnections(), seconds * 1000);
  await closed;
  clearInterval(idle);
  clearTimeout(limit);
}

function stopSignal(): Promise<unknown> {
  return Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
}
