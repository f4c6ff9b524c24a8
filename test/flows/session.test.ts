// The session cookie over its life: idle, absolute, sealed again, ended, copied.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { NOW, type OneNode, startOneNode } from '../support/one-node.ts';
import { formTokenOf, heading, PersonBrowser, redirectPath, samlResponse, statusOf } from '../support/person.ts';

const SSO = '__Host-signet_sso';
const nodes: OneNode[] = [];
after(async () => {
  for (const node of nodes) await node.close();
});

async function start(environment: Readonly<Record<string, string>> = {}): Promise<OneNode> {
  const node = await startOneNode({ environment });
  nodes.push(node);
  return node;
}

/** What a GET that the session may satisfy is answered with: 'answer' at once, or 'page'. */
async function sso(node: OneNode, browser: PersonBrowser, sp?: string): Promise<string> {
  const { answer, flowPath } = await browser.start(node, { now: node.time.now, ...(sp === undefined ? {} : { sp }) });
  if (samlResponse(answer) !== null) return flowPath === null ? 'answer' : 'answer after a hop';
  return heading(answer) === 'Sign in' ? 'page' : heading(answer);
}

test('a GET that the session satisfies is answered in one round trip', async () => {
  const node = await start();
  const browser = new PersonBrowser();
  await browser.signIn(node);
  assert.deepEqual([...browser.cookies.keys()], [SSO, '__Host-signet_device']);
  assert.equal(await sso(node, browser), 'answer');
});

test('idle: a session ends after an hour without use, and lasts as long as it is used', async () => {
  const node = await start();
  const browser = new PersonBrowser();
  await browser.signIn(node);
  for (let i = 1; i <= 5; i += 1) {
    node.travelTo(NOW + i * 3000);
    assert.equal(await sso(node, browser), 'answer');
  }
  node.travelTo(node.time.now + 3600);
  assert.equal(await sso(node, browser), 'page');
  node.travelTo(NOW);
});

test('absolute: whatever happens, it ends twelve hours after it began', async () => {
  const node = await start();
  const browser = new PersonBrowser();
  await browser.signIn(node);
  for (let at = 3000; at < 43_200; at += 3000) {
    node.travelTo(NOW + at);
    assert.equal(await sso(node, browser), 'answer', `after ${at} s`);
  }
  node.travelTo(NOW + 43_200);
  assert.equal(await sso(node, browser), 'page');
});

for (const { left, after, because } of [
  { left: 60, after: 'answer', because: 'is not lengthened: over for a node whose clock is ahead, another one begins' },
  { left: 61, after: 'page', because: 'is the same one, and ends in its time' },
]) {
  test(`absolute: a password ${left} s before the end: the session ${because}`, async () => {
    const node = await start();
    const browser = new PersonBrowser();
    await browser.signIn(node);
    for (let at = 3000; at < 43_200; at += 3000) {
      node.travelTo(NOW + at);
      assert.equal(await sso(node, browser), 'answer', `after ${at} s`);
    }
    node.travelTo(NOW + 43_200 - left);
    await browser.signIn(node, 'alice', { forceAuthn: true });
    node.travelTo(NOW + 43_200);
    assert.equal(await sso(node, browser), after);
  });
}

test('a shorter policy acts on sessions that exist', async () => {
  const node = await start();
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const strict = await node.sibling({ SIGNET_SESSION_IDLE: '60' });
  nodes.push(strict);
  node.travelTo(NOW + 120);
  assert.equal(await sso(strict, browser), 'page');
  assert.equal(await sso(node, browser), 'answer');
});

test('the cookie is sealed again a sixth of the idle time later, and not on every request', async () => {
  const node = await start();
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const first = browser.cookies.get(SSO);
  node.travelTo(NOW + 600);
  await sso(node, browser);
  assert.equal(browser.cookies.get(SSO), first);
  node.travelTo(NOW + 601);
  await sso(node, browser);
  assert.notEqual(browser.cookies.get(SSO), first);
});

