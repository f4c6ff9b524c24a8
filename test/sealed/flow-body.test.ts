import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AuthenticationEvent } from '../../src/core/authentication-event.ts';
import {
  type Challenge,
  emptyContext,
  type LoginContext,
  PENDING_CHALLENGE_MAX_BYTES,
  TYPED_NAME_MAX_BYTES,
} from '../../src/core/login-context.ts';
import { LINEAGE_MAX } from '../../src/core/session.ts';
import {
  decodeFlow,
  encodeFlow,
  FLOW_DATA_SURE_BYTES,
  FLOW_EVENTS_MAX,
  FLOW_RELYING_PARTY_MAX_BYTES,
  FLOW_REQUEST_MAX_BYTES,
  type LoginFlow,
} from '../../src/sealed/flow-body.ts';
import { type CborMap, type CborValue, decodeCbor, encodeCbor } from '../../src/sealer/cbor.ts';
import { maxBodyBytes } from '../../src/sealer/envelope.ts';
import { loginFlow } from '../../src/sealer/purpose.ts';
import { hex, NOW, testSealer } from '../sealer/support.ts';

const EVENT: AuthenticationEvent = { method: 'password', credentialId: 'pw', at: NOW + 30 };

const FLOW: LoginFlow = {
  innerId: Uint8Array.from(hex('000102030405060708090a0b0c0d0e0f')),
  lineage: ['4497dc022b33c647'],
  request: {
    relyingParty: 'saml:https://wiki.example.edu/sp',
    assurance: { accepted: ['aal2', 'aal1'], binding: 'required' },
    forceAuthn: true,
    maxAge: 3600,
    passive: false,
    askConsent: false,
    subject: { kind: 'suggested', loginName: 'maria' },
    language: null,
    receivedAt: NOW,
    answerTo: { protocol: 'saml', data: Uint8Array.from(hex('a10163616263')) },
  },
  context: {
    accountId: null,
    events: [],
    typedName: 'mäx',
    failure: { kind: 'throttled', retryAfter: 30 },
    challenge: null,
    began: NOW + 5,
  },
};
const PROVED: LoginContext = { ...emptyContext(NOW), accountId: 'acct-7f3c9a1e', events: [EVENT] };
const CHALLENGE: Challenge = { method: 'sms-code', pending: { at: NOW + 40, data: Uint8Array.from(hex('c0ffee')) } };

function bodyOf(flow: LoginFlow): Uint8Array {
  const encoded = encodeFlow(flow);
  return 'body' in encoded ? encoded.body : assert.fail(encoded.part);
}

const flowWith = (request: Partial<LoginFlow['request']>, context: Partial<LoginContext> = {}): LoginFlow => ({
  ...FLOW,
  request: { ...FLOW.request, ...request },
  context: { ...FLOW.context, ...context },
});

// A flow that one release sealed is finished by the next.
test('pinned: a flow before its first proof, and after', () => {
  const before =
    'ad0150000102030405060708090a0b0c0d0e0f0281484497dc022b33c64703782073616d6c3a68747470733a2f2f77696b69' +
    '2e6578616d706c652e6564752f737004010546a1016361626306050782020108190e1009656d617269610a1a6ab13b800b1a' +
    '6ab13b850c5841046dc3a4780000000000000000000000000000000000000000000000000000000000000000000000000000' +
    '000000000000000000000000000000000000000000000d8202181e';
  assert.equal(Buffer.from(bodyOf(FLOW)).toString('hex'), before);
  const after =
    'aa0150000102030405060708090a0b0c0d0e0f03782073616d6c3a68747470733a2f2f77696b692e6578616d706c652e6564' +
    '752f737004010546a10163616263060a0a1a6ab13b800b1a6ab13b800c584100000000000000000000000000000000000000' +
    '000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000e6d6163' +
    '63742d37663363396131650f818301181e627077';
  const request = {
    assurance: { accepted: [], binding: 'preferred' as const },
    forceAuthn: false,
    passive: true,
    maxAge: null,
    subject: { kind: 'required' as const },
  };
  assert.equal(
    Buffer.from(bodyOf({ ...flowWith(request, PROVED), lineage: [], context: PROVED })).toString('hex'),
    after,
  );
});

