// Owns: one connection to an LDAP server, up to where it is encrypted and the server has proved who it is.
// Leaves to ldap-connection.ts: LDAP itself.
//
// StartTLS is spoken here and not by the LDAP library: what stands behind the server's answer in the clear is thrown away
// before anything that reads LDAP sees the connection (the response injection of "NO STARTTLS", USENIX Security 2021).
import { once } from 'node:events';
import { isIP, connect as netConnect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { BerReader } from 'ldapts';

export interface LdapServer {
  readonly url: string;
  readonly startTls: boolean;
  /** PEM; null: what the system trusts. */
  readonly ca: string | null;
  /** Seconds for all of it: TCP, StartTLS, TLS. */
  readonly connectTimeout: number;
}

/** LDAPMessage 1: ExtendedRequest, requestName 1.3.6.1.4.1.1466.20037 (RFC 4511 §4.14.1). */
const START_TLS_REQUEST = Buffer.concat([
  Buffer.from('301d02010177188016', 'hex'),
  Buffer.from('1.3.6.1.4.1.1466.20037', 'latin1'),
]);
const EXTENDED_RESPONSE = 0x78;
const ANSWER_MAX_BYTES = 4096;

/** An open socket: TLS 1.2 or newer with a verified certificate, unless the URL is ldap:// without StartTLS. */
export async function openLdapSocket(server: LdapServer): Promise<Socket> {
  const { protocol, hostname, port } = new URL(server.url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const encrypted = protocol === 'ldaps:';
  const signal = AbortSignal.timeout(server.connectTimeout * 1000);
  const plain = quiet(
    netConnect({ host, port: Number(port) || (encrypted ? 636 : 389), noDelay: true, keepAlive: true }),
  );
  try {
    await once(plain, 'connect', { signal });
    if (server.startTls) await startTls(plain, signal);
    if (!encrypted && !server.startTls) return plain;
    const secure = quiet(
      tlsConnect({
        socket: plain,
        host,
        // A name in the certificate, or an address in it: never unchecked.
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(server.ca === null ? {} : { ca: server.ca }),
        minVersion: 'TLSv1.2',
        rejectUnauthorized: true,
      }),
    );
    await once(secure, 'secureConnect', { signal });
    return secure;
  } catch (error) {
    plain.destroy();
    throw signal.aborted ? new Error(`no connection within ${server.connectTimeout} s`) : error;
  }
}

/** @throws Error when the server does not agree: nothing is ever sent in the clear instead. */
async function startTls(socket: Socket, signal: AbortSignal): Promise<void> {
  socket.write(START_TLS_REQUEST);
  let received = Buffer.alloc(0);
  for (;;) {
    const [chunk]: readonly unknown[] = await Promise.race([once(socket, 'data', { signal }), ended(socket, signal)]);
    // Whatever follows the answer is nobody's: from here on only TLS reads this socket.
    socket.pause();
    if (!Buffer.isBuffer(chunk)) throw new Error('the server ended the connection instead of answering StartTLS');
    received = Buffer.concat([received, chunk]);
    const code = resultOf(received);
    if (code === 0) return;
    if (code !== null) throw new Error(`the server refuses StartTLS (result ${code})`);
    if (received.length > ANSWER_MAX_BYTES) throw new Error('the server answers StartTLS with something else');
    socket.resume();
  }
}

async function ended(socket: Socket, signal: AbortSignal): Promise<readonly unknown[]> {
  await once(socket, 'close', { signal });
  return [];
}

/** The result code of an ExtendedResponse to message 1; null while it is incomplete. */
function resultOf(bytes: Buffer): number | null {
  try {
    const reader = new BerReader(bytes);
    if (reader.readSequence(0x30) === null || reader.remain < reader.length) return null;
    if (reader.readInt() === 1 && reader.readSequence(EXTENDED_RESPONSE) !== null) return reader.readEnumeration();
    throw new Error('no answer to message 1');
  } catch (error) {
    throw new Error('the server answers StartTLS with something else', { cause: error });
  }
}

/** Errors reach whoever waits for an event; one that comes later must not end the process. */
function quiet<S extends Socket>(socket: S): S {
  return socket.on('error', () => {});
}
