// When somebody is asked whether an application may be told about them, and what their answer counts for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthenticationRequest } from '../../src/core/authentication-request.ts';
import { type ConsentState, type ConsentSubject, consentDigest, shownAddress } from '../../src/core/consent.ts';
import { emptyContext, FLOW_PROOF_SECONDS, type LoginContext } from '../../src/core/login-context.ts';
import { advance } from '../../src/core/login-flow.ts';
import type { LoginInput, LoginSituation } from '../../src/core/login-step.ts';
import {
  alice,
  bob,
  contextWith,
  credential,
  NOW,
  proof,
  REQUEST,
  sessionOf,
  setOf,
  shown,
  situation,
} from './flow-cases.ts';

const DIGEST = 'digest-of-alice';
const ARRIVED: LoginInput = { kind: 'arrived' };
const AGREED: LoginInput = { kind: 'consented', digest: DIGEST };
const STALE: LoginInput = { kind: 'consented', digest: 'digest-of-before' };

const state = (standing: ConsentState['standing'], accountId = alice.id): ConsentState => ({
  accountId,
  digest: DIGEST,
  standing,
});

/** The party's setting and what is on record, or cannot be read. */
type Standing = 'never' | ConsentState['standing'];
const STANDINGS: readonly Standing[] = ['never', 'none', 'on-record', 'unavailable'];
const INPUTS = {
  arrived: ARRIVED,
  agrees: AGREED,
  'agrees to a page of before': STALE,
  declines: { kind: 'declined' },
} as const;
const REQUESTS = {
  plain: {},
  passive: { passive: true },
  'prompt=consent': { askConsent: true },
  forced: { forceAuthn: true },
} as const satisfies Record<string, Partial<AuthenticationRequest>>;
const PROOFS = {
  nobody: { where: {}, context: emptyContext(NOW) },
  'a session': {
    where: { session: sessionOf(alice, [proof('password', NOW - 60)]), sessionAccount: alice },
    context: emptyContext(NOW),
  },
  'a proof in this flow': {
    where: { contextAccount: alice },
    context: contextWith(alice, [proof('password', NOW - 5)]),
  },
} as const satisfies Record<string, { where: Partial<LoginSituation>; context: LoginContext }>;

interface Row {
  readonly proofs: keyof typeof PROOFS;
  readonly request: keyof typeof REQUESTS;
  readonly standing: Standing;
  readonly input: keyof typeof INPUTS;
  /** Nobody knows which program asks. */
  readonly unassured: boolean;
}

/** What has to happen, said again without the program's order of questions. */
function expected({ proofs, request, standing, input, unassured }: Row): string {
  const isProved = proofs === 'a proof in this flow' || (proofs === 'a session' && request !== 'forced');
  if (input === 'declines') return isProved ? 'declined by acct-alice' : 'declined by nobody';
  if (!isProved) return request === 'passive' ? 'interaction-needed: login' : 'identify';
  // RFC 8252 §8.6.
  const byItself = unassured && proofs === 'a session';
  const isAsked = standing !== 'never' || request === 'prompt=consent' || byItself;
  if (!isAsked) return 'told, unasked';
  if (standing === 'unavailable') return 'unavailable';
  if (standing === 'on-record' && request !== 'prompt=consent' && !byItself) return 'told, unasked';
  if (input === 'agrees') return 'told, agreed';
  if (request === 'passive') return 'interaction-needed: consent';
  return input === 'arrived' ? 'asked' : 'asked again';
}

function found({ proofs, request, standing, input, unassured }: Row): string {
  const where = situation({
    ...PROOFS[proofs].where,
    possible: ['password'],
    request: { ...REQUEST, ...REQUESTS[request] },
    asksConsent: standing !== 'never' || request === 'prompt=consent',
    unassured,
    // What a party whose people are not asked has on record is not looked for.
    consent: state(standing === 'never' ? 'none' : standing),
  });
  const { step } = advance(where, PROOFS[proofs].context, INPUTS[input]);
  if (step.kind === 'consent') return step.changed ? 'asked again' : 'asked';
  if (step.kind !== 'finished') return step.kind;
  const { result } = step;
  if (result.kind === 'authenticated') return result.agreed === null ? 'told, unasked' : 'told, agreed';
  if (result.reason === 'declined') return `declined by ${result.account?.id ?? 'nobody'}`;
  return result.reason === 'interaction-needed' ? `${result.reason}: ${result.needed}` : result.reason;
}

