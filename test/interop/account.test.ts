// The reader in another language opens what the account's pages seal, and makes it again byte for byte.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AccountTab } from '../support/account-tab.ts';
import { type OneNode, startOneNode } from '../support/one-node.ts';
import { PersonBrowser } from '../support/person.ts';
import { decodeAt, decoded, encodedAgain, type Found, requireDecoder } from './signet.ts';

let node: OneNode;
before(async () => {
  node = await startOneNode({ database: 'sqlite' });
});
after(() => node.close());

function readTwice(found: Found) {
  const value = decoded(node, found);
  assert.equal(encodedAgain(node, value), found.token);
  return value.body;
}

function cookieOf(browser: PersonBrowser, purpose: string, prefix: string): Found {
  const [context, token] = [...browser.cookies].find(([name]) => name.startsWith(prefix)) ?? assert.fail(prefix);
  return { purpose, context, token };
}

test('a login cookie of the account’s pages: anybody’s, and that of one person who proves it again', async (t) => {
  if (!requireDecoder(t)) return;
  const stranger = new PersonBrowser();
  await stranger.get(node, '/account');
  const flow = readTwice(cookieOf(stranger, 'login-flow', '__Host-signet_f_'));
  assert.deepEqual([flow.party, flow.protocol, flow.pending], ['account:pages', 4, { page: '/account' }]);

  const tab = await new AccountTab(() => node).signIn();
  const { account } = readTwice(cookieOf(tab.browser, 'sso-session', '__Host-signet_sso'));
  const began = node.time.now;
  t.after(() => node.travelTo(began));
  node.travelTo(began + 600);
  await node.node.parts.revocations.poll();
  await tab.open('/account/add/totp');
  const again = readTwice(cookieOf(tab.browser, 'login-flow', '__Host-signet_f_'));
  assert.deepEqual(again.pending, { page: '/account/add/totp', account });
  assert.equal(Number(again.flags) & 8, 8, 'a required subject');
});

test('a cookie of an enrolment', async (t) => {
  if (!requireDecoder(t)) return;
  const tab = await new AccountTab(() => node).signIn();
  await tab.open('/account/add/totp');
  await tab.submit({ enrol: 'begin' });
  const session = readTwice(cookieOf(tab.browser, 'sso-session', '__Host-signet_sso'));
  const found = cookieOf(tab.browser, 'enrolment', '__Host-signet_e');
  const enrolment = readTwice(found);
  assert.deepEqual([enrolment.within, enrolment.account, enrolment.method], [session.sid, session.account, 1]);
  for (const purpose of ['sso-session', 'login-flow']) {
    assert.equal(decodeAt(node, { ...found, purpose }).ok, false, `no ${purpose}`);
  }
});
