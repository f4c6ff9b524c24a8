// What an OpenID Connect client gets when a person is asked whether it may be told about them, with a database and without.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import { ConsentTab } from '../support/consent.ts';
import { metric } from '../support/management.ts';
import {
  authorizePath,
  basic,
  CALLBACK,
  call,
  claimsOf,
  type Params,
  redeem,
  returned,
  type Told,
} from '../support/oidc.ts';
import { API, SECRET } from '../support/oidc-clients.ts';
import { type OneNode, startOneNode } from '../support/one-node.ts';
import { PersonBrowser } from '../support/person.ts';

const registered = {
  client_secret_hash: hashClientSecret(SECRET, (size) => Buffer.alloc(size, 7)),
  redirect_uris: [CALLBACK],
  grant_types: ['authorization_code', 'refresh_token'],
};
const clients = [
  {
    client_id: 'asks',
    client_name: 'Asking Wiki',
    ...registered,
    tos_uri: 'https://wiki.example.org/terms',
    policy_uri: 'javascript:alert(1)',
    signet: { consent: 'ask', resources: [API], attributes: [{ name: 'badge', from: 'employeeNumber' }] },
  },
  { client_id: 'asks-too', ...registered, signet: { consent: 'ask' } },
  { client_id: 'never', client_name: 'Trusted Wiki', ...registered },
  { client_id: 'changes', ...registered },
];
const attributes = new Map([
  ['mail', ['person@example.org']],
  ['displayName', ['Per <b>Son</b>']],
  ['employeeNumber', ['4711']],
]);

let nodes: Readonly<Record<'database' | 'alone', OneNode>>;

before(async () => {
  const shared = { clients, attributes, environment: { SIGNET_THROTTLE_ENABLED: 'false' } };
  nodes = { database: await startOneNode({ ...shared, database: 'sqlite' }), alone: await startOneNode(shared) };
});
after(() => Promise.all(Object.values(nodes ?? {}).map((node) => node.close())));

const visit = (node: OneNode, changes: Params = {}, client = 'asks', tab = new ConsentTab()): Promise<ConsentTab> =>
  tab.open(node, authorizePath(client, { scope: 'openid email', ...changes }));

const refresh = (node: OneNode, token: string | undefined, client = 'asks'): Promise<Told> =>
  call(node, '/oidc/token', { grant_type: 'refresh_token', refresh_token: token }, basic(client, SECRET));

const redeemed = (node: OneNode, tab: ConsentTab, client = 'asks'): Promise<Told> =>
  redeem(node, client, returned(tab.page).get('code') ?? '', {}, basic(client, SECRET));

/** Signs in and agrees; the tab has the answer. */
async function agreed(node: OneNode, changes: Params = {}, client = 'asks', name = 'alice'): Promise<ConsentTab> {
  const tab = await visit(node, changes, client);
  await tab.signIn(node, name);
  assert.ok(tab.isAsked, tab.page.text);
  await tab.agree(node);
  assert.ok(returned(tab.page).has('code'), String(returned(tab.page)));
  return tab;
}

async function withdraw(node: OneNode, client = 'asks', name = 'alice'): Promise<void> {
  const found = await node.node.parts.directories.findByLoginName(name);
  assert.ok(found !== null && 'id' in found);
  assert.equal(await node.node.parts.shared.consents?.withdraw(found.id, `oidc:${client}`), true);
}

const again = (node: OneNode, tab: ConsentTab, changes: Params = {}, client = 'asks'): Promise<ConsentTab> =>
  visit(node, changes, client, new ConsentTab(tab.browser));

