// Whoever reads a node's standard output or standard error may stop or end: the rows of the outage table about it, on a
// real process. CWE-400, CWE-248: neither its memory nor its life depends on them.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeFolder, runSignet } from '../../scripts/local-cluster.ts';
import { answersOk, waitUntil } from '../../scripts/processes.ts';
import { freePorts } from '../support/free-ports.ts';

const SIGNET = fileURLToPath(new URL('../../src/cli/signet.ts', import.meta.url));

interface Running {
  readonly child: ChildProcess;
  /** A request that leaves an audit line of about a kilobyte, and a line in the log. */
  readonly ask: () => Promise<number>;
  readonly metric: (name: string) => Promise<number>;
  /** What standard error said while it was read. */
  readonly said: () => string;
}

async function startUnread(t: TestContext): Promise<Running> {
  const base = await mkdtemp(join(tmpdir(), 'signet-output-'));
  const folder = join(base, 'idp');
  const [port = 0, management = 0] = await freePorts(2);
  const publicUrl = `http://localhost:${port}`;
  await makeFolder({ folder, publicUrl, people: [], parties: [], directory: 'yaml', environment: {} });
  const addresses = ['--listen', `127.0.0.1:${port}`, '--management', `127.0.0.1:${management}`];
  const child = spawn(process.execPath, [SIGNET, 'serve', '--config', join(folder, 'signet.yaml'), ...addresses], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await rm(base, { recursive: true, force: true });
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  child.stdout.pause();
  await waitUntil('ready', 20_000, () => answersOk(`http://127.0.0.1:${management}/readyz`));
  const headers = { 'User-Agent': 'x'.repeat(900) };
  return {
    child,
    said: () => said,
    ask: async () => {
      const url = `http://127.0.0.1:${port}/saml/idp/sso?SAMLRequest=none`;
      const answer = await fetch(url, { headers, signal: AbortSignal.timeout(5000) });
      await answer.text();
      return answer.status;
    },
    metric: async (name) => {
      const text = await (await fetch(`http://127.0.0.1:${management}/metrics`)).text();
      return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    },
  };
}

const REQUESTS = 300;

test('standard output is not read for a while: everybody is answered, and no line is missing afterwards', async (t) => {
  const { child, ask, metric } = await startUnread(t);
  for (let n = 0; n < REQUESTS; n += 1) assert.equal(await ask(), 400);
  assert.equal(await metric('signet_audit_lines_lost'), 0);
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  child.stdout?.resume();
  await waitUntil('all lines', 10_000, async () => text.split('\n').length > REQUESTS);
  // More than a pipe holds: it has waited in the node.
  assert.ok(text.length > 3 * 65_536);
  assert.match(await runSignet(['audit', 'verify'], text, {}), /^300 lines, whole/);
});

test('standard output’s reader ends, then standard error’s: said, counted, and everybody is answered', async (t) => {
  const { child, ask, metric, said } = await startUnread(t);
  assert.equal(await ask(), 400);
  child.stdout?.destroy();
  for (let n = 0; n < 20; n += 1) assert.equal(await ask(), 400);
  assert.match(said(), /nobody reads standard output any more/);
  const lost = await metric('signet_audit_lines_lost');
  assert.ok(lost >= 19, `${lost} lost`);
  assert.equal(await metric('signet_log_lines_lost'), 0);
  child.stderr?.destroy();
  for (let n = 0; n < 20; n += 1) assert.equal(await ask(), 400);
  assert.ok((await metric('signet_audit_lines_lost')) >= lost + 20);
  const unread = await metric('signet_log_lines_lost');
  assert.ok(unread >= 19, `${unread} lost`);
  assert.deepEqual([child.exitCode, child.signalCode], [null, null]);
  const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
  child.kill('SIGTERM');
  assert.equal(await ended, 0, 'and it ends as usual');
});
