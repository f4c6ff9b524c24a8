import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { delayAfter } from '../../src/methods/attempt-counter.ts';
import { type Attempt, createThrottle, type Throttle, type ThrottlePolicy } from '../../src/methods/throttle.ts';

const policy: ThrottlePolicy = { enabled: true, accountFailures: 3, addressFailures: 50, maxDelay: 60, window: 900 };
const anna: Attempt = { method: 'password', accountId: 'a1', typedName: 'anna', address: null };
const nobody: Attempt = { ...anna, accountId: null, typedName: 'nobody' };
const from = (address: string, who: Attempt = anna): Attempt => ({ ...who, address });
const start = 1_000_000;

function open(change: Partial<ThrottlePolicy> = {}, capacity = 1000) {
  let unknown = 0;
  const throttle = createThrottle({
    policy: { ...policy, ...change },
    capacity,
    onAddressUnknown: () => {
      unknown += 1;
    },
  });
  return { throttle, addressUnknown: () => unknown };
}
/** Seconds to wait; 0 when it was let in, and then it failed. */
function fail(throttle: Throttle, who: Attempt, now: number): number {
  return attempt(throttle, who, now, 'failed');
}
function attempt(throttle: Throttle, who: Attempt, now: number, outcome: 'failed' | 'not-failed'): number {
  const admission = throttle.begin(who, now);
  if (admission.kind === 'throttled') return admission.retryAfter;
  admission.settle(outcome);
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
  test(`after ${failures} failures the delay is ${seconds} s`, () => {
    assert.equal(delayAfter(failures, { free: 3, maxDelay: 60, window: 900 }), seconds);
  });
}

for (const who of [anna, nobody]) {
  test(`${who.typedName}: each failure doubles the wait up to the ceiling, and never beyond`, () => {
    const { throttle } = open();
    let now = start;
    const waits: number[] = [];
    for (let round = 0; round < 12; round++) {
      assert.equal(fail(throttle, who, now), 0);
      const wait = attempt(throttle, who, now, 'not-failed');
      waits.push(wait);
      if (wait > 1) assert.equal(attempt(throttle, who, now + wait - 1, 'not-failed'), 1);
      now += wait;
    }
    assert.deepEqual(waits, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
  });
}

test('a known and an unknown name are told the same at every step', () => {
  const steps = fc.array(fc.record({ pause: fc.nat(90), failed: fc.boolean() }), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (list) => {
      const { throttle } = open();
      let now = start;
      for (const { pause, failed } of list) {
        now += pause;
        const outcome = failed ? 'failed' : 'not-failed';
        assert.equal(attempt(throttle, anna, now, outcome), attempt(throttle, nobody, now, outcome));
      }
    }),
  );
});

test('being turned away does not prolong the wait: nobody can be kept out by knocking', () => {
  const { throttle } = open();
  for (let n = 0; n < 3; n++) fail(throttle, anna, start);
  fail(throttle, anna, start + 1);
  for (let n = 0; n < 1000; n++) assert.ok(fail(throttle, anna, start + 2) > 0);
  assert.equal(fail(throttle, anna, start + 3), 0);
});

// Keycloak #52126, #49960: counters that are lost or raced.
test('a hundred at once get no more tries than one after the other', () => {
  const { throttle } = open();
  const admitted = Array.from({ length: 100 }, () => throttle.begin(anna, start)).filter((a) => a.kind === 'admitted');
  assert.equal(admitted.length, 3);
  for (const admission of admitted) admission.settle('failed');
  assert.equal(fail(throttle, anna, start), 1);
});

test('at the ceiling, too, one attempt at a time', () => {
  const { throttle } = open();
  for (let n = 0, now = start; n < 10; n++, now += 61) fail(throttle, anna, now);
  const later = start + 10 * 61;
  assert.equal(throttle.begin(anna, later).kind, 'admitted');
  assert.equal(throttle.begin(anna, later).kind, 'throttled');
});

test('an attempt that found nothing out costs nothing: the wait is what it was', () => {
  const { throttle } = open();
  for (let n = 0; n < 5; n++) fail(throttle, anna, start + 10 * n);
  const now = start + 100;
  assert.equal(attempt(throttle, anna, now, 'not-failed'), 0);
  assert.equal(attempt(throttle, anna, now, 'not-failed'), 0);
  assert.equal(fail(throttle, anna, now), 0);
  assert.equal(attempt(throttle, anna, now, 'not-failed'), 8);
});