for (const mode of ['database', 'alone'] as const) {
  test(`${mode}: the page says who asks, where it is, and what it is told`, async () => {
    const node = nodes[mode];
    const tab = await visit(node, { scope: 'openid profile email offline_access', resource: API });
    await tab.signIn(node);
    const { text } = tab;
    for (const said of [
      'Tell Asking Wiki who you are?',
      'It is at wiki.example.org and asks',
      'You are signed in as alice',
      'A made-up name that only this application gets',
      'Your e-mail address person@example.org',
      'Whether your e-mail address was checked no',
      'badge 4711',
      API,
      'while you are away',
      'As soon as it is known about you, also:',
      'Your nickname',
      'Terms of use of the application (opens a new tab)',
      mode === 'database' ? 'You can take it back at any time' : 'Your answer counts for this time only.',
    ]) {
      assert.ok(text.includes(said), `${said}: ${text}`);
    }
    // CWE-79: values come from directories, links from registrations.
    assert.ok(tab.page.text.includes('Per &lt;b&gt;Son&lt;/b&gt;'));
    assert.ok(!tab.page.text.includes('javascript:'));
    assert.ok(
      tab.page.text.includes('href="https://wiki.example.org/terms" target="_blank" rel="noopener noreferrer"'),
    );
    // CWE-1021: nobody is made to click on it from inside another page.
    assert.match(String(tab.page.headers['content-security-policy']), /frame-ancestors 'none'/);
    assert.equal(tab.page.headers['x-frame-options'], 'DENY');
    assert.match(String(tab.page.headers['cache-control']), /no-store/);
  });

  test(`${mode}: in German`, async () => {
    const node = nodes[mode];
    const german = { 'Accept-Language': 'de' };
    const tab = await new ConsentTab().open(node, authorizePath('asks', { scope: 'openid email' }));
    await tab.signIn(node);
    await tab.open(node, tab.path, german);
    assert.match(tab.text, /Asking Wiki mitteilen, wer Sie sind\?.*Ihre E-Mail-Adresse person@example\.org.*Zustimmen/);
  });

  test(`${mode}: agreeing leads on, and the client is told what the page said`, async () => {
    const node = nodes[mode];
    const tab = await agreed(node, { scope: 'openid email offline_access' });
    const tokens = await redeemed(node, tab);
    assert.equal(tokens.status, 200, JSON.stringify(tokens.body));
    const claims = await claimsOf(node, tokens.body.id_token ?? '', 'JWT', 'asks');
    assert.equal(claims.badge, '4711');
    // Without a database there is no place where it could be taken back.
    assert.equal(tokens.body.refresh_token !== undefined, mode === 'database');
  });

  // RFC 6749 §4.1.2.1.
  test(`${mode}: declining is access_denied, and nobody is signed in`, async () => {
    const node = nodes[mode];
    const tab = await visit(node, { scope: 'openid email groups' });
    await tab.signIn(node);
    await tab.decline(node);
    assert.equal(returned(tab.page).get('error'), 'access_denied');
    assert.deepEqual([...tab.browser.cookies.keys()], []);
  });

  test(`${mode}: asked again ${mode === 'database' ? 'only for something else' : 'each time'}`, async () => {
    const node = nodes[mode];
    const tab = await agreed(node, {}, 'asks', 'bob');
    const second = await again(node, tab);
    assert.equal(second.isAsked, mode === 'alone');
    const more = await again(node, tab, { scope: 'openid email phone' });
    assert.ok(more.isAsked);
    // Names of the claims parameter that scopes do not stand for are told to nobody, so they are nothing to agree to.
    const claims = await again(node, tab, { claims: JSON.stringify({ userinfo: { phone_number: null } }) });
    assert.equal(claims.isAsked, mode === 'alone');
    const elsewhere = await again(node, tab, {}, 'asks-too');
    assert.ok(elsewhere.isAsked);
  });

  // OpenID Connect Core §3.1.2.6.
  test(`${mode}: prompt=none says what it would have needed`, async () => {
    const node = nodes[mode];
    const stranger = await visit(node, { prompt: 'none' });
    assert.equal(returned(stranger.page).get('error'), 'login_required');
    const tab = await agreed(node, {}, 'asks-too', 'bob');
    const unasked = await again(node, tab, { prompt: 'none', scope: 'openid address' }, 'asks-too');
    assert.equal(returned(unasked.page).get('error'), 'consent_required');
    const kept = await again(node, tab, { prompt: 'none' }, 'asks-too');
    if (mode === 'database') assert.ok(returned(kept.page).has('code'));
    else assert.equal(returned(kept.page).get('error'), 'consent_required');
  });

  // OpenID Connect Core §3.1.2.1.
  test(`${mode}: prompt=consent asks, also for a client that never does, and changes nothing`, async () => {
    const node = nodes[mode];
    const tab = await visit(node, { prompt: 'consent' }, 'never');
    await tab.signIn(node);
    assert.match(tab.text, /Tell Trusted Wiki who you are\?.*Your answer counts for this time only/);
    await tab.agree(node);
    assert.ok(returned(tab.page).has('code'));
    const repeated = await again(node, tab, { prompt: 'consent' }, 'never');
    assert.ok(repeated.isAsked);
    await repeated.decline(node);
    assert.equal(returned(repeated.page).get('error'), 'access_denied');
    const usual = await again(node, tab, {}, 'never');
    assert.ok(returned(usual.page).has('code'));
    const both = await visit(node, { prompt: 'none consent' }, 'never');
    assert.equal(returned(both.page).get('error'), 'invalid_request');
  });

  test(`${mode}: prompt=consent asks again where it is on record`, async () => {
    const node = nodes[mode];
    const tab = await agreed(node);
    const asked = await again(node, tab, { prompt: 'consent' });
    assert.ok(asked.isAsked);
    await asked.agree(node);
    assert.ok(returned(asked.page).has('code'));
  });

  test(`${mode}: prompt=login consent wants a password and an answer`, async () => {
    const node = nodes[mode];
    const tab = await agreed(node, { scope: 'openid address' });
    const asked = await again(node, tab, { prompt: 'login consent', scope: 'openid address' });
    await asked.signIn(node);
    assert.ok(asked.isAsked);
    await asked.agree(node);
    assert.ok(returned(asked.page).has('code'));
  });

  test(`${mode}: two tabs, each with its answer`, async () => {
    const node = nodes[mode];
    const browser = new PersonBrowser();
    const one = await visit(node, { state: 'one', scope: 'openid groups' }, 'asks', new ConsentTab(browser));
    const two = await visit(node, { state: 'two', scope: 'openid groups' }, 'asks', new ConsentTab(browser));
    await one.signIn(node);
    await two.open(node, two.path);
    await two.signIn(node);
    assert.ok(one.isAsked && two.isAsked);
    await two.agree(node);
    await one.agree(node);
    assert.equal(returned(one.page).get('state'), 'one');
    assert.equal(returned(two.page).get('state'), 'two');
    assert.ok(returned(one.page).has('code') && returned(two.page).has('code'));
  });

  test(`${mode}: the same answer twice is one`, async () => {
    const node = nodes[mode];
    const tab = await visit(node, { scope: 'openid profile' });
    await tab.signIn(node);
    const copy = tab.copy();
    await tab.agree(node);
    assert.ok(returned(tab.page).has('code'));
    await copy.agree(node);
    assert.equal(copy.page.status, 410);
  });

  // CWE-613: who is asked is not signed in yet, and has proved everything; the next person at this browser is somebody else.
  test(`${mode}: signing out at the page that asks leaves nobody behind`, async () => {
    const node = nodes[mode];
    const scope = { scope: 'openid groups address' };
    const tab = await visit(node, scope);
    await tab.signIn(node);
    assert.ok(tab.isAsked);
    const copy = tab.copy();
    const untouched = await again(node, tab, scope);
    const out = await tab.browser.get(node, '/logout');
    assert.match(out.text, /You are not signed in/);
    for (const back of [tab, copy]) {
      await back.agree(node);
      assert.equal(back.page.status, 410, back.page.text);
      assert.equal(back.browser.cookies.has('__Host-signet_sso'), false);
    }
    // Where nobody has proved anything there is nothing to end: that sign-in goes on.
    await untouched.signIn(node);
    assert.ok(untouched.isAsked);
  });

  test(`${mode}: whoever thinks about it for long signs in again, and is asked again`, async () => {
    const node = nodes[mode];
    const tab = await visit(node, { scope: 'openid phone' });
    await tab.signIn(node);
    const began = node.time.now;
    node.travelTo(began + 700);
    try {
      await tab.agree(node);
      assert.equal(tab.heading, 'Sign in');
      await tab.signIn(node);
      assert.ok(tab.isAsked);
    } finally {
      node.travelTo(began);
    }
  });
}

