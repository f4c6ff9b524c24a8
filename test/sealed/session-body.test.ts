import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { relyingPartyHash } from '../../src/core/relying-party.ts';
import { EVENTS_MAX, LINEAGE_MAX, type Participant, type Session } from '../../src/core/session.ts';
import { decodeSession, encodeSession, fitSession } from '../../src/sealed/session-body.ts';
import {
  decodeSessionRecord,
  encodeSessionRecord,
  LITERAL_NAME_ID_MAX_BYTES,
  type SessionRecord,
} from '../../src/sealed/session-record.ts';
import { type CborValue, cborMap, encodeCbor } from '../../src/sealer/cbor.ts';
import { maxBodyBytes } from '../../src/sealer/envelope.ts';
import { ssoSession } from '../../src/sealer/purpose.ts';
import { hex, NOW, testSealer, vector } from '../sealer/support.ts';

const SID = hex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff');
const bytes = (text: string): Uint8Array => Uint8Array.from(hex(text));

const PINNED: SessionRecord = {
  sid: bytes('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'),
  accountId: 'acct-7f3c9a1e',
  created: NOW,
  events: [
    { method: 1, dt: 0, credentialId: 'pw' },
    { method: 2, dt: 20, credentialId: 't1' },
  ],
  participants: [
    { party: bytes('bb6e6478bd90'), dt: 25, kind: 0 },
    { party: bytes('a9c2a9d6b4b5'), dt: 90, kind: 1, value: bytes('4497') },
    { party: bytes('cebec84b27b0'), dt: 700, kind: 2, value: 'maria@example.edu' },
  ],
  lineage: ['4497dc022b33c647'],
};

test('the pinned body is read and written by the structure alone', () => {
  const body = hex(vector('session').body);
  assert.deepEqual(decodeSessionRecord(body), PINNED);
  assert.equal(Buffer.from(encodeSessionRecord(PINNED)).toString('hex'), vector('session').body);
});

test('a method that this release does not know refuses the session', () => {
  assert.deepEqual(decodeSession(hex(vector('session').body))?.events, [
    { method: 'password', credentialId: 'pw', at: NOW },
    { method: 'totp', credentialId: 't1', at: NOW + 20 },
  ]);
  const unknown = PINNED.events.map((event, i) => (i === 1 ? { ...event, method: 9 } : event));
  assert.equal(decodeSession(encodeSessionRecord({ ...PINNED, events: unknown })), null);
});

test('the hash of a relying party is the one in the vector', () => {
  assert.equal(relyingPartyHash('saml:https://wiki.example.edu/sp'), 'a9c2a9d6b4b5');
});

const SESSION: Session = {
  sid: Uint8Array.from(SID),
  accountId: 'acct-7f3c9a1e',
  created: NOW,
  events: [{ method: 'password', credentialId: 'pw', at: NOW }],
  participants: [
    { relyingParty: 'bb6e6478bd90', at: NOW + 25, nameId: { kind: 'derived' } },
    { relyingParty: 'a9c2a9d6b4b5', at: NOW + 90, nameId: { kind: 'transient', kidPrefix: bytes('4497') } },
    { relyingParty: 'cebec84b27b0', at: NOW + 700, nameId: { kind: 'literal', value: 'maria@example.edu' } },
  ],
  lineage: ['4497dc022b33c647'],
};

// The bytes of a session as this release writes it; a session of yesterday must open tomorrow.
test('pinned: a session', () => {
  const body =
    'a60150f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff026d616363742d3766336339613165031a6ab13b80048183010062707705838346bb6e64' +
    '78bd901819008446a9c2a9d6b4b5185a014244978446cebec84b27b01902bc02716d61726961406578616d706c652e6564750681484497' +
    'dc022b33c647';
  assert.equal(Buffer.from(encodeSession(SESSION)).toString('hex'), body);
  assert.deepEqual(decodeSession(hex(body)), SESSION);
});

