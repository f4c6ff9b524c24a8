// What every AttemptStore must do: the same arithmetic in memory and in SQL.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isUnavailable } from '../../src/core/account.ts';
import {
  type AttemptStore,
  type CounterName,
  type CounterPolicy,
  DEVICE_COUNTER,
  destinationCounter,
  type SentTo,
} from '../../src/core/attempt-counter.ts';

const NOW = 1_800_000_000;
const policy: CounterPolicy = { free: 3, maxDelay: 60, window: 900, ceiling: null };
const password: CounterName = { method: 'password', accountId: 'a-anna', detail: '' };
const totp: CounterName = { method: 'totp', accountId: 'a-anna', detail: '' };
const ceiling: CounterPolicy = { ...policy, ceiling: 5 };
const EVERY_METHOD = ['password', 'totp'] as const;

/** Seconds to wait, or 'locked'; 0 when it was let in, and then settled. */
async function attempt(
  store: AttemptStore,
  now: number,
  { name = password, outcome = 'failed' as 'failed' | 'not-failed', by = policy } = {},
): Promise<number | 'locked'> {
  const answer = await store.reserve(name, by, now);
  assert.ok(!isUnavailable(answer));
  if (answer.kind === 'locked') return 'locked';
  if (answer.kind === 'wait') return answer.seconds;
  await answer.settle(outcome);
  return 0;
}

