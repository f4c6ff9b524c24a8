// What a person has agreed to stands on the page of their account, and is taken back there.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import { AccountTab } from '../support/account-tab.ts';
import { ConsentTab } from '../support/consent.ts';
import { authorizePath, basic, CALLBACK, call, redeem, returned } from '../support/oidc.ts';
import { SECRET } from '../support/oidc-clients.ts';
import { type OneNode, startOneNode } from '../support/one-node.ts';
import { formTokenOf, type PersonBrowser } from '../support/person.ts';

const TITLE = 'Applications that you agreed to';
const registered = {
  client_secret_hash: hashClientSecret(SECRET, (size) => Buffer.alloc(size, 7)),
  redirect_uris: [CALLBACK],
  grant_types: ['authorization_code', 'refresh_token'],
};
const clients = [
  { client_id: 'wiki', client_name: 'Asking <Wiki>', ...registered, signet: { consent: 'ask' } },
  { client_id: 'chat', client_name: 'Chat', ...registered, signet: { consent: 'ask' } },
];
let node: OneNode;

before(async () => {
  node = await startOneNode({ database: 'sqlite', clients, environment: { SIGNET_THROTTLE_ENABLED: 'false' } });
});
after(() => node.close());

async function agree(client: string, name: string, browser?: PersonBrowser): Promise<ConsentTab> {
  const tab = await new ConsentTab(browser).open(node, authorizePath(client, { scope: 'openid email' }));
  if (/name="password"/.test(tab.page.text)) await tab.signIn(node, name);
  if (tab.isAsked) await tab.agree(node);
  assert.ok(returned(tab.page).has('code'));
  return tab;
}

const account = (browser: PersonBrowser): Promise<AccountTab> => new AccountTab(() => node, browser).open('/account');

test('nothing about it where nothing was agreed to, nor where nothing is kept', async () => {
  const tab = await new AccountTab(() => node).signIn('bob');
  assert.ok(!tab.page.text.includes(TITLE));
  const alone = await startOneNode({ clients });
  try {
    const there = await new AccountTab(() => alone).signIn();
    assert.ok(!there.page.text.includes(TITLE));
    await there.submit({ party: 'oidc:wiki' }, '/account/consents');
    assert.equal(there.heading, 'Your account');
  } finally {
    await alone.close();
  }
});

test('taken back: said, in the audit, asked again; its refresh token is dead, that of another application is not', async () => {
  const wiki = await agree('wiki', 'alice');
  const chat = await agree('chat', 'alice', wiki.browser);
  const tokens = async (tab: ConsentTab, client: string) =>
    (await redeem(node, client, returned(tab.page).get('code') ?? '', {}, basic(client, SECRET))).body.refresh_token;
  const [ofWiki, ofChat] = [await tokens(wiki, 'wiki'), await tokens(chat, 'chat')];
  const refresh = async (client: string, token: string | undefined) => {
    const form = { grant_type: 'refresh_token', refresh_token: token };
    return (await call(node, '/oidc/token', form, basic(client, SECRET))).status;
  };
  const page = await account(wiki.browser);
  assert.ok(page.page.text.includes(TITLE));
  assert.match(page.page.text, /Asking &lt;Wiki&gt;<\/strong><br><span class="hint">since /);
  assert.match(page.page.text, /aria-label="Take back for Chat"/);
  await page.submit({ party: 'oidc:wiki' }, '/account/consents');
  assert.equal(page.notice, 'You have taken it back. The application asks you again the next time.');
  assert.ok(!page.page.text.includes('&lt;Wiki&gt;') && page.page.text.includes('Chat</strong>'));
  assert.equal(await refresh('wiki', ofWiki), 400);
  assert.equal(await refresh('chat', ofChat), 200);
  const again = await new ConsentTab(wiki.browser).open(node, authorizePath('wiki', { scope: 'openid email' }));
  assert.ok(again.isAsked);
  assert.ok(
    node
      .written()
      .split('\n')
      .some((line) => line.includes('"withdrawn"') && line.includes('oidc:wiki')),
  );
  // Once more, from a page of before.
  await page.submit({ party: 'oidc:wiki' }, '/account/consents');
  assert.equal(page.heading, 'Your account');
  assert.equal(page.notice, '');
});

// CWE-352, CWE-639.
test('nobody else takes it back', async () => {
  const wiki = await agree('wiki', 'alice');
  const bob = await new AccountTab(() => node).signIn('bob');
  await bob.submit({ party: 'oidc:wiki' }, '/account/consents');
  const page = await account(wiki.browser);
  const post = async (form: Record<string, string>, headers: Record<string, string> = {}): Promise<number> =>
    (await wiki.browser.post(node, '/account/consents', form, headers)).status;
  const own = { form_token: formTokenOf(page.page), party: 'oidc:wiki' };
  assert.equal(await post({ ...own, form_token: formTokenOf(bob.page) }), 403);
  assert.equal(await post({ party: 'oidc:wiki' }), 403);
  for (const site of ['cross-site', 'same-site', 'none'])
    assert.equal(await post(own, { 'Sec-Fetch-Site': site }), 403);
  assert.ok((await account(wiki.browser)).page.text.includes('&lt;Wiki&gt;'));
  for (const party of ['', 'oidc:', 'oidc:other', '__proto__', '%']) {
    await page.submit({ party }, '/account/consents');
    assert.ok(page.page.text.includes('&lt;Wiki&gt;'), party);
  }
});

test('while it cannot be read the page says so, and nothing is taken for taken back', async () => {
  const wiki = await agree('wiki', 'alice');
  const page = await account(wiki.browser);
  const { database } = node.node.parts.shared;
  assert.ok(database);
  await database.ask('break', (queries) => queries.schema.alterTable('consents').renameTo('gone').execute());
  const broken = await account(wiki.browser);
  assert.ok(broken.page.text.includes('They cannot be shown at the moment.'));
  await page.submit({ party: 'oidc:wiki' }, '/account/consents');
  assert.equal(page.page.status, 503);
  await database.ask('mend', (queries) => queries.schema.alterTable('gone').renameTo('consents').execute());
  assert.ok((await account(wiki.browser)).page.text.includes('&lt;Wiki&gt;'));
});
