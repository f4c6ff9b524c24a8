// Owns: something between a client and a server of a test that can hold, cut and overhear what passes.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** What clients have sent, each connection's bytes in one piece. */
  readonly sent: () => readonly Buffer[];
  /** From now on answers do not arrive. */
  readonly hold: () => void;
  readonly release: () => void;
  /** Ends every connection that is open. */
  readonly cut: () => void;
  readonly close: () => Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<{ readonly client: Socket; readonly server: Socket; readonly sent: Buffer[] }>();
  const all: Buffer[][] = [];
  let held = false;
  const listener = createServer((client) => {
    const server = connect(targetPort, '127.0.0.1');
    const pair = { client, server, sent: [] as Buffer[] };
    pairs.add(pair);
    all.push(pair.sent);
    client.on('data', (chunk: Buffer) => {
      pair.sent.push(chunk);
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => client.write(chunk));
    if (held) server.pause();
    const end = () => {
      client.destroy();
      server.destroy();
      pairs.delete(pair);
    };
    for (const socket of [client, server]) socket.on('error', end).on('close', end);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const { client, server } of pairs) for (const socket of [client, server]) socket.destroy();
  };
  return {
    port: (listener.address() as AddressInfo).port,
    sent: () => all.map((chunks) => Buffer.concat(chunks)),
    hold: () => {
      held = true;
      for (const { server } of pairs) server.pause();
    },
    release: () => {
      held = false;
      for (const { server } of pairs) server.resume();
    },
    cut,
    close: async () => {
      cut();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
