// The recipe of docs/operations.md for logs without queries, in a HAProxy that runs: what people's requests hold is not in them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { findHaproxy } from '../../scripts/haproxy.ts';
import { freePorts } from '../support/free-ports.ts';
import { requireTool } from '../support/tools.ts';
import { documentNamed } from './documents.ts';

const [, recipe = ''] =
  /<!-- tested: haproxy-log -->\n```haproxy\n([\s\S]*?)^```$/m.exec(documentNamed('docs/operations.md').text) ?? [];

/** What HAProxy logs of these requests, with this line in its defaults. */
async function logOf(t: TestContext, line: string, requests: readonly string[]): Promise<string> {
  const [port = 0, nobody = 0] = await freePorts(2);
  const folder = mkdtempSync(join(tmpdir(), 'signet-proxy-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const config = join(folder, 'haproxy.cfg');
  writeFileSync(
    config,
    `global\n  log stdout format raw daemon\ndefaults\n  mode http\n  log global\n  timeout client 2s\n  timeout server 2s\n  timeout connect 200ms
${line}
frontend public\n  bind 127.0.0.1:${port}\n  http-request return status 200 if { path /answered }\n  default_backend nodes
backend nodes\n  server gone 127.0.0.1:${nobody}\n`,
  );
  const haproxy = spawn(findHaproxy() ?? 'haproxy', ['-db', '-f', config]);
  t.after(() => haproxy.kill('SIGKILL'));
  let log = '';
  haproxy.stdout.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  for (const request of requests) await exchange(port, request);
  for (let tries = 0; tries < 40 && log.split('\n').length <= requests.length; tries += 1) await pause(50);
  haproxy.kill('SIGTERM');
  await once(haproxy, 'exit');
  return log;
}

/** Sends bytes as they are, once somebody listens, and waits for the end of the answer. */
async function exchange(port: number, request: string): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      socket.end(request);
      await once(socket.resume(), 'close');
      return;
    } catch {
      await pause(50);
    }
  }
  assert.fail('HAProxy does not listen');
}

const QUERY = 'SAMLRequest=s3cret-message&RelayState=s3cret-state';
const head = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: idp.example.org\r\nReferer: https://sp.example.org/?s3cret-referrer\r\nCookie: a=s3cret-cookie\r\nConnection: close\r\n\r\n`;
/** Answered, no node left, and not even HTTP. */
const REQUESTS = [
  head(`/answered?${QUERY}`),
  head(`/saml/idp/sso?${QUERY}`),
  `GET /saml/idp/sso?${QUERY} BROKEN\r\n\r\n`,
];

test('HAProxy with the line of the recipe logs paths, and nothing of queries, cookies or referrers', async (t) => {
  if (findHaproxy() === null && !requireTool(t, 'haproxy')) return;
  const log = await logOf(t, recipe, REQUESTS);
  assert.match(log, / 200 .* GET \/answered /);
  assert.match(log, / 503 .* GET \/saml\/idp\/sso /);
  assert.match(log, / 400 /);
  assert.doesNotMatch(log, /s3cret/);
});

test('with what it warns of, the query would be there', async (t) => {
  if (findHaproxy() === null && !requireTool(t, 'haproxy')) return;
  assert.match(await logOf(t, 'option httplog', REQUESTS.slice(0, 1)), /s3cret-message/);
});
