// What a browser may do with the sealed value of an enrolment: show it again, elsewhere, later, as somebody else. And who
// is told of what was enrolled.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type Account, isUnavailable } from '../../src/core/account.ts';
import { AccountTab, LOGIN } from '../support/account-tab.ts';
import { NOW, type OneNode, plainSpMetadata, startOneNode } from '../support/one-node.ts';
import { formTokenOf, heading, PersonBrowser, statusOf } from '../support/person.ts';
import { startSmtpServer } from '../support/smtp-server.ts';

const COOKIE = '__Host-signet_enrol';

let node: OneNode;
let smtp: Awaited<ReturnType<typeof startSmtpServer>>;
let hours = 0;
let name = '';

before(async () => {
  smtp = await startSmtpServer({ address: '127.0.0.1', security: 'none' });
  node = await startOneNode({
    database: 'sqlite',
    parties: [plainSpMetadata('https://sp.example.org')],
    people: Array.from({ length: 20 }, (_, i) => `p${i}`),
    environment: {
      SIGNET_MAIL_SERVER: `smtp://127.0.0.1:${smtp.port}`,
      SIGNET_MAIL_FROM: 'no-reply@example.org',
      SIGNET_SERVICE_NAME: 'Example',
    },
  });
});
after(async () => {
  await node.close();
  await smtp.close();
});
beforeEach(async () => {
  name = `p${hours}`;
  hours += 1;
  await later(NOW + hours * 3600 - node.time.now);
});

async function person(loginName: string): Promise<Account> {
  const found = await node.node.parts.directories.findByLoginName(loginName);
  return found === null || isUnavailable(found) ? assert.fail(`no ${loginName}`) : found;
}

async function later(seconds: number): Promise<void> {
  node.travelTo(node.time.now + seconds);
  await node.node.parts.revocations.poll();
}

/** Signed in, with an app begun, and the code that would confirm it. */
async function begun(
  who = name,
): Promise<{ readonly tab: AccountTab; readonly form: Readonly<Record<string, string>> }> {
  const tab = await new AccountTab(() => node).signIn(who);
  await tab.open('/account/add/totp');
  await tab.submit({ enrol: 'begin' });
  tab.keepSecret('phone');
  return { tab, form: { enrol: 'confirm', code: tab.codeOf('phone'), form_token: formTokenOf(tab.page) } };
}
const confirm = async (browser: PersonBrowser, form: Readonly<Record<string, string>>): Promise<AccountTab> => {
  const answer = await browser.post(node, '/account/add/totp', form);
  return new AccountTab(() => node, browser).open(answer.headers.location ?? '/account/add/totp');
};

test('it counts once: shown again, with the session of before or after, it adds nothing', async () => {
  const { tab, form } = await begun();
  const before = tab.browser.copy();
  assert.equal((await confirm(tab.browser, form)).factors.length, 1);
  const sealed = before.cookies.get(COOKIE) ?? '';
  tab.browser.cookies.set(COOKIE, sealed);
  const again = await confirm(tab.browser, form);
  assert.match(again.notice, /no longer in use/);
  assert.equal(again.factors.length, 1);
  // The older copy of the session has the password alone, which is no longer enough.
  const older = await confirm(before, form);
  assert.notEqual(older.heading, 'Your account');
  assert.equal((await tab.open('/account')).factors.length, 1);
});

test('removed, it does not come back by an older copy of the cookie', async () => {
  const { tab, form } = await begun();
  const sealed = tab.browser.cookies.get(COOKIE) ?? '';
  const added = await confirm(tab.browser, form);
  await added.open(added.factors[0] ?? '');
  await added.submit({ do: 'remove' });
  tab.browser.cookies.set(COOKIE, sealed);
  await added.open('/account/add/totp');
  assert.ok(!added.page.text.includes('code class="secret"'), 'it is not even shown');
  const again = await confirm(tab.browser, { ...form, form_token: formTokenOf(added.page) });
  assert.deepEqual(again.factors, []);
});

test('another session of the same person has no use for it', async () => {
  const { tab, form } = await begun();
  const other = await new AccountTab(() => node).signIn(name);
  other.browser.cookies.set(COOKIE, tab.browser.cookies.get(COOKIE) ?? '');
  await other.open('/account/add/totp');
  assert.ok(!other.page.text.includes('code class="secret"'));
  const after = await confirm(other.browser, { ...form, form_token: formTokenOf(other.page) });
  assert.match(after.notice, /no longer in use/);
  assert.deepEqual(after.factors, []);
});

