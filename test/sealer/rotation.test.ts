import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatKeyring, type Keyring, parseKeyring, primary, type SealingKey } from '../../src/sealer/keyring.ts';
import { DEFAULT_POLICY, lineageWindow, policyRefusal, type RingChange } from '../../src/sealer/ring-change.ts';
import { type PromoteInput, promote, type RotateInput, rotate } from '../../src/sealer/rotation.ts';
import { DAY, keyOf, NOW, ringOf } from './support.ts';

const HOUR = 3600;
const L = DEFAULT_POLICY.longestLifetime;

/** Counts up: each draw another key. */
function counting(from = 100): (length: number) => Buffer {
  let next = from;
  return (length) => Buffer.alloc(length, next++);
}

const change = (ring: Keyring, more: Partial<RotateInput> = {}): RingChange =>
  rotate(ring, {
    now: NOW,
    random: counting(),
    policy: DEFAULT_POLICY,
    activateIn: HOUR,
    dueWithin: null,
    ...more,
  });

function changed(outcome: RingChange): Keyring {
  if (outcome.kind !== 'changed') return assert.fail(JSON.stringify(outcome));
  // Whatever comes out must load, and be newer than what went in.
  return parseKeyring(Buffer.from(formatKeyring(outcome.ring)), { minSerial: outcome.ring.serial });
}

function codeOf(outcome: RingChange): string {
  return outcome.kind === 'refused' ? outcome.code : outcome.kind;
}

/** In use for six days, to be replaced in one. */
const CURRENT_TIMES = {
  created: NOW - 6 * DAY - HOUR,
  activates: NOW - 6 * DAY,
  retires: NOW + DAY + HOUR,
  expires: NOW + DAY + HOUR + L + 60,
};
const CURRENT = keyOf(1, CURRENT_TIMES);
const RING = ringOf([CURRENT], { serial: 17 });

function added(before: Keyring, after: Keyring): SealingKey {
  const fresh = after.keys.filter(({ kid }) => before.keys.every((key) => key.kid !== kid));
  assert.equal(fresh.length, 1);
  return fresh[0] ?? assert.fail();
}

test('rotate adds a key that begins in an hour, and the old one seals until an hour after that', () => {
  const after = changed(change(RING));
  assert.equal(after.serial, 18);
  assert.equal(after.updated, NOW);
  const fresh = added(RING, after);
  const begins = NOW + HOUR;
  const retires = begins + 7 * DAY + HOUR;
  const { created, activates } = fresh;
  assert.deepEqual([created, activates, fresh.retires, fresh.expires], [NOW, begins, retires, retires + L + 60]);
  const old = after.keys.find((key) => key.kid === CURRENT.kid);
  assert.deepEqual([old?.created, old?.activates], [CURRENT.created, CURRENT.activates]);
  assert.equal(old?.retires, begins + HOUR);
  assert.equal(primary(after, begins - 1)?.key.kid, CURRENT.kid);
  assert.equal(primary(after, begins)?.key.kid, fresh.kid);
  assert.equal(primary(after, begins)?.because, 'due');
});

test('rotate does nothing while a key is pending, so two jobs at once make one key', () => {
  const after = changed(change(RING));
  assert.equal(change(after, { now: NOW + HOUR - 1 }).kind, 'unchanged');
  assert.equal(change(after, { now: NOW + HOUR }).kind, 'changed');
});

test('rotate when due: not a moment earlier than asked, and always when it was forgotten', () => {
  const within = DAY;
  const latest = CURRENT.retires - HOUR - HOUR - within;
  for (const [now, kind] of [
    [latest - 1, 'unchanged'],
    [latest, 'changed'],
    [CURRENT.retires + 30 * DAY, 'changed'],
  ] as const) {
    assert.equal(change(RING, { now, dueWithin: within }).kind, kind);
  }
});

