import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PruneInput, prune, type RevokeInput, revoke } from '../../src/sealer/key-retirement.ts';
import { formatKeyring, isRevoked, type Keyring, keyState, parseKeyring, primary } from '../../src/sealer/keyring.ts';
import { DEFAULT_POLICY, type RingChange } from '../../src/sealer/ring-change.ts';
import { DAY, keyOf, NOW, ringOf } from './support.ts';

const HOUR = 3600;
const L = DEFAULT_POLICY.longestLifetime;

const times = (activates: number, retires: number) => ({
  created: activates - HOUR,
  activates,
  retires,
  expires: retires + L + 60,
});
const RETIRED = keyOf(1, times(NOW - 14 * DAY, NOW - 7 * DAY));
const CURRENT = keyOf(2, times(NOW - 7 * DAY, NOW + 2 * HOUR));
const WAITING = keyOf(3, times(NOW + HOUR, NOW + 7 * DAY));
const RING = ringOf([RETIRED, CURRENT, WAITING], { serial: 17 });

const away = (ring: Keyring, kids: RevokeInput['kids'], more: Partial<RevokeInput> = {}): RingChange =>
  revoke(ring, {
    now: NOW,
    random: (length) => Buffer.alloc(length, 99),
    policy: DEFAULT_POLICY,
    kids,
    replace: false,
    reason: 'leak',
    ...more,
  });
const cleaned = (ring: Keyring, more: Partial<PruneInput> = {}): RingChange =>
  prune(ring, { now: NOW, policy: DEFAULT_POLICY, ...more });

function changed(outcome: RingChange, before: Keyring = RING): Keyring {
  if (outcome.kind !== 'changed') return assert.fail(JSON.stringify(outcome));
  assert.equal(outcome.ring.serial, before.serial + 1);
  return parseKeyring(Buffer.from(formatKeyring(outcome.ring)), { minSerial: before.serial + 1 });
}

function codeOf(outcome: RingChange): string {
  return outcome.kind === 'refused' ? outcome.code : outcome.kind;
}

test('revoke takes the key out and lists its id until nothing can carry it', () => {
  const after = changed(away(RING, { kid: RETIRED.kid }));
  assert.deepEqual(
    after.keys.map((key) => key.kid),
    [CURRENT.kid, WAITING.kid],
  );
  const until = NOW + 900 + L + 60;
  assert.deepEqual(after.revoked, [{ kid: RETIRED.kid, at: NOW, until, reason: 'leak' }]);
  assert.equal(primary(after, NOW)?.key.kid, CURRENT.kid);
  assert.ok(!formatKeyring(after).includes(RETIRED.master.export().toString('base64url')));
});

test('what a revoked key had sealed is remembered for as long as it once lasted, though lifetimes are shorter now', () => {
  const policy = { ...DEFAULT_POLICY, longestLifetime: 12 * HOUR };
  assert.equal(changed(away(RING, { kid: RETIRED.kid }, { policy })).revoked[0]?.until, NOW + 900 + L + 60);
});

test('revoking twice is no failure, and changes nothing', () => {
  const once = changed(away(RING, { kid: RETIRED.kid }));
  assert.equal(away(once, { kid: RETIRED.kid }).kind, 'unchanged');
});

test('a kid that is not there is refused: it may be mistyped', () => {
  assert.equal(codeOf(away(RING, { kid: '0011223344556677' })), 'unknown-kid');
});

test('the key that seals cannot go without a replacement when nothing else is due', () => {
  assert.equal(codeOf(away(RING, { kid: CURRENT.kid })), 'none-due');
  const alone = ringOf([CURRENT], { serial: 17 });
  assert.equal(codeOf(away(alone, { kid: CURRENT.kid })), 'last-key');
  assert.equal(codeOf(away(RING, 'all')), 'last-key');
  const second = keyOf(4, times(NOW - 8 * DAY, NOW + HOUR));
  assert.equal(codeOf(away(ringOf([second, CURRENT]), { kid: CURRENT.kid })), 'changed');
});

test('the key that seals may go while only one past its time is left, if that was so before', () => {
  const overdue = [keyOf(4, times(NOW - 30 * DAY, NOW - 9 * DAY)), RETIRED];
  assert.equal(codeOf(away(ringOf(overdue), { kid: RETIRED.kid })), 'changed');
});