let rows = 0;
for (const proofs of Object.keys(PROOFS) as (keyof typeof PROOFS)[]) {
  for (const request of Object.keys(REQUESTS) as (keyof typeof REQUESTS)[]) {
    for (const standing of STANDINGS) {
      for (const input of Object.keys(INPUTS) as (keyof typeof INPUTS)[]) {
        for (const unassured of [false, true]) {
          const row: Row = { proofs, request, standing, input, unassured };
          rows += 1;
          const asks = unassured ? 'any program' : 'a known application';
          test(`${asks}, ${proofs}, ${request}, ${standing}, ${input}: ${expected(row)}`, () => {
            assert.equal(found(row), expected(row));
          });
        }
      }
    }
  }
}
test('every combination was asked', () => assert.equal(rows, 3 * 4 * 4 * 4 * 2));

interface Case {
  readonly name: string;
  readonly where: Partial<LoginSituation>;
  readonly context?: LoginContext;
  readonly input?: LoginInput;
  readonly expect: string;
}

const SIGNED_IN = PROOFS['a session'].where;
const asking = { asksConsent: true, possible: ['password'] } as const;

const cases: readonly Case[] = [
  { name: 'nothing is looked for before it is needed', where: { ...asking }, expect: 'ask -' },
  { name: 'what is on record is looked for', where: { ...asking, ...SIGNED_IN }, expect: 'look up consent' },
  {
    name: 'also when the answer comes: it may be about something else by now',
    where: { ...asking, ...SIGNED_IN },
    input: AGREED,
    expect: 'look up consent',
  },
  {
    // CWE-639: the page was Alice's; Bob has signed in at another tab since.
    name: "somebody else's agreement is none",
    where: {
      ...asking,
      session: sessionOf(bob, [proof('password', NOW - 60)]),
      sessionAccount: bob,
      consent: state('none', alice.id),
    },
    input: AGREED,
    expect: 'look up consent',
  },
  {
    name: 'agreeing proves nothing: nobody is signed in by it',
    where: { ...asking, consent: state('none') },
    input: AGREED,
    expect: 'ask -',
  },
  {
    name: 'whoever took too long is asked who they are, and then once more to agree',
    where: { ...asking, contextAccount: alice, consent: state('none') },
    context: contextWith(alice, [proof('password', NOW - FLOW_PROOF_SECONDS)]),
    input: AGREED,
    expect: 'ask - expired',
  },
  {
    name: 'a factor that is missing comes first, whatever was agreed to',
    where: { ...SIGNED_IN, asksConsent: true, floor: () => 'aal2', consent: state('on-record') },
    input: AGREED,
    expect: 'look up enrolment',
  },
  {
    name: 'a disabled account is not asked',
    where: { ...asking, ...SIGNED_IN, sessionAccount: { ...alice, disabled: true }, consent: state('none') },
    expect: 'ask -',
  },
  {
    name: 'another person than the expected one is not asked',
    where: {
      ...asking,
      request: { ...REQUEST, subject: { kind: 'required' } },
      contextAccount: alice,
      consent: state('none'),
    },
    context: contextWith(alice, [proof('password', NOW - 5)]),
    expect: 'wrong-subject alice',
  },
  {
    name: 'skipping a reminder agrees to nothing',
    where: { ...asking, ...SIGNED_IN, consent: state('none') },
    input: { kind: 'skipped' },
    expect: 'consent alice',
  },
];

for (const { name, where, context = emptyContext(NOW), input = ARRIVED, expect } of cases) {
  test(name, () => assert.equal(shown(advance(situation(where), context, input).step), expect));
}

test('what is enrolled is looked up first, then what is on record, each once', () => {
  const context = contextWith(alice, [proof('totp', NOW - 5), proof('password', NOW - 5)]);
  const step = (known: Partial<LoginSituation>, input: LoginInput = ARRIVED): string =>
    shown(advance(situation({ contextAccount: alice, asksConsent: true, ...known }), context, input).step);
  const enrolment = { accountId: alice.id, enrolled: setOf(credential('totp')) };
  assert.equal(step({}), 'look up enrolment');
  assert.equal(step({ enrolment }), 'look up consent');
  assert.equal(step({ enrolment, consent: state('none') }), 'consent alice');
  assert.equal(step({ enrolment, consent: state('none') }, AGREED), 'started alice totp+password');
  // The app was removed in the meantime: what it proved is nothing, whatever was agreed to.
  const gone: Partial<LoginSituation> = {
    enrolment: { accountId: alice.id, enrolled: setOf() },
    floor: () => 'aal2',
  };
  assert.equal(step({ ...gone, consent: state('none') }, AGREED), 'assurance-unmet alice');
});

