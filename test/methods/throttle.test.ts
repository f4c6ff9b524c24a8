import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { delayAfter, type SentTo } from '../../src/core/attempt-counter.ts';
import { type Attempt, createThrottle, type Throttle, type ThrottlePolicy } from '../../src/methods/throttle.ts';
import { createMemoryAttempts } from '../../src/state/memory-attempts.ts';

const policy: ThrottlePolicy = {
  enabled: true,
  accountFailures: 3,
  deviceFailures: 4,
  addressFailures: 50,
  maxDelay: 60,
  window: 900,
};
const anna: Attempt = { method: 'password', accountId: 'a1', typedName: 'anna', address: null, device: null };
const nobody: Attempt = { ...anna, accountId: null, typedName: 'nobody' };
const from = (address: string, who: Attempt = anna): Attempt => ({ ...who, address });
const start = 1_000_000;
const EVERY_METHOD = ['password', 'totp'] as const;

function open(change: Partial<ThrottlePolicy> = {}, capacity = 1000) {
  let unknown = 0;
  const throttle = createThrottle({
    policy: { ...policy, ...change },
    store: createMemoryAttempts(capacity),
    capacity,
    onAddressUnknown: () => {
      unknown += 1;
    },
  });
  return { throttle, addressUnknown: () => unknown };
}
/** Seconds to wait; 0 when it was let in, and then it failed. */
function fail(throttle: Throttle, who: Attempt, now: number): Promise<number> {
  return attempt(throttle, who, now, 'failed');
}
async function attempt(
  throttle: Throttle,
  who: Attempt,
  now: number,
  outcome: 'failed' | 'not-failed',
): Promise<number> {
  const admission = await throttle.begin(who, now);
  if (admission.kind === 'throttled') return admission.retryAfter;
  assert.ok(admission.kind === 'admitted');
  await admission.settle(outcome);
  return 0;
}

const delays: readonly (readonly [failures: number, seconds: number])[] = [
  [0, 0],
  [2, 0],
  [3, 1],
  [4, 2],
  [5, 4],
  [8, 32],
  [9, 60],
  [10, 60],
  [5000, 60],
];
for (const [failures, seconds] of delays) {
  test(`after ${failures} failures the delay is ${seconds} s`, async () => {
    assert.equal(delayAfter(failures, { free: 3, maxDelay: 60 }), seconds);
  });
}

for (const who of [anna, nobody]) {
  test(`${who.typedName}: each failure doubles the wait up to the ceiling, and never beyond`, async () => {
    const { throttle } = open();
    let now = start;
    const waits: number[] = [];
    for (let round = 0; round < 12; round++) {
      assert.equal(await fail(throttle, who, now), 0);
      const wait = await attempt(throttle, who, now, 'not-failed');
      waits.push(wait);
      if (wait > 1) assert.equal(await attempt(throttle, who, now + wait - 1, 'not-failed'), 1);
      now += wait;
    }
    assert.deepEqual(waits, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
  });
}

test('a known and an unknown name are told the same at every step', async () => {
  const steps = fc.array(fc.record({ pause: fc.nat(90), failed: fc.boolean() }), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const { throttle } = open();
      let now = start;
      for (const { pause, failed } of list) {
        now += pause;
        const outcome = failed ? 'failed' : 'not-failed';
        assert.equal(await attempt(throttle, anna, now, outcome), await attempt(throttle, nobody, now, outcome));
      }
    }),
  );
});

// CWE-208: where attempts are kept in a database, one question more takes a millisecond more, for those who have an account.
test('a known and an unknown name ask the store the same', async () => {
  for (const who of [anna, nobody]) {
    const asked: string[] = [];
    const store = createMemoryAttempts(1000);
    const throttle = createThrottle({
      policy,
      store: {
        isFamiliar: (...given) => {
          asked.push('familiar');
          return store.isFamiliar(...given);
        },
        reserve: (...given) => {
          asked.push('reserve');
          return store.reserve(...given);
        },
        finished: store.finished,
        forgetDestination: store.forgetDestination,
      },
      capacity: 1000,
      onAddressUnknown: () => {},
    });
    assert.equal(await fail(throttle, from('192.0.2.1', who), start), 0);
    assert.deepEqual(asked, ['familiar', 'reserve'], who.typedName);
  }
});