test('a forgotten rotation is healed: the old key is due again until its successor has begun', () => {
  const now = CURRENT.retires + 20 * DAY;
  assert.equal(primary(RING, now)?.because, 'overdue');
  const after = changed(change(RING, { now }));
  assert.equal(primary(after, now)?.because, 'due');
  assert.equal(primary(after, now)?.key.kid, CURRENT.kid);
  assert.equal(primary(after, now + HOUR)?.key.kid, added(RING, after).kid);
});

test('rotate on a ring whose keys have all ended: the new key seals at once', () => {
  const now = CURRENT.expires + 1;
  assert.equal(primary(RING, now), null);
  const after = changed(change(RING, { now }));
  assert.equal(primary(after, now)?.key.kid, added(RING, after).kid);
});

test('I1: a key may not begin before it had time to reach every node', () => {
  assert.equal(codeOf(change(RING, { activateIn: 899 })), 'activates-too-soon');
  assert.equal(codeOf(change(RING, { activateIn: 900 })), 'changed');
});

test('I1: propagation is longer than what nodes need to look, and clocks to agree', () => {
  for (const [poll, code] of [
    [840, 'propagation-too-short'],
    [839, 'changed'],
  ] as const) {
    assert.equal(codeOf(change(RING, { policy: { ...DEFAULT_POLICY, poll } })), code);
  }
});

test('I2: keys outlive sessions', () => {
  const policy = { ...DEFAULT_POLICY, longestLifetime: 12 * HOUR - 1 };
  assert.equal(codeOf(change(RING, { policy })), 'lifetime-too-short');
  assert.equal(codeOf(change(RING, { policy: { ...policy, sessionLifetime: 12 * HOUR - 1 } })), 'changed');
});

test('I2: the old key stays readable as long as before after it last seals, though lifetimes were shortened since', () => {
  const policy = { ...DEFAULT_POLICY, longestLifetime: 12 * HOUR, skew: 5 };
  const after = changed(change(RING, { policy }));
  const old = after.keys.find((key) => key.kid === CURRENT.kid) ?? assert.fail();
  assert.equal(old.expires - old.retires, L + 60);
});

test('I2: the old key stays readable longer when lifetimes were lengthened since', () => {
  const policy = { ...DEFAULT_POLICY, longestLifetime: 200 * DAY, skew: 5 };
  const old = changed(change(RING, { policy })).keys.find((key) => key.kid === CURRENT.kid) ?? assert.fail();
  assert.equal(old.expires - old.retires, 200 * DAY + 5);
});

test('two bytes name a key: a draw that would share them with a key or a revoked kid is drawn again', () => {
  const draws = [keyOf(7), keyOf(8), keyOf(9)];
  const ring = ringOf([CURRENT, keyOf(7, CURRENT_TIMES)], {
    revoked: [{ kid: `${draws[1]?.kid.slice(0, 4)}000000000000`, at: NOW, until: NOW + DAY, reason: '' }],
  });
  const after = changed(change(ring, { random: counting(7) }));
  assert.equal(added(ring, after).kid, draws[2]?.kid);
});

test('a generator that repeats itself gives no key', () => {
  const ring = ringOf([CURRENT, keyOf(7, CURRENT_TIMES)]);
  assert.equal(codeOf(change(ring, { random: (length) => Buffer.alloc(length, 7) })), 'kid-prefix');
});

// A session of 12 h that begins on a login page of 8 h: 20 h, in which at most eight keys may follow each other.
test('lineage: a cadence that would outgrow the cap is refused', () => {
  assert.equal(lineageWindow(DEFAULT_POLICY), 20 * HOUR);
  for (const [rotateEvery, code] of [
    [9000 - 1, 'lineage-overflow'],
    [9000, 'changed'],
  ] as const) {
    assert.equal(codeOf(change(RING, { policy: { ...DEFAULT_POLICY, rotateEvery } })), code);
  }
});

test('lineage: rotating by hand, again and again, is refused before a ninth key in the window', () => {
  let ring = RING;
  let now = NOW;
  for (let rotation = 1; rotation <= 8; rotation++, now += HOUR)
    ring = changed(change(ring, { now, random: counting(rotation * 10) }));
  assert.equal(codeOf(change(ring, { now })), 'lineage-overflow');
  // The first of the eight began at NOW + HOUR; its successor in the window may begin when it has left it.
  const window = lineageWindow(DEFAULT_POLICY);
  assert.equal(codeOf(change(ring, { now: NOW + window - 1 })), 'lineage-overflow');
  assert.equal(codeOf(change(ring, { now: NOW + window })), 'changed');
});

