// Owns: what an account's enrolments mean for a login. Leaves to credential.ts: what is kept of each.
import type { AccountId } from './account.ts';
import type { AuthenticationEvent, MethodName } from './authentication-event.ts';
import type { Credential, CredentialSet, WebauthnData } from './credential.ts';

/** What one account has enrolled, as it was read for this request. */
export interface Enrolment {
  readonly accountId: AccountId;
  /** null: it cannot be read at the moment, which is never taken for "nothing". */
  readonly enrolled: CredentialSet | null;
}

/** Strongest first, which is the order in which they are offered; a recovery code comes last because it is used up. */
export const METHOD_ORDER = [
  'attested-key',
  'passkey',
  'webauthn',
  'totp',
  'sms-code',
  'password',
  'email-code',
  'recovery-code',
] as const satisfies readonly MethodName[];

/** The proof that a credential can give now; null when it is disabled or used up. */
export function methodOf({ data, disabled }: Credential): MethodName | null {
  if (disabled) return null;
  switch (data.kind) {
    case 'totp':
      return 'totp';
    case 'email':
      return 'email-code';
    case 'sms':
      return 'sms-code';
    case 'recovery-codes':
      return data.remaining > 0 ? 'recovery-code' : null;
    case 'webauthn':
      return webauthnMethod(data);
    default:
      return data satisfies never;
  }
}

/** The most that a key can prove: what it did prove is in each event. */
function webauthnMethod({ userVerification, attested, backupEligible }: WebauthnData): MethodName {
  if (!userVerification) return 'webauthn';
  return attested && !backupEligible ? 'attested-key' : 'passkey';
}

/** What a question is called: the three proofs of WebAuthn answer one, and the event says which it was. */
export function askedAs(method: MethodName): MethodName {
  return method === 'passkey' || method === 'attested-key' ? 'webauthn' : method;
}

/** The methods that a person can use now, each once, in {@link METHOD_ORDER}; the password is not among them. */
export function enrolledMethods(enrolled: CredentialSet): readonly MethodName[] {
  const methods = new Set(enrolled.credentials.map(methodOf));
  return METHOD_ORDER.filter((method) => methods.has(method));
}

/** Whether an event's credential is kept in the store; a password is the directory's. */
export function isEnrolled({ method }: Pick<AuthenticationEvent, 'method'>): boolean {
  return method !== 'password';
}

/** The events whose credential is still there and enabled. The same array when all are. */
export function stillEnrolled(
  events: readonly AuthenticationEvent[],
  { credentials }: CredentialSet,
): readonly AuthenticationEvent[] {
  const enabled = new Set(credentials.filter(({ disabled }) => !disabled).map(({ id }) => id));
  const counts = (event: AuthenticationEvent): boolean => !isEnrolled(event) || enabled.has(event.credentialId);
  return events.every(counts) ? events : events.filter(counts);
}

/**
 * Whether the person has an authenticator beyond their first factor. Somebody who has may not enrol another while they
 * sign in: who knows only the first factor could make themselves a second one. Disabled and used-up ones count; an e-mail
 * address does not, it is no factor. The key of a sign-in without a password is the first factor itself.
 */
export function hasSecondFactor({ credentials }: CredentialSet, counted: readonly AuthenticationEvent[]): boolean {
  const first = counted.every(isEnrolled) ? counted.find(({ method }) => FIRST_METHODS.includes(method)) : undefined;
  return credentials.some(({ id, data }) => data.kind !== 'email' && id !== first?.credentialId);
}

/**
 * Whether all that somebody had beside their password was disabled. What is left is the password alone, and whoever knows
 * it must not put an authenticator of their own in the place of what is gone: an operator looks at it first.
 */
export function isAllDisabled({ credentials }: CredentialSet): boolean {
  const factors = credentials.filter(({ data }) => data.kind !== 'email');
  return factors.length > 0 && factors.every(({ disabled }) => disabled);
}

/** What says who somebody is and proves it at once. */
export const FIRST_METHODS: readonly MethodName[] = ['attested-key', 'passkey', 'password'];
