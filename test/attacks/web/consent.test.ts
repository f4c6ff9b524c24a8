// An agreement that the person did not give, or gave for something else, or has taken back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hashClientSecret } from '../../../src/parties/client-secret.ts';
import { ConsentTab } from '../../support/consent.ts';
import { authorizePath, CALLBACK, type Params, returned } from '../../support/oidc.ts';
import { SECRET } from '../../support/oidc-clients.ts';
import { type OneNode, startOneNode } from '../../support/one-node.ts';
import { formTokenOf, heading } from '../../support/person.ts';

const registered = {
  client_secret_hash: hashClientSecret(SECRET, (size) => Buffer.alloc(size, 7)),
  redirect_uris: [CALLBACK],
};
let node: OneNode;
let sibling: OneNode;

before(async () => {
  node = await startOneNode({
    database: 'sqlite',
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    clients: [
      { client_id: 'asks', ...registered, signet: { consent: 'ask' } },
      { client_id: 'asks-too', ...registered, signet: { consent: 'ask' } },
      { client_id: 'never', ...registered },
    ],
  });
  sibling = await node.sibling();
});
after(async () => {
  await sibling.close();
  await node.close();
});

async function idOf(name: string): Promise<string> {
  const found = await node.node.parts.directories.findByLoginName(name);
  return found !== null && 'id' in found ? found.id : assert.fail(name);
}

/** Which of the clients somebody has agreed to, by the database. */
async function onRecord(name: string): Promise<readonly string[]> {
  const found = await node.node.parts.shared.consents?.list(await idOf(name));
  assert.ok(Array.isArray(found));
  return found.map(({ relyingParty }) => relyingParty);
}

async function forget(): Promise<void> {
  for (const name of ['alice', 'bob']) {
    for (const client of ['oidc:asks', 'oidc:asks-too', 'oidc:never'] as const) {
      await node.node.parts.shared.consents?.withdraw(await idOf(name), client);
    }
  }
}

const visit = (client: string, tab = new ConsentTab(), changes: Params = {}): Promise<ConsentTab> =>
  tab.open(node, authorizePath(client, { scope: 'openid email', ...changes }));

/** At the page, with a session from elsewhere, or with a proof of this very login. */
async function asked(name: string, how: 'session' | 'proof' = 'proof'): Promise<ConsentTab> {
  await forget();
  if (how === 'proof') {
    const tab = await (await visit('asks')).signIn(node, name);
    assert.ok(tab.isAsked);
    return tab;
  }
  const tab = await (await visit('never')).signIn(node, name);
  assert.ok(returned(tab.page).has('code'));
  await visit('asks', tab);
  assert.ok(tab.isAsked);
  return tab;
}

const isGiven = ({ page }: ConsentTab): boolean => page.status === 303 && /[?&]code=/.test(page.headers.location ?? '');

// CWE-352.
for (const { name, headers, form } of [
  { name: 'without a form token', form: { form_token: '' } },
  { name: 'with a token that is none', form: { form_token: 'x'.repeat(22) } },
  { name: 'from another site', headers: { 'Sec-Fetch-Site': 'cross-site' } },
  { name: 'from a neighbour', headers: { 'Sec-Fetch-Site': 'same-site' } },
  { name: 'typed as an address', headers: { 'Sec-Fetch-Site': 'none' } },
] as { name: string; headers?: Record<string, string>; form?: Record<string, string> }[]) {
  for (const how of ['session', 'proof'] as const) {
    test(`an answer ${name} is none, with a ${how}`, async () => {
      const tab = await asked('alice', how);
      await tab.agree(node, form, headers);
      assert.equal(tab.page.status, 403);
      assert.deepEqual(await onRecord('alice'), []);
    });
  }
}

test("another login's form token is none", async () => {
  const tab = await asked('alice');
  const other = await visit('asks-too', new ConsentTab(tab.browser));
  await tab.agree(node, { form_token: formTokenOf(other.page) });
  assert.equal(tab.page.status, 403);
  assert.deepEqual(await onRecord('alice'), []);
});

test('an address does not agree', async () => {
  const tab = await asked('alice', 'session');
  const { digest, path } = tab;
  await tab.open(node, `${path}?agree=1&consent=${digest}&form_token=${formTokenOf(tab.page)}`);
  assert.ok(tab.isAsked);
  assert.deepEqual(await onRecord('alice'), []);
});

// CWE-1021.
test('the page is in nobody’s frame', async () => {
  const tab = await asked('alice', 'session');
  assert.match(String(tab.page.headers['content-security-policy']), /frame-ancestors 'none'/);
  for (const destination of ['iframe', 'frame', 'embed', 'object', 'image', 'empty']) {
    const framed = await tab.browser.get(node, tab.path, { 'Sec-Fetch-Dest': destination });
    assert.equal(framed.status, 403, destination);
    assert.doesNotMatch(framed.text, /name="agree"/);
  }
});

// CWE-639.
test("Alice's page does not agree for Bob, who has signed in at another tab since", async () => {
  const tab = await asked('alice', 'session');
  const before = tab.digest;
  const other = await visit('never', new ConsentTab(tab.browser), { prompt: 'login' });
  await other.signIn(node, 'bob');
  assert.ok(returned(other.page).has('code'));
  await tab.agree(node);
  assert.ok(tab.isAsked, tab.page.text);
  assert.match(tab.text, /as bob/);
  assert.notEqual(tab.digest, before);
  assert.deepEqual([await onRecord('alice'), await onRecord('bob')], [[], []]);
});

