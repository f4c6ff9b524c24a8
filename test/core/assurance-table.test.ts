// Session × flow × policy × request × enrolment, every combination, against what the rules say when they are written down
// in another way: as sentences about sets, without the order in which the flow looks at things.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AssuranceLevel } from '../../src/core/assurance.ts';
import type { AuthenticationEvent, MethodName } from '../../src/core/authentication-event.ts';
import type { CredentialSet } from '../../src/core/credential.ts';
import { emptyContext } from '../../src/core/login-context.ts';
import {
  alice,
  contextWith,
  credential,
  EVERY_METHOD,
  NOW,
  proof,
  REQUEST,
  sessionOf,
  setOf,
  shown,
  situation,
  take,
} from './flow-cases.ts';

const HOUR = 3600;

interface Case {
  readonly session: readonly AuthenticationEvent[];
  readonly flow: readonly AuthenticationEvent[];
  readonly has: string;
  readonly enrolled: CredentialSet | null;
  readonly floor: AssuranceLevel;
  readonly accepted: readonly AssuranceLevel[];
  readonly preferred: boolean;
  readonly fresh: 'any' | 'max-age' | 'forced';
  readonly passive: boolean;
  readonly named: MethodName | null;
  readonly enrollable: readonly MethodName[];
  readonly grace: boolean;
}

const sessions: readonly (readonly AuthenticationEvent[])[] = [
  [],
  [proof('password', NOW - HOUR)],
  [proof('password', NOW - 60)],
  [proof('password', NOW - HOUR), proof('totp', NOW - 60)],
  [proof('password', NOW - 60), proof('totp', NOW - HOUR)],
  [proof('passkey', NOW - 60)],
  [proof('attested-key', NOW - HOUR)],
];
const flows: readonly (readonly AuthenticationEvent[])[] = [
  [],
  [proof('password', NOW - 20)],
  [proof('password', NOW - 400)],
  [proof('password', NOW - 700)],
  [proof('password', NOW - 60), proof('totp', NOW - 20)],
  [proof('webauthn', NOW - 20)],
];
const enrolments: readonly (readonly [name: string, enrolled: CredentialSet | null])[] = [
  ['unreadable', null],
  ['nothing', setOf()],
  ['email', setOf(credential('email-code'))],
  ['app', setOf(credential('totp'))],
  ['disabled app', setOf(credential('totp', { disabled: true }))],
  ['app and codes', setOf(credential('totp'), credential('recovery-code'))],
  ['passkey', setOf(credential('passkey'))],
  ['everything', setOf(...EVERY_METHOD.flatMap((method) => (method === 'password' ? [] : [credential(method)])))],
];
const requests: readonly Pick<Case, 'accepted' | 'preferred'>[] = [
  { accepted: [], preferred: false },
  { accepted: ['aal1'], preferred: false },
  { accepted: ['aal2'], preferred: false },
  { accepted: ['aal3', 'aal2'], preferred: false },
  { accepted: ['aal3'], preferred: false },
  { accepted: ['aal2'], preferred: true },
  { accepted: ['aal3'], preferred: true },
];
const floors: readonly AssuranceLevel[] = ['aal1', 'aal2', 'aal3'];
const enrollables: readonly Pick<Case, 'enrollable' | 'grace'>[] = [
  { enrollable: [], grace: false },
  { enrollable: ['totp', 'passkey'], grace: false },
  { enrollable: ['totp'], grace: true },
];

/** Nobody proves anything where no page may be shown: passive requests come with an empty flow only. */
function* everyCase(): Generator<Case> {
  for (const session of sessions)
    for (const flow of flows)
      for (const [has, enrolled] of enrolments)
        for (const floor of floors)
          for (const request of requests)
            for (const fresh of ['any', 'max-age', 'forced'] as const)
              for (const passive of flow.length === 0 ? [false, true] : [false])
                for (const named of session[0]?.method === 'password' ? ([null, 'totp'] as const) : NAMED)
                  for (const enrol of enrollables)
                    yield { session, flow, has, enrolled, floor, ...request, fresh, passive, named, ...enrol };
}
const NAMED = [null, 'totp', 'password'] as const;

