// TLS to PostgreSQL: who answers is known, or nothing is sent. Real servers with real certificates.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { newSigningCertificate } from '../../src/cli/signing-certificate.ts';
import { isUnavailable } from '../../src/core/account.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { openAt, targetOf } from '../support/databases.ts';
import { signingKeyFromStock } from '../support/key-stock.ts';
import { type PostgresServer, requirePostgres, startPostgres } from '../support/postgres.ts';

let server: PostgresServer | null = null;
let certificate = '';
after(() => server?.close());

async function serverWithTls(): Promise<PostgresServer> {
  if (server !== null) return server;
  const made = await newSigningCertificate(
    'https://db.example.org',
    systemClock(),
    systemRandom(),
    signingKeyFromStock,
  );
  certificate = made.certificate;
  server = await startPostgres({ tls: made });
  return server;
}

const rows = [
  { name: 'a CA that nobody trusts', mode: 'verify-full', trusted: false, expect: 'tls' },
  { name: 'a CA that nobody trusts, whatever the name', mode: 'verify-ca', trusted: false, expect: 'tls' },
  // The address is 127.0.0.1, the certificate is db.example.org's. CWE-297.
  { name: 'a trusted CA and another host’s certificate', mode: 'verify-full', trusted: true, expect: 'tls' },
  { name: 'a trusted CA, whatever the name', mode: 'verify-ca', trusted: true, expect: 'up' },
  // The server takes encrypted connections only.
  { name: 'in the clear', mode: 'disable', trusted: true, expect: 'access' },
] as const;
for (const { name, mode, trusted, expect } of rows) {
  test(`sslmode ${mode}: ${name}: ${expect}`, async (t) => {
    if (!requirePostgres(t)) return;
    const { port } = await serverWithTls();
    const url = `postgres://signet@127.0.0.1:${port}/postgres?sslmode=${mode}`;
    const opened = openAt(targetOf(url), { ca: trusted ? certificate : null });
    const answer = await opened.database.ask('schema', (queries) => queries.introspection.getTables());
    const [told] = opened.events.flatMap((event) => (event.kind === 'down' ? [event.reason] : []));
    assert.equal(isUnavailable(answer) ? told : 'up', expect, JSON.stringify(opened.events));
    await opened.close();
  });
}
