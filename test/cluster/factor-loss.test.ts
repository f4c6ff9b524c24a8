// Any node may die at any time, with second factors in a shared database: a TOTP step, a key's counter and a recovery code
// are used once by whoever answers, and a node that dies after it used one up takes nobody's sign-in with it.
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findHaproxy } from '../../scripts/haproxy.ts';
import { startHaproxy } from '../../scripts/local-cluster.ts';
import { type Child, endAll } from '../../scripts/processes.ts';
import {
  makeSamlSp,
  newRequestId,
  type RequestBinding,
  type SamlSp,
  type SpIdentity,
  spMetadata,
} from '../../scripts/saml-sp.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { addPeople } from '../../src/directories/sql-people.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { createHash } from '../../src/methods/argon2.ts';
import { WEBAUTHN_FIELD } from '../../src/methods/webauthn-party.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { openAt, targetOf, up } from '../support/databases.ts';
import { type App, type Enroller, type OwnedKey, openEnroller } from '../support/enroller.ts';
import { questionOn } from '../support/factor-pages.ts';
import { freePorts } from '../support/free-ports.ts';
import { HttpBrowser, type Page } from '../support/http-browser.ts';
import { bareSp, fieldOf, headline, loginForm, PLAIN, responseForm } from '../support/sign-in.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { requireTool } from '../support/tools.ts';

const HAPROXY = '/usr/sbin/haproxy';
const PASSWORD = 'correct horse battery';
/** The first two have a key, all others an app, whose code counts once every 30 seconds. */
const PEOPLE = 50;
const AT_LEAST = 5;

interface Owner {
  readonly name: string;
  readonly id: string;
  readonly app: App;
}

let cluster: Cluster;
let sp: SpIdentity;
let saml: SamlSp;
let enroller: Enroller;
let proxies: readonly TcpProxy[] = [];
let balancer: Child | null = null;
const owners: Owner[] = [];
const keys: OwnedKey[] = [];
const closers: (() => Promise<void>)[] = [];

before(async () => {
  const binary = findHaproxy();
  if (!requireTool({ skip: () => {} }, HAPROXY) || binary === null) return;
  sp = await bareSp(1);
  const [publicPort = 0] = await freePorts(1);
  const environment = { SIGNET_SHUTDOWN_DRAIN: '10', SIGNET_PARTIES_POLL: '1' };
  cluster = await startCluster({ parties: [spMetadata(sp)], environment, publicPort });
  const parties = join(cluster.folder, 'parties');
  const file = readdirSync(parties).find((name) => name.endsWith('.xml')) ?? assert.fail('no party');
  writeFileSync(join(parties, file.replace('.xml', '.yaml')), 'assurance: { floor: aal2 }\n');
  // Something that can keep a node's answers back stands between HAProxy and each node.
  proxies = await Promise.all(cluster.nodes.map(({ port }) => startTcpProxy(port)));
  balancer = await startHaproxy({
    binary,
    configFile: join(cluster.folder, '..', 'before-the-proxies.cfg'),
    port: publicPort,
    nodes: cluster.nodes.map((node, i) => ({ ...node, port: proxies[i]?.port ?? 0 })),
    onStep: () => {},
  });
  saml = makeSamlSp(sp, cluster.idp);
  await enrolEverybody();
  await sleep(2000);
});

async function enrolEverybody(): Promise<void> {
  const { database, close } = openAt(targetOf(`sqlite:${join(cluster.folder, 'data', 'signet.db')}`));
  const now = Math.floor(Date.now() / 1000);
  const passwordHash = await createHash(PASSWORD, { memory: 1024, time: 1, parallelism: 1 }, systemRandom());
  const people = Array.from({ length: PEOPLE }, (_, i) => {
    const account = { id: `id-${i}`, loginName: `person${i}`, disabled: false, attributes: new Map(), groups: [] };
    return { account, passwordHash };
  });
  up(await addPeople(database, people, now));
  await close();
  enroller = openEnroller(readConfig(join(cluster.folder, 'signet.yaml'), {}));
  closers.push(enroller.close);
  for (const [i, { account }] of people.entries()) {
    if (i < 2) keys.push(await enroller.giveKey(account.id, now));
    else owners.push({ name: account.loginName, id: account.id, app: await enroller.giveApp(account.id) });
  }
}

after(async () => {
  for (const close of closers) await close();
  await endAll(balancer === null ? [] : [balancer], 0);
  await Promise.all(proxies.map((proxy) => proxy.close()));
  await cluster?.close();
});