test('the answer for one application is none for another', async () => {
  const tab = await asked('alice', 'session');
  const other = await visit('asks-too', new ConsentTab(tab.browser));
  await other.agree(node, { consent: tab.digest });
  assert.ok(other.isAsked);
  assert.deepEqual(await onRecord('alice'), []);
});

test('the answer to less is none for more', async () => {
  const tab = await asked('alice', 'session');
  const more = await visit('asks', new ConsentTab(tab.browser), { scope: 'openid email phone address' });
  await more.agree(node, { consent: tab.digest });
  assert.ok(more.isAsked);
  assert.deepEqual(await onRecord('alice'), []);
});

for (const consent of ['', 'x', '*', '__proto__', 'A'.repeat(43), '0'.repeat(10_000)]) {
  test(`an answer to nothing that there is: ${consent.slice(0, 20)}`, async () => {
    const tab = await asked('alice');
    await tab.agree(node, { consent });
    assert.ok(tab.isAsked, String(tab.page.status));
    assert.deepEqual(await onRecord('alice'), []);
  });
}

test('agreeing signs nobody in: the cookie of the login alone is worth nothing', async () => {
  const tab = await asked('alice', 'session');
  const stolen = tab.copy();
  for (const name of [...stolen.browser.cookies.keys()]) {
    if (name.endsWith('signet_sso')) stolen.browser.cookies.delete(name);
  }
  await stolen.agree(node);
  assert.equal(heading(stolen.page), 'Sign in');
  assert.deepEqual(await onRecord('alice'), []);
});

test('one tab’s cookie under the name of another is no login', async () => {
  const tab = await asked('alice', 'session');
  const other = await visit('asks-too', new ConsentTab(tab.browser));
  const nameOf = (path: string) => `__Host-signet_f_${path.replace('/flow/', '')}`;
  const { cookies } = tab.browser;
  cookies.set(nameOf(other.path), cookies.get(nameOf(tab.path)) ?? assert.fail('no cookie'));
  await other.agree(node, { consent: tab.digest });
  assert.equal(other.page.status, 410);
  assert.deepEqual(await onRecord('alice'), []);
});

// The browser chooses which of its sealed values it shows: docs/decisions/0015-agreements-are-not-sealed.md.
for (const how of ['session', 'proof'] as const) {
  test(`an older copy of a login brings back nothing that was taken back, with a ${how}`, async () => {
    const tab = await asked('alice', how);
    const [here, there, finished] = [tab.copy(), tab.copy(), tab.copy()];
    await tab.agree(node);
    assert.ok(isGiven(tab));
    assert.deepEqual(await onRecord('alice'), ['oidc:asks']);
    // As the browser is now, with the cookie of the login that was finished put back.
    for (const [name, value] of tab.browser.cookies) finished.browser.cookies.set(name, value);
    await forget();
    for (const [copy, on] of [
      [here, node],
      [there, sibling],
      [finished, sibling],
    ] as const) {
      await copy.agree(on);
      assert.ok(!isGiven(copy), copy.page.headers.location);
      assert.equal(copy.page.status, 410, copy.page.text);
      assert.deepEqual(await onRecord('alice'), []);
    }
    assert.ok((await visit('asks', new ConsentTab(tab.browser))).isAsked);
  });
}

// docs/sealed-values.md, Single use: a node died after its commit, and the balancer gives the same request to another.
for (const how of ['session', 'proof'] as const) {
  test(`a balancer's repeat of an answer is answered again, another request is not, with a ${how}`, async () => {
    const tab = await asked('alice', how);
    const [repeat, replay] = [tab.copy(), tab.copy()];
    const attempt = { 'X-Request-Id': `consent-${how}` };
    await tab.agree(node, {}, attempt);
    await repeat.agree(sibling, {}, attempt);
    await replay.agree(sibling, {}, { 'X-Request-Id': `consent-${how}-2` });
    assert.ok(isGiven(tab) && isGiven(repeat), repeat.page.text);
    assert.equal(replay.page.status, 410);
    const rows = await node.node.parts.shared.consents?.find(await idOf('alice'), 'oidc:asks');
    assert.ok(Array.isArray(rows) && rows.length === 1);
  });
}

test('an older copy of a session does not carry an agreement: it is nowhere in it', async () => {
  const tab = await asked('alice', 'session');
  await tab.agree(node);
  const copy = new ConsentTab(tab.browser.copy());
  assert.ok(isGiven(await visit('asks', copy)));
  await forget();
  assert.ok((await visit('asks', new ConsentTab(tab.browser.copy()))).isAsked);
  assert.ok(
    (await new ConsentTab(copy.browser).open(sibling, authorizePath('asks', { scope: 'openid email' }))).isAsked,
  );
});

test('declined and then shown again on another node, an older copy asks again and tells nothing by itself', async () => {
  const tab = await asked('alice');
  const copy = tab.copy();
  await tab.decline(node);
  assert.equal(returned(tab.page).get('error'), 'access_denied');
  await copy.open(sibling, copy.path);
  assert.ok(copy.isAsked || copy.page.status === 410);
  assert.deepEqual(await onRecord('alice'), []);
});
