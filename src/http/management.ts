// Owns: the management listener: health, readiness, metrics, status. Never routed from outside.
import type { RequestListener, ServerResponse } from 'node:http';
import type { Metrics } from '../metrics/metrics.ts';

export interface ManagementOptions {
  readonly metrics: Metrics;
  /** Called before metrics are read, for gauges that follow time. */
  readonly refresh: () => void;
  /** What keeps this node from taking requests; empty when it is ready. */
  readonly notReady: () => readonly string[];
  readonly status: () => Readonly<Record<string, unknown>>;
  /** By address: which ring this node holds, proved over the nonce of whoever asks; null when that is no nonce. */
  readonly ringReports: ReadonlyMap<string, (nonce: string) => string | null>;
  /** More GET addresses, with their content type: own metadata when it is not public. */
  readonly documents: ReadonlyMap<string, () => Promise<{ readonly contentType: string; readonly text: string }>>;
}

export function createManagement(options: ManagementOptions): RequestListener {
  const answer = async (path: string, query: string, response: ServerResponse): Promise<void> => {
    // /healthz depends on nothing but the process: a restart helps with nothing else.
    if (path === '/healthz') return send(response, 200, 'text/plain', 'ok\n');
    if (path === '/readyz') {
      const missing = options.notReady();
      return send(
        response,
        missing.length === 0 ? 200 : 503,
        'text/plain',
        missing.length === 0 ? 'ready\n' : `${missing.join('\n')}\n`,
      );
    }
    if (path === '/metrics') {
      options.refresh();
      return send(response, 200, options.metrics.registry.contentType, await options.metrics.registry.metrics());
    }
    if (path === '/status')
      return send(response, 200, 'application/json', `${JSON.stringify(options.status(), null, 2)}\n`);
    const reportRing = options.ringReports.get(path);
    if (reportRing !== undefined) {
      const report = reportRing(new URLSearchParams(query).get('nonce') ?? '');
      if (report === null) return send(response, 400, 'text/plain', 'wanted ?nonce= of 16 to 64 bytes in base64url\n');
      return send(response, 200, 'application/json', `${report}\n`);
    }
    const document = await options.documents.get(path)?.();
    if (document !== undefined) return send(response, 200, document.contentType, document.text);
    return send(response, 404, 'text/plain', 'not found\n');
  };
  return (request, response) => {
    const [path = '/', query = ''] = (request.url ?? '/').split('?');
    answer(path, query, response).catch(() => send(response, 500, 'text/plain', 'failed\n'));
  };
}

function send(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' });
  response.end(text);
}
