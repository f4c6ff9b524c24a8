// The account's pages over HTTP, on a node with a database: who may change what, and what a change ends.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createSqlSessions } from '../../src/state/sql-sessions.ts';
import { ACCOUNT, AccountTab, APP_CODE, LOGIN } from '../support/account-tab.ts';
import { authorizePath, redeem, returned } from '../support/oidc.ts';
import { AS_WIKI, attackedClients, refresh } from '../support/oidc-clients.ts';
import { NOW, type OneNode, PASSWORD, plainSpMetadata, startOneNode } from '../support/one-node.ts';
import { formTokenOf, heading, type PersonBrowser } from '../support/person.ts';

let node: OneNode;
let hours = 0;

before(async () => {
  node = await startOneNode({
    database: 'sqlite',
    parties: [plainSpMetadata('https://sp.example.org')],
    clients: await attackedClients(),
    people: Array.from({ length: 40 }, (_, i) => `p${i}`),
  });
});
after(() => node.close());

let person = -1;
let name = '';
/** Somebody new each time, an hour later: nothing of one test is in the way of another. */
beforeEach(async () => {
  person += 1;
  name = `p${person}`;
  hours += 1;
  node.travelTo(NOW + hours * 3600);
  await later(0);
});

const tab = (browser?: PersonBrowser): AccountTab => new AccountTab(() => node, browser);
/** The revocations have been read again when it is later: a session sleeps while they are too old. */
const later = async (seconds: number): Promise<void> => {
  node.travelTo(node.time.now + seconds);
  await node.node.parts.revocations.poll();
};

test('signing in leads to the account, where nothing is set up yet', async () => {
  const one = await tab().signIn(name);
  assert.match(one.page.text, /You have none\. With a second step/);
  assert.match(one.page.text, /href="\/account\/add\/totp"/);
  assert.match(one.page.text, /\(this one\)/);
  assert.doesNotMatch(one.page.text, /recovery codes/i, 'nobody has use for them yet');
});

test('an app: set up, asked for, renamed, removed', async () => {
  const one = await tab().signIn(name);
  await one.addApp('phone');
  assert.match(one.notice, /^It was added/);
  assert.match(one.page.text, /<strong>phone<\/strong>/);
  // What was just proved counts: the next change asks for nothing.
  await one.open(one.factors[0] ?? '');
  assert.equal(one.heading, 'phone');
  await one.submit({ do: 'rename', label: 'old phone' });
  assert.match(one.page.text, /<strong>old phone<\/strong>/);
  await one.open(one.factors[0] ?? '');
  await one.submit({ do: 'remove' });
  assert.match(one.notice, /^It was removed/);
  assert.deepEqual(one.factors, []);
});

// NIST SP 800-63B-4 §4.1.2: binding another authenticator asks for the highest level that the account can reach.
test('a proof over five minutes old, or too weak, is asked for again, and leads back', async () => {
  const one = await tab().signIn(name);
  await later(299);
  await one.open('/account/add/totp');
  assert.equal(one.heading, 'Set up an authenticator app');
  await later(1);
  await one.open('/account/add/totp');
  assert.equal(one.heading, LOGIN);
  await one.password(name);
  assert.equal(one.path, '/account/add/totp');
  await one.addApp();
  await later(301);
  // The session is at AAL2, and both proofs are old.
  for (const path of ['/account/add/totp', '/account/password', one.factors[0] ?? '', '/account/add/recovery-codes']) {
    await one.open(path);
    assert.notEqual(one.path, path, path);
  }
  const other = await tab().open('/account/password');
  await other.password(name);
  assert.equal(other.heading, APP_CODE, 'the password alone is no longer enough');
});

test('a post with an old proof changes nothing and leads to the proof', async () => {
  const one = await tab().signIn(name);
  await one.addApp();
  const [factor = ''] = one.factors;
  await one.open(factor);
  await later(301);
  await one.submit({ do: 'remove' });
  assert.ok([LOGIN, APP_CODE].includes(one.heading), one.heading);
  const after = await tab(one.browser).open('/account');
  assert.deepEqual(after.factors, [factor]);
});

