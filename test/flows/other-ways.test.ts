// More than one way to prove it: choosing, codes that are sent, and what is pending in the flow.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type FactorNode, startFactorNode } from '../support/factor-node.ts';
import { APP, at, handsOn, ways } from '../support/factor-tab.ts';
import { heading, PersonBrowser, samlResponse, statusOf } from '../support/person.ts';
import { newestCode, sent, texting } from '../support/texting.ts';

let node: FactorNode;
before(async () => {
  node = await startFactorNode({ factors: () => [texting] });
});
after(() => node.close());
const { open, submit, password, code, later, fresh, givePhone } = handsOn(() => node);

test('several ways: the strongest that is there is shown, another is chosen, and back', async () => {
  const [app = ''] = await fresh('alice');
  await givePhone('alice');
  const tab = await open(new PersonBrowser(), at('strong'));
  assert.equal(heading(await password(tab)), APP);
  assert.deepEqual(ways(tab.page), ['sms-code']);
  const before = sent.length;
  assert.equal(heading(await submit(tab, { choose: 'sms-code' })), 'Enter the code that you were sent');
  assert.equal(sent.length, before + 1);
  // A reload sends nothing.
  tab.page = await tab.browser.get(node, tab.path);
  assert.equal(sent.length, before + 1);
  assert.deepEqual([...ways(tab.page)].sort(), ['sms-code:phone', 'totp']);
  assert.equal(heading(await submit(tab, { choose: 'totp' })), APP);
  assert.equal(statusOf(await code(tab, node.codeOf(app))), 'Success');
});

test('a code that was sent is good for five minutes; then another is sent, and it is said', async () => {
  await fresh();
  await givePhone('alice');
  const tab = await open(new PersonBrowser(), at('strong'));
  await password(tab);
  const first = newestCode();
  const before = sent.length;
  later(300);
  const page = await submit(tab, { method: 'sms-code', code: first });
  assert.equal(samlResponse(page), null);
  assert.match(page.text, /took too long/);
  assert.equal(sent.length, before + 1);
  const second = newestCode();
  assert.equal(statusOf(await submit(tab, { method: 'sms-code', code: second })), 'Success');
});

// The attack: a code that was sent to oneself, answered in a flow whose session has become somebody else's.
test('a challenge that was put to one account is not answered for another', async () => {
  await fresh();
  await givePhone('alice');
  await givePhone('bob');
  const attacker = new PersonBrowser();
  await attacker.signIn(node, 'alice');
  const tab = await open(attacker, at('strong'));
  assert.equal(sent.at(-1), 'alice');
  const own = newestCode();
  const bob = new PersonBrowser();
  await bob.signIn(node, 'bob');
  attacker.cookies.set('__Host-signet_sso', bob.cookies.get('__Host-signet_sso') ?? '');
  const answer = await submit(tab, { method: 'sms-code', code: own });
  assert.equal(samlResponse(answer), null);
  // Only now something is sent, and to bob.
  assert.equal(sent.at(-1), 'bob');
});
