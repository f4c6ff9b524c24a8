// Second factors over the pages: signing in, step-up at another party, what is wrong, who may enrol something.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { LoginEnrolment } from '../../src/web/login-visit.ts';
import { type FactorNode, startFactorNode } from '../support/factor-node.ts';
import { APP, at, classOf, handsOn, sessionIndexOf } from '../support/factor-tab.ts';
import { PASSWORD } from '../support/one-node.ts';
import { formTokenOf, heading, PersonBrowser, samlResponse, statusOf } from '../support/person.ts';

let node: FactorNode;
before(async () => {
  node = await startFactorNode({
    parties: { grace: `assurance: { floor: aal2, graceUntil: '2027-01-31T00:00:00Z' }` },
  });
});
after(() => node.close());
const MFA = 'https://refeds.org/profile/mfa';
const { open, submit, password, code, later, fresh, signInAtStrong } = handsOn(() => node);

test('password, then the code of the app; the answer says what was proved', async () => {
  const [app = ''] = await fresh('alice');
  const tab = await open(new PersonBrowser(), at('strong'));
  assert.equal(heading(await password(tab)), APP);
  const done = await code(tab, node.codeOf(app));
  assert.equal(statusOf(done), 'Success');
  assert.equal(classOf(done), 'https://refeds.org/profile/mfa');
  assert.deepEqual([...tab.browser.cookies.keys()], ['__Host-signet_sso', '__Host-signet_device']);
  const last = node.audited.at(-1);
  assert.deepEqual([last?.action, last?.methods, last?.assurance], ['login', ['password', 'totp'], 'aal2']);
});