test('another person’s proof in the middle is refused, and changes nobody’s session', async () => {
  const one = await tab().signIn(name);
  await later(301);
  await one.open('/account/password');
  await one.submit({ username: 'p0', password: PASSWORD });
  assert.equal(one.heading, 'That was somebody else');
  assert.match((await one.open('/account')).page.text, new RegExp(`<strong>${name}</strong>`));
});

test('giving up the proof leads back to the account', async () => {
  const one = await tab().signIn(name);
  await later(301);
  await one.open('/account/password');
  await one.submit({ cancel: '1' });
  assert.equal(one.path, '/account');
});

// CWE-352. Each with the cookies of the person, which a browser would not even send along.
for (const [what, headers] of [
  ['from another site', { 'Sec-Fetch-Site': 'cross-site' }],
  ['from a sandboxed frame', { 'Sec-Fetch-Site': 'cross-site', Origin: 'null' }],
  ['from a sister site', { 'Sec-Fetch-Site': 'same-site' }],
] as const) {
  test(`posts ${what} change nothing`, async () => {
    const one = await tab().signIn(name);
    await one.addApp();
    const [factor = ''] = one.factors;
    await one.open(factor);
    const form = { form_token: formTokenOf(one.page) };
    for (const [path, fields] of [
      [factor, { do: 'remove' }],
      [factor, { do: 'rename', label: 'x' }],
      ['/account/add/totp', { enrol: 'begin' }],
      ['/account/password', { password: 'a-quite-new-passphrase', again: 'a-quite-new-passphrase' }],
      ['/account/everywhere', {}],
    ] as const) {
      const answer = await one.browser.post(node, path, { ...form, ...fields }, headers);
      assert.equal(answer.status, 403, path);
      assert.deepEqual(answer.setCookies, [], path);
    }
    assert.deepEqual((await one.open('/account')).factors, [factor]);
    assert.match(one.page.text, /<strong>phone<\/strong>/);
  });
}

test('a form token of another session, of another form, or none, is no token', async () => {
  const [one, other] = [await tab().signIn(name), await tab().signIn(name)];
  await one.open('/account/password');
  await other.open('/account/password');
  const logout = await other.browser.get(node, '/logout');
  const fields = { password: 'a-quite-new-passphrase', again: 'a-quite-new-passphrase' };
  for (const form_token of [formTokenOf(other.page), formTokenOf(logout), '', 'x']) {
    const answer = await one.browser.post(node, '/account/password', { ...fields, form_token });
    assert.equal(answer.status, 403);
  }
  assert.equal((await tab().signIn(name)).heading, ACCOUNT, 'the old password');
});

test('a new password: judged, typed twice, used from then on; every other session ends', async () => {
  const [one, other] = [await tab().signIn(name), await tab().signIn(name)];
  await later(10);
  await one.open('/account/password');
  for (const [password, again, problem] of [
    ['short', 'short', /too short/],
    ['seven otters on a raft', 'something else', /not the same/],
    ['passwordpassword', 'passwordpassword', /guess/],
    ['idp.example.org', 'idp.example.org', /your name or that of this service/],
  ] as const) {
    await one.submit({ password, again });
    assert.equal(one.page.status, 400);
    assert.match(one.problem, problem);
  }
  const stolen = one.browser.copy();
  const password = 'nine badgers in a boat';
  await one.submit({ password, again: password });
  assert.match(one.notice, /^Your password was changed/);
  for (const browser of [stolen, other.browser]) {
    assert.equal((await tab(browser).open('/account')).heading, LOGIN);
  }
  const again = await tab().open('/account');
  await again.submit({ username: name, password: PASSWORD });
  assert.match(again.problem, /not right/);
  // What is proved in the second of the change counts as older.
  await later(1);
  await again.password(name, password);
  assert.equal(again.heading, ACCOUNT);
  const audited = node
    .written()
    .split('\n')
    .filter((line) => line.includes('password-changed'));
  assert.ok(audited.length > 0 && !node.written().includes(password));
});