test('being turned away does not prolong the wait: nobody can be kept out by knocking', async () => {
  const { throttle } = open();
  for (let n = 0; n < 3; n++) await fail(throttle, anna, start);
  await fail(throttle, anna, start + 1);
  for (let n = 0; n < 1000; n++) assert.ok((await fail(throttle, anna, start + 2)) > 0);
  assert.equal(await fail(throttle, anna, start + 3), 0);
});

// Keycloak #52126, #49960: counters that are lost or raced.
test('a hundred at once get no more tries than one after the other', async () => {
  const { throttle } = open();
  const begun = await Promise.all(Array.from({ length: 100 }, () => throttle.begin(anna, start)));
  const admitted = begun.filter((a) => a.kind === 'admitted');
  assert.equal(admitted.length, 3);
  for (const admission of admitted) await admission.settle('failed');
  assert.equal(await fail(throttle, anna, start), 1);
});

test('at the ceiling, too, one attempt at a time', async () => {
  const { throttle } = open();
  for (let n = 0, now = start; n < 10; n++, now += 61) await fail(throttle, anna, now);
  const later = start + 10 * 61;
  assert.equal((await throttle.begin(anna, later)).kind, 'admitted');
  assert.equal((await throttle.begin(anna, later)).kind, 'throttled');
});

test('an attempt that found nothing out costs nothing: the wait is what it was', async () => {
  const { throttle } = open();
  for (let n = 0; n < 5; n++) await fail(throttle, anna, start + 10 * n);
  const now = start + 100;
  assert.equal(await attempt(throttle, anna, now, 'not-failed'), 0);
  assert.equal(await attempt(throttle, anna, now, 'not-failed'), 0);
  assert.equal(await fail(throttle, anna, now), 0);
  assert.equal(await attempt(throttle, anna, now, 'not-failed'), 8);
});

// A first factor that succeeds must not give an attacker fresh tries at it.
test('a right password resets nothing; only a finished login does', async () => {
  const { throttle } = open();
  for (let n = 0; n < 3; n++) await fail(throttle, anna, start);
  assert.equal(await attempt(throttle, anna, start + 1, 'not-failed'), 0);
  await fail(throttle, anna, start + 1);
  assert.equal(await fail(throttle, anna, start + 1), 2);
  await throttle.finished('a1', EVERY_METHOD, null, start);
  for (let n = 0; n < 3; n++) assert.equal(await fail(throttle, anna, start + 1), 0);
  assert.equal(await fail(throttle, anna, start + 1), 1);
});

test('a finished login of one account resets no other, nor a name that nobody has', async () => {
  const { throttle } = open();
  const bert = { ...anna, accountId: 'b2' };
  for (const who of [anna, bert, nobody]) for (let n = 0; n < 3; n++) await fail(throttle, who, start);
  await throttle.finished('b2', EVERY_METHOD, null, start);
  assert.equal(await fail(throttle, anna, start), 1);
  assert.equal(await fail(throttle, nobody, start), 1);
  assert.equal(await fail(throttle, bert, start), 0);
});

test('failures are forgotten after the window, not before', async () => {
  const { throttle } = open();
  for (let n = 0; n < 8; n++) await fail(throttle, anna, start + 60 * n);
  const last = start + 60 * 7;
  await fail(throttle, anna, last + 899);
  assert.equal(await attempt(throttle, anna, last + 899, 'not-failed'), 60);
  for (let n = 0; n < 3; n++) assert.equal(await fail(throttle, anna, last + 899 + 900), 0);
  assert.equal(await fail(throttle, anna, last + 899 + 900), 1);
});

