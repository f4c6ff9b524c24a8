// Owns: people, sessions, requests and enrolments for the tables of the login flow, and its steps as short texts.
import assert from 'node:assert/strict';
import type { Account } from '../../src/core/account.ts';
import type { AuthenticationEvent, MethodName } from '../../src/core/authentication-event.ts';
import type { AuthenticationRequest } from '../../src/core/authentication-request.ts';
import type { Credential, CredentialData, CredentialSet } from '../../src/core/credential.ts';
import { emptyContext, type LoginContext } from '../../src/core/login-context.ts';
import { advance } from '../../src/core/login-flow.ts';
import type { LoginInput, LoginSituation, LoginStep, Progress } from '../../src/core/login-step.ts';
import type { Session } from '../../src/core/session.ts';

export const NOW = 1_790_000_000;

export const alice: Account = {
  id: 'acct-alice',
  loginName: 'alice',
  disabled: false,
  attributes: new Map(),
  groups: [],
};
export const bob: Account = { ...alice, id: 'acct-bob', loginName: 'bob' };

export const REQUEST: AuthenticationRequest = {
  relyingParty: 'saml:https://sp.example.org',
  assurance: { accepted: [], binding: 'required' },
  forceAuthn: false,
  maxAge: null,
  passive: false,
  askConsent: false,
  subject: { kind: 'none' },
  language: null,
  receivedAt: NOW - 10,
  answerTo: { protocol: 'saml', data: new Uint8Array() },
};

/** A node with a database and all methods, on which nothing can be enrolled yet, and no grace. */
export function situation(change: Partial<LoginSituation> = {}): LoginSituation {
  return {
    request: REQUEST,
    session: null,
    sessionAccount: null,
    contextAccount: null,
    outage: false,
    enrolment: null,
    asksConsent: false,
    unassured: false,
    consent: null,
    possible: EVERY_METHOD,
    enrollable: [],
    graceUntil: null,
    named: () => true,
    floor: () => 'aal1',
    isRequiredSubject: () => false,
    newSid: (account) => Buffer.from(account.id.padEnd(16, '.')).subarray(0, 16),
    now: NOW,
    ...change,
  };
}

export const EVERY_METHOD: readonly MethodName[] = [
  'password',
  'totp',
  'recovery-code',
  'email-code',
  'sms-code',
  'webauthn',
  'passkey',
  'attested-key',
];

/** A proof by the credential that is called like the method. */
export const proof = (method: MethodName, at: number): AuthenticationEvent => ({ method, credentialId: method, at });

export function sessionOf(account: Account, events: readonly AuthenticationEvent[]): Session {
  const created = Math.min(...events.map(({ at }) => at));
  return { sid: Buffer.alloc(16, 7), accountId: account.id, created, events, participants: [], lineage: [] };
}

export function contextWith(account: Account, events: readonly AuthenticationEvent[]): LoginContext {
  return { ...emptyContext(NOW - 5), accountId: account.id, events };
}

const key = { credentialId: 'x', publicKey: 'x', counter: 0, transports: [], aaguid: 'x', discoverable: true } as const;

/** What each enrolment keeps, by the method that it is for. */
const DATA: Readonly<Record<Exclude<MethodName, 'password'>, CredentialData>> = {
  totp: { kind: 'totp', secret: 's', lastStep: 0 },
  'recovery-code': { kind: 'recovery-codes', remaining: 3 },
  'email-code': { kind: 'email', destination: 'a@example.org' },
  'sms-code': { kind: 'sms', destination: '+41790000000' },
  webauthn: { kind: 'webauthn', ...key, userVerification: false, backupEligible: false, attested: false },
  passkey: { kind: 'webauthn', ...key, userVerification: true, backupEligible: true, attested: false },
  'attested-key': { kind: 'webauthn', ...key, userVerification: true, backupEligible: false, attested: true },
};

export function credential(
  method: Exclude<MethodName, 'password'>,
  change: { readonly disabled?: boolean; readonly data?: CredentialData } = {},
): Credential {
  const data = change.data ?? DATA[method];
  return {
    id: method,
    label: '',
    createdAt: 1,
    lastUsedAt: null,
    data,
    lineage: [],
    disabled: change.disabled ?? false,
  };
}

export const setOf = (...credentials: readonly Credential[]): CredentialSet => ({ version: 1, credentials });

/** One step, with what is enrolled looked up when the flow asks for it, as web does; null: it cannot be read. */
export function take(
  where: LoginSituation,
  context: LoginContext,
  input: LoginInput,
  enrolled: CredentialSet | null,
): Progress & { readonly lookedUp: boolean } {
  const first = advance(where, context, input);
  if (first.step.kind !== 'look-up') return { ...first, lookedUp: false };
  assert.equal(first.step.what, 'enrolment');
  const enrolment = { accountId: first.step.account.id, enrolled };
  return { ...advance({ ...where, enrolment }, context, input), lookedUp: true };
}

/** A step, short enough to read in a table. */
export function shown(step: LoginStep): string {
  switch (step.kind) {
    case 'identify':
      return `ask ${step.loginName ?? '-'}${step.failure === null ? '' : ` ${step.failure.kind}`}`;
    case 'challenge':
      return `challenge ${step.account.loginName} ${step.methods.map((m) => (m === step.method ? `[${m}]` : m)).join(' ')}`;
    case 'enrol':
      return `enrol ${step.methods.join(' ')}${step.skippable ? ' or skip' : ''}`;
    case 'look-up':
      return `look up ${step.what}`;
    case 'unavailable':
      return step.kind;
    case 'consent':
      return `consent ${step.account.loginName}${step.changed ? ' changed' : ''}`;
    case 'finished': {
      const { result } = step;
      if (result.kind === 'refused') return `${result.reason} ${result.account?.loginName ?? '-'}`;
      const proofs = result.session.events.map(({ method }) => method).join('+');
      return `${result.change.kind} ${result.account.loginName} ${proofs}`;
    }
    default:
      return step satisfies never;
  }
}