test('withdrawn: the next sign-in asks, the refresh token and the access token are dead, and stay so', async () => {
  const node = nodes.database;
  const tab = await agreed(node, { scope: 'openid email offline_access address' });
  const { body } = await redeemed(node, tab);
  const second = await refresh(node, body.refresh_token);
  assert.equal(second.status, 200, JSON.stringify(second.body));
  const userinfo = () =>
    node.ask({ path: '/oidc/userinfo', headers: { Authorization: `Bearer ${second.body.access_token}` } });
  assert.equal((await userinfo()).status, 200);
  await withdraw(node);
  const introspected = await call(node, '/oidc/introspect', { token: second.body.access_token }, basic('asks', SECRET));
  assert.deepEqual(introspected.body, { active: false });
  assert.equal((await userinfo()).status, 401);
  assert.equal((await refresh(node, second.body.refresh_token)).body.error, 'invalid_grant');
  const began = node.time.now;
  node.travelTo(began + 120);
  try {
    const asked = await again(node, tab, { scope: 'openid email offline_access address' });
    assert.ok(asked.isAsked);
    await asked.agree(node);
    const anew = await redeemed(node, asked);
    assert.equal(anew.status, 200);
    // What was given before it was taken back does not live again by what is agreed to now.
    assert.equal((await refresh(node, second.body.refresh_token)).body.error, 'invalid_grant');
    assert.equal((await userinfo()).status, 401);
    assert.equal((await refresh(node, anew.body.refresh_token)).status, 200);
  } finally {
    node.travelTo(began);
  }
});