test('any session comes back as it was', () => {
  const at = fc.integer({ min: NOW, max: NOW + 43_200 });
  const kid = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((b) => Buffer.from(b).toString('hex'));
  const nameId = fc.oneof(
    fc.constant({ kind: 'derived' } as const),
    fc.record({ kind: fc.constant('transient' as const), kidPrefix: fc.uint8Array({ minLength: 2, maxLength: 2 }) }),
    fc.record({
      kind: fc.constant('literal' as const),
      value: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    }),
  );
  const party = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((b) => Buffer.from(b).toString('hex'));
  const session = fc.record<Session>({
    sid: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    accountId: fc.string({ minLength: 1, maxLength: 48 }),
    created: fc.constant(NOW),
    events: fc.array(
      fc.record({
        method: fc.constant('password' as const),
        credentialId: fc.string({ minLength: 1, maxLength: 16 }),
        at,
      }),
      { minLength: 1, maxLength: EVENTS_MAX },
    ),
    participants: fc.array(fc.record({ relyingParty: party, at, nameId }), { maxLength: 40 }),
    lineage: fc.uniqueArray(kid, { maxLength: LINEAGE_MAX }).map((kids) => kids.sort()),
  });
  fc.assert(
    fc.property(session, (given) => assert.deepEqual(decodeSession(encodeSession(given)), structuredClone(given))),
    { numRuns: 200 },
  );
});

const RAW: readonly (readonly [number, CborValue])[] = [
  [1, SID],
  [2, 'a'],
  [3, NOW],
  [4, [[1, 0, 'pw']]],
  [5, [[Buffer.alloc(6), 0, 0]]],
  [6, [Buffer.alloc(8)]],
];
const raw = (key: number, value: CborValue | undefined): Uint8Array =>
  encodeCbor(cborMap([...RAW.filter(([k]) => k !== key), [key, value]]));

test('the twin of all refused bodies is a session', () => assert.ok(decodeSession(raw(6, undefined))));

for (const { name, key, value } of [
  { name: 'no sid', key: 1, value: undefined },
  { name: 'a sid of 15 bytes', key: 1, value: Buffer.alloc(15) },
  { name: 'a sid that is text', key: 1, value: 'a'.repeat(16) },
  { name: 'no account', key: 2, value: undefined },
  { name: 'an empty account id', key: 2, value: '' },
  { name: 'an account id of 49 bytes', key: 2, value: 'a'.repeat(49) },
  { name: 'an account id of 48 characters in 50 bytes', key: 2, value: `${'a'.repeat(46)}ää` },
  { name: 'no creation time', key: 3, value: undefined },
  { name: 'a creation time over 32 bits', key: 3, value: 2 ** 32 },
  { name: 'no events', key: 4, value: undefined },
  { name: 'an empty list of events', key: 4, value: [] },
  { name: 'nine events', key: 4, value: Array.from({ length: 9 }, () => [1, 0, 'pw']) },
  { name: 'method 0', key: 4, value: [[0, 0, 'pw']] },
  { name: 'an unknown method', key: 4, value: [[99, 0, 'pw']] },
  { name: 'a credential of 17 bytes', key: 4, value: [[1, 0, 'a'.repeat(17)]] },
  { name: 'an event with a fourth field', key: 4, value: [[1, 0, 'pw', 0]] },
  { name: 'an event a day later', key: 4, value: [[1, 65_536, 'pw']] },
  { name: 'an empty list of participants', key: 5, value: [] },
  { name: 'a party hash of 5 bytes', key: 5, value: [[Buffer.alloc(5), 0, 0]] },
  { name: 'a derived NameID with a value', key: 5, value: [[Buffer.alloc(6), 0, 0, 'x']] },
  { name: 'a transient NameID without kid', key: 5, value: [[Buffer.alloc(6), 0, 1]] },
  { name: 'a transient NameID with three bytes of kid', key: 5, value: [[Buffer.alloc(6), 0, 1, Buffer.alloc(3)]] },
  { name: 'a literal NameID as bytes', key: 5, value: [[Buffer.alloc(6), 0, 2, Buffer.alloc(3)]] },
  {
    name: 'a literal NameID over its cap',
    key: 5,
    value: [[Buffer.alloc(6), 0, 2, 'x'.repeat(LITERAL_NAME_ID_MAX_BYTES + 1)]],
  },
  { name: 'NameID kind 3', key: 5, value: [[Buffer.alloc(6), 0, 3, 'x']] },
  { name: 'an empty lineage', key: 6, value: [] },
  { name: 'a lineage of nine', key: 6, value: Array.from({ length: 9 }, (_, i) => Buffer.alloc(8, i)) },
  { name: 'a lineage out of order', key: 6, value: [Buffer.alloc(8, 2), Buffer.alloc(8, 1)] },
  { name: 'a kid twice in the lineage', key: 6, value: [Buffer.alloc(8, 1), Buffer.alloc(8, 1)] },
  { name: 'a kid of 7 bytes', key: 6, value: [Buffer.alloc(7)] },
  { name: 'key 7, which is reserved', key: 7, value: [] },
  { name: 'an unknown key', key: 8, value: 0 },
  { name: 'key 0', key: 0, value: 0 },
]) {
  test(`no session: ${name}`, () => assert.equal(decodeSession(raw(key, value)), null));
}