test('lineage: revoked keys do not count, what they sealed is dead', () => {
  let ring = RING;
  let now = NOW;
  for (let rotation = 1; rotation <= 8; rotation++, now += HOUR)
    ring = changed(change(ring, { now, random: counting(rotation * 10) }));
  const dead = ring.keys[3]?.kid ?? assert.fail();
  const revoked = [{ kid: dead, at: now, until: now + DAY, reason: '' }];
  assert.equal(codeOf(change({ ...ring, revoked }, { now })), 'changed');
});

test('the policy that tests configure in seconds passes', () => {
  const policy = { rotateEvery: 20, grace: 2, longestLifetime: 15, sessionLifetime: 15, skew: 1, poll: 1 };
  assert.equal(policyRefusal(3, policy), null);
});

const WAITING = keyOf(2, {
  created: NOW - 1200,
  activates: NOW + 2400,
  retires: NOW + 2400 + 7 * DAY + HOUR,
  expires: NOW + 2400 + 7 * DAY + HOUR + L + 60,
});
const BOTH = ringOf([CURRENT, WAITING], { serial: 17 });

const early = (ring: Keyring, more: Partial<PromoteInput> = {}): RingChange =>
  promote(ring, { now: NOW, policy: DEFAULT_POLICY, kid: WAITING.kid, force: false, ...more });

test('promote lets a pending key begin now, and the old one retire in an hour', () => {
  const after = changed(early(BOTH));
  assert.equal(after.serial, 18);
  assert.equal(primary(after, NOW)?.key.kid, WAITING.kid);
  assert.equal(primary(after, NOW - 1)?.key.kid, CURRENT.kid);
  const [old, now] = after.keys;
  assert.equal(old?.retires, NOW + HOUR);
  assert.equal((old?.expires ?? 0) - (old?.retires ?? 0), L + 60);
  assert.deepEqual(
    [now?.created, now?.activates, now?.retires, now?.expires],
    [WAITING.created, NOW, WAITING.retires, WAITING.expires],
  );
});

test('I1: promote is refused before created + propagation, unless it is forced', () => {
  const now = WAITING.created + 899;
  assert.equal(codeOf(early(BOTH, { now })), 'not-everywhere-yet');
  const forced = changed(early(BOTH, { now, force: true }));
  assert.equal(primary(forced, now)?.key.kid, WAITING.kid);
  assert.equal(forced.keys[1]?.created, now - 900);
  assert.equal(codeOf(early(BOTH, { now: now + 1 })), 'changed');
});

for (const { name, kid, revoked = [], code } of [
  { name: 'a key that is not there', kid: '0011223344556677', code: 'unknown-kid' },
  { name: 'the key that seals', kid: CURRENT.kid, code: 'not-pending' },
  {
    name: 'a revoked key',
    kid: WAITING.kid,
    revoked: [{ kid: WAITING.kid, at: NOW, until: NOW + DAY, reason: '' }],
    code: 'not-pending',
  },
]) {
  test(`promote, even forced, is refused for ${name}`, () => {
    assert.equal(codeOf(early({ ...BOTH, revoked }, { kid, force: true })), code);
  });
}

test('lineage: promoting does not outrun the cap either', () => {
  const begins = (i: number) => NOW - 19 * HOUR + i * HOUR;
  const recent = Array.from({ length: 8 }, (_, i) =>
    keyOf(50 + i, { ...CURRENT_TIMES, created: begins(i) - HOUR, activates: begins(i) }),
  );
  const ring = ringOf([...recent, WAITING]);
  assert.equal(codeOf(early(ring)), 'lineage-overflow');
  assert.equal(codeOf(early(ringOf([...recent.slice(1), WAITING]))), 'changed');
});
