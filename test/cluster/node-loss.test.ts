// The core promise: any node may die at any time, and no sign-in fails. Real nodes, HAProxy, four people who never stop.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeSamlSp, newRequestId, type RequestBinding, type SpIdentity, spMetadata } from '../../scripts/saml-sp.ts';
import { ALICE, BOB, type Cluster, startCluster } from '../support/cluster.ts';
import { HttpBrowser } from '../support/http-browser.ts';
import { bareSp, loginForm, PLAIN, responseForm, signIn } from '../support/sign-in.ts';
import { requireTool } from '../support/tools.ts';

const HAPROXY = '/usr/sbin/haproxy';
/** How many of each kind must have finished while a node was in trouble, or the phase has shown nothing. */
const AT_LEAST = 5;

let cluster: Cluster;
let sp: SpIdentity;

before(async () => {
  if (!requireTool({ skip: () => {} }, HAPROXY)) return;
  sp = await bareSp(1);
  cluster = await startCluster({ parties: [spMetadata(sp)], environment: { SIGNET_SHUTDOWN_DRAIN: '10' } });
});

after(() => cluster?.close());

interface Kind {
  readonly name: string;
  readonly binding: RequestBinding;
  readonly warm: boolean;
}

const KINDS: readonly Kind[] = [
  { name: 'password by Redirect', binding: 'redirect', warm: false },
  { name: 'password by POST', binding: 'post', warm: false },
  { name: 'single sign-on by Redirect', binding: 'redirect', warm: true },
  { name: 'single sign-on by POST', binding: 'post', warm: true },
];

interface Tally {
  readonly done: Map<string, number>;
  readonly failures: string[];
}

/** Signs in again and again until `stopped`. Cold: a new browser each time. Warm: the session must do, without a page. */
async function keepSigningIn(kind: Kind, tally: Tally, stopped: () => boolean): Promise<void> {
  const person = kind.binding === 'post' ? ALICE : BOB;
  const saml = makeSamlSp(sp, cluster.idp);
  const options = { ...PLAIN, binding: kind.binding };
  let browser = new HttpBrowser();
  if (kind.warm) await signIn(browser, sp, saml, options, person);
  while (!stopped()) {
    if (!kind.warm) browser = new HttpBrowser();
    const before = browser.hops.length;
    try {
      const outcome = await signIn(browser, sp, saml, options, person);
      assert.equal(outcome.pages, kind.warm ? 0 : 1, 'pages shown');
      const mail = new Map(outcome.answer?.attributes).get('mail')?.[0];
      assert.equal(mail, `${person.name}@example.org`);
      tally.done.set(kind.name, (tally.done.get(kind.name) ?? 0) + 1);
    } catch (error) {
      const hops = browser.hops.slice(before).map((hop) => `${hop.method} ${hop.url} ${hop.status} ${hop.node}`);
      tally.failures.push(`${kind.name}: ${String(error)}\n    ${hops.join('\n    ')}`);
    }
    if (!kind.warm) browser.close();
    await pause(20);
  }
  browser.close();
}

/** Runs `trouble` in the middle of everybody signing in, and tells what happened. */
async function during(trouble: () => Promise<void>): Promise<Tally> {
  const tally: Tally = { done: new Map(), failures: [] };
  let stopped = false;
  const people = KINDS.map((kind) => keepSigningIn(kind, tally, () => stopped));
  await pause(500);
  try {
    await trouble();
    await pause(500);
  } finally {
    stopped = true;
    await Promise.all(people);
  }
  return tally;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const TROUBLES: readonly { readonly name: string; readonly trouble: () => Promise<void> }[] = [
  {
    name: 'a node is killed with -9, and comes back',
    trouble: async () => {
      await cluster.kill9(0);
      await pause(2000);
      await cluster.restart(0);
    },
  },
  {
    name: 'a node is killed with -9 in the middle of a request, three times',
    trouble: async () => {
      for (const index of [1, 2, 0]) {
        await cluster.kill9(index);
        await cluster.restart(index);
      }
    },
  },
  {
    name: 'a node is stopped: it accepts connections and never answers',
    trouble: async () => {
      cluster.stop(1);
      // Longer than HAProxy needs to notice (checks) and to give waiting requests to another node.
      await pause(12_000);
      await cluster.restart(1);
    },
  },
  {
    name: 'a node is drained',
    trouble: async () => {
      assert.equal(await cluster.drain(2), 'exit code 0');
      await pause(1000);
      await cluster.restart(2);
    },
  },
  {
    name: 'all three nodes are restarted in turn',
    trouble: async () => {
      for (const index of [0, 1, 2]) {
        assert.equal(await cluster.drain(index), 'exit code 0');
        await cluster.restart(index);
      }
    },
  },
];

for (const { name, trouble } of TROUBLES) {
  test(`no sign-in fails while ${name}`, async (t) => {
    if (!requireTool(t, HAPROXY)) return;
    const tally = await during(trouble);
    t.diagnostic(KINDS.map((kind) => `${kind.name}: ${tally.done.get(kind.name) ?? 0}`).join(', '));
    assert.deepEqual(tally.failures, [], `${tally.failures.length} failed:\n${tally.failures.slice(0, 5).join('\n')}`);
    for (const kind of KINDS) assert.ok((tally.done.get(kind.name) ?? 0) >= AT_LEAST, `${kind.name}: too few`);
  });
}

test('a person who is shown the login page by one node may have it die: another one takes the password', async (t) => {
  if (!requireTool(t, HAPROXY)) return;
  const saml = makeSamlSp(sp, cluster.idp);
  const browser = new HttpBrowser();
  const outgoing = await saml.request(PLAIN, newRequestId());
  assert.ok(outgoing.kind === 'redirect');
  const page = await browser.get(outgoing.url);
  const shownBy = cluster.nodes.findIndex((node) => node.name === browser.hops.at(-1)?.node);
  assert.notEqual(shownBy, -1, 'nodes say which one they are');
  await cluster.kill9(shownBy);
  const form = loginForm(page);
  assert.ok(form);
  const answered = await browser.submit(page, form, { username: ALICE.name, password: ALICE.password });
  assert.ok(responseForm(answered));
  assert.notEqual(browser.hops.at(-1)?.node, cluster.nodes[shownBy]?.name);
  browser.close();
});
