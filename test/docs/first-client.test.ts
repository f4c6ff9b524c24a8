// README's first OpenID Connect client: its lines as they stand there, a node, and a person who signs in.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder, startNode, waitUntilReady } from '../../scripts/local-cluster.ts';
import { endAll, startChild, waitUntil } from '../../scripts/processes.ts';
import { freePorts } from '../support/free-ports.ts';
import { HttpBrowser, type Page } from '../support/http-browser.ts';
import { documentNamed, PATH_WITH_SIGNET, root, testedBlock } from './documents.ts';

const PASSWORD = 'correct horse battery';

test('the lines of the README sign somebody in at a first client', async (t) => {
  const work = await mkdtemp(join(tmpdir(), 'signet-first-client-'));
  t.after(() => rm(work, { recursive: true }));
  const [port = 0, managementPort = 0, appPort = 0] = await freePorts(3);
  const folder = join(work, 'idp');
  const environment = { SIGNET_PASSWORD_WORKERS: '1' };
  const people = [{ name: 'alice', password: PASSWORD, attributes: ['mail=alice@example.org'] }];
  await makeFolder({
    folder,
    publicUrl: `http://localhost:${port}`,
    people,
    parties: [],
    directory: 'yaml',
    environment,
  });

  const block = testedBlock(documentNamed('README.md'), 'first-client')
    .replaceAll('localhost:8080', `localhost:${port}`)
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${appPort}`);
  const lines = block.trim().split('\n');
  assert.ok(lines.length <= 10, 'ten lines');
  const script = lines.slice(0, -1).join('\n');
  const clone = join(work, 'signet');
  const ran = spawnSync('bash', ['-euo', 'pipefail', '-c', `mkdir '${clone}'; cd '${clone}'\n${script}`], {
    encoding: 'utf8',
    env: { PATH: PATH_WITH_SIGNET },
  });
  assert.equal(ran.status, 0, ran.stderr);
  const secret = /^client_secret +([\w-]{43}) /m.exec(ran.stdout)?.[1] ?? assert.fail(ran.stdout);
  const [program, ...args] = (lines.at(-1) ?? '')
    .replace(/ *#.*$/, '')
    .replace('CLIENT_SECRET', secret)
    .split(' ');
  assert.equal(program, 'node');

  const node = { name: 'node', port, managementPort };
  const serving = await startNode(folder, node, environment);
  t.after(() => endAll([serving], 5000));
  await waitUntilReady(node, serving, 30_000);
  const [example = '', ...rest] = args;
  const app = await startChild({
    name: 'app',
    command: process.execPath,
    args: [join(root, example), ...rest],
    environment: { PORT: String(appPort), NODE_NO_WARNINGS: '1' },
  });
  t.after(() => endAll([app], 5000));
  await waitUntil('the application listens', 30_000, async () => {
    assert.ok(app.alive(), app.lastLines().join('\n'));
    return app.lastLines().some((line) => line.startsWith('open '));
  });

  const browser = new HttpBrowser();
  t.after(() => browser.close());
  const login = await browser.get(`http://127.0.0.1:${appPort}/`);
  const signedIn = await browser.submit(login, loginForm(login), { username: 'alice', password: PASSWORD });
  assert.match(signedIn.text, /^Signed in: \{.*"email":"alice@example\.org"/);
  const again = await browser.get(`http://127.0.0.1:${appPort}/`);
  assert.match(again.text, /^Signed in: /, 'the next time without a page');

  // CWE-352, RFC 9700 §4.7: an answer that this browser did not ask for, or that comes a second time.
  const stranger = new HttpBrowser();
  t.after(() => stranger.close());
  for (const who of [stranger, browser]) {
    const refused = await who.get(again.url);
    assert.deepEqual([refused.status, refused.text], [400, 'Not signed in.\n']);
  }
});

function loginForm(page: Page) {
  const form = page.forms.find(({ fields }) => fields.some(({ name }) => name === 'password'));
  return form ?? assert.fail(`${page.status} ${page.url}`);
}
