import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isSessionLive,
  oldestProof,
  type Participant,
  provedSince,
  type Session,
  withEvent,
  withParticipant,
} from '../../src/core/session.ts';

const NOW = 1_790_000_000;
const base: Session = {
  sid: Buffer.alloc(16),
  accountId: 'a',
  created: NOW,
  events: [{ method: 'password', credentialId: 'c1', at: NOW }],
  participants: [],
  lineage: [],
};
const derived = (at: number, relyingParty = 'aaaaaaaaaaaa'): Participant => ({
  relyingParty,
  at,
  nameId: { kind: 'derived' },
});
const transient = (at: number, prefix: string): Participant => ({
  relyingParty: 'aaaaaaaaaaaa',
  at,
  nameId: { kind: 'transient', kidPrefix: Buffer.from(prefix, 'hex') },
});

const policy = { idle: 3600, absolute: 43_200 };
const liveRows = [
  { name: 'just sealed', iat: NOW, now: NOW, live: true },
  { name: 'a second before idle', iat: NOW, now: NOW + 3599, live: true },
  { name: 'at idle', iat: NOW, now: NOW + 3600, live: false },
  { name: 'sealed again lately, a second before absolute', iat: NOW + 43_000, now: NOW + 43_199, live: true },
  { name: 'sealed again lately, at absolute', iat: NOW + 43_000, now: NOW + 43_200, live: false },
];
for (const row of liveRows) {
  test(`a session ${row.name} is ${row.live ? 'live' : 'over'}`, () => {
    assert.equal(isSessionLive(base, row.iat, policy, row.now), row.live);
  });
}

test('what was proved since: the new events, and those that are newer; all of a new session', () => {
  const totp = { method: 'totp', credentialId: 't', at: NOW + 5 } as const;
  const later = {
    ...base,
    events: [{ ...base.events[0], method: 'password', credentialId: 'c1', at: NOW + 9 }, totp],
  } as const;
  assert.deepEqual(provedSince(base, base), []);
  assert.deepEqual(provedSince(withEvent(base, totp), base), ['totp']);
  assert.deepEqual(provedSince(later, withEvent(base, totp)), ['password']);
  assert.deepEqual(provedSince(withEvent(base, totp), null), ['password', 'totp']);
  // The same method by another credential is another proof.
  assert.deepEqual(provedSince(withEvent(base, { ...totp, method: 'password' }), base), ['password']);
});

test('the oldest proof is the oldest event or the creation, never later', () => {
  assert.equal(oldestProof({ ...base, events: [{ method: 'password', credentialId: 'c', at: NOW + 50 }] }), NOW);
});

test('a new proof with the same credential replaces the older one', () => {
  const after = withEvent(base, { method: 'password', credentialId: 'c1', at: NOW + 9 });
  assert.deepEqual(after.events, [{ method: 'password', credentialId: 'c1', at: NOW + 9 }]);
});

test('a session holds at most eight proofs, the newest ones', () => {
  let session = base;
  for (let i = 0; i < 12; i += 1)
    session = withEvent(session, { method: 'password', credentialId: `x${i}`, at: NOW + i });
  assert.equal(session.events.length, 8);
  assert.equal(session.events.at(-1)?.credentialId, 'x11');
});

const partyRows = [
  {
    name: 'a new party is added at the end',
    before: [derived(NOW, 'bbbbbbbbbbbb')],
    add: derived(NOW),
    expect: 2,
    same: false,
  },
  {
    name: 'the same derived name changes nothing',
    before: [derived(NOW)],
    add: derived(NOW + 5),
    expect: 1,
    same: true,
  },
  {
    name: 'the same transient changes nothing',
    before: [transient(NOW, '0102')],
    add: transient(NOW, '0102'),
    expect: 1,
    same: true,
  },
  {
    name: 'a transient of another key replaces',
    before: [transient(NOW, '0102')],
    add: transient(NOW, '0103'),
    expect: 1,
    same: false,
  },
  {
    name: 'a later transient replaces',
    before: [transient(NOW, '0102')],
    add: transient(NOW + 1, '0102'),
    expect: 1,
    same: false,
  },
  {
    name: 'another kind of name replaces',
    before: [derived(NOW)],
    add: transient(NOW, '0102'),
    expect: 1,
    same: false,
  },
];
for (const row of partyRows) {
  test(`participants: ${row.name}`, () => {
    const session = { ...base, participants: row.before };
    const after = withParticipant(session, row.add);
    assert.equal(after.participants.length, row.expect);
    assert.equal(after === session, row.same);
    if (!row.same) assert.deepEqual(after.participants.at(-1), row.add);
  });
}
