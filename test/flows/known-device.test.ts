// A known name is no lock-out weapon: whoever has signed in with this browser does not wait for what strangers do, from
// wherever they come; and what the browser holds is worth little to a thief. OWASP, Slow Down Online Guessing Attacks with
// Device Cookies; CWE-645 (overly restrictive account lockout).
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCli } from '../../src/cli/signet.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { AccountTab } from '../support/account-tab.ts';
import { type OneNode, startOneNode } from '../support/one-node.ts';
import { heading, PersonBrowser, samlResponse } from '../support/person.ts';

const DEVICE = '__Host-signet_device';
const PEOPLE = ['alice', ...Array.from({ length: 9 }, (_, i) => `p${i}`)];
let addresses = 0;

/** One sign-in from an address that nobody has come from: its status, 200 with an answer for the SP. */
async function attempt(node: OneNode, browser: PersonBrowser, name: string, password?: string): Promise<number> {
  addresses += 1;
  const from = { 'X-Forwarded-For': `203.0.${addresses >> 8}.${addresses & 255}` };
  const { answer, flowPath } = await browser.start(node, { now: node.time.now, forceAuthn: true });
  const last = await browser.login(node, flowPath ?? '', answer, name, password, from);
  if (password === undefined && last.status === 200) assert.ok(samlResponse(last), last.text);
  return last.status;
}

/** Strangers at work: the account's common count is at its ceiling, and somebody has just tried. */
async function besiege(node: OneNode, name: string): Promise<void> {
  for (let n = 0; n < 14; n += 1) {
    node.travelTo(node.time.now + 61);
    await attempt(node, new PersonBrowser(), name, 'a guess');
  }
  assert.equal(await attempt(node, new PersonBrowser(), name), 429, 'at a new place one waits');
}

/** The browser without its session: it has been closed for a while. */
function later(browser: PersonBrowser): PersonBrowser {
  const copy = new PersonBrowser();
  const value = browser.cookies.get(DEVICE);
  if (value !== undefined) copy.cookies.set(DEVICE, value);
  return copy;
}

async function signedIn(node: OneNode, name: string): Promise<PersonBrowser> {
  const browser = new PersonBrowser();
  assert.equal(await attempt(node, browser, name), 200);
  assert.ok(browser.cookies.has(DEVICE));
  return later(browser);
}

