// A stock CAS client signs in through three nodes, with a database and without one: Apache with mod_auth_cas. Its tickets
// are validated by other nodes than made them, and nodes die before and after they are.
import assert from 'node:assert/strict';
import { createServer, request as send } from 'node:http';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { BalancerStep } from '../../scripts/haproxy.ts';
import { startHaproxy } from '../../scripts/local-cluster.ts';
import { answersOk, endAll, waitUntil } from '../../scripts/processes.ts';
import { makeSamlSp, type SpIdentity, spMetadata } from '../../scripts/saml-sp.ts';
import { AUTH_CAS_TOOLS, type AuthCas, CAS_TEXT, startAuthCas } from '../support/auth-cas.ts';
import { ALICE, type Cluster, startCluster } from '../support/cluster.ts';
import { freePorts } from '../support/free-ports.ts';
import { HttpBrowser, type Page } from '../support/http-browser.ts';
import { bareSp, headline, loginForm, PLAIN, signIn } from '../support/sign-in.ts';
import { requireTool } from '../support/tools.ts';

const HAPROXY = '/usr/sbin/haproxy';
const TOOLS = [HAPROXY, ...AUTH_CAS_TOOLS];
const VALIDATE = '/cas/p3/serviceValidate';

interface Scene {
  readonly cluster: Cluster;
  readonly apache: AuthCas;
  readonly sp: SpIdentity;
  /** What the balancer saw, programs' requests too. */
  readonly steps: readonly BalancerStep[];
  /** While true, the first node validates what it is shown, and dies before the answer leaves it. */
  readonly dying: { now: boolean; deaths: number };
  readonly close: () => Promise<void>;
}

/** A balancer of the test's own before the cluster's nodes, with something before the first that can break its answers. */
async function startScene(directory: 'sql' | 'yaml'): Promise<Scene> {
  const [publicPort = 0, dyingPort = 0, one = 0, other = 0] = await freePorts(4);
  const sp = await bareSp(1);
  const services = [one, other].map((port) => ({ url: `http://127.0.0.1:${port}/`, attributes: ['mail'] }));
  const cluster = await startCluster({ parties: [spMetadata(sp)], services, directory, publicPort });
  const dying = { now: false, deaths: 0 };
  const [first, ...others] = cluster.nodes;
  assert.ok(first);
  const front = await startDyingFront(dyingPort, first.port, dying);
  const steps: BalancerStep[] = [];
  const haproxy = await startHaproxy({
    binary: HAPROXY,
    configFile: join(cluster.folder, 'public.cfg'),
    port: publicPort,
    nodes: [{ ...first, port: dyingPort }, ...others],
    onStep: (step) => steps.push(step),
  });
  await waitUntil('the public balancer', 10_000, () => answersOk(`${cluster.publicUrl}/oidc/jwks`));
  const apache = await startAuthCas([one, other], `${cluster.publicUrl}/cas`);
  const close = async () => {
    await apache.close();
    await endAll([haproxy], 1000);
    await front();
    await cluster.close();
  };
  return { cluster, apache, sp, steps, dying, close };
}

