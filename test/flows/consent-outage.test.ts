// While agreements cannot be read or written nobody is told anything that needs one, and everything else goes on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hashClientSecret } from '../../src/parties/client-secret.ts';
import { APP, ask, casPath, ticketOf, validate } from '../support/cas.ts';
import { ConsentTab } from '../support/consent.ts';
import { authorizePath, basic, CALLBACK, call, redeem, returned } from '../support/oidc.ts';
import { SECRET } from '../support/oidc-clients.ts';
import { type OneNode, startOneNode } from '../support/one-node.ts';

const registered = {
  client_secret_hash: hashClientSecret(SECRET, (size) => Buffer.alloc(size, 7)),
  redirect_uris: [CALLBACK],
  grant_types: ['authorization_code', 'refresh_token'],
};
let node: OneNode;

before(async () => {
  node = await startOneNode({
    database: 'sqlite',
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    clients: [
      { client_id: 'asks', ...registered, signet: { consent: 'ask' } },
      { client_id: 'never', ...registered },
    ],
    services: [{ url: APP, consent: 'ask' }],
  });
});
after(() => node.close());

/** Only this table: sign-ins must go on, so that it is seen what consent makes of it. */
async function without<T>(work: () => Promise<T>): Promise<T> {
  const { database } = node.node.parts.shared;
  assert.ok(database);
  await database.ask('break', (queries) => queries.schema.alterTable('consents').renameTo('gone').execute());
  try {
    return await work();
  } finally {
    await database.ask('mend', (queries) => queries.schema.alterTable('gone').renameTo('consents').execute());
  }
}

const visit = (client: string, tab = new ConsentTab(), scope = 'openid email') =>
  tab.open(node, authorizePath(client, { scope }));
const again = (tab: ConsentTab) => new ConsentTab(tab.browser);

async function agreed(scope = 'openid email'): Promise<ConsentTab> {
  const tab = await (await visit('asks', new ConsentTab(), scope)).signIn(node);
  if (tab.isAsked) await tab.agree(node);
  assert.ok(returned(tab.page).has('code'));
  return tab;
}

/** The newest refusal in the audit: whose attempt it was. */
function refused(): readonly unknown[] {
  const line = node
    .written()
    .split('\n')
    .findLast((one) => one.includes('"event.action":"refusal"'));
  const { 'event.reason': reason, 'user.name': name, 'user.id': id } = JSON.parse(line ?? assert.fail());
  return [reason, name, typeof id];
}

test('a client that asks is told temporarily_unavailable, whatever is on record; the next time it is as before', async () => {
  const tab = await agreed();
  await without(async () => {
    assert.equal(returned((await visit('asks', again(tab))).page).get('error'), 'temporarily_unavailable');
    assert.deepEqual(refused(), ['unavailable', 'alice', 'string']);
    assert.ok(returned((await visit('never', again(tab))).page).has('code'));
    const signedIn = await (await visit('asks')).signIn(node, 'bob');
    assert.equal(returned(signedIn.page).get('error'), 'temporarily_unavailable');
    assert.deepEqual(refused(), ['unavailable', 'bob', 'string']);
  });
  assert.ok(returned((await visit('asks', again(tab))).page).has('code'));
});

test('an answer that cannot be kept is none: nothing is told, and the person is asked again', async () => {
  const tab = await (await visit('asks', new ConsentTab(), 'openid phone')).signIn(node, 'bob');
  assert.ok(tab.isAsked);
  await without(() => tab.agree(node));
  assert.equal(returned(tab.page).get('error'), 'temporarily_unavailable');
  assert.deepEqual(refused(), ['unavailable', 'bob', 'string']);
  assert.equal(returned(tab.page).get('code'), null);
  const next = await (await visit('asks', new ConsentTab(), 'openid phone')).signIn(node, 'bob');
  assert.ok(next.isAsked);
});

test('codes, refresh tokens, userinfo and introspection wait, and are not lost', async () => {
  const tab = await agreed('openid email offline_access');
  const code = returned(tab.page).get('code') ?? '';
  const auth = basic('asks', SECRET);
  const waiting = await without(() => redeem(node, 'asks', code, {}, auth));
  assert.equal(waiting.status, 503);
  const { body } = await redeem(node, 'asks', code, {}, auth);
  const refresh = () =>
    call(node, '/oidc/token', { grant_type: 'refresh_token', refresh_token: body.refresh_token }, auth);
  const userinfo = () =>
    node.ask({ path: '/oidc/userinfo', headers: { Authorization: `Bearer ${body.access_token}` } });
  await without(async () => {
    assert.equal((await refresh()).body.error, 'temporarily_unavailable');
    assert.equal((await userinfo()).status, 503);
    assert.equal((await call(node, '/oidc/introspect', { token: body.access_token }, auth)).status, 503);
  });
  assert.equal((await userinfo()).status, 200);
  assert.equal((await refresh()).status, 200);
});

test('a CAS service: a page, 503, without a ticket', async () => {
  const tab = await new ConsentTab().open(node, casPath('login', { service: APP }));
  await tab.signIn(node);
  await tab.agree(node);
  assert.equal((await validate(node, ticketOf(tab.page))).user, 'alice');
  await without(async () => {
    const next = await again(tab).open(node, casPath('login', { service: APP }));
    assert.equal(next.page.status, 503);
    assert.equal(next.page.headers.location, undefined);
    const gateway = await again(tab).open(node, casPath('login', { service: APP, gateway: 'true' }));
    assert.doesNotMatch(gateway.page.headers.location ?? '', /ticket=/);
    assert.equal((await ask(node, 'proxy', { pgt: 'PGT-x', targetService: APP })).code, 'INVALID_TICKET');
  });
});
