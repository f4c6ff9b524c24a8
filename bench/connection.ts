// Owns: one keep-alive connection, as cheap as it can be: it writes bytes and cuts answers out of what comes back.
import { connect, type Socket } from 'node:net';
import type { PreparedRequest } from './requests.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: Buffer;
}

const ANSWER_MS = 30_000;

export class Connection {
  /** The Cookie header's value; Set-Cookie lines of answers are merged into it. */
  cookies: string;
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #closed: Error | null = null;
  #waiting: { readonly resolve: (answer: HttpAnswer) => void; readonly reject: (error: Error) => void } | null = null;

  private constructor(socket: Socket, cookies: string) {
    this.#socket = socket;
    this.cookies = cookies;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    // An answer that takes this long is none: nothing here waits for ever.
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new Error('the connection was closed')));
  }

  static async open(port: number, cookies: string): Promise<Connection> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new Connection(socket, cookies);
  }

  /** One request at a time. */
  send(request: PreparedRequest, body = ''): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) return reject(this.#closed);
      this.#waiting = { resolve, reject };
      this.#socket.write(Buffer.concat([request.head, Buffer.from(`${this.cookies}\r\n\r\n${body}`, 'latin1')]));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #end(error: Error): void {
    this.#closed ??= error;
    this.#waiting?.reject(this.#closed);
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#received.toString('latin1', 0, end + 2);
    const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1] ?? 0);
    if (this.#received.length < end + 4 + length) return;
    const body = this.#received.subarray(end + 4, end + 4 + length);
    this.#received = this.#received.subarray(end + 4 + length);
    if (/\r\nset-cookie: /i.test(head)) this.#keepCookies(head);
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve({ status: Number(head.slice(9, 12)), head, body });
  }

  #keepCookies(head: string): void {
    const jar = new Map(this.cookies.split('; ').flatMap((pair) => (pair === '' ? [] : [splitPair(pair)])));
    for (const [, pair = '', attributes = ''] of head.matchAll(/\r\nset-cookie: ([^;\r]*)([^\r]*)/gi)) {
      const [name, value] = splitPair(pair);
      if (/; Max-Age=0(;|$)/i.test(attributes)) jar.delete(name);
      else jar.set(name, value);
    }
    this.cookies = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}

function splitPair(pair: string): [name: string, value: string] {
  const equals = pair.indexOf('=');
  return [pair.slice(0, equals), pair.slice(equals + 1)];
}