/** Hands everything on; a dying node has spent the ticket, and its answer is lost with it. */
async function startDyingFront(port: number, target: number, dying: Scene['dying']): Promise<() => Promise<void>> {
  const server = createServer((incoming, response) => {
    const { method = 'GET', url: path = '/', rawHeaders: headers } = incoming;
    const outgoing = send({ host: '127.0.0.1', port: target, method, path, headers }, (answer) => {
      if (dying.now && path.startsWith(VALIDATE)) {
        answer.resume().on('end', () => {
          dying.deaths += 1;
          response.destroy();
        });
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return async () => {
    server.close();
    server.closeAllConnections();
  };
}

/** From a page to it, with a password when one is asked for. */
async function visit(
  scene: Scene,
  browser: HttpBrowser,
  url = scene.apache.protectedUrl,
): Promise<{ readonly page: Page; readonly pages: number }> {
  const arrived = await browser.get(url);
  const login = loginForm(arrived);
  if (login === null) return { page: arrived, pages: 0 };
  const page = await browser.submit(arrived, login, { username: ALICE.name, password: ALICE.password });
  return { page, pages: 1 };
}

async function assertIn(scene: Scene, page: Page): Promise<void> {
  assert.equal(page.status, 200, `${page.url}: ${headline(page)}\n${await scene.apache.errorLog()}`);
  assert.equal(page.text.trim(), CAS_TEXT);
  assert.equal(page.headers['x-remote-user'], 'alice');
}

/** The node whose answer sent the browser to the service with a ticket. */
function issuedBy(browser: HttpBrowser): string {
  const at = browser.hops.findLastIndex(({ url, node }) => url.endsWith('/index.html') && node === '');
  return browser.hops.slice(0, at).findLast(({ node }) => node !== '')?.node ?? '';
}

for (const directory of ['yaml', 'sql'] as const) {
  const mode = directory === 'yaml' ? 'without a database' : 'with a database';
  let scene: Scene | null = null;

  const played = (name: string, body: (scene: Scene, t: TestContext) => Promise<void>) =>
    test(`${mode}: ${name}`, async (t) => {
      if (!TOOLS.every((tool) => requireTool(t, tool))) return;
      assert.ok(scene);
      await body(scene, t);
    });

  before(async () => {
    if (TOOLS.every((tool) => requireTool({ skip: () => {} }, tool))) scene = await startScene(directory);
  });
  after(() => scene?.close());

  played('a password, and a ticket that another node validates; attributes arrive', async (now) => {
    const browser = new HttpBrowser();
    const { page, pages } = await visit(now, browser);
    await assertIn(now, page);
    assert.equal(pages, 1);
    assert.equal(page.headers['x-mail'], 'alice@example.org');
    const validated = now.steps.findLast(({ path }) => path === VALIDATE);
    assert.equal(validated?.status, 200);
    assert.match(issuedBy(browser), /^n[123]$/);
    assert.notEqual(validated.node, issuedBy(browser));
    browser.close();
  });

  played('the same over SAML 1.1', async (now) => {
    const browser = new HttpBrowser();
    const { page } = await visit(now, browser, now.apache.samlUrl);
    await assertIn(now, page);
    assert.equal(page.headers['x-mail'], 'alice@example.org');
    browser.close();
  });

  played('single sign-on from SAML to CAS without a page', async (now) => {
    const browser = new HttpBrowser();
    const first = await signIn(browser, now.sp, makeSamlSp(now.sp, now.cluster.idp), PLAIN, ALICE);
    assert.equal(first.pages, 1);
    for (const url of [now.apache.protectedUrl, now.apache.samlUrl]) {
      const { page, pages } = await visit(now, browser, url);
      assert.equal(pages, 0);
      await assertIn(now, page);
    }
    // Where the service wants the person to prove it again, there is a page (renew).
    const { page, pages } = await visit(now, browser, now.apache.renewUrl);
    assert.equal(pages, 1);
    await assertIn(now, page);
    browser.close();
  });

  played('the node that made the ticket is killed with -9 before it is validated', async (now) => {
    const killed: number[] = [];
    const browser = new HttpBrowser({
      onExchange: ({ method, url, node }) => {
        if (method !== 'POST' || !url.includes('/flow/')) return;
        const index = now.cluster.nodes.findIndex(({ name }) => name === node);
        killed.push(index);
        void now.cluster.kill9(index);
      },
    });
    const { page } = await visit(now, browser);
    await assertIn(now, page);
    const [index = -1] = killed;
    assert.equal(now.cluster.nodes[index]?.name, issuedBy(browser));
    browser.close();
    await now.cluster.restart(index);
  });

  played('a node dies after it has spent the ticket: the balancer’s repeat is answered by another', async (now) => {
    now.dying.now = true;
    try {
      for (let i = 0; i < 6; i += 1) {
        const browser = new HttpBrowser();
        await assertIn(now, (await visit(now, browser)).page);
        browser.close();
      }
    } finally {
      now.dying.now = false;
    }
    assert.ok(now.dying.deaths >= 1, 'the first node was asked');
    assert.ok(now.steps.some(({ path, status, retries }) => path === VALIDATE && status === 200 && retries > 0));
  });

  played('no sign-in fails while nodes are killed with -9 in turn', async (now, t) => {
    const failures: string[] = [];
    let done = 0;
    let stopped = false;
    const people = Array.from({ length: 3 }, async () => {
      while (!stopped) {
        const browser = new HttpBrowser();
        try {
          await assertIn(now, (await visit(now, browser)).page);
          done += 1;
        } catch (error) {
          const hops = browser.hops.map(({ method, url, status, node }) => `${method} ${url} ${status} ${node}`);
          failures.push(`${String(error)}\n    ${hops.join('\n    ')}`);
        }
        browser.close();
      }
    });
    try {
      for (const index of [1, 2, 0]) {
        await now.cluster.kill9(index);
        await now.cluster.restart(index);
      }
    } finally {
      stopped = true;
      await Promise.all(people);
    }
    t.diagnostic(`${done} sign-ins`);
    assert.deepEqual(failures, []);
    assert.ok(done >= 15, `${done} sign-ins`);
  });
}