test('another person has no use for it: nobody gets a factor whose secret somebody else has seen', async () => {
  const { tab, form } = await begun();
  const victim = await new AccountTab(() => node).signIn('p19');
  victim.browser.cookies.set(COOKIE, tab.browser.cookies.get(COOKIE) ?? '');
  await victim.open('/account/add/totp');
  const after = await confirm(victim.browser, { ...form, form_token: formTokenOf(victim.page) });
  assert.deepEqual(after.factors, []);
});

test('what was begun before something else was changed is over', async () => {
  const { tab, form } = await begun();
  const sealed = tab.browser.cookies.get(COOKIE) ?? '';
  const other = new AccountTab(() => node, tab.browser);
  await other.addApp('tablet');
  tab.browser.cookies.set(COOKIE, sealed);
  const after = await confirm(tab.browser, { ...form, form_token: formTokenOf(other.page) });
  assert.match(after.notice, /no longer in use/);
  assert.equal(after.factors.length, 1);
});

test('after ten minutes it is over, however fresh the proof', async () => {
  const { tab } = await begun();
  await later(611);
  await tab.open('/account/add/totp');
  await tab.password(name);
  assert.ok(!tab.page.text.includes('code class="secret"'));
});

test('under five minutes it is confirmed; after five the proof is asked again, and the same secret shown', async () => {
  const { tab } = await begun();
  await later(301);
  await tab.submit({ enrol: 'confirm', code: tab.codeOf('phone') }, '/account/add/totp');
  assert.equal(tab.heading, LOGIN);
  await tab.password(name);
  assert.equal(tab.path, '/account/add/totp');
  await tab.submit({ enrol: 'confirm', code: tab.codeOf('phone') });
  assert.equal(tab.factors.length, 1);
});

// CVE-2026-40372: every bit counts. Positions at random would find it sooner or later; these are all of a value's ends.
test('a value that was touched, cut or tossed in from elsewhere is no value', async () => {
  const { tab, form } = await begun();
  const sealed = tab.browser.cookies.get(COOKIE) ?? '';
  const flow = [...tab.browser.cookies].find(([cookie]) => cookie.startsWith('__Host-signet_f_'))?.[1];
  const session = tab.browser.cookies.get('__Host-signet_sso') ?? '';
  const flipped = (at: number): string => sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
  for (const value of [
    flipped(0),
    flipped(20),
    flipped(60),
    flipped(sealed.length - 1),
    sealed.slice(0, -1),
    session,
    flow ?? 'x',
  ]) {
    tab.browser.cookies.set(COOKIE, value);
    const answer = await tab.browser.post(node, '/account/add/totp', form);
    assert.equal(answer.headers.location, '/account?done=enrolment-over');
  }
  tab.browser.cookies.set(COOKIE, sealed);
  assert.equal((await confirm(tab.browser, form)).factors.length, 1);
});

test('a balancer’s repeat of the confirmation is answered once more; another request is not', async () => {
  const { tab, form } = await begun();
  const repeat = tab.browser.copy();
  const replay = tab.browser.copy();
  const headers = { 'X-Request-Id': 'attempt-0001' };
  const first = await tab.browser.post(node, '/account/add/totp', form, headers);
  const second = await repeat.post(node, '/account/add/totp', form, headers);
  assert.equal(first.headers.location, '/account?done=added');
  // The repeat came with the older session, whose password is not enough any more: it leads to the proof, never to an error.
  assert.equal(second.status, 303);
  const third = await replay.post(node, '/account/add/totp', form, { 'X-Request-Id': 'attempt-0002' });
  assert.notEqual(third.headers.location, '/account?done=added');
  assert.equal((await tab.open('/account')).factors.length, 1);
});

