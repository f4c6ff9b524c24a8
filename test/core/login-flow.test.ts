import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../src/core/account.ts';
import type { AuthenticationRequest } from '../../src/core/authentication-request.ts';
import {
  emptyContext,
  FLOW_PROOF_SECONDS,
  LOGIN_CONTEXT_SECONDS,
  type LoginContext,
} from '../../src/core/login-context.ts';
import { advance } from '../../src/core/login-flow.ts';
import type { LoginInput, LoginSituation, LoginStep } from '../../src/core/login-step.ts';
import type { Session } from '../../src/core/session.ts';
import { alice, situation as anySituation, bob, NOW, REQUEST, setOf, take } from './flow-cases.ts';

const disabled = (account: Account): Account => ({ ...account, disabled: true });

const session = (account: Account, at: number): Session => ({
  sid: Buffer.alloc(16, 7),
  accountId: account.id,
  created: at,
  events: [{ method: 'password', credentialId: 'c1', at }],
  participants: [{ relyingParty: '0123456789ab', at, nameId: { kind: 'derived' } }],
  lineage: [],
});

/** A node where there is nothing but passwords. */
const situation = (change: Partial<LoginSituation> = {}): LoginSituation =>
  anySituation({ possible: ['password'], ...change });

const signedIn = (account: Account, at: number, change: Partial<LoginSituation> = {}): LoginSituation =>
  situation({ session: session(account, at), sessionAccount: account, ...change });

const asking = (change: Partial<AuthenticationRequest>): { request: AuthenticationRequest } => ({
  request: { ...REQUEST, ...change },
});

const arrived: LoginInput = { kind: 'arrived' };
const proved = (account: Account): LoginInput => ({
  kind: 'proved',
  account,
  event: { method: 'password', credentialId: 'c1', at: NOW },
});

/** What a row expects, short enough to read in a table. */
function shown(step: LoginStep): string {
  if (step.kind === 'identify')
    return `ask ${step.loginName ?? '-'}${step.failure === null ? '' : ` ${step.failure.kind}`}`;
  if (step.kind !== 'finished') return step.kind;
  const { result } = step;
  if (result.kind === 'refused') return `${result.reason} ${result.account?.id ?? '-'}`;
  return `${result.change.kind} ${result.account.id}`;
}

interface Row {
  readonly name: string;
  readonly where: LoginSituation;
  readonly context?: LoginContext;
  readonly input?: LoginInput;
  readonly expect: string;
}

const inFlow = (account: Account, at: number, began = at): LoginContext => ({
  ...emptyContext(began),
  accountId: account.id,
  events: [{ method: 'password', credentialId: 'c1', at }],
});