test('after a new password the session has that one proof: what asks for more asks', async () => {
  const one = await tab().signIn(name);
  await one.addApp();
  await one.open('/account/password');
  const password = 'nine badgers in a boat';
  await one.submit({ password, again: password });
  assert.match(one.notice, /^Your password was changed/);
  await one.open('/account/add/totp');
  assert.equal(one.heading, APP_CODE);
});

test('removing ends older sessions, and those that began since the proof; this one goes on', async () => {
  const older = await tab().signIn(name);
  await later(100);
  const one = await tab().signIn(name);
  await one.addApp();
  await later(60);
  const younger = await tab().open('/account');
  await later(30);
  await younger.password(name);
  assert.equal(younger.heading, ACCOUNT);
  const before = one.browser.copy();
  await one.open(one.factors[0] ?? '');
  await one.submit({ do: 'remove' });
  assert.match(one.notice, /^It was removed/);
  assert.equal((await one.open('/account')).heading, ACCOUNT);
  for (const browser of [older.browser, younger.browser, before]) {
    assert.equal((await tab(browser).open('/account')).heading, LOGIN);
  }
});

// CWE-770, CWE-613: whoever signs in again and again does not hide one session behind so many others.
test('removing ends a younger session however many there are; then this one ends as well', async () => {
  const one = await tab().signIn(name);
  await one.addApp();
  await later(60);
  const younger = await tab().open('/account');
  await later(30);
  await younger.password(name);
  const { directories, shared } = node.node.parts;
  const person = await directories.findByLoginName(name);
  assert.ok(person !== null && 'id' in person && shared.database !== null);
  const journal = createSqlSessions(shared.database);
  await later(1);
  const times = { createdAt: node.time.now, expiresAt: node.time.now + 3600 };
  for (let i = 0; i < 50; i += 1) {
    const sid = Buffer.alloc(16, i + 1);
    await journal.record({ sid, accountId: person.id, ...times, methods: [], address: null, userAgent: null });
  }
  await one.open(one.factors[0] ?? '');
  await one.submit({ do: 'remove' });
  assert.equal(one.heading, LOGIN);
  await later(1);
  assert.equal((await tab(younger.browser).open('/account')).heading, LOGIN);
  await one.password(name);
  assert.deepEqual(one.factors, []);
});

// CWE-613: whoever had the thing that is removed may have signed in with it a minute ago, and have left again.
for (const left of [false, true]) {
  test(`removing ends what younger sessions got for an absence, ${left ? 'after' : 'before'} they were signed out`, async () => {
    const one = await tab().signIn(name);
    await one.addApp();
    await later(60);
    const stranger = await tab().open('/account');
    await later(30);
    await stranger.password(name);
    const answer = await stranger.browser.get(node, authorizePath('wiki', { scope: 'openid offline_access' }));
    const told = await redeem(node, 'wiki', returned(answer).get('code') ?? '', {}, AS_WIKI);
    assert.ok(told.body.refresh_token, JSON.stringify(told.body));
    if (left) {
      await stranger.browser.get(node, `/oidc/end-session?id_token_hint=${told.body.id_token}`);
      assert.equal((await tab(stranger.browser).open('/account')).heading, LOGIN);
    }
    await one.open(one.factors[0] ?? '');
    await one.submit({ do: 'remove' });
    assert.match(one.notice, /^It was removed/);
    assert.equal((await refresh(node, told.body.refresh_token)).body.error, 'invalid_grant');
  });
}

