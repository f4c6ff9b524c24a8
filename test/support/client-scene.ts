// Owns: a stock client of a cluster behind a balancer of the test's own, with something before the first node that can break
// its answers; what such a client must live through. Leaves to each client's test: what it is, and what it shows when somebody is in.
import assert from 'node:assert/strict';
import { createServer, request as send } from 'node:http';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { BalancerStep } from '../../scripts/haproxy.ts';
import { startHaproxy } from '../../scripts/local-cluster.ts';
import { answersOk, endAll, waitUntil } from '../../scripts/processes.ts';
import { type SpIdentity, spMetadata } from '../../scripts/saml-sp.ts';
import { ALICE, type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
import { freePorts } from './free-ports.ts';
import type { HttpBrowser, Page } from './http-browser.ts';
import { bareSp, headline, loginForm } from './sign-in.ts';
import { requireTool } from './tools.ts';

const HAPROXY = '/usr/sbin/haproxy';

export interface StockClient {
  /** A page that needs a sign-in. */
  readonly protectedUrl: string;
  readonly errorLog: () => Promise<string>;
  readonly close: () => Promise<void>;
}

/** One kind of client. */
export interface ClientKind<Client extends StockClient> {
  readonly tools: readonly string[];
  /** Where the client itself asks for what the browser brought it a code or a ticket for; a path. */
  readonly redeemAt: string;
  /** What the nodes are told of the client, and how it is started when they run. */
  readonly register: () => Promise<{
    readonly parties: Pick<ClusterOptions, 'clients' | 'services'>;
    readonly start: (publicUrl: string) => Promise<Client>;
  }>;
  /** Throws unless the page is the protected one, with Alice's name. */
  readonly assertArrived: (page: Page) => void;
  /** The node whose answer sent the browser to the client with a code or a ticket. */
  readonly issuedBy: (browser: HttpBrowser) => string;
}

export interface ClientScene<Client extends StockClient = StockClient> {
  readonly kind: ClientKind<Client>;
  readonly cluster: Cluster;
  readonly client: Client;
  /** Another relying party of the same nodes, for single sign-on. */
  readonly sp: SpIdentity;
  /** What the balancer saw, programs' requests too. */
  readonly steps: readonly BalancerStep[];
  /** While true, the first node does what it is asked at `redeemAt`, and dies before the answer leaves it. */
  readonly dying: { now: boolean; deaths: number };
  /** From a page to it, with a password when one is asked for. */
  readonly visit: (browser: HttpBrowser, url?: string) => Promise<{ readonly page: Page; readonly pages: number }>;
  readonly assertIn: (page: Page) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A test that plays on a scene. */
export type Played<Client extends StockClient> = (
  name: string,
  body: (scene: ClientScene<Client>, t: TestContext) => Promise<void>,
) => void;

/** Sets a scene without a database and one with it, for the tests that `plays` describes. */
export function onBothScenes<Client extends StockClient>(
  kind: ClientKind<Client>,
  plays: (played: Played<Client>) => void,
): void {
  const tools = [HAPROXY, ...kind.tools];
  for (const directory of ['yaml', 'sql'] as const) {
    const mode = directory === 'yaml' ? 'without a database' : 'with a database';
    let scene: ClientScene<Client> | null = null;
    before(async () => {
      if (tools.every((tool) => requireTool({ skip: () => {} }, tool))) scene = await startScene(kind, directory);
    });
    after(() => scene?.close());
    plays((name, body) =>
      test(`${mode}: ${name}`, async (t) => {
        if (!tools.every((tool) => requireTool(t, tool))) return;
        assert.ok(scene);
        await body(scene, t);
      }),
    );
  }
}

async function startScene<Client extends StockClient>(
  kind: ClientKind<Client>,
  directory: 'sql' | 'yaml',
): Promise<ClientScene<Client>> {
  const [publicPort = 0, dyingPort = 0] = await freePorts(2);
  const { parties, start } = await kind.register();
  const sp = await bareSp(1);
  const cluster = await startCluster({ ...parties, parties: [spMetadata(sp)], directory, publicPort });
  const dying = { now: false, deaths: 0 };
  const [first, ...others] = cluster.nodes;
  assert.ok(first);
  const front = await startDyingFront(dyingPort, first.port, kind.redeemAt, dying);
  const steps: BalancerStep[] = [];
  const haproxy = await startHaproxy({
    binary: HAPROXY,
    configFile: join(cluster.folder, 'public.cfg'),
    port: publicPort,
    nodes: [{ ...first, port: dyingPort }, ...others],
    onStep: (step) => steps.push(step),
  });
  await waitUntil('the public balancer', 10_000, () => answersOk(`${cluster.publicUrl}/oidc/jwks`));
  const client = await start(cluster.publicUrl);
  return {
    kind,
    cluster,
    client,
    sp,
    steps,
    dying,
    visit: async (browser, url = client.protectedUrl) => {
      const arrived = await browser.get(url);
      const login = loginForm(arrived);
      if (login === null) return { page: arrived, pages: 0 };
      const page = await browser.submit(arrived, login, { username: ALICE.name, password: ALICE.password });
      return { page, pages: 1 };
    },
    assertIn: async (page) => {
      assert.equal(page.status, 200, `${page.url}: ${headline(page)}\n${await client.errorLog()}`);
      kind.assertArrived(page);
    },
    close: async () => {
      await client.close();
      await endAll([haproxy], 1000);
      await front();
      await cluster.close();
    },
  };
}

/** Hands everything on; a dying node has committed, and its answer is lost with it. */
async function startDyingFront(
  port: number,
  target: number,
  redeemAt: string,
  dying: ClientScene['dying'],
): Promise<() => Promise<void>> {
  const server = createServer((incoming, response) => {
    const { method = 'GET', url: path = '/', rawHeaders: headers } = incoming;
    const outgoing = send({ host: '127.0.0.1', port: target, method, path, headers }, (answer) => {
      if (dying.now && path.split('?')[0] === redeemAt) {
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