test('a clock that was set back does not lock anybody out', async () => {
  const { throttle } = open();
  for (let n = 0; n < 12; n++) await fail(throttle, from('192.0.2.1'), start + 60 * n);
  assert.ok((await fail(throttle, from('192.0.2.1'), start - 86_400)) <= 60);
});

test('spellings of an unknown name are one name', async () => {
  const { throttle } = open();
  for (const typedName of ['nobody', 'NOBODY', ' nobody ']) await fail(throttle, { ...nobody, typedName }, start);
  assert.equal(await fail(throttle, nobody, start), 1);
  assert.equal(await fail(throttle, { ...nobody, typedName: 'nobody2' }, start), 0);
});

test('an unknown name that is spelt like an account’s id is another entry', async () => {
  const { throttle } = open();
  for (let n = 0; n < 3; n++) await fail(throttle, { ...nobody, typedName: 'a1' }, start);
  assert.equal(await fail(throttle, anna, start), 0);
});

// Evicting counters with invented names: the way around every bounded table.
test('unknown names evict unknown names only', async () => {
  const { throttle } = open({}, 100);
  for (let n = 0; n < 3; n++) for (const who of [anna, nobody]) await fail(throttle, who, start);
  for (let n = 0; n < 1000; n++) await fail(throttle, { ...nobody, typedName: `invented${n}` }, start);
  assert.equal(await fail(throttle, anna, start), 1);
  assert.equal(await fail(throttle, nobody, start), 0);
});

test('an attempt whose entry was evicted meanwhile settles in peace', async () => {
  const { throttle } = open({}, 10);
  const admission = await throttle.begin(nobody, start);
  for (let n = 0; n < 50; n++) await fail(throttle, { ...nobody, typedName: `invented${n}` }, start);
  assert.ok(admission.kind === 'admitted');
  await admission.settle('failed');
  assert.equal(await fail(throttle, nobody, start), 0);
});

test('an address may fail so often over all accounts, and gets more as time passes', async () => {
  const { throttle } = open({ addressFailures: 10, window: 100 });
  const spray = (n: number) => from('192.0.2.1', { ...anna, accountId: `a${n}` });
  for (let n = 0; n < 10; n++) assert.equal(await fail(throttle, spray(n), start), 0);
  assert.equal(await fail(throttle, spray(11), start), 10);
  assert.equal(await fail(throttle, spray(11), start + 9), 1);
  assert.equal(await fail(throttle, spray(11), start + 10), 0);
  assert.equal(await fail(throttle, spray(12), start + 10), 10);
  assert.equal(await fail(throttle, from('192.0.2.2', spray(12)), start + 10), 0);
});

test('an address’s count is of a /64, and of attempts under way too', async () => {
  const { throttle } = open({ addressFailures: 5 });
  const admissions = await Promise.all(
    Array.from({ length: 9 }, (_, n) =>
      throttle.begin(from(`2001:db8::${n + 1}`, { ...anna, accountId: `a${n}` }), start),
    ),
  );
  assert.equal(admissions.filter(({ kind }) => kind === 'admitted').length, 5);
  assert.equal(await fail(throttle, from('2001:db8:0:1::1', { ...anna, accountId: 'x' }), start), 0);
});

