// What older copies of the cookies are worth to somebody with a second factor, and what happens when something changes or
// fails in the middle of a sign-in.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type FactorNode, startFactorNode } from '../support/factor-node.ts';
import { APP, at, handsOn, sessionIndexOf, ways } from '../support/factor-tab.ts';
import { formTokenOf, heading, PersonBrowser, samlResponse, statusOf } from '../support/person.ts';
import { texting } from '../support/texting.ts';

let node: FactorNode;
before(async () => {
  node = await startFactorNode({ factors: () => [texting], parties: { top: 'assurance: { floor: aal3 }' } });
});
after(() => node.close());
const { open, password, code, later, fresh, givePhone, signInAtStrong } = handsOn(() => node);

// RFC 6238 §5.2: a code is accepted once, whatever copy of the flow it comes with (kanidm #2129).
test('a code that was used is refused to an older copy of the flow, and to another flow', async () => {
  const [app = ''] = await fresh('alice');
  const tab = await open(new PersonBrowser(), at('strong'));
  await password(tab);
  const older = { ...tab, browser: tab.browser.copy() };
  const used = node.codeOf(app);
  assert.equal(statusOf(await code(tab, used)), 'Success');
  assert.equal(samlResponse(await code(older, used)), null);
  const other = await open(new PersonBrowser(), at('strong'));
  await password(other);
  assert.equal(heading(await code(other, used)), APP);
});

test('a balancer’s repeat of the code’s request is answered again, with the same session', async () => {
  const [app = ''] = await fresh('alice');
  const tab = await open(new PersonBrowser(), at('strong'));
  await password(tab);
  const repeat = { ...tab, browser: tab.browser.copy() };
  const headers = { 'X-Request-Id': 'proxy-7' };
  const used = node.codeOf(app);
  const first = sessionIndexOf(await code(tab, used, headers));
  assert.ok(first);
  assert.equal(sessionIndexOf(await code(repeat, used, headers)), first);
});

test('every older copy of the cookies: none skips a factor, none finishes twice', async () => {
  const [app = ''] = await fresh('alice');
  const tab = await open(new PersonBrowser(), at('strong'));
  const copies = [tab.browser.copy()];
  await password(tab, 'alice', 'wrong horse');
  copies.push(tab.browser.copy());
  await password(tab);
  copies.push(tab.browser.copy());
  await code(tab, '000000');
  copies.push(tab.browser.copy());
  const token = tab.page;
  assert.equal(statusOf(await code(tab, node.codeOf(app))), 'Success');
  later(30);
  for (const browser of copies) {
    const before = { ...tab, browser, page: token };
    // With a right code: those that had no password meet the login page; the others are told that it is over.
    const answer = await code(before, node.codeOf(app));
    assert.equal(samlResponse(answer), null);
    assert.ok([410, 200].includes(answer.status), String(answer.status));
    assert.ok(!answer.setCookies.some((line) => line.startsWith('__Host-signet_sso=')));
    later(30);
  }
});

test('the code without the password is nothing: the login page again', async () => {
  const [app = ''] = await fresh('alice');
  const tab = await open(new PersonBrowser(), at('strong'));
  assert.equal(heading(await code(tab, node.codeOf(app))), 'Sign in');
  // And it was not even looked at: it still works.
  await password(tab);
  assert.equal(statusOf(await code(tab, node.codeOf(app))), 'Success');
});

test('a password of more than ten minutes ago is asked again, and it is said why', async () => {
  const [app = ''] = await fresh('alice');
  const tab = await open(new PersonBrowser(), at('strong'));
  await password(tab);
  later(600);
  const page = await code(tab, node.codeOf(app));
  assert.equal(heading(page), 'Sign in');
  assert.match(page.text, /took a long time/);
});

// CWE-287: a password guessed with one flow and a code with another must not meet.
test('proofs of one flow do not count in another', async () => {
  const [app = ''] = await fresh('alice');
  const browser = new PersonBrowser();
  const one = await open(browser, at('strong'));
  const two = await open(browser, at('strong'));
  await password(one);
  const form = { form_token: formTokenOf(two.page), method: 'totp', code: node.codeOf(app) };
  const posted = await browser.post(node, two.path, form);
  assert.equal(posted.status, 303);
  assert.equal(heading(await browser.get(node, two.path)), 'Sign in');
});

