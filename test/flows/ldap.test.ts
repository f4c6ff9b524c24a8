// Whole sign-ins of people in an LDAP server, beside people in a file, and the outage table's rows about it.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { Command } from 'commander';
import { addCheckCommand } from '../../src/cli/check.ts';
import { CliFailure } from '../../src/cli/io.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { addLdapGroup, addLdapPerson } from '../support/ldap-people.ts';
import { type OneNode, PASSWORD, startOneNode } from '../support/one-node.ts';
import {
  LDAP_BASE,
  OPENLDAP_TOOLS,
  type OpenLdap,
  SEARCH_DN,
  SEARCH_PASSWORD,
  startOpenLdap,
} from '../support/openldap.ts';
import { heading, PersonBrowser, redirectPath, samlResponse, statusOf } from '../support/person.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { requireTool } from '../support/tools.ts';

let server: OpenLdap | null = null;
let skipped: string | undefined;
before(async () => {
  const skip = (reason?: string) => {
    skipped = reason;
  };
  if (!OPENLDAP_TOOLS.every((tool) => requireTool({ skip }, tool))) return;
  server = await startOpenLdap();
  const paula = await addLdapPerson(server, {
    uid: 'paula',
    password: PASSWORD,
    attributes: { mail: 'paula@example.org' },
  });
  await addLdapPerson(server, { uid: 'bob', password: PASSWORD });
  await addLdapPerson(server, {
    uid: 'locked',
    password: PASSWORD,
    attributes: { pwdAccountLockedTime: '000001010000Z' },
  });
  await addLdapGroup(server, 'staff', [paula]);
});
after(async () => server?.close());

interface Stage {
  readonly node: OneNode;
  readonly proxy: TcpProxy;
  readonly environment: Readonly<Record<string, string>>;
}
/** A node with people in a file (alice, bob) and, behind them or before them, in LDAP through a proxy. */
async function stageFor(t: TestContext, order: 'file first' | 'LDAP first' | 'LDAP only'): Promise<Stage | null> {
  if (server === null) {
    t.skip(skipped);
    return null;
  }
  const proxy = await startTcpProxy(server.plainPort);
  const ldap = {
    kind: 'ldap',
    name: 'corp',
    urls: [`ldap://127.0.0.1:${proxy.port}`],
    bindDn: SEARCH_DN,
    bindPasswordVariable: 'LDAP_PASSWORD',
    base: LDAP_BASE,
    connectTimeout: 1,
    operationTimeout: 1,
  };
  const orders = {
    'file first': [{ kind: 'yaml' }, ldap],
    'LDAP first': [ldap, { kind: 'yaml' }],
    'LDAP only': [ldap],
  };
  const environment = {
    SIGNET_DIRECTORIES: JSON.stringify(orders[order]),
    SIGNET_THROTTLE_ENABLED: 'false',
    LDAP_PASSWORD: SEARCH_PASSWORD,
  };
  const node = await startOneNode({ environment });
  t.after(async () => {
    await node.close();
    await proxy.close();
  });
  return { node, proxy, environment };
}

async function attempt(node: OneNode, name: string, password = PASSWORD) {
  const person = new PersonBrowser();
  const { answer, flowPath } = await person.start(node, { now: node.time.now });
  const posted = await person.login(node, flowPath ?? assert.fail('no login page'), answer, name, password);
  return { person, posted };
}
/** The reasons of failed sign-ins in the audit, newest last. */
const reasons = (node: OneNode) =>
  [...node.written().matchAll(/"event.reason":"([a-z-]+)"/g)].map(([, reason]) => reason);

test('people of both directories sign in, and single sign-on follows', async (t) => {
  const stage = await stageFor(t, 'file first');
  if (stage === null) return;
  const { node } = stage;
  for (const name of ['alice', 'paula']) {
    const person = new PersonBrowser();
    assert.equal(statusOf(await person.signIn(node, name)), 'Success', name);
    assert.equal(statusOf(await person.get(node, redirectPath(node, { now: node.time.now }))), 'Success', name);
  }
  const { posted } = await attempt(node, 'paula');
  assert.equal(statusOf(posted), 'Success');
  assert.ok(!node.written().includes(PASSWORD) && !node.written().includes(SEARCH_PASSWORD));
});