// RFC 6177: a household may have a /56, a site a /48. Over all addresses in it, far less than each of them alone might.
for (const { network, address, expect, beside } of [
  { network: '/64', address: (n: number) => `2001:db8:1:100::${n + 1}`, expect: 5, beside: '2001:db8:1:101::1' },
  {
    network: '/56',
    address: (n: number) => `2001:db8:1:1${(n + 16).toString(16)}::1`,
    expect: 20,
    beside: '2001:db8:1:200::1',
  },
  {
    network: '/48',
    address: (n: number) => `2001:db8:1:${(n + 16).toString(16)}00::1`,
    expect: 80,
    beside: '2001:db8:2::1',
  },
] as const) {
  test(`who changes addresses within a ${network} has ${expect} failures, and takes no room from those beside`, async () => {
    const { throttle } = open({ addressFailures: 5 });
    let admitted = 0;
    for (let n = 0; n < 200; n++) {
      const who = { ...anna, accountId: `a${n}` };
      if ((await fail(throttle, from(address(n), who), start)) === 0) admitted += 1;
    }
    assert.equal(admitted, expect);
    assert.equal(await fail(throttle, from(beside), start), 0);
    // Successes and what the account's own count turns away are taken back from each.
    const calm = open({ addressFailures: 5 }).throttle;
    for (let n = 0; n < 200; n++) {
      assert.equal(await attempt(calm, from(address(n), { ...anna, accountId: `a${n}` }), start, 'not-failed'), 0);
    }
  });
}

// CWE-770: whoever has a /48 has 65,536 addresses to be turned away from, and no room with them to make others forgotten.
test('addresses that are turned away for their network’s sake make no other be forgotten', async () => {
  const { throttle } = open({ addressFailures: 5 }, 50);
  const other = (n: number) => ({ ...anna, accountId: `a${n}` });
  for (let n = 0; n < 5; n++) assert.equal(await fail(throttle, from('192.0.2.1', other(n)), start), 0);
  for (let n = 0; n < 80; n++) {
    const address = `2001:db8:1:1${(n >> 2) & 3}0${n & 3}::1`;
    assert.equal(await fail(throttle, from(address, other(100 + n)), start), 0, address);
  }
  for (let n = 0; n < 200; n++) {
    const address = `2001:db8:1:${(n + 0x4000).toString(16)}::1`;
    assert.ok((await fail(throttle, from(address, other(200 + n)), start)) > 0, address);
  }
  assert.ok((await fail(throttle, from('192.0.2.1', other(9)), start)) > 0);
});

test('successes do not fill an address’s count, and a finished login does not empty it', async () => {
  const { throttle } = open({ addressFailures: 5 });
  const office = (n: number) => from('192.0.2.1', { ...anna, accountId: `a${n}` });
  for (let n = 0; n < 500; n++) assert.equal(await attempt(throttle, office(n), start, 'not-failed'), 0);
  for (let n = 0; n < 5; n++) assert.equal(await fail(throttle, office(n), start), 0);
  // The attacker signs in to an account of their own between guesses.
  await throttle.finished('a900', EVERY_METHOD, '192.0.2.1', start);
  assert.ok((await fail(throttle, office(9), start)) > 0);
});

test('what one of the two counts turns away leaves the other as it was', async () => {
  const { throttle } = open({ addressFailures: 4 });
  for (let n = 0; n < 3; n++) await fail(throttle, from('192.0.2.1'), start);
  for (let n = 0; n < 50; n++) assert.ok((await fail(throttle, from('192.0.2.1'), start)) > 0);
  assert.equal(await fail(throttle, from('192.0.2.1', { ...anna, accountId: 'b2' }), start), 0);
  for (let n = 0; n < 50; n++)
    assert.ok((await fail(throttle, from('192.0.2.1', { ...anna, accountId: 'c3' }), start)) > 0);
  assert.equal(await fail(throttle, from('192.0.2.9', { ...anna, accountId: 'c3' }), start), 0);
});

test('strangers cannot keep a person out of the place they sign in from', async () => {
  const { throttle } = open();
  await throttle.finished('a1', EVERY_METHOD, '192.0.2.1', start);
  let now = start;
  for (let n = 0; n < 20; n++, now += 60) await fail(throttle, from(`198.51.100.${n}`), now);
  assert.ok((await fail(throttle, from('198.51.100.99'), now - 30)) > 0);
  for (let n = 0; n < 3; n++) assert.equal(await fail(throttle, from('192.0.2.1'), now - 30), 0);
  assert.equal(await fail(throttle, from('192.0.2.1'), now - 30), 1);
  // Familiar to this account, not to another.
  const bert = { ...anna, accountId: 'b2' };
  for (let n = 0; n < 3; n++) await fail(throttle, from('198.51.100.7', bert), now);
  assert.ok((await fail(throttle, from('192.0.2.1', bert), now)) > 0);
});

