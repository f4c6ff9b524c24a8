// Attacks on the way to the server, from a server that the test wrote.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { createSecureContext, TLSSocket } from 'node:tls';
import { InvalidCredentialsError } from 'ldapts';
import { createLdapConnection } from '../../src/directories/ldap-connection.ts';
import { type LdapServer, openLdapSocket } from '../../src/directories/ldap-socket.ts';
import { makeCertificate } from '../support/openldap.ts';
import { requireTool } from '../support/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'signet-ldap-socket-'));
after(() => rmSync(folder, { recursive: true }));
const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
const [otherKey, otherName] = [join(folder, 'other.key'), join(folder, 'other.pem')];
let ready = false;
let skipped: string | undefined;
before(async () => {
  const skip = (reason?: string) => {
    skipped = reason;
  };
  if (!requireTool({ skip }, 'openssl')) return;
  await makeCertificate(key, certificate);
  await makeCertificate(otherKey, otherName, 'DNS:other.example.org');
  ready = true;
});
const withCertificates = (name: string, run: (t: TestContext) => Promise<void>) =>
  test(name, async (t) => (ready ? run(t) : t.skip(skipped)));

const message = (id: number, operation: string) => {
  const body = Buffer.concat([Buffer.from([2, 1, id]), Buffer.from(operation, 'hex')]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
};
/** A result (RFC 4511 §4.1.9) with empty texts under the given tag. */
const result = (tag: string, code: number) => `${tag}07` + `0a01${code.toString(16).padStart(2, '0')}04000400`;
const AGREED = message(1, result('78', 0));

interface Fake {
  readonly port: number;
  readonly received: () => Buffer;
}
async function fakeServer(t: TestContext, serve: (socket: Socket, received: Buffer[]) => void): Promise<Fake> {
  const received: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket, received);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, received: () => Buffer.concat(received) };
}
const record = (socket: Socket, received: Buffer[]) => socket.on('data', (chunk: Buffer) => received.push(chunk));
const target = (port: number, more: Partial<LdapServer> = {}): LdapServer => ({
  url: `ldap://127.0.0.1:${port}`,
  startTls: true,
  ca: ready ? readFileSync(certificate, 'utf8') : null,
  connectTimeout: 1,
  ...more,
});
const START_TLS = '301d02010177188016312e332e362e312e342e312e313436362e3230303337';

/** Speaks TLS after the request for it, and refuses every bind there. */
function startTlsServer(answer: Buffer, keyFile = key, certificateFile = certificate) {
  return (socket: Socket, received: Buffer[]) => {
    socket.once('data', (chunk: Buffer) => {
      received.push(chunk);
      socket.write(answer);
      const context = createSecureContext({ key: readFileSync(keyFile), cert: readFileSync(certificateFile) });
      const secure = new TLSSocket(socket, { isServer: true, secureContext: context });
      secure.on('error', () => {});
      secure.on('data', (bytes: Buffer) => {
        received.push(bytes);
        secure.write(message(bytes[4] ?? 0, result('61', 49)));
      });
    });
  };
}

const refusals: readonly (readonly [string, Buffer, RegExp])[] = [
  // CWE-319: what stands between turns StartTLS down, and hopes for passwords in the clear.
  ['protocolError', message(1, result('78', 2)), /refuses StartTLS \(result 2\)/],
  ['unavailable', message(1, result('78', 52)), /refuses StartTLS \(result 52\)/],
  ['referral', message(1, result('78', 10)), /refuses StartTLS/],
  ['an answer to a bind', message(1, result('61', 0)), /something else/],
  ['an answer to another message', message(2, result('78', 0)), /something else/],
  ['no LDAP', Buffer.from('220 ready\r\n'), /something else|no connection|Expected/],
  ['an endless answer', Buffer.concat([Buffer.from('3083100000', 'hex'), Buffer.alloc(5000)]), /something else/],
];
for (const [name, answer, says] of refusals) {
  test(`StartTLS answered with ${name}: nothing else is sent`, async (t) => {
    const fake = await fakeServer(t, (socket, received) => {
      record(socket, received);
      socket.write(answer);
    });
    await assert.rejects(openLdapSocket(target(fake.port)), says);
    assert.equal(fake.received().toString('hex').replace(START_TLS, ''), '');
  });
}

