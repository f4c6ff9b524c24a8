// Second factors, step-up, choice, enrolment: the login flow row by row, as a person meets it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MethodName } from '../../src/core/authentication-event.ts';
import type { AuthenticationRequest } from '../../src/core/authentication-request.ts';
import type { CredentialSet } from '../../src/core/credential.ts';
import { emptyContext, FLOW_PROOF_SECONDS, type LoginContext } from '../../src/core/login-context.ts';
import { ENROLMENT_PROOF_SECONDS } from '../../src/core/login-question.ts';
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
  take,
} from './flow-cases.ts';

const asking = (change: Partial<AuthenticationRequest>): Pick<LoginSituation, 'request'> => ({
  request: { ...REQUEST, ...change },
});
const AAL2 = asking({ assurance: { accepted: ['aal2'], binding: 'required' } });
const floor2: Pick<LoginSituation, 'floor'> = { floor: () => 'aal2' };

/** Alice is signed in, `minutes` ago. */
const signedIn = (methods: readonly MethodName[], change: Partial<LoginSituation> = {}, minutes = 60) =>
  situation({
    session: sessionOf(
      alice,
      methods.map((method) => proof(method, NOW - minutes * 60)),
    ),
    sessionAccount: alice,
    ...change,
  });
/** Alice has proved this in the flow, just now. */
const inFlow = (...methods: MethodName[]) =>
  contextWith(
    alice,
    methods.map((method) => proof(method, NOW - 20)),
  );
const proved = (method: MethodName, account = alice): LoginInput => ({
  kind: 'proved',
  account,
  event: proof(method, NOW),
});

const NOTHING = setOf();
const TOTP = setOf(credential('totp'));
const MANY = setOf(credential('recovery-code'), credential('totp'), credential('passkey'));

interface Row {
  readonly name: string;
  readonly where: LoginSituation;
  readonly context?: LoginContext;
  readonly input?: LoginInput;
  /** null: it cannot be read. */
  readonly enrolled: CredentialSet | null;
  readonly expect: string;
  /** The store must not have been asked. */
  readonly unread?: true;
}