test('the owner is told at the known address what was added and removed, without anything to follow', async () => {
  const before = smtp.mails.length;
  const { tab, form } = await begun();
  const added = await confirm(tab.browser, form);
  await added.open(added.factors[0] ?? '');
  await added.submit({ do: 'remove' });
  for (let tries = 0; smtp.mails.length < before + 2 && tries < 100; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const mails = smtp.mails.slice(before).map(({ data }) => data);
  assert.equal(mails.length, 2);
  assert.ok(mails.some((data) => /something was added/.test(data)) && mails.some((data) => /was removed/.test(data)));
  for (const data of mails) {
    assert.match(data, /person@example\.org/);
    assert.doesNotMatch(data, /https?:/);
  }
});

// Whoever has only the password must not get a second factor in silence (NIST SP 800-63B-4 §4.1.2.1).
test('what is enrolled in the middle of a sign-in is told to the owner as well, and is in the audit', async () => {
  const before = smtp.mails.length;
  const tab = new AccountTab(() => node);
  const inner =
    '<samlp:RequestedAuthnContext><saml:AuthnContextClassRef xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">' +
    'https://refeds.org/profile/mfa</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>';
  const { flowPath } = await tab.browser.start(node, { now: node.time.now, inner });
  await tab.open(flowPath ?? assert.fail('no login page'));
  await tab.password(name);
  await tab.submit({ enrol: 'begin', kind: 'totp' });
  tab.keepSecret('phone');
  assert.equal(smtp.mails.length, before, 'nothing is enrolled yet');
  await tab.submit({ enrol: 'confirm', code: tab.codeOf('phone') });
  assert.equal(statusOf(tab.page), 'Success');
  for (let tries = 0; smtp.mails.length === before && tries < 100; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const [mail, ...more] = smtp.mails.slice(before).map(({ data }) => data);
  assert.deepEqual(more, []);
  assert.match(mail ?? '', /something was added/);
  assert.match(mail ?? '', /person@example\.org/);
  const { id } = await person(name);
  const told = node
    .written()
    .split('\n')
    .filter((line) => line.includes('account-changed') && line.includes(id));
  assert.deepEqual(
    told.map((line) => /"event\.reason":"([a-z-]+)"/.exec(line)?.[1]),
    ['added'],
  );
});

test('an address for codes: sent to, confirmed; a wrong code and an address that is none', async () => {
  const tab = await new AccountTab(() => node).signIn(name);
  await tab.open('/account/add/email');
  await tab.submit({ enrol: 'begin', destination: 'not an address' });
  assert.match(tab.problem, /cannot be sent there/);
  const before = smtp.mails.length;
  await tab.submit({ enrol: 'begin', destination: 'me@example.org' }, '/account/add/email');
  assert.match(tab.page.text, /me@example\.org/);
  const code = /^(\d{6}) is your code/m.exec(smtp.mails.slice(before).at(-1)?.data ?? '')?.[1] ?? '';
  await tab.submit({ enrol: 'confirm', code: code === '111111' ? '222222' : '111111' });
  assert.match(tab.problem, /not right/);
  await tab.submit({ enrol: 'confirm', code }, '/account/add/email');
  assert.match(tab.notice, /^It was added/);
  // It is no second factor: the password is still all that can be asked for.
  await later(301);
  await tab.open('/account/add/totp');
  await tab.password(name);
  assert.equal(tab.path, '/account/add/totp');
});

test('without a database: a password that can be changed, and nothing to enrol', async () => {
  const alone = await startOneNode({ people: ['alice'] });
  try {
    const tab = await new AccountTab(() => alone).signIn();
    assert.doesNotMatch(tab.page.text, /Second steps|Recent sign-ins/);
    for (const path of ['/account/add/totp', '/account/factor/AAAAAAAAAAAA']) {
      assert.equal((await tab.open(path)).page.status, 404);
    }
    await tab.open('/account/password');
    const password = 'nine badgers in a boat';
    await tab.submit({ password, again: password });
    assert.match(tab.notice, /^Your password was changed/);
    // What is proved in the second of the change counts as older.
    alone.travelTo(alone.time.now + 1);
    const other = await new AccountTab(() => alone).open('/account');
    await other.password('alice', password);
    assert.equal(other.heading, 'Your account');
  } finally {
    await alone.close();
  }
});

test('a prefetch gets no enrolment and no flow', async () => {
  const answer = await new PersonBrowser().get(node, '/account', { 'Sec-Purpose': 'prefetch' });
  assert.equal(answer.status, 403);
  assert.deepEqual(answer.setCookies, []);
  assert.equal(heading(answer), 'Open this page by itself');
  assert.match(statusOf(answer), /^no response/);
});