const rows: readonly Row[] = [
  // Without a session
  { name: 'nobody is signed in: ask', where: situation(), expect: 'ask -' },
  { name: 'a proof finishes', where: situation(), input: proved(alice), expect: 'started acct-alice' },
  {
    name: 'a failure is shown with the name that was typed',
    where: situation(),
    input: { kind: 'failed', failure: { kind: 'wrong' }, typedName: 'alcie' },
    expect: 'ask alcie wrong',
  },
  {
    name: 'a suggested name is filled in',
    where: situation(asking({ subject: { kind: 'suggested', loginName: 'bob' } })),
    expect: 'ask bob',
  },
  { name: 'cancelled', where: situation(), input: { kind: 'declined' }, expect: 'declined -' },
  {
    name: 'cancelled, with a name that was typed and not proved',
    where: situation({ contextAccount: alice }),
    context: { ...emptyContext(NOW), accountId: alice.id },
    input: { kind: 'declined' },
    expect: 'declined -',
  },
  {
    name: 'cancelled, with a proof that counts no more',
    where: situation({ contextAccount: alice }),
    context: inFlow(alice, NOW - 3600),
    input: { kind: 'declined' },
    expect: 'declined -',
  },
  {
    name: "cancelled with a proof, beside somebody else's session",
    where: signedIn(bob, NOW - 60, { contextAccount: alice }),
    context: inFlow(alice, NOW - 5),
    input: { kind: 'declined' },
    expect: 'declined acct-alice',
  },
  {
    name: 'cancelled where it is asked anew who it is',
    where: signedIn(alice, NOW - 60, asking({ forceAuthn: true })),
    input: { kind: 'declined' },
    expect: 'declined -',
  },
  {
    name: 'cancelled by somebody who was disabled meanwhile',
    where: { ...signedIn(alice, NOW - 60), sessionAccount: disabled(alice) },
    input: { kind: 'declined' },
    expect: 'declined -',
  },
  {
    name: 'cancelled although signed in',
    where: signedIn(alice, NOW - 60),
    input: { kind: 'declined' },
    expect: 'declined acct-alice',
  },
  {
    name: 'a disabled account cannot finish',
    where: situation(),
    input: proved(disabled(alice)),
    expect: 'account-disabled acct-alice',
  },
  { name: 'directory down', where: situation({ outage: true }), expect: 'unavailable -' },
  {
    name: 'directory down, even with a proof',
    where: situation({ outage: true }),
    input: proved(alice),
    expect: 'unavailable acct-alice',
  },
  // SSO
  { name: 'signed in: no page', where: signedIn(alice, NOW - 3000), expect: 'none acct-alice' },
  {
    name: 'signed in, disabled since: ask',
    where: { ...signedIn(alice, NOW - 60), sessionAccount: disabled(alice) },
    expect: 'ask -',
  },
  {
    name: 'signed in, deleted since: ask',
    where: { ...signedIn(alice, NOW - 60), sessionAccount: null },
    expect: 'ask -',
  },
  {
    name: 'a proof of the same person extends',
    where: signedIn(alice, NOW - 60),
    input: proved(alice),
    expect: 'extended acct-alice',
  },
  {
    name: 'a proof of somebody else replaces',
    where: signedIn(alice, NOW - 60),
    input: proved(bob),
    expect: 'started acct-bob',
  },
  // Passive
  { name: 'passive, nobody', where: situation(asking({ passive: true })), expect: 'interaction-needed -' },
  {
    name: 'passive, signed in',
    where: signedIn(alice, NOW - 60, asking({ passive: true })),
    expect: 'none acct-alice',
  },
  {
    name: 'passive and forced',
    where: signedIn(alice, NOW - 60, asking({ passive: true, forceAuthn: true })),
    expect: 'interaction-needed -',
  },
  {
    name: 'passive, too old',
    where: signedIn(alice, NOW - 600, asking({ passive: true, maxAge: 60 })),
    expect: 'interaction-needed -',
  },
  // Freshness
  {
    name: 'forced: the session does not count',
    where: signedIn(alice, NOW - 5, asking({ forceAuthn: true })),
    expect: 'ask alice',
  },
  {
    name: 'forced: even a proof that is younger than the request',
    where: signedIn(alice, NOW, asking({ forceAuthn: true })),
    expect: 'ask alice',
  },
  {
    name: 'forced: a proof of this flow does',
    where: signedIn(alice, NOW - 5, asking({ forceAuthn: true })),
    input: proved(alice),
    expect: 'extended acct-alice',
  },
  {
    name: 'forced: a proof kept in the context does',
    where: { ...situation(asking({ forceAuthn: true })), contextAccount: alice },
    context: inFlow(alice, NOW - 30),
    expect: 'started acct-alice',
  },
  {
    name: 'max age counts from when the request came',
    where: signedIn(alice, NOW - 65, asking({ maxAge: 60 })),
    expect: 'none acct-alice',
  },
  { name: 'max age exceeded: ask', where: signedIn(alice, NOW - 71, asking({ maxAge: 60 })), expect: 'ask alice' },
  {
    name: 'max age 0 is met by this flow',
    where: signedIn(alice, NOW - 71, asking({ maxAge: 0 })),
    input: proved(alice),
    expect: 'extended acct-alice',
  },
  {
    name: 'a slow clock does not loop the person',
    where: situation({ ...asking({ maxAge: 0, receivedAt: NOW + 30 }) }),
    input: proved(alice),
    expect: 'started acct-alice',
  },
  {
    name: 'a proof in a flow counts for ten minutes',
    where: situation({ contextAccount: alice }),
    context: inFlow(alice, NOW - FLOW_PROOF_SECONDS + 1),
    expect: 'started acct-alice',
  },
  {
    name: 'and no longer, which is said',
    where: situation({ contextAccount: alice }),
    context: inFlow(alice, NOW - FLOW_PROOF_SECONDS),
    expect: 'ask - expired',
  },
  {
    name: 'a context ends half an hour after it began',
    where: situation({ contextAccount: alice }),
    context: inFlow(alice, NOW - 5, NOW - LOGIN_CONTEXT_SECONDS),
    expect: 'ask -',
  },
  // One account per flow
  {
    name: 'another person’s proof drops the context’s',
    where: situation({ contextAccount: alice }),
    context: inFlow(alice, NOW - 5),
    input: proved(bob),
    expect: 'started acct-bob',
  },
  {
    name: 'a context of one, a session of another: the context wins',
    where: { ...signedIn(bob, NOW - 60), contextAccount: alice },
    context: inFlow(alice, NOW - 5),
    expect: 'started acct-alice',
  },
  // A named subject
  {
    name: 'the wrong one is signed in: ask',
    where: signedIn(alice, NOW - 60, asking({ subject: { kind: 'required' } })),
    expect: 'ask alice',
  },
  {
    name: 'the wrong one proves it',
    where: signedIn(alice, NOW - 60, asking({ subject: { kind: 'required' } })),
    input: proved(alice),
    expect: 'wrong-subject acct-alice',
  },
  {
    name: 'the right one is signed in',
    where: signedIn(alice, NOW - 60, {
      ...asking({ subject: { kind: 'required' } }),
      isRequiredSubject: (a) => a.id === alice.id,
    }),
    expect: 'none acct-alice',
  },
  {
    name: 'the right one takes over',
    where: signedIn(alice, NOW - 60, {
      ...asking({ subject: { kind: 'required' } }),
      isRequiredSubject: (a) => a.id === bob.id,
    }),
    input: proved(bob),
    expect: 'started acct-bob',
  },
  // Assurance and floor
  {
    name: 'more than any method gives: said before a page',
    where: situation(asking({ assurance: { accepted: ['aal2'], binding: 'required' } })),
    expect: 'assurance-unmet -',
  },
  {
    name: 'preferred, not reachable: falls back',
    where: situation(asking({ assurance: { accepted: ['aal2'], binding: 'preferred' } })),
    input: proved(alice),
    expect: 'started acct-alice',
  },
  {
    name: 'preferred never goes below the floor',
    where: situation({ ...asking({ assurance: { accepted: ['aal1'], binding: 'preferred' } }), floor: () => 'aal2' }),
    input: proved(alice),
    expect: 'assurance-unmet acct-alice',
  },
  {
    name: 'a floor above what was asked raises it',
    where: situation({ ...asking({ assurance: { accepted: ['aal1'], binding: 'required' } }), floor: () => 'aal2' }),
    input: proved(alice),
    expect: 'assurance-unmet acct-alice',
  },
  {
    name: 'the floor is judged again for an old session',
    where: signedIn(alice, NOW - 60, { floor: () => 'aal2' }),
    expect: 'assurance-unmet acct-alice',
  },
  {
    name: 'the floor depends on the person',
    where: situation({ floor: (a) => (a.id === bob.id ? 'aal2' : 'aal1') }),
    input: proved(alice),
    expect: 'started acct-alice',
  },
];

