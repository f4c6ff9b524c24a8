import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account, DirectoryUnavailable } from '../../src/core/account.ts';
import type { PasswordDirectory } from '../../src/core/password-directory.ts';
import { withAccountCache } from '../../src/directories/account-cache.ts';

const NOW = 1_000_000;
const account = (id: string, change: Partial<Account> = {}): Account => ({
  id,
  loginName: id,
  disabled: false,
  attributes: new Map(),
  groups: [],
  ...change,
});

function open(policy: { readonly period?: number; readonly stale?: number; readonly capacity?: number } = {}) {
  const people = new Map([['anna', account('anna')]]);
  const time = { now: NOW };
  const state = { down: false, hangs: false, asked: 0 };
  const find = async (id: string): Promise<Account | null | DirectoryUnavailable> => {
    state.asked += 1;
    if (state.hangs) return new Promise(() => {});
    return state.down ? { unavailable: true } : (people.get(id) ?? null);
  };
  const directory: PasswordDirectory = {
    name: 'people',
    findById: find,
    findByLoginName: find,
    check: { kind: 'hash', passwordHash: async () => null, commonCost: () => null },
  };
  const cached = withAccountCache(directory, { period: 300, stale: 3600, capacity: 100, ...policy }, () => time.now);
  return { cached, people, time, state };
}

test('a person is asked about once in a period, however often and however many at once', async () => {
  const { cached, time, state } = open();
  await Promise.all(Array.from({ length: 50 }, () => cached.findById('anna')));
  time.now += 299;
  assert.equal(await cached.findById('anna').then((found) => found !== null && 'id' in found && found.id), 'anna');
  assert.equal(state.asked, 1);
  time.now += 1;
  await cached.findById('anna');
  assert.equal(state.asked, 2);
});

test('a change shows with the next period, or with the next sign-in', async () => {
  const { cached, people, time } = open();
  await cached.findById('anna');
  people.set('anna', account('anna', { disabled: true }));
  assert.deepEqual(await cached.findById('anna'), account('anna'));
  await cached.findByLoginName('anna');
  assert.deepEqual(await cached.findById('anna'), account('anna', { disabled: true }));
  people.delete('anna');
  time.now += 300;
  assert.equal(await cached.findById('anna'), null);
});

test('nobody is remembered as nobody for a period as well', async () => {
  const { cached, people, time, state } = open();
  assert.equal(await cached.findById('ben'), null);
  assert.equal(await cached.findById('ben'), null);
  assert.equal(state.asked, 1);
  people.set('ben', account('ben'));
  time.now += 300;
  assert.deepEqual(await cached.findById('ben'), account('ben'));
});

test('while the directory is down, what is known counts for an hour from when it was said, and no longer', async () => {
  const { cached, time, state } = open();
  await cached.findById('anna');
  state.down = true;
  for (const [age, expected] of [
    [300, account('anna')],
    [3599, account('anna')],
    [3600, { unavailable: true }],
  ] as const) {
    time.now = NOW + age;
    assert.deepEqual(await cached.findById('anna'), expected, `${age}`);
  }
  assert.deepEqual(await cached.findById('ben'), { unavailable: true }, 'who is not known is not nobody');
  state.down = false;
  assert.deepEqual(await cached.findById('anna'), account('anna'));
});

test('while the directory is down, a remembered person does not wait for it each time', async () => {
  const { cached, time, state } = open();
  await cached.findById('anna');
  state.down = true;
  time.now += 300;
  for (let n = 0; n < 20; n += 1) await cached.findById('anna');
  assert.equal(state.asked, 2);
  time.now += 5;
  await cached.findById('anna');
  assert.equal(state.asked, 3);
});

test('a directory that hangs keeps a remembered person waiting for a moment only', async () => {
  const { cached, time, state } = open();
  await cached.findById('anna');
  state.hangs = true;
  time.now += 300;
  const began = performance.now();
  assert.deepEqual(await cached.findById('anna'), account('anna'));
  assert.ok(performance.now() - began < 2000);
});

test('a sign-in with a name always asks, and an outage of it is one', async () => {
  const { cached, state } = open();
  await cached.findByLoginName('anna');
  await cached.findByLoginName('anna');
  assert.equal(state.asked, 2);
  state.down = true;
  assert.deepEqual(await cached.findByLoginName('anna'), { unavailable: true });
});

// CWE-613, CWE-863: who signs in without a name is not let in by what was remembered of them.
test('a sign-in without a name asks as well, what it hears is remembered, and an outage of it is one', async () => {
  const { cached, people, state } = open();
  await cached.findById('anna');
  people.set('anna', account('anna', { disabled: true }));
  assert.deepEqual(await cached.findById('anna', 'asked-now'), account('anna', { disabled: true }));
  assert.deepEqual(await cached.findById('anna'), account('anna', { disabled: true }));
  assert.equal(state.asked, 2);
  state.down = true;
  assert.deepEqual(await cached.findById('anna', 'asked-now'), { unavailable: true });
});

test('a clock that was set back: what was said in the future is asked again, and not used in an outage', async () => {
  const { cached, time, state } = open();
  await cached.findById('anna');
  time.now -= 10;
  state.down = true;
  assert.deepEqual(await cached.findById('anna'), { unavailable: true });
});

test('no more people are remembered than there is room for', async () => {
  const { cached, state } = open({ capacity: 100 });
  for (let n = 0; n < 500; n += 1) await cached.findById(`person ${n}`);
  state.down = true;
  const known = await Promise.all(Array.from({ length: 500 }, (_, n) => cached.findById(`person ${n}`)));
  assert.equal(known.filter((answer) => answer === null).length, 100);
});