test('everything at once: one new key, which seals at once, and every old one revoked', () => {
  const after = changed(away(RING, 'all', { replace: true }));
  assert.equal(after.keys.length, 1);
  assert.equal(primary(after, NOW)?.key.kid, after.keys[0]?.kid);
  for (const key of RING.keys) assert.ok(isRevoked(after, key.kid));
  const text = formatKeyring(after);
  for (const key of RING.keys) assert.ok(!text.includes(key.master.export().toString('base64url')));
});

test('everything at once, twice: earlier entries stay as they were', () => {
  const once = changed(away(RING, 'all', { replace: true }));
  const again = away(once, 'all', {
    replace: true,
    now: NOW + 60,
    random: (n) => Buffer.alloc(n, 98),
    reason: 'again',
  });
  const twice = changed(again, once);
  assert.deepEqual(twice.revoked.slice(0, 3), once.revoked);
  assert.equal(twice.revoked[3]?.reason, 'again');
});

test('I1: a replacement beside other keys begins when it can be everywhere; until then an older key goes on', () => {
  const ring = ringOf([RETIRED, CURRENT], { serial: 17 });
  const after = changed(away(ring, { kid: CURRENT.kid }, { replace: true }));
  const fresh = after.keys.at(-1);
  assert.equal(primary(after, NOW)?.key.kid, RETIRED.kid);
  // Its time is extended meanwhile, so that what it seals ends no earlier than it should (I2).
  assert.equal(primary(after, NOW)?.because, 'due');
  assert.equal(primary(after, NOW + 899)?.key.kid, RETIRED.kid);
  assert.equal(primary(after, NOW + 900)?.key.kid, fresh?.kid);
  assert.equal(fresh?.activates, NOW + 900);
  assert.equal(primary(after, NOW)?.key.retires, NOW + 900 + HOUR);
});

test('a replacement beside a pending key only seals at once, and the pending one keeps its turn', () => {
  const waiting = keyOf(3, times(NOW + 3 * HOUR, NOW + 7 * DAY));
  const ring = ringOf([CURRENT, { ...waiting, created: NOW - 60 }], { serial: 17 });
  const after = changed(away(ring, { kid: CURRENT.kid }, { replace: true }));
  const fresh = after.keys.at(-1)?.kid;
  assert.deepEqual(
    [0, 899, 900, 3 * HOUR - 1, 3 * HOUR].map((later) => primary(after, NOW + later)?.key.kid),
    [fresh, fresh, fresh, fresh, waiting.kid],
  );
});

test('a replacement that cannot be drawn is refused', () => {
  const random = (length: number): Buffer => Buffer.alloc(length, 2);
  assert.equal(codeOf(away(RING, 'all', { replace: true, random })), 'kid-prefix');
});

test('a leaked key goes, whatever is odd about the policy', () => {
  const policy = { ...DEFAULT_POLICY, poll: 86_400, rotateEvery: 60, longestLifetime: 60 };
  assert.equal(codeOf(away(RING, 'all', { replace: true, policy })), 'changed');
});

test('prune drops what has ended everywhere, and not a moment earlier', () => {
  const end = RETIRED.expires + 60;
  assert.equal(cleaned(RING, { now: end - 1 }).kind, 'unchanged');
  const after = changed(cleaned(RING, { now: end }));
  assert.deepEqual(
    after.keys.map((key) => key.kid),
    [CURRENT.kid, WAITING.kid],
  );
  assert.deepEqual([after.keys[0]?.retires, after.keys[0]?.expires], [CURRENT.retires, CURRENT.expires]);
});

test('I2: prune drops no key that is only decrypt-only', () => {
  assert.equal(keyState(RING, RETIRED, NOW), 'decrypt-only');
  assert.equal(cleaned(RING).kind, 'unchanged');
});

test('prune forgets a revoked kid when nothing can carry it, and not a moment earlier', () => {
  const entry = { kid: '0011223344556677', at: NOW - 90 * DAY, until: NOW, reason: '' };
  const ring = { ...RING, revoked: [entry] };
  assert.equal(cleaned(ring, { now: NOW + 59 }).kind, 'unchanged');
  assert.deepEqual(changed(cleaned(ring, { now: NOW + 60 })).revoked, []);
});

test('prune never brings a revoked key back: its bytes go first', () => {
  const entry = { kid: RETIRED.kid, at: NOW - 90 * DAY, until: NOW - DAY, reason: '' };
  const after = changed(cleaned({ ...RING, revoked: [entry] }));
  assert.ok(after.keys.every((key) => key.kid !== RETIRED.kid));
});

test('prune leaves a last key, though it has ended', () => {
  const alone = ringOf([RETIRED]);
  assert.equal(codeOf(cleaned(alone, { now: RETIRED.expires + DAY })), 'last-key');
});
