// The page that asks for consent is shown by one node, which dies; the answer is taken by another, and kept where one is.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findHaproxy } from '../../scripts/haproxy.ts';
import { startHaproxy } from '../../scripts/local-cluster.ts';
import { endAll } from '../../scripts/processes.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import { ALICE, type Cluster, startCluster } from '../support/cluster.ts';
import { openAt, targetOf, up } from '../support/databases.ts';
import { freePorts } from '../support/free-ports.ts';
import { HttpBrowser, type Page } from '../support/http-browser.ts';
import { CHALLENGE, VERIFIER } from '../support/oidc.ts';
import { AS_WIKI, SECRET } from '../support/oidc-clients.ts';
import { headline, loginForm } from '../support/sign-in.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { requireTool } from '../support/tools.ts';

const HAPROXY = '/usr/sbin/haproxy';
const SECRET_HASH = hashClientSecret(SECRET, systemRandom());
/** Where the application would be: the browser arrives there. */
async function callback(t: TestContext): Promise<string> {
  const [port = 0] = await freePorts(1);
  const server = createServer((_, response) => response.end('<h1>here</h1>')).listen(port, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${port}/callback`;
}

const consentForm = (page: Page) => page.forms.find((form) => form.fields.some(({ name }) => name === 'consent'));

async function ask(cluster: Cluster, browser: HttpBrowser, redirectUri: string): Promise<Page> {
  const request = { client_id: 'wiki', redirect_uri: redirectUri, response_type: 'code', scope: 'openid email' };
  const pkce = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };
  return browser.get(`${cluster.publicUrl}/oidc/authorize?${new URLSearchParams({ ...request, ...pkce })}`);
}

for (const directory of ['sql', 'yaml'] as const) {
  test(`directory: ${directory}: no answer is lost with the node that asked for it`, async (t) => {
    if (!requireTool(t, HAPROXY)) return;
    const redirectUri = await callback(t);
    const cluster = await startCluster({
      nodes: 2,
      parties: [],
      directory,
      clients: [
        {
          client_id: 'wiki',
          redirect_uris: [redirectUri],
          client_secret_hash: SECRET_HASH,
          signet: { consent: 'ask' },
        },
      ],
    });
    t.after(cluster.close);
    const browser = new HttpBrowser();
    t.after(() => browser.close());
    const login = await ask(cluster, browser, redirectUri);
    const page = await browser.submit(login, loginForm(login) ?? assert.fail(headline(login)), {
      username: ALICE.name,
      password: ALICE.password,
    });
    const form = consentForm(page) ?? assert.fail(headline(page));
    assert.match(headline(page), /Tell wiki who you are\?/);
    const lastNode = () => browser.hops.filter(({ url }) => url.startsWith(cluster.publicUrl)).at(-1)?.node;
    const shownBy = cluster.nodes.findIndex(({ name }) => name === lastNode());
    assert.notEqual(shownBy, -1, 'nodes say which one they are');
    await cluster.kill9(shownBy);
    // The form has two buttons; the one that is pressed is sent.
    const fields = form.fields.filter(({ name }) => name !== 'cancel').map(({ name, value }) => [name, value] as const);
    const named = fields.some(([name]) => name === 'agree') ? fields : [...fields, ['agree', '1'] as const];
    const arrived = await browser.post(new URL(form.action, page.url).href, named, page.url);
    const code = new URL(arrived.url).searchParams.get('code');
    assert.ok(code, `${arrived.url}: ${headline(arrived)}`);
    assert.notEqual(lastNode(), cluster.nodes[shownBy]?.name);
    const told = await fetch(`${cluster.publicUrl}/oidc/token`, {
      method: 'POST',
      headers: AS_WIKI,
      body: new URLSearchParams({
        ...{ grant_type: 'authorization_code', client_id: 'wiki', code },
        ...{ redirect_uri: redirectUri, code_verifier: VERIFIER },
      }),
    });
    assert.equal(told.status, 200, await told.text());
    await cluster.restart(shownBy);
    // Both nodes know it, or neither does.
    for (let i = 0; i < 4; i += 1) {
      const next = await ask(cluster, browser, redirectUri);
      assert.equal(consentForm(next) === undefined, directory === 'sql', headline(next));
    }
  });
}

test('a node dies after it kept the agreement, its answer never sent: another one gives the answer', async (t) => {
  const binary = findHaproxy();
  if (!requireTool(t, HAPROXY) || binary === null) return;
  const redirectUri = await callback(t);
  const wiki = { client_id: 'wiki', redirect_uris: [redirectUri], client_secret_hash: SECRET_HASH };
  const [publicPort = 0] = await freePorts(1);
  const clients = [{ ...wiki, signet: { consent: 'ask' } }];
  const environment = { SIGNET_SHUTDOWN_DRAIN: '1' };
  const cluster = await startCluster({ nodes: 2, parties: [], directory: 'sql', clients, publicPort, environment });
  t.after(cluster.close);
  // Something that can keep a node's answers back stands between HAProxy and each node.
  const proxies = await Promise.all(cluster.nodes.map(({ port }) => startTcpProxy(port)));
  t.after(() => Promise.all(proxies.map((proxy) => proxy.close())));
  const nodes = cluster.nodes.map((node, i) => ({ ...node, port: proxies[i]?.port ?? 0 }));
  const configFile = join(cluster.folder, '..', 'before-the-proxies.cfg');
  const balancer = await startHaproxy({ binary, configFile, port: publicPort, nodes, onStep: () => {} });
  t.after(() => endAll([balancer], 0));
  const metadata = `${cluster.publicUrl}/.well-known/openid-configuration`;
  const isUp = (): Promise<boolean> =>
    fetch(metadata)
      .then(({ status }) => status !== 503)
      .catch(() => false);
  for (let i = 0; i < 200 && !(await isUp()); i += 1) await sleep(50);
  const { database, close } = openAt(targetOf(`sqlite:${join(cluster.folder, 'data', 'signet.db')}`));
  t.after(close);
  const kept = async (): Promise<number> =>
    up(await database.ask('read', (queries) => queries.selectFrom('consents').selectAll().execute())).length;
  const browser = new HttpBrowser();
  t.after(() => browser.close());
  const login = await ask(cluster, browser, redirectUri);
  const page = await browser.submit(login, loginForm(login) ?? assert.fail(headline(login)), {
    username: ALICE.name,
    password: ALICE.password,
  });
  const form = consentForm(page) ?? assert.fail(headline(page));
  const fields = form.fields.filter(({ name }) => name !== 'cancel').map(({ name, value }) => [name, value] as const);
  const named = fields.some(([name]) => name === 'agree') ? fields : [...fields, ['agree', '1'] as const];
  assert.equal(await kept(), 0);
  for (const proxy of proxies) proxy.hold();
  const answered = browser.post(new URL(form.action, page.url).href, named, page.url);
  for (let i = 0; i < 200 && (await kept()) === 0; i += 1) await sleep(25);
  assert.equal(await kept(), 1, 'it was kept');
  const index = proxies.findIndex((proxy) => proxy.sent().some((bytes) => bytes.includes('agree=')));
  assert.notEqual(index, -1, 'one node has the form');
  await cluster.kill9(index);
  proxies[index]?.cut();
  for (const proxy of proxies) proxy.release();
  const arrived = await answered;
  assert.ok(new URL(arrived.url).searchParams.get('code'), `${arrived.url}: ${headline(arrived)}`);
  const by = browser.hops.filter(({ url }) => url.startsWith(cluster.publicUrl)).at(-1)?.node;
  assert.equal(by, cluster.nodes[1 - index]?.name, 'another node answered');
  assert.equal(await kept(), 1);
});