// A first factor that succeeds must not give an attacker fresh tries at it.
test('a right password resets nothing; only a finished login does', () => {
  const { throttle } = open();
  for (let n = 0; n < 3; n++) fail(throttle, anna, start);
  assert.equal(attempt(throttle, anna, start + 1, 'not-failed'), 0);
  fail(throttle, anna, start + 1);
  assert.equal(fail(throttle, anna, start + 1), 2);
  throttle.finished('a1', null);
  for (let n = 0; n < 3; n++) assert.equal(fail(throttle, anna, start + 1), 0);
  assert.equal(fail(throttle, anna, start + 1), 1);
});

test('a finished login of one account resets no other, nor a name that nobody has', () => {
  const { throttle } = open();
  const bert = { ...anna, accountId: 'b2' };
  for (const who of [anna, bert, nobody]) for (let n = 0; n < 3; n++) fail(throttle, who, start);
  throttle.finished('b2', null);
  assert.equal(fail(throttle, anna, start), 1);
  assert.equal(fail(throttle, nobody, start), 1);
  assert.equal(fail(throttle, bert, start), 0);
});

test('failures are forgotten after the window, not before', () => {
  const { throttle } = open();
  for (let n = 0; n < 8; n++) fail(throttle, anna, start + 60 * n);
  const last = start + 60 * 7;
  fail(throttle, anna, last + 899);
  assert.equal(attempt(throttle, anna, last + 899, 'not-failed'), 60);
  for (let n = 0; n < 3; n++) assert.equal(fail(throttle, anna, last + 899 + 900), 0);
  assert.equal(fail(throttle, anna, last + 899 + 900), 1);
});

test('a clock that was set back does not lock anybody out', () => {
  const { throttle } = open();
  for (let n = 0; n < 12; n++) fail(throttle, from('192.0.2.1'), start + 60 * n);
  assert.ok(fail(throttle, from('192.0.2.1'), start - 86_400) <= 60);
});

test('spellings of an unknown name are one name', () => {
  const { throttle } = open();
  for (const typedName of ['nobody', 'NOBODY', ' nobody ']) fail(throttle, { ...nobody, typedName }, start);
  assert.equal(fail(throttle, nobody, start), 1);
  assert.equal(fail(throttle, { ...nobody, typedName: 'nobody2' }, start), 0);
});

test('an unknown name that is spelt like an account’s id is another entry', () => {
  const { throttle } = open();
  for (let n = 0; n < 3; n++) fail(throttle, { ...nobody, typedName: 'a1' }, start);
  assert.equal(fail(throttle, anna, start), 0);
});

// Evicting counters with invented names: the way around every bounded table.
test('unknown names evict unknown names only', () => {
  const { throttle } = open({}, 100);
  for (let n = 0; n < 3; n++) for (const who of [anna, nobody]) fail(throttle, who, start);
  for (let n = 0; n < 1000; n++) fail(throttle, { ...nobody, typedName: `invented${n}` }, start);
  assert.equal(fail(throttle, anna, start), 1);
  assert.equal(fail(throttle, nobody, start), 0);
});

test('an attempt whose entry was evicted meanwhile settles in peace', () => {
  const { throttle } = open({}, 10);
  const admission = throttle.begin(nobody, start);
  for (let n = 0; n < 50; n++) fail(throttle, { ...nobody, typedName: `invented${n}` }, start);
  assert.ok(admission.kind === 'admitted');
  admission.settle('failed');
  assert.equal(fail(throttle, nobody, start), 0);
});

test('an address may fail so often over all accounts, and gets more as time passes', () => {
  const { throttle } = open({ addressFailures: 10, window: 100 });
  const spray = (n: number) => from('192.0.2.1', { ...anna, accountId: `a${n}` });
  for (let n = 0; n < 10; n++) assert.equal(fail(throttle, spray(n), start), 0);
  assert.equal(fail(throttle, spray(11), start), 10);
  assert.equal(fail(throttle, spray(11), start + 9), 1);
  assert.equal(fail(throttle, spray(11), start + 10), 0);
  assert.equal(fail(throttle, spray(12), start + 10), 10);
  assert.equal(fail(throttle, from('192.0.2.2', spray(12)), start + 10), 0);
});

test('an address’s count is of a /64, and of attempts under way too', () => {
  const { throttle } = open({ addressFailures: 5 });
  const admissions = Array.from({ length: 9 }, (_, n) =>
    throttle.begin(from(`2001:db8::${n + 1}`, { ...anna, accountId: `a${n}` }), start),
  );
  assert.equal(admissions.filter(({ kind }) => kind === 'admitted').length, 5);
  assert.equal(fail(throttle, from('2001:db8:0:1::1', { ...anna, accountId: 'x' }), start), 0);
});