/** `open` gives an empty one. */
export function attemptsSuite(name: string, open: () => Promise<AttemptStore>): void {
  const row = (title: string, run: (store: AttemptStore) => Promise<void>) =>
    test(`${name}: ${title}`, async () => run(await open()));

  row('each failure doubles the wait up to the ceiling, and being turned away costs nothing', async (store) => {
    let now = NOW;
    const waits: (number | 'locked')[] = [];
    for (let round = 0; round < 11; round += 1) {
      assert.equal(await attempt(store, now), 0);
      const wait = Number(await attempt(store, now, { outcome: 'not-failed' }));
      waits.push(wait);
      if (wait > 1) assert.equal(await attempt(store, now + wait - 1), 1);
      now += wait;
    }
    assert.deepEqual(waits, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  row('an attempt that found nothing out costs nothing: the wait is what it was', async (store) => {
    for (let n = 0; n < 5; n += 1) await attempt(store, NOW + 10 * n);
    assert.equal(await attempt(store, NOW + 100, { outcome: 'not-failed' }), 0);
    assert.equal(await attempt(store, NOW + 100, { outcome: 'not-failed' }), 0);
    assert.equal(await attempt(store, NOW + 100), 0);
    assert.equal(await attempt(store, NOW + 100), 8);
  });

  // Keycloak #52126, #49960: counters that are lost or raced.
  row('fifty at once get no more tries than one after the other', async (store) => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => store.reserve(password, policy, NOW)));
    const admitted = answers.flatMap((answer) => ('kind' in answer && answer.kind === 'reserved' ? [answer] : []));
    assert.equal(admitted.length, 3);
    for (const { settle } of admitted) await settle('failed');
    assert.equal(await attempt(store, NOW), 1);
  });

  row('failures are forgotten after the window, not before', async (store) => {
    for (let n = 0; n < 4; n += 1) await attempt(store, NOW + 10 * n);
    assert.equal(await attempt(store, NOW + 30 + 899), 0);
    assert.equal(await attempt(store, NOW + 30 + 899), 4);
    for (let n = 0; n < 3; n += 1) assert.equal(await attempt(store, NOW + 3000), 0);
    assert.equal(await attempt(store, NOW + 3000), 1);
  });

  row('counters of others are apart', async (store) => {
    for (let n = 0; n < 3; n += 1) await attempt(store, NOW);
    const others: readonly CounterName[] = [
      totp,
      { ...password, accountId: 'a-ben' },
      { ...password, detail: '192.0.2.1' },
      { ...password, accountId: null, detail: 'a-anna' },
    ];
    for (const other of others) assert.equal(await attempt(store, NOW, { name: other }), 0);
    assert.equal(await attempt(store, NOW), 1);
  });

  // CWE-307: else a login where the password is enough gives new guesses at the second factor, for ever.
  row('a finished login forgets failures of what was proved in it, and of nothing else', async (store) => {
    const options = { name: totp, by: ceiling };
    const there: CounterName = { ...password, detail: '192.0.2.1' };
    for (let n = 0; n < 5; n += 1) {
      assert.equal(await attempt(store, NOW + n * 10_000, options), 0);
      await store.finished('a-anna', ['password'], '192.0.2.1', NOW);
    }
    assert.equal(await attempt(store, NOW + 100_000, options), 'locked');
    for (let n = 0; n < 3; n += 1) await attempt(store, NOW, { name: there });
    await store.finished('a-anna', ['totp'], '192.0.2.1', NOW);
    assert.equal(await attempt(store, NOW + 100_000, options), 0);
    assert.equal(await attempt(store, NOW, { name: there }), 1);
  });

  row('a finished login forgets the account’s failures of every method of it, and no one else’s', async (store) => {
    const ben: CounterName = { ...password, accountId: 'a-ben' };
    for (const each of [password, totp, ben]) for (let n = 0; n < 3; n += 1) await attempt(store, NOW, { name: each });
    await store.finished('a-anna', EVERY_METHOD, null, NOW);
    assert.equal(await attempt(store, NOW), 0);
    assert.equal(await attempt(store, NOW, { name: totp }), 0);
    assert.equal(await attempt(store, NOW, { name: ben }), 1);
  });

  row('a place is familiar to whom a login finished from there', async (store) => {
    assert.equal(await store.isFamiliar('a-anna', '192.0.2.1'), false);
    await store.finished('a-anna', EVERY_METHOD, '192.0.2.1', NOW);
    await store.finished('a-anna', EVERY_METHOD, '192.0.2.1', NOW + 1);
    assert.equal(await store.isFamiliar('a-anna', '192.0.2.1'), true);
    assert.equal(await store.isFamiliar('a-ben', '192.0.2.1'), false);
    assert.equal(await store.isFamiliar('a-anna', '192.0.2.2'), false);
    const there: CounterName = { ...password, detail: '192.0.2.1' };
    for (let n = 0; n < 3; n += 1) await attempt(store, NOW, { name: there });
    assert.equal(await attempt(store, NOW, { name: there }), 1);
    await store.finished('a-anna', EVERY_METHOD, '192.0.2.1', NOW);
    assert.equal(await attempt(store, NOW, { name: there }), 0);
  });

  row('a browser’s failures are counted apart, and a finished login does not forget them', async (store) => {
    const known: CounterName = { method: DEVICE_COUNTER, accountId: 'a-anna', detail: 'browser-1' };
    const options = { name: known, by: { ...policy, free: 3, maxDelay: 0, ceiling: 3 } };
    for (let n = 0; n < 3; n += 1) assert.equal(await attempt(store, NOW + n * 10_000, options), 0);
    await store.finished('a-anna', EVERY_METHOD, 'browser-1', NOW + 30_000);
    assert.equal(await attempt(store, NOW + 10_000_000, options), 'locked');
    assert.equal(await attempt(store, NOW, { ...options, name: { ...known, detail: 'browser-2' } }), 0);
    assert.equal(await attempt(store, NOW, { ...options, name: { ...known, accountId: 'a-ben' } }), 0);
    assert.equal(await attempt(store, NOW), 0, 'the account’s own count is another');
  });

  // CWE-307: several accounts with one address share one authenticator.
  row('failures of a destination are forgotten with it alone, never with an account', async (store) => {
    const mail: SentTo = { use: 'email-code', destination: 'Team@example.org' };
    const options = (sentTo: SentTo) => ({ name: destinationCounter(sentTo), by: ceiling });
    const others: readonly SentTo[] = [
      { ...mail, use: 'email-enrolment' },
      { ...mail, use: 'sms-code' },
      { ...mail, destination: 'team@example.com' },
    ];
    for (let n = 0; n < 5; n += 1) assert.equal(await attempt(store, NOW + n * 10_000, options(mail)), 0);
    await store.finished('a-anna', ['email-code', 'password'], '192.0.2.1', NOW + 60_000);
    for (const other of others) await store.forgetDestination(other);
    const later = NOW + 100_000;
    assert.equal(await attempt(store, later, options(mail)), 'locked');
    assert.equal(await attempt(store, later, options({ ...mail, destination: 'team@example.org' })), 'locked', 'case');
    for (const other of others) assert.equal(await attempt(store, later, options(other)), 0, JSON.stringify(other));
    await store.forgetDestination({ ...mail, destination: 'TEAM@example.org' });
    assert.equal(await attempt(store, later, options(mail)), 0);
  });

  // NIST SP 800-63B-4 §3.2.2.
  row('at the ceiling nobody is let in, however long they wait, until a login finishes', async (store) => {
    const options = { name: totp, by: ceiling };
    for (let n = 0; n < 5; n += 1) assert.equal(await attempt(store, NOW + n * 10_000, options), 0);
    assert.equal(await attempt(store, NOW + 10_000_000, options), 'locked');
    assert.equal(await attempt(store, NOW + 10_000_000, { ...options, outcome: 'not-failed' }), 'locked');
    await store.finished('a-anna', EVERY_METHOD, null, NOW);
    assert.equal(await attempt(store, NOW, options), 0);
  });

  row('before the ceiling, many at once do not pass it', async (store) => {
    const options = { name: totp, by: ceiling };
    for (let n = 0; n < 3; n += 1) await attempt(store, NOW + n * 10_000, options);
    const answers = await Promise.all(Array.from({ length: 20 }, () => store.reserve(totp, ceiling, NOW + 50_000)));
    assert.equal(answers.filter((answer) => 'kind' in answer && answer.kind === 'reserved').length, 2);
  });

  row('an attempt that did not fail does not count towards the ceiling', async (store) => {
    for (let n = 0; n < 20; n += 1) {
      assert.equal(await attempt(store, NOW + n * 1000, { name: totp, by: ceiling, outcome: 'not-failed' }), 0);
    }
  });

  row('a clock that was set back does not lock anybody out', async (store) => {
    for (let n = 0; n < 12; n += 1) await attempt(store, NOW + 60 * n);
    const wait = await attempt(store, NOW - 86_400);
    assert.ok(typeof wait === 'number' && wait <= 60);
  });
}
