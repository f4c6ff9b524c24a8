// What somebody had enrolled was disabled, because the key of the session that enrolled it had leaked. CWE-308, CWE-640: the
// password alone must not be enough to put another authenticator in its place.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isUnavailable } from '../../src/core/account.ts';
import { ACCOUNT, AccountTab } from '../support/account-tab.ts';
import { up } from '../support/databases.ts';
import { type OneNode, startOneNode } from '../support/one-node.ts';

let node: OneNode;
before(async () => {
  node = await startOneNode({ database: 'sqlite', people: ['alice', 'bob', 'carol'] });
});
after(() => node.close());

async function disable(name: string, count: number): Promise<void> {
  const { directories, shared } = node.node.parts;
  const found = await directories.findByLoginName(name);
  if (found === null || isUnavailable(found) || shared.database === null) assert.fail(`no ${name}`);
  const { database } = shared;
  up(
    await database.ask('test', async (queries) => {
      const rows = await queries
        .selectFrom('credentials')
        .select('id')
        .where('account_id', '=', found.id)
        .orderBy('created_at')
        .limit(count)
        .execute();
      const ids = rows.map(({ id }) => id);
      await queries.updateTable('credentials').set({ disabled: 1 }).where('id', 'in', ids).execute();
      return true;
    }),
  );
}

async function later(seconds: number): Promise<void> {
  node.travelTo(node.time.now + seconds);
  await node.node.parts.revocations.poll();
}

test('with the password alone nothing is added, renamed or removed, and the person reads whom to ask', async () => {
  const own = await (await new AccountTab(() => node).signIn('alice')).addApp();
  const [factor = ''] = own.factors;
  await disable('alice', 1);
  await later(600);
  const tab = await new AccountTab(() => node).signIn('alice');
  for (const path of ['/account/add/totp', '/account/add/recovery-codes', '/account/add/webauthn', factor]) {
    await tab.open(path);
    assert.equal(tab.heading, ACCOUNT, path);
    assert.match(tab.notice, /switched off.*for help/, path);
  }
  for (const [path, form] of [
    ['/account/add/totp', { enrol: 'begin' }],
    [factor, { do: 'remove' }],
    [factor, { do: 'rename', label: 'x' }],
  ] as const) {
    await tab.submit(form, path);
    assert.match(tab.notice, /switched off/, path);
    assert.ok(
      tab.page.setCookies.every((line) => !line.includes('signet_enrol')),
      path,
    );
  }
  await tab.open('/account');
  assert.deepEqual(tab.factors, [factor]);
});

test('who has something else that works removes what was disabled, and adds another, with that', async () => {
  const tab = await (await new AccountTab(() => node).signIn('bob')).addApp('old');
  await later(60);
  await tab.addApp('new');
  await disable('bob', 1);
  await later(600);
  const again = new AccountTab(() => node);
  again.apps.set('new', tab.apps.get('new') ?? '');
  await again.signIn('bob');
  const [factor = ''] = again.factors;
  await again.open(factor);
  assert.notEqual(again.heading, ACCOUNT, 'the password is not enough');
  await again.code('new');
  await again.submit({ do: 'remove' }, factor);
  assert.match(again.notice, /^It was removed/);
  assert.equal(again.factors.length, 1);
});

test('who has nothing at all may add something', async () => {
  const tab = await (await new AccountTab(() => node).signIn('carol')).addApp();
  assert.equal(tab.factors.length, 1);
});