for (const { name, change } of [
  { name: 'no event', change: { events: [] } },
  { name: 'an account id over its cap', change: { accountId: 'a'.repeat(49) } },
  {
    name: 'an event a day later',
    change: { events: [{ method: 'password' as const, credentialId: 'pw', at: NOW + 65_536 }] },
  },
  { name: 'an unsorted lineage', change: { lineage: ['ff'.repeat(8), '00'.repeat(8)] } },
]) {
  test(`not written: ${name}`, () => assert.throws(() => encodeSession({ ...SESSION, ...change }), RangeError));
}

test('a node whose clock is behind adds its participant at the moment of creation', () => {
  const [participant] = SESSION.participants;
  assert.ok(participant);
  const decoded = decodeSession(encodeSession({ ...SESSION, participants: [{ ...participant, at: NOW - 4 }] }));
  assert.equal(decoded?.participants[0]?.at, NOW);
});

function party(i: number, nameId: Participant['nameId'] = { kind: 'derived' }): Participant {
  return { relyingParty: i.toString(16).padStart(12, '0'), at: NOW + 40_000, nameId };
}

const FULL: Session = {
  ...SESSION,
  accountId: 'a'.repeat(48),
  events: Array.from({ length: EVENTS_MAX }, (_, i) => ({
    method: 'password',
    credentialId: `${i}`.repeat(16),
    at: NOW + 43_200,
  })),
  lineage: Array.from({ length: LINEAGE_MAX }, (_, i) => `${i}`.repeat(16)),
  participants: [],
};

test('every cap together leaves room for 30 participants by third of each kind', () => {
  const kinds: Participant['nameId'][] = [
    { kind: 'derived' },
    { kind: 'transient', kidPrefix: bytes('4497') },
    { kind: 'literal', value: 'maria.long-name@department.example.edu' },
  ];
  const participants = Array.from({ length: 30 }, (_, i) => party(i, kinds[i % 3]));
  assert.equal(fitSession({ ...FULL, participants }).dropped, 0);
  const longest = party(1, { kind: 'literal', value: 'x'.repeat(LITERAL_NAME_ID_MAX_BYTES) });
  assert.equal(fitSession({ ...FULL, participants: Array.from({ length: 6 }, () => longest) }).dropped, 0);
});

test('a session that is too large loses its oldest participants, and then just fits its cookie', () => {
  const participants = Array.from({ length: 250 }, (_, i) => party(i));
  const { session, dropped } = fitSession({ ...FULL, participants });
  assert.equal(dropped, 250 - session.participants.length);
  assert.deepEqual(session.participants, participants.slice(dropped));
  assert.ok(session.participants.length > 100);
  const { sealer } = testSealer();
  const seal = (body: Uint8Array) => sealer.seal(ssoSession, { context: 'c', iat: NOW, exp: NOW + 3600, body });
  assert.ok('token' in seal(encodeSession(session)));
  const oneMore = encodeSession({ ...session, participants: participants.slice(dropped - 1) });
  assert.ok(oneMore.length > maxBodyBytes(ssoSession));
  assert.deepEqual(seal(oneMore), { refused: 'too-large' });
});