for (const database of [undefined, 'sqlite'] as const) {
  const where = database ?? 'no database';
  let node: OneNode;
  before(async () => {
    node = await startOneNode({ people: PEOPLE, ...(database === undefined ? {} : { database }) });
  });
  after(() => node.close());

  test(`${where}: strangers' guesses do not make a person wait at a browser they know, on any node`, async () => {
    const browser = await signedIn(node, 'alice');
    await besiege(node, 'alice');
    assert.equal(await attempt(node, browser.copy(), 'alice'), 200);
    const other = await node.sibling();
    await besiege(other, 'alice');
    assert.equal(await attempt(other, browser.copy(), 'alice', 'a slip'), 303, 'a slip is a slip');
    assert.equal(await attempt(other, browser.copy(), 'alice'), 200);
    await other.close();
  });

  test(`${where}: a stolen value has ten failures, for good; and the owner's next one is another`, async () => {
    const stolen = await signedIn(node, 'p0');
    await besiege(node, 'p0');
    for (let n = 0; n < 10; n += 1) assert.equal(await attempt(node, stolen.copy(), 'p0', 'a guess'), 303);
    assert.equal(await attempt(node, stolen.copy(), 'p0', 'a guess'), 429);
    node.travelTo(node.time.now + 3600);
    await besiege(node, 'p0');
    assert.equal(await attempt(node, stolen.copy(), 'p0', 'a guess'), 429);
    node.travelTo(node.time.now + 61);
    const owner = await signedIn(node, 'p0');
    assert.notEqual(owner.cookies.get(DEVICE), stolen.cookies.get(DEVICE));
    await besiege(node, 'p0');
    assert.equal(await attempt(node, stolen.copy(), 'p0'), 429, 'the owner’s sign-in gives an older copy no new tries');
    assert.equal(await attempt(node, owner.copy(), 'p0'), 200);
  });

  test(`${where}: of another person it is worth nothing`, async () => {
    const browser = await signedIn(node, 'p1');
    await besiege(node, 'p2');
    assert.equal(await attempt(node, browser.copy(), 'p2'), 429);
    // CWE-204: nor does it tell who has an account.
    const tell = async (name: string): Promise<readonly (readonly [number, string])[]> => {
      const seen = [];
      for (let n = 0; n < 7; n += 1) {
        const one = browser.copy();
        const { answer, flowPath } = await one.start(node, { now: node.time.now });
        const said = await one.login(node, flowPath ?? '', answer, name, 'a guess');
        seen.push([said.status, heading(said)] as const);
      }
      return seen;
    };
    assert.deepEqual(await tell('p3'), await tell('nobody'));
  });

  test(`${where}: whatever ends the person's sessions ends it`, async () => {
    const browser = await signedIn(node, 'p4');
    node.travelTo(node.time.now + 5);
    assert.equal(await run(node, ['sessions', 'revoke', '--user', 'p4']), 0);
    node.travelTo(node.time.now + 5);
    await node.node.parts.revocations.poll();
    await besiege(node, 'p4');
    assert.equal(await attempt(node, browser.copy(), 'p4'), 429);
    // 13 hours later no session is left that could be meant, but this still opens.
    node.travelTo(node.time.now + 13 * 3600);
    await node.node.parts.revocations.poll();
    await besiege(node, 'p4');
    assert.equal(await attempt(node, browser.copy(), 'p4'), 429);
  });

  test(`${where}: only a login that finishes gives one; as a cookie of this host that no script reads`, async () => {
    const browser = new PersonBrowser();
    assert.equal(await attempt(node, browser, 'p5', 'wrong'), 303);
    assert.equal(await attempt(node, browser, 'nobody', 'wrong'), 303);
    assert.ok(!browser.cookies.has(DEVICE));
    const { answer, flowPath } = await browser.start(node, { now: node.time.now });
    const done = await browser.login(node, flowPath ?? '', answer, 'p5');
    const line = done.setCookies.find((one) => one.startsWith(`${DEVICE}=`)) ?? assert.fail('not set');
    assert.deepEqual(line.split('; ').slice(1), [
      'Path=/',
      `Max-Age=${90 * 86_400 - 60}`,
      'HttpOnly',
      'SameSite=Lax',
      'Secure',
    ]);
    const { answer: sso } = await browser.start(node, { now: node.time.now });
    assert.ok(samlResponse(sso));
    assert.ok(!sso.setCookies.some((one) => one.startsWith(DEVICE)), 'single sign-on is no login');
    // It is no authenticator.
    const { flowPath: asked } = await later(browser).start(node, { now: node.time.now });
    assert.notEqual(asked, null);
    assert.match(heading(await later(browser).get(node, '/account')), /^$/);
  });
}

test('signing out everywhere ends it in this browser and in others; a new password leaves this one known', async (t) => {
  const node = await startOneNode({ database: 'sqlite', people: PEOPLE });
  t.after(() => node.close());
  const other = await signedIn(node, 'p6');
  const tab = await new AccountTab(() => node).signIn('p6');
  const before = tab.browser.copy();
  node.travelTo(node.time.now + 5);
  await tab.open('/account/password');
  await tab.submit({ password: 'quite another horse', again: 'quite another horse' });
  assert.match(tab.notice, /password/i);
  assert.notEqual(tab.browser.cookies.get(DEVICE), before.cookies.get(DEVICE));
  await besiege(node, 'p6');
  for (const ended of [other, later(before)]) assert.equal(await attempt(node, ended, 'p6', 'a guess'), 429);
  assert.equal(await attempt(node, later(tab.browser), 'p6', 'quite another horse'), 200);
  await tab.open('/account');
  await tab.submit({}, '/account/everywhere');
  assert.ok(!tab.browser.cookies.has(DEVICE));
});

async function run(node: OneNode, args: readonly string[]): Promise<number> {
  const io = {
    out: () => {},
    err: () => {},
    readStdin: async () => '',
    askSecret: async () => null,
    clock: () => node.time.now,
    random: systemRandom(),
    environment: node.config.database.target === null ? {} : { SIGNET_DATABASE_URL: databaseUrl(node) },
  };
  return runCli([...args, '--config', join(node.config.folder, 'signet.yaml')], io);
}

const databaseUrl = (node: OneNode): string => `sqlite:${join(node.config.folder, 'data', 'signet.db')}`;
