// Another program on the person's device asks in the name of a registered application, with the session that the browser has:
// a loopback port, or a private scheme, is whose program takes it first. RFC 8252 §8.6, RFC 6749 §10.2; CWE-346, CWE-940.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hashClientSecret } from '../../../src/parties/client-secret.ts';
import { ConsentTab } from '../../support/consent.ts';
import { authorize, authorizePath, CALLBACK, type Params, returned } from '../../support/oidc.ts';
import { SECRET } from '../../support/oidc-clients.ts';
import { type OneNode, startOneNode } from '../../support/one-node.ts';

const LOOPBACK = 'http://127.0.0.1:51234/cb';
const PRIVATE = 'org.example.app:/cb';
const LOCAL = 'http://127.0.0.1:3000/cb';
const CLAIMED = 'https://app.example.org/cb';

const app = {
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  redirect_uris: ['http://127.0.0.1/cb', PRIVATE, CLAIMED],
  subject_type: 'public',
};
const withSecret = {
  client_secret_hash: hashClientSecret(SECRET, (size) => Buffer.alloc(size, 7)),
  redirect_uris: [LOCAL],
  response_types: ['code', 'code id_token', 'id_token'],
  grant_types: ['authorization_code', 'implicit'],
};

let node: OneNode;
before(async () => {
  node = await startOneNode({
    database: 'sqlite',
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    clients: [
      { client_id: 'wiki', token_endpoint_auth_method: 'none', redirect_uris: [CALLBACK] },
      { client_id: 'app', client_name: 'Field App', ...app },
      { client_id: 'asks', ...app, signet: { consent: 'ask' } },
      { client_id: 'local', token_endpoint_auth_method: 'none', redirect_uris: [LOCAL] },
      { client_id: 'desk', ...withSecret },
    ],
  });
});
after(() => node.close());

/** A browser that is signed in, but to none of these applications. */
async function signedIn(): Promise<ConsentTab> {
  const tab = new ConsentTab();
  assert.ok((await authorize(node, tab.browser, 'wiki')).has('code'));
  return tab;
}

const visit = (tab: ConsentTab, client: string, changes: Params): Promise<ConsentTab> =>
  new ConsentTab(tab.browser).open(node, authorizePath(client, changes));

const asked: readonly { readonly client: string; readonly address: string; readonly type?: string }[] = [
  { client: 'app', address: LOOPBACK },
  { client: 'app', address: PRIVATE },
  { client: 'asks', address: LOOPBACK },
  { client: 'asks', address: PRIVATE },
  { client: 'local', address: LOCAL },
  { client: 'desk', address: LOCAL, type: 'id_token' },
  { client: 'desk', address: LOCAL, type: 'code id_token' },
];
for (const { client, address, type = 'code' } of asked) {
  const request = { redirect_uri: address, response_type: type };
  test(`${client} at ${address}, ${type}: a session alone tells nothing, however often the person has agreed`, async () => {
    const browser = await signedIn();
    for (const time of ['first', 'second']) {
      const tab = await visit(browser, client, request);
      assert.ok(tab.isAsked, `${time}: ${tab.page.text}`);
      assert.equal(tab.page.headers.location, undefined);
      const told = returned((await tab.agree(node)).page);
      assert.ok(told.has('code') || told.has('id_token'), String(told));
    }
    const silent = returned((await visit(browser, client, { ...request, prompt: 'none' })).page);
    assert.equal(silent.get('error'), 'consent_required');
    const declined = await (await visit(browser, client, request)).decline(node);
    assert.equal(returned(declined.page).get('error'), 'access_denied');
  });
}

test('the page says which application asks, and at what address of the device', async () => {
  const browser = await signedIn();
  for (const [address, shown] of [
    [LOOPBACK, '127.0.0.1:51234'],
    [PRIVATE, 'org.example.app:'],
  ]) {
    const { text } = await visit(browser, 'app', { redirect_uri: address });
    assert.ok(text.includes('Tell Field App who you are?') && text.includes(`It is at ${shown}`), text);
    assert.ok(text.includes('Your answer counts for this time only.'), text);
  }
  const { text } = await visit(browser, 'asks', { redirect_uri: PRIVATE });
  assert.ok(text.includes('another program on this device could pass for the application. You can take it back'), text);
});

test('whoever signs in for this very request has been told who asks, and is not asked twice', async () => {
  const tab = await new ConsentTab().open(node, authorizePath('app', { redirect_uri: LOOPBACK }));
  assert.ok(tab.text.includes('Field App'), tab.text);
  assert.ok(returned((await tab.signIn(node)).page).has('code'));
  const again = await visit(tab, 'app', { redirect_uri: LOOPBACK, prompt: 'login' });
  assert.ok(returned((await again.signIn(node)).page).has('code'));
});

test('an address that nobody else can have, or a code that is worth nothing without a secret, is answered as ever', async () => {
  const browser = await signedIn();
  for (const [client, changes] of [
    ['app', { redirect_uri: CLAIMED }],
    ['desk', { redirect_uri: LOCAL }],
    ['wiki', {}],
  ] as const) {
    assert.ok(returned((await visit(browser, client, changes)).page).has('code'), client);
    assert.ok(returned((await visit(browser, client, { ...changes, prompt: 'none' })).page).has('code'), client);
  }
});