const now = (): number => Math.floor(Date.now() / 1000);
const stepAt = (time: number): number => Math.floor(time / 30);

/** A code that was not used yet, of whoever has one; everybody's next one comes after half a minute. */
const lastSteps = new Map<string, number>();
async function freshCode(): Promise<{ readonly owner: Owner; readonly code: string }> {
  for (;;) {
    const step = stepAt(now());
    const owner = owners.find(({ id }) => (lastSteps.get(id) ?? 0) < step);
    if (owner !== undefined) {
      lastSteps.set(owner.id, step);
      return { owner, code: owner.app.codeAt(step * 30) };
    }
    await sleep(100);
  }
}

async function begin(
  browser: HttpBrowser,
  binding: RequestBinding,
): Promise<{ readonly id: string; readonly page: Page }> {
  const id = newRequestId();
  const outgoing = await saml.request({ ...PLAIN, binding }, id);
  const from: Page = { url: `${sp.baseUrl}/`, status: 200, headers: {}, text: '', forms: [] };
  const page =
    outgoing.kind === 'redirect'
      ? await browser.get(outgoing.url, from)
      : await browser.post(outgoing.action, outgoing.fields, from.url);
  return { id, page };
}

/** Presses the button of the form that has this field. */
function fill(browser: HttpBrowser, page: Page, field: string, value: string): Promise<Page> {
  const form = page.forms.find((one) => fieldOf(one, field) !== undefined);
  if (form === undefined) throw new Error(`no ${field} on ${page.status} ${page.url}: ${headline(page)}`);
  return browser.submit(page, form, { [field]: value });
}

async function arrive(page: Page, id: string): Promise<void> {
  const form = responseForm(page);
  if (form === null) throw new Error(`no response, but ${page.status} at ${page.url}: ${headline(page)}`);
  const answer = await saml.accept(fieldOf(form, 'SAMLResponse') ?? '');
  assert.equal(answer?.inResponseTo, id);
}

async function byPassword(browser: HttpBrowser, page: Page, name: string): Promise<Page> {
  const form = loginForm(page) ?? assert.fail(`no login form: ${headline(page)}`);
  return browser.submit(page, form, { username: name, password: PASSWORD });
}

/** What a person does from the first page on, up to the last form. */
type Way = (browser: HttpBrowser, page: Page) => Promise<Page>;

const withApp: Way = async (browser, page) => {
  const { owner, code } = await freshCode();
  return fill(browser, await byPassword(browser, page, owner.name), 'code', code);
};

const withKey =
  (index: number): Way =>
  (browser, page) =>
    fill(browser, page, WEBAUTHN_FIELD, keys[index]?.answer(questionOn(page)) ?? assert.fail());

const KINDS: readonly { readonly name: string; readonly binding: RequestBinding; readonly way: Way }[] = [
  { name: 'password and app by Redirect', binding: 'redirect', way: withApp },
  { name: 'password and app by POST', binding: 'post', way: withApp },
  { name: 'passkey by Redirect', binding: 'redirect', way: withKey(0) },
  { name: 'passkey by POST', binding: 'post', way: withKey(1) },
];

interface Tally {
  readonly done: Map<string, number>;
  readonly failures: string[];
}

async function keepSigningIn(kind: (typeof KINDS)[number], tally: Tally, stopped: () => boolean): Promise<void> {
  while (!stopped()) {
    const browser = new HttpBrowser();
    try {
      const { id, page } = await begin(browser, kind.binding);
      await arrive(await kind.way(browser, page), id);
      tally.done.set(kind.name, (tally.done.get(kind.name) ?? 0) + 1);
    } catch (error) {
      const hops = browser.hops.map((hop) => `${hop.method} ${hop.url} ${hop.status} ${hop.node}`);
      tally.failures.push(`${kind.name}: ${String(error)}\n    ${hops.join('\n    ')}`);
    }
    browser.close();
    await sleep(50);
  }
}

test('no sign-in with an app or a passkey fails while nodes are killed, stopped, and restarted', async (t) => {
  if (!requireTool(t, HAPROXY)) return;
  const tally: Tally = { done: new Map(), failures: [] };
  let stopped = false;
  const people = KINDS.map((kind) => keepSigningIn(kind, tally, () => stopped));
  try {
    for (const trouble of [cluster.kill9, cluster.stop, cluster.drain]) {
      const index = trouble === cluster.kill9 ? 0 : trouble === cluster.stop ? 1 : 2;
      await sleep(500);
      await trouble(index);
      // Long enough for HAProxy to notice a node that hangs, and to give what waits for it to another one.
      await sleep(trouble === cluster.stop ? 6000 : 1000);
      await cluster.restart(index);
    }
  } finally {
    stopped = true;
    await Promise.all(people);
  }
  t.diagnostic(KINDS.map(({ name }) => `${name}: ${tally.done.get(name) ?? 0}`).join(', '));
  assert.deepEqual(tally.failures, [], `${tally.failures.length} failed:\n${tally.failures.slice(0, 5).join('\n')}`);
  for (const { name } of KINDS) assert.ok((tally.done.get(name) ?? 0) >= AT_LEAST, `${name}: too few`);
});