/** NIST SP 800-63B-4, in numbers: what one knows 1, has 2, is 4. */
const BITS: Readonly<Record<MethodName, number>> = {
  password: 1,
  totp: 2,
  'recovery-code': 2,
  'email-code': 0,
  'sms-code': 2,
  webauthn: 2,
  passkey: 6,
  'attested-key': 6,
};

function levelOf(methods: readonly MethodName[]): number {
  if (methods.includes('attested-key')) return 3;
  const bits = methods.reduce((sum, method) => sum | BITS[method], 0);
  const factors = [1, 2, 4].filter((bit) => (bits & bit) !== 0).length;
  return factors > 1 ? 2 : Math.min(methods.length, 1);
}

const rank = (level: AssuranceLevel): number => Number(level.slice(3));

/** Every set of up to three of these. */
function setsOf(methods: readonly MethodName[]): readonly (readonly MethodName[])[] {
  const sets: MethodName[][] = [];
  for (let bits = 1; bits < 1 << methods.length; bits += 1) {
    const some = methods.filter((_, i) => (bits & (1 << i)) !== 0);
    if (some.length <= 3) sets.push(some);
  }
  return sets;
}
const knownSets = new Map<string, readonly (readonly MethodName[])[]>();
function everySet(methods: readonly MethodName[]): readonly (readonly MethodName[])[] {
  const key = methods.join();
  const sets = knownSets.get(key) ?? setsOf(methods);
  knownSets.set(key, sets);
  return sets;
}

/** What a row must come to; the words are those of `shown`, without names and without what was proved. */
function expected(given: Case): string {
  const { session, flow, enrolled, floor, accepted, preferred, fresh, passive, named, enrollable, grace } = given;
  const least = Math.max(rank(floor), Math.min(...accepted.map(rank), accepted.length === 0 ? 1 : 9));
  const asked = (methods: readonly MethodName[]) =>
    levelOf(methods) >= least && (named === null || methods.includes(named));
  const floored = (methods: readonly MethodName[]) => levelOf(methods) >= rank(floor);

  // Of a session: what the request finds recent enough. Of the flow: ten minutes.
  const liveFlow = flow.filter(({ at }) => at > NOW - 600);
  const gone = ({ method, credentialId }: AuthenticationEvent) =>
    enrolled !== null &&
    method !== 'password' &&
    !enrolled.credentials.some((one) => one.id === credentialId && !one.disabled);
  const count = (read: boolean) => {
    const kept = session.filter((event) => !read || !gone(event));
    const recent = kept.filter(({ at }) => fresh === 'any' || (fresh === 'max-age' && at >= REQUEST.receivedAt - 600));
    const proofs = liveFlow.filter((event) => !read || !gone(event));
    return { proofs, counted: [...recent, ...proofs], methods: [...recent, ...proofs].map(({ method }) => method) };
  };

  const unread = count(false);
  const identify = passive ? 'interaction-needed' : 'ask';
  if (unread.counted.length === 0) return identify;
  // Answered without reading what is enrolled, as long as nothing that was proved here depends on it.
  if (asked(unread.methods) && unread.proofs.every(({ method }) => method === 'password')) return 'done';
  if (passive && preferred && floored(unread.methods)) return 'done';
  if (passive && !grace) return 'interaction-needed';
  if (enrolled === null) return passive ? 'unavailable!' : 'unavailable';

  const { counted, methods, proofs } = count(true);
  if (counted.length === 0) return identify;
  if (asked(methods)) return 'done';
  if (passive && preferred && floored(methods)) return 'done';
  const usable = EVERY_METHOD.filter(
    (method) => method === 'password' || enrolled.credentials.some(({ id, disabled }) => id === method && !disabled),
  );
  const ways = (goal: typeof asked) => {
    const minimal = everySet(usable).filter(
      (some) =>
        goal([...methods, ...some]) && some.every((one) => !goal([...methods, ...some.filter((each) => each !== one)])),
    );
    return usable.filter((method) => minimal.some((some) => some.includes(method)));
  };
  let leading = ways(asked);
  if (leading.length === 0 && preferred) {
    if (floored(methods)) return 'done';
    leading = ways(floored);
  }
  const names = (some: readonly MethodName[]) =>
    [...new Set(some.map((one) => (one === 'passkey' || one === 'attested-key' ? 'webauthn' : one)))].sort().join(' ');
  if (leading.length > 0) return passive ? 'interaction-needed' : `challenge ${names(leading)}`;

  const cameInWith = methods.includes('password') ? null : counted.find(({ method }) => BITS[method] === 6);
  const others = enrolled.credentials.filter(
    ({ id, data }) => data.kind !== 'email' && id !== cameInWith?.credentialId,
  );
  if (others.length > 0) return 'assurance-unmet';
  const goal = preferred ? floored : asked;
  const offered = enrollable.filter((method) => goal([...methods, method]));
  const justNow = proofs.some(({ at }) => at > NOW - 300);
  const enoughForRequest =
    levelOf(methods) >= Math.min(...accepted.map(rank), accepted.length === 0 ? 1 : 9) &&
    (named === null || methods.includes(named));
  const mayWait = grace && enoughForRequest;
  if (mayWait && (passive || !justNow || offered.length === 0)) return 'done';
  if (offered.length === 0) return 'assurance-unmet';
  if (passive) return 'interaction-needed';
  if (!justNow) return `challenge ${names(usable.filter((one) => one === 'password' || BITS[one] === 6))}`;
  return `enrol ${offered.join(' ')}${mayWait ? ' or skip' : ''}`;
}