for (const address of [null, 'unknown', '10.0.0.1, 192.0.2.1', '']) {
  test(`the address ${JSON.stringify(address)} throttles nobody by address, and is told once`, async () => {
    const { throttle, addressUnknown } = open({ addressFailures: 5 });
    for (let n = 0; n < 50; n++) assert.equal(await fail(throttle, { ...anna, accountId: `a${n}`, address }, start), 0);
    assert.equal(addressUnknown(), 1);
    for (let n = 0; n < 2; n++) await fail(throttle, { ...anna, address, accountId: 'a7' }, start);
    assert.equal(await fail(throttle, { ...anna, address, accountId: 'a7' }, start), 1);
  });
}

test('a known address is not reported, and switched off is off', async () => {
  const { throttle, addressUnknown } = open();
  await fail(throttle, from('192.0.2.1'), start);
  assert.equal(addressUnknown(), 0);
  const off = open({ enabled: false });
  for (let n = 0; n < 500; n++) assert.equal(await fail(off.throttle, from('192.0.2.1'), start), 0);
  assert.equal(off.addressUnknown(), 0);
});

test('whatever the order of events, guesses within a window are bounded', async () => {
  const guesses = fc.array(fc.record({ pause: fc.nat(30), together: fc.integer({ min: 1, max: 5 }) }), {
    maxLength: 120,
  });
  await fc.assert(
    fc.asyncProperty(guesses, async (list) => {
      const { throttle } = open();
      let now = start;
      let admitted = 0;
      for (const { pause, together } of list) {
        now += pause;
        const begun = await Promise.all(Array.from({ length: together }, () => throttle.begin(anna, now)));
        for (const admission of begun) {
          if (admission.kind !== 'admitted') continue;
          admitted += 1;
          await admission.settle('failed');
        }
      }
      // 3 free ones, 6 while the delay grows to its ceiling, then one in 60 seconds.
      assert.ok(admitted <= 3 + 7 + (now - start) / 60);
    }),
  );
});

test('who has signed in from an address is not shut out by others behind it', async () => {
  const { throttle } = open();
  const shared = '192.0.2.50';
  await throttle.finished('acct-familiar', EVERY_METHOD, shared, start);
  for (let n = 0; n < 200; n += 1) {
    const stranger = await throttle.begin(
      { method: 'password', accountId: null, typedName: `x${n}`, address: shared, device: null },
      start,
    );
    if (stranger.kind === 'admitted') stranger.settle('failed');
  }
  const attempt = { method: 'password', typedName: 'a', address: shared, device: null } as const;
  assert.equal((await throttle.begin({ ...attempt, accountId: 'acct-other' }, start)).kind, 'throttled');
  assert.equal((await throttle.begin({ ...attempt, accountId: 'acct-familiar' }, start)).kind, 'admitted');
});

// NIST SP 800-63B-4 §3.2.2.
test('a second factor ends after a hundred failures in a row, however slow; a finished login begins anew', async () => {
  const { throttle } = open();
  const code = { ...anna, method: 'totp' } as const;
  let now = start;
  for (let n = 0; n < 99; n++, now += 10_000) assert.equal(await fail(throttle, code, now), 0);
  // Two at once get one try between them.
  const [one, two] = await Promise.all([throttle.begin(code, now), throttle.begin(code, now)]);
  assert.deepEqual([one.kind, two.kind], ['admitted', 'locked']);
  assert.ok(one.kind === 'admitted');
  await one.settle('failed');
  assert.equal((await throttle.begin(code, now + 1_000_000)).kind, 'locked');
  assert.equal(await fail(throttle, anna, now), 0, 'another method is another count');
  await throttle.finished('a1', EVERY_METHOD, null, now);
  assert.equal(await fail(throttle, code, now), 0);
});