test('pinned: a challenge after a first proof, and a way that was chosen', () => {
  const challenged =
    'ab0150000102030405060708090a0b0c0d0e0f03782073616d6c3a68747470733a2f2f77696b692e6578616d706c652e6564' +
    '752f737004010546a10163616263060a0a1a6ab13b800b1a6ab13b800c584100000000000000000000000000000000000000' +
    '000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000e6d6163' +
    '63742d37663363396131650f818301181e6270771083051828';
  const request = {
    assurance: { accepted: [], binding: 'preferred' as const },
    forceAuthn: false,
    passive: true,
    maxAge: null,
    subject: { kind: 'required' as const },
  };
  const flow = { ...flowWith(request, PROVED), lineage: [], context: { ...PROVED, challenge: CHALLENGE } };
  assert.equal(Buffer.from(bodyOf(flow)).toString('hex'), `${challenged}43c0ffee`);
  const chosen = { ...flow, context: { ...PROVED, challenge: { method: 'totp', pending: null } as const } };
  assert.equal(Buffer.from(bodyOf(chosen)).toString('hex'), challenged.replace(/1083051828$/, '108102'));
});

test('pinned: a request that asks to agree', () => {
  const [before, after] = [FLOW, flowWith({ askConsent: true })].map((flow) =>
    Buffer.from(bodyOf(flow)).toString('hex'),
  );
  // Key 6: what it was, and 16.
  assert.equal(after, before?.replace('0605078202', '0615078202'));
  assert.notEqual(after, before);
});

// Releases before the challenge kept four proofs.
test('four proofs are read, and the newest three are kept', () => {
  const four = [0, 1, 2, 3].map((dt): CborValue => [1, dt, `c${dt}`]);
  const read = decodeFlow(changed(PROVED, [[15, four]])) ?? assert.fail('not read');
  assert.equal(read.context.events.length, 4);
  assert.deepEqual(decodeFlow(bodyOf(read))?.context.events, read.context.events.slice(1));
});

for (const { name, flow } of [
  { name: 'everything before a proof', flow: FLOW },
  {
    name: 'a challenge before anybody is known',
    flow: flowWith({}, { challenge: { ...CHALLENGE, method: 'webauthn' } }),
  },
  { name: 'a challenge to a session’s person', flow: flowWith({}, { accountId: 'a', challenge: CHALLENGE }) },
  {
    name: 'a challenge of as many bytes as may be',
    flow: flowWith(
      {},
      { challenge: { method: 'totp', pending: { at: NOW, data: new Uint8Array(PENDING_CHALLENGE_MAX_BYTES) } } },
    ),
  },
  { name: 'after a proof', flow: { ...FLOW, context: PROVED } },
  {
    name: 'a failure after a proof',
    flow: { ...FLOW, context: { ...PROVED, typedName: 'max', failure: { kind: 'wrong' } } },
  },
  { name: 'a request that asks to agree', flow: flowWith({ askConsent: true }) },
  {
    name: 'as little as there can be',
    flow: {
      ...FLOW,
      lineage: [],
      request: {
        ...FLOW.request,
        assurance: { accepted: [], binding: 'preferred' },
        forceAuthn: false,
        maxAge: null,
        passive: true,
        subject: { kind: 'none' },
        answerTo: { protocol: 'saml', data: new Uint8Array() },
      },
      context: emptyContext(NOW),
    },
  },
  { name: 'a required subject', flow: flowWith({ subject: { kind: 'required' } }) },
  { name: 'a language', flow: flowWith({ language: 'de' }) },
  { name: 'maxAge 0', flow: flowWith({ maxAge: 0 }) },
  { name: 'an expired proof', flow: flowWith({}, { failure: { kind: 'expired' } }) },
  {
    name: 'a name that begins with U+FEFF',
    flow: flowWith({ subject: { kind: 'suggested', loginName: '\ufeffm' } }, { typedName: '\ufeffm' }),
  },
  { name: 'a name that ends with NUL', flow: flowWith({}, { typedName: 'm\0' }) },
] satisfies { name: string; flow: LoginFlow }[]) {
  test(`comes back as it was: ${name}`, () => assert.deepEqual(decodeFlow(bodyOf(flow)), flow));
}

test('before the first proof the length does not tell what was typed', () => {
  const lengths = fc.string({ unit: 'grapheme' }).filter((name) => Buffer.byteLength(name) <= TYPED_NAME_MAX_BYTES);
  const expected = bodyOf(FLOW).length;
  fc.assert(fc.property(lengths, (typedName) => assert.equal(bodyOf(flowWith({}, { typedName })).length, expected)));
});

test('of many proofs the newest are kept', () => {
  const events = Array.from({ length: 6 }, (_, i) => ({ ...EVENT, at: NOW + i }));
  const kept = decodeFlow(bodyOf({ ...FLOW, context: { ...PROVED, events } }))?.context.events;
  assert.deepEqual(kept, events.slice(-FLOW_EVENTS_MAX));
});

test('a max age beyond 32 bits, and a wait with a fraction, are still the same in effect', () => {
  const decoded = decodeFlow(
    bodyOf(flowWith({ maxAge: 2 ** 40 }, { failure: { kind: 'throttled', retryAfter: 1.2 } })),
  );
  assert.equal(decoded?.request.maxAge, 2 ** 32 - 1);
  assert.deepEqual(decoded?.context.failure, { kind: 'throttled', retryAfter: 2 });
});