function actual(given: Case): string {
  const { session, flow, enrolled, floor, accepted, preferred, fresh, passive, named, enrollable, grace } = given;
  const where = situation({
    request: {
      ...REQUEST,
      assurance: { accepted, binding: preferred ? 'preferred' : 'required' },
      forceAuthn: fresh === 'forced',
      maxAge: fresh === 'max-age' ? 600 : null,
      passive,
    },
    session: session.length === 0 ? null : sessionOf(alice, session),
    sessionAccount: session.length === 0 ? null : alice,
    contextAccount: flow.length === 0 ? null : alice,
    floor: () => floor,
    named: (methods) => named === null || methods.includes(named),
    enrollable,
    graceUntil: grace ? NOW + 1 : null,
  });
  const context = flow.length === 0 ? emptyContext(NOW - 800) : { ...contextWith(alice, flow), began: NOW - 800 };
  const { step } = take(where, context, { kind: 'arrived' }, enrolled);
  if (step.kind === 'identify') return 'ask';
  if (step.kind === 'challenge') return `challenge ${[...step.methods].sort().join(' ')}`;
  if (step.kind !== 'finished') return shown(step);
  if (step.result.kind === 'authenticated') return 'done';
  // Told to the party at once, rather than to the person.
  return step.result.reason === 'unavailable' ? 'unavailable!' : step.result.reason;
}

test('the table of session, flow, policy, request and enrolment', () => {
  const seen = new Map<string, number>();
  for (const given of everyCase()) {
    const want = expected(given);
    const got = actual(given);
    if (want !== got) assert.equal(got, want, JSON.stringify({ ...given, enrolled: given.has }));
    const kind = want.split(' ')[0] ?? want;
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
  }
  // So that none of the outcomes is only in the code.
  for (const kind of ['ask', 'done', 'challenge', 'enrol', 'unavailable', 'unavailable!', 'assurance-unmet']) {
    assert.ok((seen.get(kind) ?? 0) > 100, `${kind}: ${seen.get(kind) ?? 0}`);
  }
});

// Whatever copy the browser shows: one with fewer proofs gets no further than one with more. (Reminding somebody to enrol
// something, which can be skipped, keeps nobody out; reading what is enrolled, which the other may not need, may fail. A
// session whose credential is gone has been revoked, and does not get here.)
test('an older copy of a flow is never worth more', () => {
  for (const given of everyCase()) {
    if (given.flow.length === 0 || given.preferred) continue;
    if (given.has !== 'everything' && given.session.some(({ method }) => method !== 'password')) continue;
    if (actual({ ...given, flow: [] }) !== 'done') continue;
    const now = actual(given);
    assert.ok(
      now === 'done' || now === 'unavailable' || now.endsWith(' or skip'),
      `${now}: ${JSON.stringify({ ...given, enrolled: given.has })}`,
    );
  }
});
