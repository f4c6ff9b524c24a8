// A mail server that a test starts: speaks enough of RFC 5321 for one message, remembers it, and misbehaves on request.

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';

export interface SmtpOptions {
  readonly address: string;
  /** tls: from the first byte. starttls: offered. none: not even offered. */
  readonly security: 'none' | 'starttls' | 'tls';
  readonly certificate?: { readonly key: string; readonly cert: string };
  /** `user:password`; without it nobody is asked. */
  readonly credentials?: string;
  /** Answers instead of the usual ones, by command; null: no answer at all. */
  readonly answers?: Readonly<Record<string, string | null>>;
}

export interface ReceivedMail {
  readonly encrypted: boolean;
  readonly authenticated: boolean;
  readonly from: string;
  readonly to: readonly string[];
  readonly data: string;
}

export interface SmtpServer {
  readonly port: number;
  readonly mails: ReceivedMail[];
  /** Everything that came in, over whatever connection. */
  readonly heard: string[];
  readonly close: () => Promise<void>;
}

export async function startSmtpServer(options: SmtpOptions): Promise<SmtpServer> {
  const { address, security, certificate } = options;
  const mails: ReceivedMail[] = [];
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    converse(socket, security === 'tls', options, mails, heard);
  };
  const server: Server = security === 'tls' ? createTlsServer({ ...certificate }, serve) : createServer(serve);
  server.listen(0, address);
  await once(server, 'listening');
  const place = server.address();
  if (place === null || typeof place === 'string') throw new Error('no port');
  return {
    port: place.port,
    mails,
    heard,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function converse(
  plain: Socket,
  encryptedFromTheStart: boolean,
  { security, certificate, credentials, answers = {} }: SmtpOptions,
  mails: ReceivedMail[],
  heard: string[],
): void {
  let socket = plain;
  let encrypted = encryptedFromTheStart;
  let authenticated = false;
  let buffered = '';
  let data: string[] | null = null;
  let from = '';
  let to: string[] = [];

  const say = (command: string, usual: string): boolean => {
    const answer = Object.hasOwn(answers, command) ? answers[command] : usual;
    if (answer !== null && answer !== undefined) socket.write(`${answer}\r\n`);
    return answer === usual;
  };
  const extensions = (): string =>
    [
      '250-test',
      ...(security === 'starttls' && !encrypted ? ['250-STARTTLS'] : []),
      ...(credentials === undefined ? [] : ['250-AUTH PLAIN']),
      '250 8BITMIME',
    ].join('\r\n');

  const command = (line: string): void => {
    const verb = line.split(' ')[0]?.toUpperCase() ?? '';
    switch (verb) {
      case 'EHLO':
        say('EHLO', extensions());
        return;
      case 'STARTTLS':
        if (security !== 'starttls') {
          say('no STARTTLS', '502 not here');
          return;
        }
        if (!say('STARTTLS', '220 go on')) return;
        plain.removeAllListeners('data');
        socket = new TLSSocket(plain, { isServer: true, ...certificate });
        encrypted = true;
        listen();
        return;
      case 'AUTH': {
        const given = Buffer.from(line.split(' ')[2] ?? '', 'base64')
          .toString('utf8')
          .split('\0')
          .slice(1)
          .join(':');
        authenticated = given === credentials;
        say('AUTH', authenticated ? '235 welcome' : '535 5.7.8 anna@example.org: no');
        return;
      }
      case 'MAIL':
        from = line;
        say('MAIL', '250 ok');
        return;
      case 'RCPT':
        to.push(line);
        say('RCPT', '250 ok');
        return;
      case 'DATA':
        if (say('DATA', '354 go on')) data = [];
        return;
      case 'QUIT':
        say('QUIT', '221 bye');
        socket.end();
        return;
      default:
        say(verb, '500 what?');
    }
  };

  const take = (line: string): void => {
    heard.push(line);
    if (data === null) {
      command(line);
      return;
    }
    if (line !== '.') {
      data.push(line);
      return;
    }
    mails.push({ encrypted, authenticated, from, to, data: data.join('\n') });
    data = null;
    to = [];
    say('.', '250 taken');
  };

  const listen = (): void => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      buffered += chunk.toString('latin1');
      for (let end = buffered.indexOf('\r\n'); end >= 0; end = buffered.indexOf('\r\n')) {
        const line = buffered.slice(0, end);
        buffered = buffered.slice(end + 2);
        take(line);
      }
    });
  };

  listen();
  say('greeting', '220 test ESMTP');
}