test('a party that takes any proof asks for no code, and reads no enrolment, also of a person who has an app', async () => {
  await fresh('alice');
  const before = node.reads();
  const tab = await open(new PersonBrowser());
  assert.equal(classOf(await password(tab)), 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport');
  assert.equal(node.reads(), before);
});

test('a session that is strong enough is answered at once, without reading enrolments, even while they are down', async () => {
  const [app = ''] = await fresh('alice');
  const browser = await signInAtStrong(app);
  node.world.store.fail(true);
  const before = node.reads();
  for (const name of ['strong', 'sp']) {
    const { answer, flowPath } = await browser.start(node, { now: node.time.now, ...at(name) });
    assert.equal(flowPath, null);
    assert.equal(statusOf(answer), 'Success');
  }
  assert.equal(node.reads(), before);
});

test('step-up at a second party asks only for the code, and says for whom; the session gains the event', async () => {
  const [app = ''] = await fresh('alice');
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const first = await browser.signIn(node);
  const tab = await open(browser, at('strong'));
  assert.equal(heading(tab.page), APP);
  assert.match(tab.page.text, /<strong>alice<\/strong>/);
  assert.equal(statusOf(await code(tab, node.codeOf(app))), 'Success');
  // The same session: the first party's index of it has not changed.
  assert.equal(sessionIndexOf(await browser.signIn(node)), sessionIndexOf(first));
  const again = await browser.start(node, { now: node.time.now, ...at('strong') });
  assert.equal(statusOf(again.answer), 'Success');
});

test('ForceAuthn asks for both again', async () => {
  const [app = ''] = await fresh('alice');
  const browser = await signInAtStrong(app);
  later(60);
  const tab = await open(browser, { ...at('strong'), forceAuthn: true });
  assert.equal(heading(tab.page), 'Sign in');
  assert.equal(heading(await password(tab)), APP);
  const done = await code(tab, node.codeOf(app));
  assert.equal(statusOf(done), 'Success');
});

// SAML core §3.3.2.2: ForceAuthn is answered by what is proved now, CWE-287: a stolen session with a password that was
// phished is no second factor, whatever the session has seen before.
test('ForceAuthn where a password is enough: what is told is the password, not the second factor of before', async () => {
  const [app = ''] = await fresh('alice');
  const browser = await signInAtStrong(app);
  assert.equal(classOf((await browser.start(node, { now: node.time.now, ...at('sp') })).answer), MFA);
  later(60);
  const tab = await open(browser, { ...at('sp'), forceAuthn: true });
  assert.equal(classOf(await password(tab)), 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport');
  assert.equal(node.audited.at(-1)?.assurance, 'aal1');
  // The session has lost nothing.
  assert.equal(classOf((await browser.start(node, { now: node.time.now, ...at('strong') })).answer), MFA);
});

test('RequestedAuthnContext: MFA is asked for where the floor would not, and TimeSyncToken by its name', async () => {
  const [app = ''] = await fresh('alice');
  const inner = (ref: string) =>
    `<samlp:RequestedAuthnContext><saml:AuthnContextClassRef xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${ref}</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`;
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const tab = await open(browser, { inner: inner('https://refeds.org/profile/mfa') });
  assert.equal(heading(tab.page), APP);
  assert.equal(classOf(await code(tab, node.codeOf(app))), 'https://refeds.org/profile/mfa');
  const timeSync = 'urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken';
  const named = await browser.start(node, { now: node.time.now, inner: inner(timeSync) });
  assert.equal(classOf(named.answer), timeSync);
  const top = await browser.start(node, {
    now: node.time.now,
    inner: inner('http://idmanagement.gov/ns/assurance/aal/3'),
  });
  assert.equal(statusOf(top.answer), 'NoAuthnContext');
});

// One page, whatever is wrong with the code; and the password is not asked again.
const wrongCodes = ['', '000000', '12345', '1234567', 'abcdef', '１２３４５６', '<script>', '000000\u0000'];
for (const text of wrongCodes) {
  test(`a code like ${JSON.stringify(text)} is wrong, and never more`, async () => {
    await fresh('alice');
    const tab = await open(new PersonBrowser(), at('strong'));
    await password(tab);
    const page = await code(tab, text);
    assert.equal(heading(page), APP);
    assert.match(page.text, /role="alert"/);
    assert.ok(!page.text.includes('<script>'));
    assert.equal(samlResponse(page), null);
  });
}

test('nothing but a password, and nothing to enrol: the party is told, after the password and from a session', async () => {
  await fresh();
  const tab = await open(new PersonBrowser(), at('strong'));
  assert.equal(statusOf(await password(tab)), 'NoAuthnContext');
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const { answer } = await browser.start(node, { now: node.time.now, ...at('strong') });
  assert.equal(statusOf(answer), 'NoAuthnContext');
});

test('a grace period lets in who has no second factor, and nobody else', async () => {
  const [app = ''] = await fresh('bob');
  const tab = await open(new PersonBrowser(), at('grace'));
  assert.equal(statusOf(await password(tab)), 'Success');
  const other = await open(new PersonBrowser(), at('grace'));
  assert.equal(heading(await password(other, 'bob')), APP);
  assert.equal(statusOf(await code(other, node.codeOf(app))), 'Success');
});

test('wrong codes have to wait, and the wait is told; the session does not come of it', async () => {
  const [app = ''] = await fresh('bob');
  const tab = await open(new PersonBrowser(), at('strong'));
  await password(tab, 'bob');
  let page = tab.page;
  for (let i = 0; i < 6; i += 1) page = await code(tab, '000000');
  assert.equal(page.status, 429);
  assert.ok(Number(page.headers['retry-after']) > 0);
  assert.match(page.text, /too many attempts/);
  assert.equal(heading(page), APP);
  later(60);
  assert.equal(statusOf(await code(tab, node.codeOf(app))), 'Success');
});

// CWE-307: who knows the password must not get new guesses at the code by signing in where it is not asked for.
test('a login with the password alone does not end the wait for codes; one with the code does', async () => {
  const [app = ''] = await fresh('bob');
  const tab = await open(new PersonBrowser(), at('strong'));
  await password(tab, 'bob');
  for (let i = 0; i < 6; i += 1) await code(tab, '000000');
  assert.equal(tab.page.status, 429);
  await new PersonBrowser().signIn(node, 'bob');
  assert.equal((await code(tab, '000000')).status, 429);
  later(60);
  assert.equal(statusOf(await code(tab, node.codeOf(app))), 'Success');
  const next = await open(new PersonBrowser(), at('strong'));
  await password(next, 'bob');
  assert.equal((await code(next, '000000')).status, 200);
});

test('cancelling on the code’s page goes back to the application', async () => {
  await fresh('alice');
  const tab = await open(new PersonBrowser(), at('strong'));
  await password(tab);
  assert.equal(statusOf(await submit(tab, { cancel: '1' })), 'RequestDenied');
});

// CWE-352, and forms that no page of ours has.
const forged: readonly { readonly name: string; readonly form: Record<string, string>; readonly expect: string }[] = [
  { name: 'no form token', form: { form_token: '', method: 'totp' }, expect: 'That came from another site' },
  { name: 'a method that is not asked', form: { method: 'recovery-code', code: 'x' }, expect: APP },
  { name: 'a method that is none', form: { method: '__proto__', code: 'x' }, expect: APP },
  { name: 'the password as a factor', form: { method: 'password', code: 'x' }, expect: APP },
  { name: 'a choice that is none', form: { choose: 'constructor', method: 'x' }, expect: APP },
  { name: 'a choice that does not lead on', form: { choose: 'password' }, expect: APP },
  { name: 'a skip where nothing may be skipped', form: { skip: '1' }, expect: APP },
  { name: 'an enrolment that is not offered', form: { enrol: 'totp' }, expect: APP },
];
for (const { name, form, expect } of forged) {
  test(`${name}: nothing comes of it`, async () => {
    await fresh('alice');
    const tab = await open(new PersonBrowser(), at('strong'));
    await password(tab);
    assert.equal(heading(await submit(tab, form)), expect);
  });
}

test('enrolment while signing in: only for who has nothing, after a password of this flow; what is enrolled finishes', async () => {
  let app = '';
  const enrolling = (): LoginEnrolment => ({
    methods: ['totp'],
    show: async (visit, { step }) => ({
      kind: 'body',
      status: 200,
      contentType: 'text/html',
      text: `<h1>Enrol ${step.account.loginName}</h1><form method="post" action="/flow/${visit.cookie.id}"></form>`,
    }),
    submit: async (visit, { step }) => {
      app = await other.giveApp(step.account.loginName);
      const event = { method: 'totp', credentialId: app, at: visit.facts.now } as const;
      return { kind: 'proved', account: step.account, event };
    },
  });
  const other = await startFactorNode({ enrolment: enrolling });
  try {
    const browser = new PersonBrowser();
    const { answer, flowPath = '' } = await browser.start(other, { now: other.time.now, ...at('strong') });
    const form_token = formTokenOf(answer);
    const path = flowPath ?? '';
    const posted = await browser.post(other, path, { form_token, username: 'alice', password: PASSWORD });
    assert.equal(heading(await browser.get(other, posted.headers.location ?? '')), 'Enrol alice');
    // Nothing is skipped without a grace period.
    await browser.post(other, path, { form_token, skip: '1' });
    assert.equal(heading(await browser.get(other, path)), 'Enrol alice');
    const done = await browser.post(other, path, { form_token, enrol: 'totp', code: '1' });
    assert.equal(statusOf(done), 'Success');
    assert.notEqual(app, '');
    // Somebody who knows only the password enrols nothing more.
    const thief = new PersonBrowser();
    const start = await thief.start(other, { now: other.time.now, ...at('strong') });
    const login = { form_token: formTokenOf(start.answer), username: 'alice', password: PASSWORD };
    await thief.post(other, start.flowPath ?? '', login);
    await thief.post(other, start.flowPath ?? '', { ...login, enrol: 'totp' });
    assert.equal(heading(await thief.get(other, start.flowPath ?? '')), APP);
  } finally {
    await other.close();
  }
});

test('an unlocked screen is not enough to enrol: the password is asked first', async () => {
  const other = await startFactorNode({
    enrolment: () => ({
      methods: ['totp'],
      show: async () => assert.fail('offered from a session alone'),
      submit: async () => assert.fail('taken from a session alone'),
    }),
  });
  try {
    const browser = new PersonBrowser();
    await browser.signIn(other);
    const { answer } = await browser.start(other, { now: other.time.now, ...at('strong') });
    assert.equal(heading(answer), 'Sign in');
    assert.match(answer.text, /value="alice"/);
  } finally {
    await other.close();
  }
});