test('a passive request does not lengthen the session', async () => {
  const node = await start();
  const browser = new PersonBrowser();
  await browser.signIn(node);
  node.travelTo(NOW + 3000);
  const before = browser.cookies.get(SSO);
  await browser.get(node, redirectPath(node, { now: node.time.now, passive: true }));
  assert.equal(browser.cookies.get(SSO), before);
  node.travelTo(NOW + 3600);
  assert.equal(await sso(node, browser), 'page');
});

test('no Max-Age on the session cookie; Secure, HttpOnly, Path=/ and SameSite=Lax are spelled out', async () => {
  const node = await start();
  const browser = new PersonBrowser();
  const answer = await browser.signIn(node);
  const line = answer.setCookies.find((one) => one.startsWith(`${SSO}=`)) ?? '';
  assert.deepEqual(line.split('; ').slice(1), ['Path=/', 'HttpOnly', 'SameSite=Lax', 'Secure']);
});

test('signing out ends this browser, and a stolen copy on the node that was asked', async () => {
  const node = await start();
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const stolen = browser.copy();
  const page = await browser.get(node, '/logout', { 'Sec-Fetch-Site': 'same-origin' });
  assert.equal(heading(page), 'Sign out?');
  assert.match(page.text, /https:\/\/sp\.example\.org\/metadata/);
  const done = await browser.post(node, '/logout', { form_token: formTokenOf(page) });
  assert.equal(heading(done), 'You are signed out');
  assert.match(done.text, /were not told/);
  assert.deepEqual([...browser.cookies.keys()], ['__Host-signet_device']);
  assert.equal(await sso(node, stolen), 'page');
});

test('signing out spends the flows that the browser shows: an old copy of a login page finishes nothing', async () => {
  const node = await start();
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const { answer, flowPath } = await browser.start(node, { now: NOW, forceAuthn: true });
  const copy = browser.copy();
  const page = await browser.get(node, '/logout', { 'Sec-Fetch-Site': 'same-origin' });
  await browser.post(node, '/logout', { form_token: formTokenOf(page) });
  const late = await copy.login(node, flowPath ?? '', answer);
  assert.equal(samlResponse(late), null);
  assert.equal(late.status, 410);
});

test('another person on the same browser: a new session, and the old one is over', async () => {
  const node = await start();
  const browser = new PersonBrowser();
  await browser.signIn(node, 'alice');
  const old = browser.copy();
  const { answer, flowPath } = await browser.start(node, { now: NOW, forceAuthn: true });
  await browser.login(node, flowPath ?? '', answer, 'bob');
  assert.notEqual(browser.cookies.get(SSO), old.cookies.get(SSO));
  assert.equal(await sso(node, old), 'page');
  assert.equal(await sso(node, browser), 'answer');
});

// pitfalls: cookie tossing. Two cookies of one name count as none: one of them was put there by somebody else.
test('a session cookie that comes twice counts as absent', async () => {
  const node = await start();
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const twice = `${browser.cookieHeader}; ${SSO}=something`;
  const answer = await new PersonBrowser().get(node, redirectPath(node, { now: NOW }), { Cookie: twice });
  assert.equal(answer.status, 303);
});

test('a session cookie of plain http is not read under https, nor the other way round', async () => {
  const node = await start();
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const renamed = `signet_sso=${browser.cookies.get(SSO)}`;
  const answer = await new PersonBrowser().get(node, redirectPath(node, { now: NOW }), { Cookie: renamed });
  assert.equal(answer.status, 303);
});

test('a session works on another node that never saw it', async () => {
  const node = await start();
  const other = await node.sibling();
  nodes.push(other);
  const browser = new PersonBrowser();
  await browser.signIn(node);
  assert.equal(await sso(other, browser), 'answer');
});

test('passive without a session, and forced with one, are answered with NoPassive', async () => {
  const node = await start();
  const browser = new PersonBrowser();
  assert.equal(statusOf(await browser.get(node, redirectPath(node, { now: NOW, passive: true }))), 'NoPassive');
  await browser.signIn(node);
  assert.equal(statusOf(await browser.get(node, redirectPath(node, { now: NOW, passive: true }))), 'Success');
  const forced = redirectPath(node, { now: NOW, passive: true, forceAuthn: true });
  assert.equal(statusOf(await browser.get(node, forced)), 'NoPassive');
});