const rows: readonly Row[] = [
  // From nobody to two factors
  {
    name: 'a password is not enough: the app is asked for',
    where: situation(floor2),
    input: proved('password'),
    enrolled: TOTP,
    expect: 'challenge alice [totp]',
  },
  {
    name: 'and its code finishes',
    where: situation({ ...floor2, contextAccount: alice }),
    context: inFlow('password'),
    input: proved('totp'),
    enrolled: TOTP,
    expect: 'started alice password+totp',
  },
  {
    name: 'a password is enough: nothing more is asked although there is more, and nothing is read',
    where: situation(),
    input: proved('password'),
    enrolled: TOTP,
    expect: 'started alice password',
    unread: true,
  },
  {
    name: 'a passkey is two factors by itself',
    where: situation(floor2),
    input: proved('passkey'),
    enrolled: MANY,
    expect: 'started alice passkey',
  },
  {
    name: 'a key that did not check the person is one factor',
    where: situation(floor2),
    input: proved('webauthn'),
    enrolled: setOf(credential('webauthn'), credential('totp')),
    expect: 'challenge alice [password]',
  },
  {
    name: 'two things that one has are one factor',
    where: situation({ ...floor2, contextAccount: alice }),
    context: inFlow('totp'),
    input: proved('webauthn'),
    enrolled: setOf(credential('webauthn'), credential('totp')),
    expect: 'challenge alice [password]',
  },
  {
    name: 'a code by e-mail adds nothing, so it is not asked for',
    where: situation(floor2),
    input: proved('password'),
    enrolled: setOf(credential('email-code')),
    expect: 'assurance-unmet alice',
  },
  // Choice
  {
    name: 'of several the strongest is asked for, the others are offered, recovery codes last',
    where: situation(floor2),
    input: proved('password'),
    enrolled: MANY,
    expect: 'challenge alice [webauthn] totp recovery-code',
  },
  {
    name: 'another way is chosen',
    where: situation({ ...floor2, contextAccount: alice }),
    context: inFlow('password'),
    input: { kind: 'chosen', method: 'recovery-code' },
    enrolled: MANY,
    expect: 'challenge alice webauthn totp [recovery-code]',
  },
  {
    name: 'a way that does not lead on cannot be chosen',
    where: situation({ ...floor2, contextAccount: alice }),
    context: inFlow('password'),
    input: { kind: 'chosen', method: 'sms-code' },
    enrolled: MANY,
    expect: 'challenge alice [webauthn] totp recovery-code',
  },
  {
    name: 'two keys of different strength are one question',
    where: situation(floor2),
    input: proved('password'),
    enrolled: setOf(credential('webauthn'), credential('passkey')),
    expect: 'challenge alice [webauthn]',
  },
  {
    name: 'used-up recovery codes are not offered',
    where: situation(floor2),
    input: proved('password'),
    enrolled: setOf(
      credential('totp'),
      credential('recovery-code', { data: { kind: 'recovery-codes', remaining: 0 } }),
    ),
    expect: 'challenge alice [totp]',
  },
  {
    name: 'disabled ones are not offered',
    where: situation(floor2),
    input: proved('password'),
    enrolled: setOf(credential('totp'), credential('passkey', { disabled: true })),
    expect: 'challenge alice [totp]',
  },
  {
    name: 'what this node cannot check is not offered',
    where: situation({ ...floor2, possible: ['password', 'totp'] }),
    input: proved('password'),
    enrolled: MANY,
    expect: 'challenge alice [totp]',
  },
  // Step-up
  {
    name: 'a session that is too weak is asked only for what is missing',
    where: signedIn(['password'], floor2),
    enrolled: TOTP,
    expect: 'challenge alice [totp]',
  },
  {
    name: 'and gains the event',
    where: signedIn(['password'], floor2),
    input: proved('totp'),
    enrolled: TOTP,
    expect: 'extended alice password+totp',
  },
  {
    name: 'a session that is strong enough is answered without reading anything',
    where: signedIn(['password', 'totp'], floor2),
    enrolled: null,
    expect: 'none alice password+totp',
    unread: true,
  },
  {
    name: 'aal3 by a proved key after password and code',
    where: signedIn(['password', 'totp'], { floor: () => 'aal3' }),
    enrolled: setOf(credential('totp'), credential('attested-key')),
    expect: 'challenge alice [webauthn]',
  },
  {
    name: 'no key for aal3, and who has a second factor enrols none on the way',
    where: signedIn(['password', 'totp'], { floor: () => 'aal3', enrollable: ['attested-key'] }),
    context: inFlow('password'),
    enrolled: TOTP,
    expect: 'assurance-unmet alice',
  },
  {
    name: 'somebody else’s password in a step-up',
    where: signedIn(['password'], floor2),
    input: proved('password', bob),
    enrolled: TOTP,
    expect: 'wrong-subject bob',
  },
  {
    name: 'somebody else’s passkey in a step-up',
    where: signedIn(['password'], AAL2),
    input: proved('passkey', bob),
    enrolled: MANY,
    expect: 'wrong-subject bob',
  },
  {
    name: 'somebody else in a flow whose session is enough: a change of person, not a step-up',
    where: signedIn(['password']),
    input: proved('password', bob),
    enrolled: NOTHING,
    expect: 'started bob password',
  },
  {
    name: 'somebody else where everything is asked again',
    where: signedIn(['password', 'totp'], asking({ forceAuthn: true })),
    input: proved('password', bob),
    enrolled: NOTHING,
    expect: 'started bob password',
  },
  {
    name: 'somebody else after a first password of this flow: their own proofs, never combined',
    where: situation({ ...floor2, contextAccount: alice }),
    context: inFlow('password'),
    input: proved('totp', bob),
    enrolled: TOTP,
    expect: 'challenge bob [password]',
  },
  // Freshness
  {
    name: 'forced: both are asked again, the first first',
    where: signedIn(['password', 'totp'], { ...floor2, ...asking({ forceAuthn: true }) }),
    enrolled: TOTP,
    expect: 'ask alice',
    unread: true,
  },
  {
    name: 'forced: then the second, although the session has it',
    where: signedIn(['password', 'totp'], { ...floor2, ...asking({ forceAuthn: true }) }),
    input: proved('password'),
    enrolled: TOTP,
    expect: 'challenge alice [totp]',
  },
  {
    name: 'max age: the factor that is too old is asked again, the other is not',
    where: situation({
      ...floor2,
      ...asking({ maxAge: 600 }),
      session: sessionOf(alice, [proof('password', NOW - 60), proof('totp', NOW - 3600)]),
      sessionAccount: alice,
    }),
    enrolled: TOTP,
    expect: 'challenge alice [totp]',
  },
  {
    name: 'max age: the password as well, by its own page',
    where: situation({
      ...floor2,
      ...asking({ maxAge: 600 }),
      session: sessionOf(alice, [proof('password', NOW - 3600), proof('totp', NOW - 60)]),
      sessionAccount: alice,
    }),
    enrolled: TOTP,
    expect: 'challenge alice [password]',
  },
  {
    name: 'a password of this flow that is ten minutes old is asked again, which is said',
    where: situation({ ...floor2, contextAccount: alice }),
    context: contextWith(alice, [proof('password', NOW - FLOW_PROOF_SECONDS)]),
    enrolled: TOTP,
    expect: 'ask - expired',
    unread: true,
  },
  // Named classes
  {
    name: 'a party that insists on an app’s code gets it, although a passkey is as strong',
    where: signedIn(['passkey'], { ...AAL2, named: (methods) => methods.includes('totp') }),
    enrolled: MANY,
    expect: 'challenge alice [totp]',
  },
  {
    name: 'a party that insists on a password gets it from who came in with a passkey',
    where: signedIn(['passkey'], { named: (methods) => methods.includes('password') }),
    enrolled: MANY,
    expect: 'challenge alice [password]',
  },
  {
    name: 'a named method that nobody can have here: said before a page',
    where: situation({ possible: ['password'], named: (methods) => methods.includes('totp') }),
    enrolled: NOTHING,
    expect: 'assurance-unmet -',
    unread: true,
  },
  {
    name: 'a floor above what was asked raises it',
    where: situation({ ...floor2, ...asking({ assurance: { accepted: ['aal1'], binding: 'required' } }) }),
    input: proved('password'),
    enrolled: TOTP,
    expect: 'challenge alice [totp]',
  },
  // Passive
  {
    name: 'passive and too weak',
    where: signedIn(['password'], { ...floor2, ...asking({ passive: true }) }),
    enrolled: TOTP,
    expect: 'interaction-needed alice',
    unread: true,
  },
  {
    name: 'passive, more preferred: what there is',
    where: signedIn(['password'], asking({ passive: true, assurance: { accepted: ['aal2'], binding: 'preferred' } })),
    enrolled: TOTP,
    expect: 'none alice password',
    unread: true,
  },
  {
    name: 'passive, more preferred, below the floor',
    where: signedIn(['password'], {
      ...floor2,
      ...asking({ passive: true, assurance: { accepted: ['aal2'], binding: 'preferred' } }),
    }),
    enrolled: TOTP,
    expect: 'interaction-needed alice',
    unread: true,
  },
  // Preference
  {
    name: 'preferred and possible: asked for',
    where: signedIn(['password'], asking({ assurance: { accepted: ['aal2'], binding: 'preferred' } })),
    enrolled: TOTP,
    expect: 'challenge alice [totp]',
  },
  {
    name: 'preferred and not possible: what there is',
    where: signedIn(['password'], asking({ assurance: { accepted: ['aal3'], binding: 'preferred' } })),
    enrolled: TOTP,
    expect: 'none alice password',
  },
  {
    name: 'preferred and not possible: still the floor',
    where: signedIn(['password'], {
      ...floor2,
      ...asking({ assurance: { accepted: ['aal3'], binding: 'preferred' } }),
    }),
    enrolled: TOTP,
    expect: 'challenge alice [totp]',
  },
  // What is enrolled cannot be read
  {
    name: 'outage after a password: come back, never "enrol"',
    where: situation({ ...floor2, enrollable: ['totp'] }),
    input: proved('password'),
    enrolled: null,
    expect: 'unavailable',
  },
  {
    name: 'outage in a grace period lets nobody in either',
    where: situation({ ...floor2, enrollable: ['totp'], graceUntil: NOW + 1000 }),
    input: proved('password'),
    enrolled: null,
    expect: 'unavailable',
  },
  {
    name: 'outage after the second proof: it cannot be seen whether it still counts',
    where: situation({ ...floor2, contextAccount: alice }),
    context: inFlow('password', 'totp'),
    enrolled: null,
    expect: 'unavailable',
  },
  {
    name: 'outage, a preference',
    where: signedIn(['password'], asking({ assurance: { accepted: ['aal2'], binding: 'preferred' } })),
    enrolled: null,
    expect: 'unavailable',
  },
  // Removed meanwhile
  {
    name: 'the app is removed between its code and the end: its proof no longer counts',
    where: situation({ ...floor2, contextAccount: alice }),
    context: inFlow('password', 'totp'),
    enrolled: setOf(credential('sms-code')),
    expect: 'challenge alice [sms-code]',
  },
  {
    name: 'the app is disabled meanwhile, and is all there is: no other is enrolled in its place',
    where: situation({ ...floor2, contextAccount: alice, enrollable: ['totp'] }),
    context: inFlow('password', 'totp'),
    enrolled: setOf(credential('totp', { disabled: true })),
    expect: 'assurance-unmet alice',
  },
  {
    name: 'the only proof’s passkey is gone: nobody',
    where: situation({ ...floor2, contextAccount: alice }),
    context: inFlow('passkey'),
    enrolled: NOTHING,
    expect: 'ask - expired',
  },
  {
    name: 'a session’s credential is gone, and the set was read: its event goes with it',
    where: signedIn(['password', 'totp'], { floor: () => 'aal3' }),
    input: proved('attested-key'),
    enrolled: setOf(credential('attested-key')),
    expect: 'extended alice password+attested-key',
  },
  {
    name: 'an event by used-up recovery codes counts: it used up the last one',
    where: situation({ ...floor2, contextAccount: alice }),
    context: inFlow('password'),
    input: proved('recovery-code'),
    enrolled: setOf(credential('recovery-code', { data: { kind: 'recovery-codes', remaining: 0 } })),
    expect: 'started alice password+recovery-code',
  },
  {
    name: 'the account is disabled after its password',
    where: situation({ ...floor2, contextAccount: { ...alice, disabled: true } }),
    context: inFlow('password'),
    enrolled: TOTP,
    expect: 'account-disabled alice',
    unread: true,
  },
  {
    name: 'the account is disabled before its code is right',
    where: situation({ ...floor2, contextAccount: alice }),
    context: inFlow('password'),
    input: proved('totp', { ...alice, disabled: true }),
    enrolled: TOTP,
    expect: 'account-disabled alice',
    unread: true,
  },
  // Enrolment
  {
    name: 'who has nothing may enrol',
    where: situation({ ...floor2, enrollable: ['totp', 'passkey', 'sms-code'] }),
    input: proved('password'),
    enrolled: NOTHING,
    expect: 'enrol totp passkey sms-code',
  },
  {
    name: 'only what leads on may be enrolled',
    where: situation({ floor: () => 'aal3', enrollable: ['totp', 'attested-key', 'email-code'] }),
    input: proved('password'),
    enrolled: NOTHING,
    expect: 'enrol attested-key',
  },
  {
    name: 'nothing that could be enrolled leads on: the party is told',
    where: situation({ floor: () => 'aal3', enrollable: ['totp'] }),
    input: proved('password'),
    enrolled: NOTHING,
    expect: 'assurance-unmet alice',
  },
  {
    name: 'an e-mail address is no authenticator that would forbid it',
    where: situation({ ...floor2, enrollable: ['totp'] }),
    input: proved('password'),
    enrolled: setOf(credential('email-code')),
    expect: 'enrol totp',
  },
  ...(['totp', 'sms-code', 'passkey', 'webauthn', 'recovery-code'] as const).map((method) => ({
    name: `who has a disabled ${method} enrols nothing here`,
    where: situation({ ...floor2, enrollable: ['totp'] as const }),
    input: proved('password'),
    enrolled: setOf(credential(method, { disabled: true })),
    expect: 'assurance-unmet alice',
  })),
  {
    name: 'used-up recovery codes: the same',
    where: situation({ ...floor2, enrollable: ['totp'] }),
    input: proved('password'),
    enrolled: setOf(credential('recovery-code', { data: { kind: 'recovery-codes', remaining: 0 } })),
    expect: 'assurance-unmet alice',
  },
  {
    name: 'a passkey is the first factor of who came in with it, and nothing beyond it',
    where: situation({ floor: () => 'aal3', enrollable: ['attested-key'] }),
    input: proved('passkey'),
    enrolled: setOf(credential('passkey')),
    expect: 'enrol attested-key',
  },
  {
    name: 'and beyond it, for who came in with a password',
    where: situation({ floor: () => 'aal3', enrollable: ['attested-key'], contextAccount: alice }),
    context: inFlow('password'),
    input: proved('passkey'),
    enrolled: setOf(credential('passkey')),
    expect: 'assurance-unmet alice',
  },
  {
    name: 'from a session alone: the first factor is asked again before',
    where: signedIn(['password'], { ...floor2, enrollable: ['totp'] }),
    enrolled: NOTHING,
    expect: 'challenge alice [password]',
  },
  {
    name: 'a proof of this flow is fresh for five minutes',
    where: situation({ ...floor2, enrollable: ['totp'], contextAccount: alice }),
    context: contextWith(alice, [proof('password', NOW - ENROLMENT_PROOF_SECONDS + 1)]),
    enrolled: NOTHING,
    expect: 'enrol totp',
  },
  {
    name: 'and no longer',
    where: situation({ ...floor2, enrollable: ['totp'], contextAccount: alice }),
    context: contextWith(alice, [proof('password', NOW - ENROLMENT_PROOF_SECONDS)]),
    enrolled: NOTHING,
    expect: 'challenge alice [password]',
  },
  {
    name: 'what was just enrolled is a proof',
    where: situation({ ...floor2, enrollable: ['totp'], contextAccount: alice }),
    context: inFlow('password'),
    input: proved('totp'),
    enrolled: TOTP,
    expect: 'started alice password+totp',
  },
  {
    name: 'passive never enrols',
    where: signedIn(['password'], { ...floor2, ...asking({ passive: true }), enrollable: ['totp'] }),
    enrolled: NOTHING,
    expect: 'interaction-needed alice',
    unread: true,
  },
  // Grace
  {
    name: 'grace: may be skipped',
    where: situation({ ...floor2, enrollable: ['totp'], graceUntil: NOW + 1 }),
    input: proved('password'),
    enrolled: NOTHING,
    expect: 'enrol totp or skip',
  },
  {
    name: 'grace: skipped',
    where: situation({ ...floor2, enrollable: ['totp'], graceUntil: NOW + 1, contextAccount: alice }),
    context: inFlow('password'),
    input: { kind: 'skipped' },
    enrolled: NOTHING,
    expect: 'started alice password',
  },
  {
    name: 'grace is over',
    where: situation({ ...floor2, enrollable: ['totp'], graceUntil: NOW, contextAccount: alice }),
    context: inFlow('password'),
    input: { kind: 'skipped' },
    enrolled: NOTHING,
    expect: 'enrol totp',
  },
  {
    name: 'grace: from a session nobody is reminded',
    where: signedIn(['password'], { ...floor2, enrollable: ['totp'], graceUntil: NOW + 1 }),
    enrolled: NOTHING,
    expect: 'none alice password',
  },
  {
    name: 'grace: nothing can be enrolled here yet',
    where: situation({ ...floor2, graceUntil: NOW + 1 }),
    input: proved('password'),
    enrolled: NOTHING,
    expect: 'started alice password',
  },
  {
    name: 'grace: passive as well',
    where: signedIn(['password'], { ...floor2, ...asking({ passive: true }), graceUntil: NOW + 1 }),
    enrolled: NOTHING,
    expect: 'none alice password',
  },
  {
    name: 'grace: who has a second factor must use it',
    where: situation({ ...floor2, enrollable: ['totp'], graceUntil: NOW + 1, contextAccount: alice }),
    context: inFlow('password'),
    input: { kind: 'skipped' },
    enrolled: TOTP,
    expect: 'challenge alice [totp]',
  },
  {
    name: 'grace is about the floor: what the request itself names is not skipped',
    where: situation({ ...AAL2, enrollable: ['totp'], graceUntil: NOW + 1, contextAccount: alice }),
    context: inFlow('password'),
    input: { kind: 'skipped' },
    enrolled: NOTHING,
    expect: 'enrol totp',
  },
  {
    name: 'grace does not skip anything for nobody',
    where: situation({ ...floor2, enrollable: ['totp'], graceUntil: NOW + 1 }),
    input: { kind: 'skipped' },
    enrolled: NOTHING,
    expect: 'ask -',
    unread: true,
  },
  {
    name: 'skipping does not help where nothing is to be skipped',
    where: signedIn(['password'], floor2),
    input: { kind: 'skipped' },
    enrolled: TOTP,
    expect: 'challenge alice [totp]',
  },
];

for (const row of rows) {
  test(row.name, () => {
    const given = row.context ?? emptyContext(NOW - 5);
    const { step, lookedUp } = take(row.where, given, row.input ?? { kind: 'arrived' }, row.enrolled);
    assert.equal(shown(step), row.expect);
    assert.equal(row.unread === true && lookedUp, false, 'what is enrolled was read');
  });
}
