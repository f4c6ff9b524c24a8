// Owns: what a stock client must not notice: nodes that die before, while and after it redeems what they gave.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { ClientScene, StockClient } from './client-scene.ts';
import { HttpBrowser } from './http-browser.ts';

/** Somebody signs in, and another node redeems than the one that sent them to the client. Answers the protected page. */
export async function redeemedElsewhere<Client extends StockClient>(scene: ClientScene<Client>) {
  const { kind } = scene;
  const browser = new HttpBrowser();
  const { page, pages } = await scene.visit(browser);
  await scene.assertIn(page);
  assert.equal(pages, 1);
  const redeemed = scene.steps.findLast(({ path }) => path === kind.redeemAt);
  assert.equal(redeemed?.status, 200);
  assert.match(kind.issuedBy(browser), /^n[123]$/);
  assert.notEqual(redeemed.node, kind.issuedBy(browser));
  browser.close();
  return page;
}

/** The node that gave a code or a ticket is gone before the client comes with it. */
export async function killedBeforeRedeemed<Client extends StockClient>(scene: ClientScene<Client>): Promise<void> {
  const { kind, cluster } = scene;
  const killed: number[] = [];
  const browser = new HttpBrowser({
    onExchange: ({ method, url, node }) => {
      if (method !== 'POST' || !url.includes('/flow/')) return;
      const index = cluster.nodes.findIndex(({ name }) => name === node);
      killed.push(index);
      void cluster.kill9(index);
    },
  });
  const { page } = await scene.visit(browser);
  await scene.assertIn(page);
  const [index = -1] = killed;
  assert.equal(cluster.nodes[index]?.name, kind.issuedBy(browser));
  browser.close();
  await cluster.restart(index);
}

/** A node has redeemed and dies with its answer: the balancer's repeat is answered by another. */
export async function diesAfterItsCommit<Client extends StockClient>(scene: ClientScene<Client>): Promise<void> {
  const { kind, dying, steps } = scene;
  dying.now = true;
  try {
    for (let i = 0; i < 6; i += 1) {
      const browser = new HttpBrowser();
      await scene.assertIn((await scene.visit(browser)).page);
      browser.close();
    }
  } finally {
    dying.now = false;
  }
  assert.ok(dying.deaths >= 1, 'the first node was asked');
  assert.ok(steps.some(({ path, status, retries }) => path === kind.redeemAt && status === 200 && retries > 0));
}

/** Three people sign in again and again, and one node after the other is killed and started again. */
export async function killedInTurn<Client extends StockClient>(
  scene: ClientScene<Client>,
  t: TestContext,
): Promise<void> {
  const failures: string[] = [];
  let done = 0;
  let stopped = false;
  const people = Array.from({ length: 3 }, async () => {
    while (!stopped) {
      const browser = new HttpBrowser();
      try {
        await scene.assertIn((await scene.visit(browser)).page);
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
      await scene.cluster.kill9(index);
      await scene.cluster.restart(index);
    }
  } finally {
    stopped = true;
    await Promise.all(people);
  }
  t.diagnostic(`${done} sign-ins`);
  assert.deepEqual(failures, []);
  assert.ok(done >= 15, `${done} sign-ins`);
}