test('StartTLS that is never answered, or ended: an error in time', async (t) => {
  const silent = await fakeServer(t, record);
  await assert.rejects(openLdapSocket(target(silent.port)), /no connection within 1 s/);
  const ending = await fakeServer(t, (socket) => socket.end());
  await assert.rejects(openLdapSocket(target(ending.port)), /ended the connection|ECONNRESET|EPIPE/);
  const agreeing = await fakeServer(t, (socket) => socket.write(AGREED));
  await assert.rejects(openLdapSocket(target(agreeing.port)), /no connection within 1 s/);
});

// "NO STARTTLS", USENIX Security 2021 (response injection, as in CVE-2021-33515 of Dovecot): what came in the clear
// must not be read as if it had come encrypted.
const forged = message(2, result('61', 0));
const injections: readonly (readonly [string, Buffer])[] = [
  ['a whole answer to the bind that will follow', forged],
  ['answers to many binds', Buffer.concat(Array.from({ length: 60 }, (_, id) => message(id, result('61', 0))))],
  [
    'the beginning of an answer, which the true one would complete',
    Buffer.from('303002010261070a010004000400a010', 'hex'),
  ],
];
for (const [name, injected] of injections) {
  withCertificates(`injected behind the answer to StartTLS: ${name}`, async (t) => {
    const fake = await fakeServer(t, startTlsServer(Buffer.concat([AGREED, injected])));
    const socket = await openLdapSocket(target(fake.port)).catch(() => null);
    // Refused, or thrown away: both are right.
    if (socket === null) return;
    const connection = createLdapConnection(socket, 1);
    t.after(() => connection.close());
    await assert.rejects(connection.bind('cn=anna', 'wrong'), InvalidCredentialsError);
  });
}

withCertificates('a certificate for another name: the password is not sent', async (t) => {
  const fake = await fakeServer(t, startTlsServer(AGREED, otherKey, otherName));
  const trusting = target(fake.port, { ca: readFileSync(otherName, 'utf8') });
  await assert.rejects(openLdapSocket(trusting), /altnames|ERR_TLS_CERT_ALTNAME/i);
  const honest = await fakeServer(t, startTlsServer(AGREED));
  const socket = await openLdapSocket(target(honest.port, { url: `ldap://localhost:${honest.port}` }));
  assert.ok(socket instanceof TLSSocket && socket.authorized);
  socket.destroy();
});

withCertificates('TLS older than 1.2 is refused', async (t) => {
  const fake = await fakeServer(t, (socket) => {
    const cert = { key: readFileSync(key), cert: readFileSync(certificate) };
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
    new TLSSocket(socket, { isServer: true, secureContext: createSecureContext({ ...cert, ...old }) }).on(
      'error',
      () => {},
    );
  });
  const ldaps = { url: `ldaps://127.0.0.1:${fake.port}`, startTls: false };
  await assert.rejects(openLdapSocket(target(fake.port, ldaps)), /version|alert|ECONNRESET/i);
});

test('a bind without a name or a password is never sent (RFC 4513 §5.1.2)', async (t) => {
  const fake = await fakeServer(t, (socket, received) => {
    record(socket, received);
    socket.on('data', (bytes: Buffer) => socket.write(message(bytes[4] ?? 0, result('61', 0))));
  });
  const connection = createLdapConnection(await openLdapSocket(target(fake.port, { startTls: false })), 1);
  t.after(() => connection.close());
  for (const [dn, password] of [
    ['cn=anna', ''],
    ['', 'x'],
    [' ', 'x'],
    ['', ''],
  ] as const) {
    await assert.rejects(connection.bind(dn, password), /never sent/);
  }
  assert.equal(fake.received().length, 0);
  await connection.bind('cn=anna', 'x');
});

test('a connection that has ended is not replaced in secret', async (t) => {
  let connections = 0;
  const fake = await fakeServer(t, (socket, received) => {
    connections += 1;
    record(socket, received);
    socket.once('data', () => socket.destroy());
  });
  const connection = createLdapConnection(await openLdapSocket(target(fake.port, { startTls: false })), 1);
  await assert.rejects(connection.bind('cn=anna', 'x'));
  assert.equal(connection.isAlive(), false);
  const before = fake.received().length;
  await assert.rejects(connection.bind('cn=anna', 'x'), /has ended/);
  await assert.rejects(connection.search('', {}), /has ended/);
  assert.deepEqual([connections, fake.received().length], [1, before]);
});