const bigData = (length: number) => ({ protocol: 'saml' as const, data: new Uint8Array(length) });
const key = (bytes: number) => `saml:${'x'.repeat(bytes - 5)}` as const;

for (const { name, request, part } of [
  { name: 'a relying party', request: { relyingParty: key(FLOW_RELYING_PARTY_MAX_BYTES + 1) }, part: 'relying-party' },
  {
    name: 'a login name',
    request: { subject: { kind: 'suggested', loginName: 'ä'.repeat(TYPED_NAME_MAX_BYTES / 2 + 1) } },
    part: 'login-name',
  },
  { name: 'data', request: { answerTo: bigData(FLOW_REQUEST_MAX_BYTES) }, part: 'data' },
  {
    name: 'all together',
    request: {
      relyingParty: key(FLOW_RELYING_PARTY_MAX_BYTES),
      answerTo: bigData(FLOW_REQUEST_MAX_BYTES - FLOW_RELYING_PARTY_MAX_BYTES),
    },
    part: 'data',
  },
] satisfies { name: string; request: Partial<LoginFlow['request']>; part: string }[]) {
  test(`too large: ${name}`, () => assert.deepEqual(encodeFlow(flowWith(request)), { refused: 'too-large', part }));
}

test('the sum of all caps fits the purpose', () => {
  const largest: LoginFlow = {
    innerId: new Uint8Array(16),
    lineage: Array.from({ length: LINEAGE_MAX }, (_, i) => `${i}`.repeat(16)),
    request: {
      relyingParty: key(FLOW_RELYING_PARTY_MAX_BYTES),
      assurance: { accepted: ['aal3', 'aal2', 'aal1'], binding: 'required' },
      forceAuthn: true,
      maxAge: 2 ** 32 - 1,
      passive: true,
      askConsent: true,
      subject: { kind: 'suggested', loginName: 'x'.repeat(TYPED_NAME_MAX_BYTES) },
      language: 'de',
      receivedAt: NOW,
      answerTo: bigData(FLOW_DATA_SURE_BYTES),
    },
    context: {
      accountId: 'a'.repeat(48),
      events: Array.from({ length: FLOW_EVENTS_MAX }, () => ({
        method: 'attested-key',
        credentialId: 'x'.repeat(16),
        at: NOW + 65_535,
      })),
      typedName: 'x'.repeat(TYPED_NAME_MAX_BYTES),
      failure: { kind: 'throttled', retryAfter: 2 ** 32 - 1 },
      challenge: {
        method: 'attested-key',
        pending: { at: NOW + 65_535, data: new Uint8Array(PENDING_CHALLENGE_MAX_BYTES) },
      },
      began: NOW,
    },
  };
  const body = bodyOf(largest);
  assert.ok(body.length <= maxBodyBytes(loginFlow), `${body.length}`);
  const sealed = testSealer().sealer.seal(loginFlow, {
    context: '__Host-signet_f_Zk3vQ8aB',
    iat: NOW,
    exp: NOW + 28_800,
    body,
  });
  assert.ok('token' in sealed && sealed.token.length <= 2000);
});

