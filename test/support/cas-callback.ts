// Owns: proxies' callbacks over TLS on this machine: what they were given, and answers that they should not give.
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tlsCertificate } from './tls-certificate.ts';

export interface Callbacks {
  readonly port: number;
  /** PEM, self-signed, for 127.0.0.1. */
  readonly certificate: string;
  /** Addresses that were asked for, as they came. */
  readonly asked: string[];
  /** TLS connections that were begun. */
  readonly connections: () => number;
  /** The PGT that came with this IOU. */
  readonly grantingTicket: (iou: string | null) => string | undefined;
  readonly close: () => Promise<void>;
}

/** Paths: /status/NNN answers with that status, /slow never, /endless without an end; all others with 200. */
export async function startCallbacks(): Promise<Callbacks> {
  const { key, cert } = await tlsCertificate('127.0.0.1');
  const asked: string[] = [];
  const granted = new Map<string, string>();
  let connections = 0;
  const server = createServer({ key, cert }, (request, response) => {
    const url = new URL(request.url ?? '', 'https://callback.example');
    asked.push(request.url ?? '');
    granted.set(url.searchParams.get('pgtIou') ?? '', url.searchParams.get('pgtId') ?? '');
    if (url.pathname === '/slow') return;
    const [, status] = /^\/status\/(\d+)$/.exec(url.pathname) ?? [];
    response.writeHead(status === undefined ? 200 : Number(status), { Location: 'https://127.0.0.1/elsewhere' });
    if (url.pathname !== '/endless') {
      response.end('<a/>');
      return;
    }
    const more = (): void => {
      if (!response.destroyed) response.write('x'.repeat(65_536), more);
    };
    more();
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    certificate: cert,
    asked,
    connections: () => connections,
    grantingTicket: (iou) => granted.get(iou ?? ''),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