/** Whether what a way uses up has been used up, so that whatever comes now is after the commit. */
type Used = () => Promise<boolean>;

const usedAt = async (accountId: string, id: string): Promise<number | null> =>
  (await enroller.setOf(accountId)).credentials.find((one) => one.id === id)?.lastUsedAt ?? null;

interface Case {
  readonly name: string;
  /** Up to the page with the last form; then that form, and how it shows that its proof has been used up. */
  readonly prepare: (
    browser: HttpBrowser,
    page: Page,
  ) => Promise<{ readonly send: () => Promise<Page>; readonly used: Used; readonly marker: string }>;
}

const CASES: readonly Case[] = [
  {
    name: 'an app’s code',
    prepare: async (browser, page) => {
      const { owner, code } = await freshCode();
      const asked = await byPassword(browser, page, owner.name);
      const before = await usedAt(owner.id, owner.app.id);
      return {
        send: () => fill(browser, asked, 'code', code),
        used: async () => (await usedAt(owner.id, owner.app.id)) !== before,
        marker: 'method=totp',
      };
    },
  },
  {
    name: 'a passkey',
    prepare: async (browser, page) => {
      const [key = assert.fail()] = keys;
      const counter = async (): Promise<number> => {
        const data = (await enroller.setOf('id-0')).credentials.find(({ id }) => id === key.id)?.data;
        return data?.kind === 'webauthn' ? data.counter : 0;
      };
      const before = await counter();
      return {
        send: () => withKey(0)(browser, page),
        used: async () => (await counter()) !== before,
        marker: 'method=webauthn',
      };
    },
  },
  {
    name: 'a recovery code',
    prepare: async (browser, page) => {
      const [code = ''] = await enroller.giveRecoveryCodes('id-5', now());
      const asked = await byPassword(browser, page, 'person5');
      const chooser = asked.forms.find(({ fields }) => fields.some(({ name }) => name === 'form_token'));
      const token = chooser === undefined ? '' : (fieldOf(chooser, 'form_token') ?? '');
      const fields = [
        ['form_token', token],
        ['choose', 'recovery-code'],
      ] as const;
      const chosen = await browser.post(asked.url, fields, asked.url);
      const remaining = async (): Promise<number> => {
        const found = (await enroller.setOf('id-5')).credentials.find(
          ({ data }) => data.kind === 'recovery-codes',
        )?.data;
        return found?.kind === 'recovery-codes' ? found.remaining : 0;
      };
      const before = await remaining();
      return {
        send: () => fill(browser, chosen, 'code', code),
        used: async () => (await remaining()) !== before,
        marker: 'method=recovery-code',
      };
    },
  },
];

function timesSent(proxy: TcpProxy, text: string): number {
  return proxy.sent().reduce((sum, bytes) => sum + bytes.toString('latin1').split(text).length - 1, 0);
}

for (const { name, prepare } of CASES) {
  test(`a node dies after it used up ${name}, its answer never sent: another one gives the same answer`, async (t) => {
    if (!requireTool(t, HAPROXY)) return;
    const browser = new HttpBrowser();
    const { id, page } = await begin(browser, 'redirect');
    const { send, used, marker } = await prepare(browser, page);
    const before = proxies.map((proxy) => timesSent(proxy, marker));
    for (const proxy of proxies) proxy.hold();
    const answered = send();
    for (let i = 0; i < 200 && !(await used()); i++) await sleep(25);
    assert.ok(await used(), 'it was used up');
    const index = proxies.findIndex((proxy, i) => timesSent(proxy, marker) > (before[i] ?? 0));
    assert.notEqual(index, -1, 'one node has the form');
    await cluster.kill9(index);
    proxies[index]?.cut();
    for (const proxy of proxies) proxy.release();
    const last = await answered;
    await arrive(last, id);
    assert.notEqual(browser.hops.at(-1)?.node, cluster.nodes[index]?.name, 'another node answered');
    browser.close();
    await cluster.restart(index);
  });
}
