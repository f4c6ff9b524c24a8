// Owns: a proxy that writes down what was really on the wire, headers and all, and changes nothing.
import { createServer, type IncomingHttpHeaders, request as send } from 'node:http';

export interface RecordedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Recorder {
  readonly requests: readonly RecordedRequest[];
  readonly close: () => Promise<void>;
}

/** Listens on `port` and hands everything to `targetPort`, both of 127.0.0.1. */
export async function startRecorder(port: number, targetPort: number): Promise<Recorder> {
  const requests: RecordedRequest[] = [];
  const server = createServer((incoming, response) => {
    const [path = '/'] = (incoming.url ?? '/').split('?');
    requests.push({ method: incoming.method ?? '', path, headers: incoming.headers });
    const options = {
      host: '127.0.0.1',
      port: targetPort,
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      headers: incoming.rawHeaders,
    };
    const outgoing = send(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