test('the app is removed after the password: its code is wrong, and no new app is offered in its place', async () => {
  const [app = ''] = await fresh('alice');
  const tab = await open(new PersonBrowser(), at('strong'));
  await password(tab);
  const id = await node.idOf('alice');
  await node.world.store.remove(id, app, node.world.store.now(id).version);
  const answer = await code(tab, node.codeOf(app));
  assert.equal(statusOf(answer), 'NoAuthnContext');
});

test('an app that is disabled is not asked for any more; what else there is is', async () => {
  const [app = ''] = await fresh('alice');
  await givePhone('alice');
  const browser = await signInAtStrong(app);
  node.world.store.disable(await node.idOf('alice'), app);
  const tab = await open(browser, { ...at('strong'), forceAuthn: true });
  assert.equal(heading(await password(tab)), 'Enter the code that you were sent');
  // To the phone again; the app is no way any more.
  assert.deepEqual(ways(tab.page), ['sms-code:phone']);
  // A form of the page before is no way around it.
  assert.equal(heading(await code(tab, node.codeOf(app))), 'Enter the code that you were sent');
});

test('nobody gets in at aal3 without a key: the party is told, although there are other second factors', async () => {
  await fresh('alice');
  const tab = await open(new PersonBrowser(), at('top'));
  assert.equal(statusOf(await password(tab)), 'NoAuthnContext');
});

test('the account is disabled between password and code', async () => {
  const [app = ''] = await fresh('alice');
  const tab = await open(new PersonBrowser(), at('strong'));
  await password(tab);
  const { findById } = node.node.parts.directories;
  const found = await findById(await node.idOf('alice'));
  assert.ok(found !== null && 'id' in found);
  const directory = node.node.parts.directories as { findById: typeof findById };
  directory.findById = async (id) => (id === found.id ? { ...found, disabled: true } : findById(id));
  try {
    assert.equal(statusOf(await code(tab, node.codeOf(app))), 'AuthnFailed');
  } finally {
    directory.findById = findById;
  }
});

// CWE-863: what the node remembers of a person is not what lets them in.
test('the account is disabled, or gone, between password and code, and the node still remembers it as it was', async () => {
  for (const gone of [true, false]) {
    const [app = ''] = await fresh('alice');
    const tab = await open(new PersonBrowser(), at('strong'));
    await password(tab);
    const { findById } = node.node.parts.directories;
    const found = await findById(await node.idOf('alice'));
    assert.ok(found !== null && 'id' in found);
    const directory = node.node.parts.directories as { findById: typeof findById };
    const now = gone ? null : { ...found, disabled: true };
    directory.findById = async (id, how) => (id === found.id && how === 'asked-now' ? now : findById(id));
    try {
      assert.equal(statusOf(await code(tab, node.codeOf(app))), 'AuthnFailed');
    } finally {
      directory.findById = findById;
    }
  }
});

test('another account in a step-up is told to the party as an unknown principal, and the session stays', async () => {
  await fresh('alice', 'bob');
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const tab = await open(browser, at('strong'));
  assert.equal(heading(tab.page), APP);
  // The page has no name and password; an attacker's does.
  assert.equal(statusOf(await password(tab, 'bob')), 'UnknownPrincipal');
  const again = await browser.start(node, { now: node.time.now });
  assert.equal(statusOf(again.answer), 'Success');
  assert.match(samlResponse(again.answer) ?? '', /Success/);
});

test('while enrolments cannot be read: 503 to come back, never "enrol"; the password is kept and the code finishes', async () => {
  const [app = ''] = await fresh('alice');
  const tab = await open(new PersonBrowser(), at('strong'));
  node.world.store.fail(true);
  const down = await password(tab);
  assert.equal(down.status, 503);
  assert.equal(heading(down), 'Signing in does not work at the moment');
  assert.ok(Number(down.headers['retry-after']) > 0);
  node.world.store.fail(false);
  tab.page = await tab.browser.get(node, tab.path);
  assert.equal(heading(tab.page), APP);
  node.world.store.fail(true);
  const form = { form_token: formTokenOf(tab.page), method: 'totp', code: node.codeOf(app) };
  const posted = await tab.browser.post(node, tab.path, form);
  assert.equal((await tab.browser.get(node, posted.headers.location ?? '')).status, 503);
  node.world.store.fail(false);
  assert.equal(statusOf(await code(tab, node.codeOf(app))), 'Success');
});