test('a wrong password, a locked account and nobody: the same page, told apart in the audit', async (t) => {
  const stage = await stageFor(t, 'LDAP only');
  if (stage === null) return;
  const { node } = stage;
  const pages: string[] = [];
  for (const [name, password] of [
    ['paula', 'x'],
    ['locked', PASSWORD],
    ['nobody', PASSWORD],
    ['*', PASSWORD],
  ] as const) {
    const { person, posted } = await attempt(node, name, password);
    assert.equal(posted.status, 303, name);
    const page = await person.get(node, String(posted.headers.location));
    pages.push(
      page.text
        .replace(/value="[^"]*"/g, '')
        .replace(/\/flow\/[\w-]+/g, '')
        .replace(/nonce="[^"]*"/g, ''),
    );
  }
  assert.equal(new Set(pages).size, 1);
  for (const reason of ['mismatch', 'disabled', 'unknown-name']) assert.ok(reasons(node).includes(reason), reason);
});

// Two directories that know one name: whoever may write into one of them must not become somebody of the other.
for (const order of ['file first', 'LDAP first'] as const) {
  test(`a name in both directories lets nobody in: ${order}`, async (t) => {
    const stage = await stageFor(t, order);
    if (stage === null) return;
    const { posted } = await attempt(stage.node, 'bob');
    assert.equal(posted.status, 503);
    assert.match(heading(posted), /does not work at the moment/);
    assert.ok(reasons(stage.node).includes('ambiguous-name'));
    assert.match(stage.node.written(), /two directories have/);
  });
}

const outages: readonly (readonly [string, (proxy: TcpProxy) => Promise<void>])[] = [
  ['is gone', async (proxy) => proxy.close()],
  ['hangs', async (proxy) => proxy.hold()],
];
for (const [name, begin] of outages) {
  test(`an LDAP server that ${name}: its people are told to come back, those before it sign in`, async (t) => {
    const stage = await stageFor(t, 'file first');
    if (stage === null) return;
    const { node, proxy } = stage;
    assert.equal(statusOf(await new PersonBrowser().signIn(node, 'paula')), 'Success');
    const alice = new PersonBrowser();
    await alice.signIn(node, 'alice');
    await begin(proxy);
    const { posted } = await attempt(node, 'paula');
    assert.equal(posted.status, 503);
    assert.ok(Number(posted.headers['retry-after']) > 0);
    assert.match(heading(posted), /does not work at the moment/);
    assert.ok(reasons(node).includes('directory'));
    // A name that nobody has may be one of the server's: not "wrong", either.
    assert.equal((await attempt(node, 'nobody')).posted.status, 503);
    assert.equal(statusOf(await new PersonBrowser().signIn(node, 'alice')), 'Success');
    assert.equal(statusOf(await alice.get(node, redirectPath(node, { now: node.time.now }))), 'Success');
    assert.equal(node.node.parts.directoryDetails.backends()[0]?.isUp, false);
  });
}

test('an LDAP server before the file that is gone stops both: whose a name is cannot be told', async (t) => {
  const stage = await stageFor(t, 'LDAP first');
  if (stage === null) return;
  await stage.proxy.close();
  for (const name of ['alice', 'paula']) assert.equal((await attempt(stage.node, name)).posted.status, 503);
});

test('signet check asks the server', async (t) => {
  const stage = await stageFor(t, 'file first');
  if (stage === null) return;
  const { node, proxy, environment } = stage;
  const check = async () => {
    let shown = '';
    const show = (text: string) => {
      shown += text;
    };
    const io = { out: show, err: show, readStdin: async () => '', askSecret: async () => null };
    const program = new Command().exitOverride();
    addCheckCommand(program, { ...io, clock: () => node.time.now, random: systemRandom(), environment });
    const config = join(node.config.folder, 'signet.yaml');
    const failed = await program.parseAsync(['check', '--config', config], { from: 'user' }).then(
      () => null,
      (error: unknown) => error,
    );
    return { shown, failed };
  };
  assert.deepEqual((await check()).failed, null);
  await proxy.close();
  const { shown, failed } = await check();
  assert.ok(failed instanceof CliFailure);
  assert.match(shown, /directories: corp: ldap:\/\/127\.0\.0\.1:\d+: found .*ECONNREFUSED/);
  assert.ok(!shown.includes(SEARCH_PASSWORD));
});

test('a session ends with the entry in the directory, when what is remembered of it is too old', async (t) => {
  const stage = await stageFor(t, 'LDAP only');
  if (stage === null || server === null) return;
  const { node } = stage;
  const dn = await addLdapPerson(server, { uid: 'leaver', password: PASSWORD });
  const person = new PersonBrowser();
  assert.equal(statusOf(await person.signIn(node, 'leaver')), 'Success');
  await server.admin.del(dn);
  node.travelTo(node.time.now + node.config.accountCache.period);
  const { answer } = await person.start(node, { now: node.time.now });
  assert.notEqual(statusOf(answer), 'Success');
  assert.equal(samlResponse((await attempt(node, 'leaver')).posted), null);
});