test('a password never ends: a known name is no lock-out weapon', async () => {
  const { throttle } = open();
  for (let n = 0, now = start; n < 300; n++, now += 10_000) assert.equal(await fail(throttle, anna, now), 0);
});

test('a place that is familiar gives no further tries at a second factor', async () => {
  const { throttle } = open();
  await throttle.finished('a1', EVERY_METHOD, '192.0.2.1', start);
  const code = (address: string) => from(address, { ...anna, method: 'totp' });
  for (let n = 0; n < 3; n++) assert.equal(await fail(throttle, code('198.51.100.1'), start), 0);
  assert.equal(await fail(throttle, code('192.0.2.1'), start), 1);
});

const here = (device: string, who: Attempt = anna): Attempt => ({ ...who, device });

// OWASP, Slow Down Online Guessing Attacks with Device Cookies.
test('strangers cannot make a person wait at a browser that they have signed in with', async () => {
  const { throttle } = open();
  let now = start;
  for (let n = 0; n < 20; n++, now += 60) await fail(throttle, from(`198.51.100.${n}`), now);
  assert.ok((await fail(throttle, from('203.0.113.9'), now - 30)) > 0);
  for (let n = 0; n < 4; n++) assert.equal(await fail(throttle, here('d1', from('203.0.113.9')), now - 30), 0);
});

test('what fails at a known browser does not make others wait, nor fills its address', async () => {
  const { throttle } = open({ addressFailures: 2 });
  for (let n = 0; n < 4; n++) assert.equal(await fail(throttle, here('d1', from('192.0.2.1')), start), 0);
  assert.equal(await fail(throttle, from('192.0.2.1', { ...anna, accountId: 'b2' }), start), 0);
  for (let n = 0; n < 3; n++) assert.equal(await fail(throttle, from(`198.51.100.${n}`), start), 0);
});

test('a known browser has so many failures for good, however slow; then it counts as any other', async () => {
  const { throttle } = open();
  let now = start;
  for (let n = 0; n < 4; n++, now += 10_000) assert.equal(await fail(throttle, here('d1'), now), 0);
  now += 10_000_000;
  for (let n = 0; n < 3; n++) assert.equal(await fail(throttle, here('d1'), now), 0);
  assert.equal(await fail(throttle, here('d1'), now), 1);
  assert.equal(await fail(throttle, anna, now), 1, 'it was the account’s count that filled');
  // The owner signs in elsewhere: their browser gets another id, and an older copy no new tries.
  await throttle.finished('a1', EVERY_METHOD, null, now);
  for (let n = 0; n < 3; n++) assert.equal(await fail(throttle, here('d1'), now), 0);
  assert.equal(await fail(throttle, here('d1'), now), 1);
  assert.equal(await fail(throttle, here('d2'), now), 0);
});

test('a right password at a known browser costs it nothing, and many at once get no more tries', async () => {
  const { throttle } = open();
  for (let n = 0; n < 20; n++) assert.equal(await attempt(throttle, here('d1'), start, 'not-failed'), 0);
  const admissions = await Promise.all(Array.from({ length: 50 }, () => throttle.begin(here('d1'), start)));
  assert.equal(admissions.filter(({ kind }) => kind === 'admitted').length, 4 + 3);
});

test('a known browser is one account’s: at another account or an unknown name it is nobody’s', async () => {
  const { throttle } = open();
  const bert = { ...anna, accountId: 'b2' };
  for (let n = 0; n < 4; n++) await fail(throttle, here('d1'), start);
  assert.equal(await fail(throttle, here('d1', bert), start), 0, 'the same id under another account is another count');
  for (let n = 0; n < 3; n++) assert.equal(await fail(throttle, here('d1', nobody), start), 0);
  assert.equal(await fail(throttle, here('d1', nobody), start), 1);
});