for (const row of rows) {
  test(row.name, () => {
    const { step } = take(row.where, row.context ?? emptyContext(NOW - 5), row.input ?? arrived, setOf());
    assert.equal(shown(step), row.expect);
  });
}

function resultOf(where: LoginSituation, context: LoginContext, input: LoginInput) {
  const { step } = advance(where, context, input);
  if (step.kind !== 'finished' || step.result.kind !== 'authenticated') return assert.fail(shown(step));
  return step.result;
}

test('a new subject gets a new sid, no participants, and names the session it ends', () => {
  const where = signedIn(alice, NOW - 60);
  const { session: made, change } = resultOf(where, emptyContext(NOW), proved(bob));
  assert.notDeepEqual(made.sid, where.session?.sid);
  assert.deepEqual(made.participants, []);
  assert.deepEqual(made.lineage, []);
  assert.deepEqual(change, { kind: 'started', replaced: where.session });
});

test('the same subject keeps sid, creation time and participants; its proof is the newest', () => {
  const where = signedIn(alice, NOW - 60, asking({ forceAuthn: true }));
  const { session: kept } = resultOf(where, emptyContext(NOW), proved(alice));
  assert.deepEqual(kept.sid, where.session?.sid);
  assert.equal(kept.created, NOW - 60);
  assert.equal(kept.participants.length, 1);
  assert.deepEqual(kept.events, [{ method: 'password', credentialId: 'c1', at: NOW }]);
});

// OpenID Connect Core §3.1.2.1, max_age; SAML core §3.3.2.2, ForceAuthn: an answer is about proofs that the request accepts.
for (const [name, request, told] of [
  ['all of the session, without a wish', asking({}), ['totp', 'password']],
  ['those young enough for max_age', asking({ maxAge: 300 }), ['password']],
  ['those of this attempt for ForceAuthn', asking({ forceAuthn: true }), ['password']],
] as const) {
  test(`what is told to the party: ${name}`, () => {
    const old = signedIn(alice, NOW - 600, request);
    const app = { method: 'totp', credentialId: 'app', at: NOW - 600 } as const;
    const session = old.session === null ? null : { ...old.session, events: [app] };
    const result = resultOf({ ...old, session }, emptyContext(NOW), proved(alice));
    assert.deepEqual(
      result.proofs.map(({ method }) => method),
      told,
    );
    assert.deepEqual(
      result.session.events.map(({ method }) => method),
      ['totp', 'password'],
    );
  });
}

test('an event is never older than the request, and a session never younger than its events', () => {
  const where = situation(asking({ receivedAt: NOW + 30 }));
  const { session: made } = resultOf(where, emptyContext(NOW), proved(alice));
  assert.equal(made.events[0]?.at, NOW + 30);
  assert.equal(made.created, NOW + 30);
});

test('the same arguments give the same answer', () => {
  const where = signedIn(alice, NOW - 60);
  const first = advance(where, emptyContext(NOW), proved(bob));
  assert.deepEqual(advance(where, emptyContext(NOW), proved(bob)), first);
});

test('advance changes nothing that it was given', () => {
  const context = Object.freeze({
    ...inFlow(alice, NOW - 5),
    events: Object.freeze([...inFlow(alice, NOW - 5).events]),
  });
  const where = Object.freeze(signedIn(alice, NOW - 60, { contextAccount: alice }));
  assert.doesNotThrow(() => advance(where, context, proved(alice)));
});