// Otherwise the answer would be lost on the way to the page that comes next: it is sealed nowhere.
test('nobody is reminded to enrol something where they are asked to agree', () => {
  const reminded = (consent: Partial<LoginSituation>): string => {
    const where = situation({
      contextAccount: alice,
      floor: () => 'aal2',
      graceUntil: NOW + 1000,
      enrollable: ['totp'],
      enrolment: { accountId: alice.id, enrolled: setOf() },
      ...consent,
    });
    return shown(advance(where, contextWith(alice, [proof('password', NOW - 5)]), ARRIVED).step);
  };
  assert.equal(reminded({}), 'enrol totp or skip');
  assert.equal(reminded({ asksConsent: true, consent: state('on-record') }), 'enrol totp or skip');
  assert.equal(reminded({ asksConsent: true, consent: state('none') }), 'consent alice');
  assert.equal(reminded({ asksConsent: true, consent: state('unavailable') }), 'unavailable alice');
  assert.equal(reminded({ asksConsent: true }), 'look up consent');
});

test('the context that is sealed is the same whether somebody has agreed or not', () => {
  const where = situation({ ...asking, ...SIGNED_IN, consent: state('none') });
  const context = emptyContext(NOW);
  for (const input of [ARRIVED, AGREED, STALE]) assert.deepEqual(advance(where, context, input).context, context);
});

const SUBJECT: ConsentSubject = {
  accountId: 'acct-alice',
  relyingParty: 'oidc:wiki',
  termsVersion: '2026-01',
  items: [
    { name: 'mail', source: 'a' },
    { name: 'name', source: 'b' },
  ],
};
const [MAIL = { name: '', source: '' }, NAME = { name: '', source: '' }] = SUBJECT.items;

// Pinned: another release, or another node, must find what was agreed to.
test('the digest is pinned', () => {
  assert.equal(consentDigest(SUBJECT), 'SJuU-T6KuZlsNn4peN7nlVIoDGzL9T6Xfp19BuL_xCs');
});

for (const { name, change } of [
  { name: 'another account', change: { accountId: 'acct-bob' } },
  { name: 'another party', change: { relyingParty: 'oidc:wiki2' } },
  { name: 'a party of the same name in another protocol', change: { relyingParty: 'cas:wiki' } },
  { name: 'another version of the terms', change: { termsVersion: '2026-02' } },
  { name: 'no version of the terms', change: { termsVersion: null } },
  { name: 'a name more', change: { items: [...SUBJECT.items, { name: 'phone', source: 'c' }] } },
  { name: 'a name less', change: { items: [MAIL] } },
  { name: 'another name', change: { items: [MAIL, { ...NAME, name: 'nickname' }] } },
  { name: 'the same name from elsewhere', change: { items: [MAIL, { ...NAME, source: 'c' }] } },
  { name: 'what is a name moved into what is a source', change: { items: [{ name: 'mail","a', source: '' }, NAME] } },
] satisfies { name: string; change: Partial<ConsentSubject> }[]) {
  test(`another digest: ${name}`, () => {
    assert.notEqual(consentDigest({ ...SUBJECT, ...change }), consentDigest(SUBJECT));
  });
}

test('the order of names and a name twice do not count', () => {
  assert.equal(consentDigest({ ...SUBJECT, items: [NAME, MAIL, NAME] }), consentDigest(SUBJECT));
});

for (const [address, expect] of [
  ['https://wiki.example.org/callback?x=1', 'wiki.example.org'],
  ['https://wiki.example.org:8443/', 'wiki.example.org:8443'],
  ['http://127.0.0.1:5000/callback', '127.0.0.1:5000'],
  ['com.example.app:/callback', 'com.example.app:'],
] as const) {
  test(`a return address is shown as ${expect}`, () => assert.equal(shownAddress(address), expect));
}