// NIST SP 800-63B-4 §3.2.2: no way around the end of a second factor.
test('a known browser gives no further tries at a second factor', async () => {
  const { throttle } = open();
  const code = { ...anna, method: 'totp' } as const;
  for (let n = 0; n < 3; n++) assert.equal(await fail(throttle, code, start), 0);
  assert.equal(await fail(throttle, here('d1', code), start), 1);
});

const sentTo = (who: string, destination = 'team@example.org', use: SentTo['use'] = 'email-code'): Attempt => ({
  ...{ ...anna, accountId: who, typedName: who, method: use.startsWith('sms') ? 'sms-code' : 'email-code' },
  sentTo: { use, destination },
});

// NIST SP 800-63B-4 §3.2.2, CWE-307: an address that is enrolled at many accounts is one authenticator.
for (const [name, attemptBy, tries] of [
  ['one account', () => sentTo('a1'), 100],
  ['an account each', (n: number) => sentTo(`a${n}`), 100],
  ['the address spelt otherwise', (n: number) => sentTo(`a${n}`, n % 2 ? 'team@example.org' : 'Team@example.org'), 100],
  ['another address each', (n: number) => sentTo(`a${n}`, `team${n}@example.org`), 150],
  ['enrolling: no end, at an account each', (n: number) => sentTo(`a${n}`, 'team@example.org', 'email-enrolment'), 150],
] as const) {
  test(`guesses at codes, however slow, with ${name}: ${tries === 100 ? 'a hundred' : 'no common end'}`, async () => {
    const { throttle } = open();
    let admitted = 0;
    for (let n = 0, now = start; n < 150; n++, now += 10_000) {
      const admission = await throttle.begin(attemptBy(n), now);
      if (admission.kind !== 'admitted') continue;
      admitted += 1;
      await admission.settle('failed');
    }
    assert.equal(admitted, tries);
  });
}

test('an address’s failures make its other accounts wait, and nobody else; being turned away costs none', async () => {
  const { throttle } = open();
  for (const who of ['a1', 'a2', 'a3']) assert.equal(await fail(throttle, sentTo(who), start), 0);
  for (let n = 0; n < 20; n++) assert.equal(await fail(throttle, sentTo('a4'), start), 1);
  assert.equal(await fail(throttle, sentTo('a4', 'other@example.org'), start), 0, 'the account has used nothing up');
  assert.equal(await fail(throttle, sentTo('a4', 'team@example.org', 'email-enrolment'), start), 0);
  assert.equal(await attempt(throttle, sentTo('a4'), start + 1, 'not-failed'), 0, 'the wait is over');
  assert.equal(await fail(throttle, sentTo('a5'), start + 1), 0, 'what did not fail has cost nothing');
});

test('many accounts at once get no more guesses at one address', async () => {
  const { throttle } = open();
  const begun = await Promise.all(Array.from({ length: 50 }, (_, n) => throttle.begin(sentTo(`a${n}`), start)));
  assert.equal(begun.filter(({ kind }) => kind === 'admitted').length, 3);
});

test('only a login that finishes with the address forgets its failures', async () => {
  const { throttle } = open();
  const there = { use: 'email-code', destination: 'team@example.org' } as const;
  for (const who of ['a1', 'a2', 'a3']) await fail(throttle, sentTo(who), start);
  await throttle.finished('a1', ['password', 'totp'], null, start);
  await throttle.finished('a1', ['email-code'], null, start, [{ ...there, destination: 'other@example.org' }]);
  assert.equal(await fail(throttle, sentTo('a1'), start), 1);
  await throttle.finished('a1', ['email-code'], null, start, [there]);
  for (const who of ['a4', 'a5', 'a6']) assert.equal(await fail(throttle, sentTo(who), start), 0);
  assert.equal(await fail(throttle, sentTo('a7'), start), 1);
});