test('successes do not fill an address’s count, and a finished login does not empty it', () => {
  const { throttle } = open({ addressFailures: 5 });
  const office = (n: number) => from('192.0.2.1', { ...anna, accountId: `a${n}` });
  for (let n = 0; n < 500; n++) assert.equal(attempt(throttle, office(n), start, 'not-failed'), 0);
  for (let n = 0; n < 5; n++) assert.equal(fail(throttle, office(n), start), 0);
  // The attacker signs in to an account of their own between guesses.
  throttle.finished('a900', '192.0.2.1');
  assert.ok(fail(throttle, office(9), start) > 0);
});

test('what one of the two counts turns away leaves the other as it was', () => {
  const { throttle } = open({ addressFailures: 4 });
  for (let n = 0; n < 3; n++) fail(throttle, from('192.0.2.1'), start);
  for (let n = 0; n < 50; n++) assert.ok(fail(throttle, from('192.0.2.1'), start) > 0);
  assert.equal(fail(throttle, from('192.0.2.1', { ...anna, accountId: 'b2' }), start), 0);
  for (let n = 0; n < 50; n++) assert.ok(fail(throttle, from('192.0.2.1', { ...anna, accountId: 'c3' }), start) > 0);
  assert.equal(fail(throttle, from('192.0.2.9', { ...anna, accountId: 'c3' }), start), 0);
});

test('strangers cannot keep a person out of the place they sign in from', () => {
  const { throttle } = open();
  throttle.finished('a1', '192.0.2.1');
  let now = start;
  for (let n = 0; n < 20; n++, now += 60) fail(throttle, from(`198.51.100.${n}`), now);
  assert.ok(fail(throttle, from('198.51.100.99'), now - 30) > 0);
  for (let n = 0; n < 3; n++) assert.equal(fail(throttle, from('192.0.2.1'), now - 30), 0);
  assert.equal(fail(throttle, from('192.0.2.1'), now - 30), 1);
  // Familiar to this account, not to another.
  const bert = { ...anna, accountId: 'b2' };
  for (let n = 0; n < 3; n++) fail(throttle, from('198.51.100.7', bert), now);
  assert.ok(fail(throttle, from('192.0.2.1', bert), now) > 0);
});

for (const address of [null, 'unknown', '10.0.0.1, 192.0.2.1', '']) {
  test(`the address ${JSON.stringify(address)} throttles nobody by address, and is told once`, () => {
    const { throttle, addressUnknown } = open({ addressFailures: 5 });
    for (let n = 0; n < 50; n++) assert.equal(fail(throttle, { ...anna, accountId: `a${n}`, address }, start), 0);
    assert.equal(addressUnknown(), 1);
    for (let n = 0; n < 2; n++) fail(throttle, { ...anna, address, accountId: 'a7' }, start);
    assert.equal(fail(throttle, { ...anna, address, accountId: 'a7' }, start), 1);
  });
}

test('a known address is not reported, and switched off is off', () => {
  const { throttle, addressUnknown } = open();
  fail(throttle, from('192.0.2.1'), start);
  assert.equal(addressUnknown(), 0);
  const off = open({ enabled: false });
  for (let n = 0; n < 500; n++) assert.equal(fail(off.throttle, from('192.0.2.1'), start), 0);
  assert.equal(off.addressUnknown(), 0);
});

test('whatever the order of events, guesses within a window are bounded', () => {
  const guesses = fc.array(fc.record({ pause: fc.nat(30), together: fc.integer({ min: 1, max: 5 }) }), {
    maxLength: 120,
  });
  fc.assert(
    fc.property(guesses, (list) => {
      const { throttle } = open();
      let now = start;
      let admitted = 0;
      for (const { pause, together } of list) {
        now += pause;
        const begun = Array.from({ length: together }, () => throttle.begin(anna, now));
        for (const admission of begun) {
          if (admission.kind === 'throttled') continue;
          admitted += 1;
          admission.settle('failed');
        }
      }
      // 3 free ones, 6 while the delay grows to its ceiling, then one in 60 seconds.
      assert.ok(admitted <= 3 + 7 + (now - start) / 60);
    }),
  );
});

test('who has signed in from an address is not shut out by others behind it', () => {
  const { throttle } = open();
  const shared = '192.0.2.50';
  throttle.finished('acct-familiar', shared);
  for (let n = 0; n < 200; n += 1) {
    const stranger = throttle.begin(
      { method: 'password', accountId: null, typedName: `x${n}`, address: shared },
      start,
    );
    if (stranger.kind === 'admitted') stranger.settle('failed');
  }
  const attempt = { method: 'password', typedName: 'a', address: shared } as const;
  assert.equal(throttle.begin({ ...attempt, accountId: 'acct-other' }, start).kind, 'throttled');
  assert.equal(throttle.begin({ ...attempt, accountId: 'acct-familiar' }, start).kind, 'admitted');
});