test('withdrawn between the answer and the code: the code is worth nothing', async () => {
  const node = nodes.database;
  const tab = await agreed(node, { scope: 'openid groups phone' });
  await withdraw(node);
  assert.equal((await redeemed(node, tab)).body.error, 'invalid_grant');
});

test('an older agreement to less does not keep a refresh token for more alive', async () => {
  const node = nodes.database;
  await agreed(node, { scope: 'openid email' }, 'asks-too');
  const tab = await agreed(node, { scope: 'openid email profile' }, 'asks-too');
  const more = await redeemed(node, tab, 'asks-too');
  assert.equal((await refresh(node, more.body.refresh_token, 'asks-too')).status, 200);
});

// CWE-862: what the client got before its people were asked does not go on without them.
for (const mode of ['database', 'alone'] as const) {
  test(`${mode}: a refresh token from before the client's people were asked is dead once they are`, async () => {
    const node = nodes[mode];
    const tab = await (await visit(node, {}, 'changes')).signIn(node);
    const first = await redeemed(node, tab, 'changes');
    const second = await refresh(node, first.body.refresh_token, 'changes');
    assert.equal(second.status, 200, JSON.stringify(second.body));
    const asking = { client_id: 'changes', ...registered, signet: { consent: 'ask' } };
    await writeFile(join(node.config.parties.folder, 'changes.client.json'), JSON.stringify(asking));
    assert.equal(await node.node.parts.parties.reload(), true);
    assert.ok((await again(node, tab, {}, 'changes')).isAsked);
    const third = await refresh(node, second.body.refresh_token, 'changes');
    assert.equal(third.body.error, 'invalid_grant', JSON.stringify(third.body));
  });
}

test('every answer is in the audit, with who and what about', async () => {
  const node = nodes.database;
  const since = () => node.written().split('\n').length - 1;
  const alice = await node.node.parts.directories.findByLoginName('alice');
  assert.ok(alice !== null && 'id' in alice);
  const lines = (from: number, ...parts: readonly string[]) =>
    node
      .written()
      .split('\n')
      .slice(from)
      .filter((line) => parts.every((part) => line.includes(`"${part}"`)));
  const tab = await visit(node, { scope: 'openid email address' });
  let from = since();
  await tab.submit(node, { cancel: '1' });
  assert.equal(lines(from, 'refusal', 'declined', 'oidc:asks').length, 1);
  // Nobody has proved yet who they are.
  assert.equal(lines(from, 'declined', alice.id).length, 0);
  const proved = await (await visit(node, { scope: 'openid email address' })).signIn(node);
  from = since();
  await proved.decline(node);
  assert.equal(lines(from, 'refusal', 'declined', 'oidc:asks', 'alice', alice.id).length, 1);
  from = since();
  await agreed(node, { scope: 'openid email address' });
  assert.equal(lines(from, 'consent', 'agreed', 'oidc:asks', 'alice', alice.id).length, 1);
});

test('who was told who somebody is is counted: the application once it has an answer, never our own pages', async () => {
  const node = nodes.database;
  const told = async (sp: string): Promise<number> => metric(node, `signet_assertions_issued_total{sp="${sp}"}`);
  const before = await told('oidc:never');
  const tab = await visit(node, {}, 'never');
  assert.equal(await told('oidc:never'), before);
  await tab.signIn(node);
  assert.equal(await told('oidc:never'), before + 1);
  await tab.open(node, '/account');
  await new ConsentTab().open(node, '/account').then((own) => own.signIn(node));
  assert.equal(await told('account:pages'), 0);
});