test('RelayState of 512 bytes, an entityID and an endpoint of 120 characters each, and a long request id fit', () => {
  const data = encodeCbor(
    new Map<number, CborValue>([
      [1, `_${'f'.repeat(64)}`],
      [2, 'https://'.padEnd(120, 'a')],
      [3, Buffer.alloc(512)],
      [4, 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient'],
    ]),
  );
  assert.ok(
    'body' in
      encodeFlow(flowWith({ relyingParty: key(125), subject: { kind: 'none' }, answerTo: { protocol: 'saml', data } })),
  );
});

for (const { name, flow } of [
  {
    name: 'a challenge over its cap',
    flow: flowWith(
      {},
      {
        challenge: { method: 'totp', pending: { at: NOW, data: new Uint8Array(PENDING_CHALLENGE_MAX_BYTES + 1) } },
      },
    ),
  },
  {
    name: 'an account before the first proof, which the length would tell',
    flow: { ...FLOW, context: { ...PROVED, events: [] } },
  },
  { name: 'a proof of nobody', flow: { ...FLOW, context: { ...PROVED, accountId: null } } },
  { name: 'a typed name over its slot', flow: flowWith({}, { typedName: 'x'.repeat(TYPED_NAME_MAX_BYTES + 1) }) },
  { name: 'an inner id of 15 bytes', flow: { ...FLOW, innerId: new Uint8Array(15) } },
  {
    name: 'a credential over its cap',
    flow: { ...FLOW, context: { ...PROVED, events: [{ ...EVENT, credentialId: 'x'.repeat(17) }] } },
  },
  { name: 'an account id over its cap', flow: { ...FLOW, context: { ...PROVED, accountId: 'x'.repeat(49) } } },
]) {
  test(`not written: ${name}`, () => assert.throws(() => encodeFlow(flow), RangeError));
}

function changed(context: LoginContext, changes: readonly (readonly [number, CborValue | undefined])[]): Uint8Array {
  const map = new Map(decodeCbor(bodyOf({ ...FLOW, context })) as CborMap);
  for (const [field, value] of changes) value === undefined ? map.delete(field) : map.set(field, value);
  return encodeCbor(map);
}

const slot = (length: number, text: string, size = TYPED_NAME_MAX_BYTES + 1): Buffer =>
  Buffer.concat([Buffer.of(length), Buffer.from(text, 'latin1')], size);

for (const { name, changes, context = FLOW.context } of [
  { name: 'no inner id', changes: [[1, undefined]] },
  { name: 'an unsorted lineage', changes: [[2, [Buffer.alloc(8, 2), Buffer.alloc(8, 1)]]] },
  { name: 'no relying party', changes: [[3, undefined]] },
  { name: 'a relying party of another protocol', changes: [[3, 'oidc:client']] },
  { name: 'a relying party without protocol', changes: [[3, 'wiki']] },
  { name: 'an unknown protocol', changes: [[4, 9]] },
  { name: 'no data', changes: [[5, undefined]] },
  { name: 'data as text', changes: [[5, 'abc']] },
  { name: 'an unknown flag', changes: [[6, 32]] },
  { name: 'an unknown level', changes: [[7, [4]]] },
  { name: 'an empty list of levels', changes: [[7, []]] },
  { name: 'four levels', changes: [[7, [1, 2, 3, 1]]] },
  { name: 'a max age that is text', changes: [[8, '1']] },
  { name: 'a suggested name beside a required subject', changes: [[6, 8]] },
  { name: 'no time of arrival', changes: [[10, undefined]] },
  { name: 'no beginning', changes: [[11, undefined]] },
  { name: 'no slot', changes: [[12, undefined]] },
  { name: 'a slot too short', changes: [[12, slot(0, '', TYPED_NAME_MAX_BYTES)]] },
  { name: 'a slot too long', changes: [[12, slot(0, '', TYPED_NAME_MAX_BYTES + 2)]] },
  { name: 'a name past the end of its slot', changes: [[12, slot(TYPED_NAME_MAX_BYTES + 1, 'x')]] },
  { name: 'something behind the name', changes: [[12, slot(1, 'xy')]] },
  { name: 'a name that is no UTF-8', changes: [[12, slot(1, '\xff')]] },
  { name: 'an unknown failure', changes: [[13, [4]]] },
  { name: 'throttled without a time', changes: [[13, [2]]] },
  { name: 'wrong with a time', changes: [[13, [1, 5]]] },
  { name: 'an account without a proof', changes: [[14, 'a']] },
  { name: 'a proof without an account', changes: [[15, [[1, 0, 'pw']]]] },
  { name: 'an unknown method', changes: [[15, [[99, 0, 'pw']]]], context: PROVED },
  { name: 'no proof', changes: [[15, []]], context: PROVED },
  { name: 'five proofs', changes: [[15, Array.from({ length: 5 }, () => [1, 0, 'pw'])]], context: PROVED },
  {
    name: 'a proof of nobody, beside a challenge',
    changes: [
      [15, [[1, 0, 'pw']]],
      [16, [2]],
    ],
  },
  { name: 'a challenge that is no list', changes: [[16, 2]] },
  { name: 'a challenge of no method', changes: [[16, []]] },
  { name: 'a challenge of an unknown method', changes: [[16, [99]]] },
  { name: 'a challenge without its bytes', changes: [[16, [2, 5]]] },
  { name: 'a challenge with something more', changes: [[16, [2, 5, Buffer.alloc(1), 0]]] },
  { name: 'a challenge later than can be', changes: [[16, [2, 65_536, Buffer.alloc(1)]]] },
  { name: 'a challenge of 65 bytes', changes: [[16, [2, 5, Buffer.alloc(65)]]] },
  { name: 'a challenge that is text', changes: [[16, [2, 5, 'x']]] },
  { name: 'no language', changes: [[17, 0]] },
  { name: 'an unknown language', changes: [[17, 3]] },
  { name: 'a language that is text', changes: [[17, 'de']] },
  { name: 'an unknown key', changes: [[18, 0]] },
] satisfies { name: string; changes: [number, CborValue | undefined][]; context?: LoginContext }[]) {
  test(`no flow: ${name}`, () => {
    assert.ok(decodeFlow(changed(context, [])));
    assert.equal(decodeFlow(changed(context, changes)), null);
  });
}