test('recovery codes: shown once, count when they were kept, new ones end the old', async () => {
  const one = await tab().signIn(name);
  await one.addApp();
  assert.match(one.page.text, /Without them you depend on others/);
  const get = async (): Promise<readonly string[]> => {
    await one.open('/account/add/recovery-codes');
    await one.submit({ enrol: 'begin' });
    return [...one.page.text.matchAll(/<li><code>([^<]+)<\/code>/g)].map(([, code = '']) => code);
  };
  const codes = await get();
  assert.equal(codes.length, 10);
  await one.submit({ enrol: 'confirm' });
  assert.match(one.problem, /kept the codes/);
  assert.match((await one.open('/account')).page.text, /Without them you depend/);
  await one.open('/account/add/recovery-codes');
  await one.submit({ enrol: 'confirm', kept: '1' });
  assert.match(one.page.text, /You have 10 left/);
  assert.ok(!one.page.text.includes(codes[0] ?? ''));
  assert.ok(!(await one.open('/account/add/recovery-codes')).page.text.includes(codes[0] ?? ''));

  await later(40);
  const other = await tab().open('/account/add/totp');
  await other.password(name);
  await other.submit({ choose: 'recovery-code' });
  await other.submit({ method: 'recovery-code', code: codes[0] ?? '' });
  assert.equal(other.path, '/account/add/totp');
  assert.match((await one.open('/account')).page.text, /You have 9 left/);

  await get();
  await one.submit({ enrol: 'confirm', kept: '1' });
  assert.match(one.page.text, /You have 10 left/);
  await later(301);
  const third = await tab().open('/account/add/totp');
  await third.password(name);
  await third.submit({ choose: 'recovery-code' });
  await third.submit({ method: 'recovery-code', code: codes[1] ?? '' });
  assert.match(third.problem, /not right/);
});

test('with the last second step its recovery codes go', async () => {
  const one = await tab().signIn(name);
  await one.addApp();
  await one.open('/account/add/recovery-codes');
  await one.submit({ enrol: 'begin' });
  await one.submit({ enrol: 'confirm', kept: '1' });
  await one.open(one.factors[0] ?? '');
  await one.submit({ do: 'remove' });
  assert.match(one.notice, /^It was removed/);
  await later(301);
  await one.open('/account/add/totp');
  await one.password(name);
  assert.equal(one.path, '/account/add/totp', 'the password is all there is again');
});

test('somebody else’s factor, one that is not there, and an address that cannot be: nothing', async () => {
  const [alice, bob] = [await tab().signIn(name), await tab().signIn('p0')];
  await alice.addApp();
  const [factor = ''] = alice.factors;
  for (const path of [factor, '/account/factor/AAAAAAAAAAAA', '/account/factor/%2e%2e', '/account/add/__proto__']) {
    assert.equal((await bob.open(path)).page.status, 404, path);
  }
  await bob.open('/account/password');
  await bob.submit({ do: 'remove' }, factor);
  assert.match(bob.notice, /nothing was done/);
  assert.deepEqual((await alice.open('/account')).factors, [factor]);
});

test('signing out everywhere ends every session, and this one', async () => {
  const [one, other] = [await tab().signIn(name), await tab().signIn(name)];
  await later(5);
  const copy = one.browser.copy();
  await one.submit({}, '/account/everywhere');
  assert.equal(one.heading, 'You are signed out everywhere');
  for (const browser of [one.browser, other.browser, copy]) {
    assert.equal((await tab(browser).open('/account')).heading, LOGIN);
  }
});

test('the page speaks German to who asks for it', async () => {
  const one = await tab().signIn(name);
  const page = await one.browser.get(node, '/account', { 'Accept-Language': 'de-DE,de;q=0.9,en;q=0.5' });
  assert.match(page.text, /<html lang="de">/);
  assert.equal(heading(page), 'Ihr Konto');
});

test('the start page: who is not signed in finds the way, and comes back to it', async () => {
  const one = await tab().open('/');
  assert.match(one.page.text, /href="\/sign-in"/);
  await one.open('/sign-in');
  await one.password(name);
  assert.equal(one.path, '/');
  assert.match(one.page.text, /href="\/account"/);
});
