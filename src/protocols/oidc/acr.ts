// Owns: what acr values mean: which proofs each stands for, and which of them an ID token says. Also amr (RFC 8176).
// Leaves to core/assurance: how strong proofs are.
import { ASSURANCE_LEVELS, type AssuranceLevel, assuranceOf } from '../../core/assurance.ts';
import type { MethodName } from '../../core/authentication-event.ts';

export interface AcrValue {
  /** Stands in sealed requests: append only, never renumbered. */
  readonly number: number;
  readonly value: string;
  readonly level: AssuranceLevel;
  /** One of these must be among the proofs; null: any. */
  readonly methods: readonly MethodName[] | null;
}

const PHISHING_RESISTANT: readonly MethodName[] = ['webauthn', 'passkey', 'attested-key'];

/**
 * Strongest first; within a level what says most. `phr` and `phrh` are of the OpenID EAP ACR Values 1.0, the REFEDS ones
 * of its profiles; the AAL ones are what US federal services use for NIST SP 800-63B.
 */
export const ACR_VALUES: readonly AcrValue[] = [
  { number: 1, value: 'phrh', level: 'aal3', methods: ['attested-key'] },
  { number: 2, value: 'http://idmanagement.gov/ns/assurance/aal/3', level: 'aal3', methods: null },
  { number: 3, value: 'phr', level: 'aal2', methods: PHISHING_RESISTANT },
  { number: 4, value: 'https://refeds.org/profile/mfa', level: 'aal2', methods: null },
  { number: 5, value: 'http://idmanagement.gov/ns/assurance/aal/2', level: 'aal2', methods: null },
  { number: 6, value: 'https://refeds.org/profile/sfa', level: 'aal1', methods: null },
  { number: 7, value: 'http://idmanagement.gov/ns/assurance/aal/1', level: 'aal1', methods: null },
];

const BY_VALUE: ReadonlyMap<string, AcrValue> = new Map(ACR_VALUES.map((one) => [one.value, one]));
const BY_NUMBER: ReadonlyMap<number, AcrValue> = new Map(ACR_VALUES.map((one) => [one.number, one]));

export function acrByNumber(number: number): AcrValue | undefined {
  return BY_NUMBER.get(number);
}

/** Those that are known here, in the order of asking. */
export function knownAcrs(values: readonly string[]): readonly AcrValue[] {
  return [...new Set(values)].flatMap((value) => BY_VALUE.get(value) ?? []);
}

const rank = (level: AssuranceLevel): number => ASSURANCE_LEVELS.indexOf(level);

/** Whether these proofs are what the value stands for. */
export function proves(acr: AcrValue, methods: readonly MethodName[]): boolean {
  const reached = assuranceOf(methods.map((method) => ({ method })));
  if (reached === null || rank(reached) < rank(acr.level)) return false;
  return acr.methods === null || methods.some((method) => acr.methods?.includes(method));
}

/** The acr of an ID token: the first of the asked ones that is proved, else the one that says most; null without proofs. */
export function provedAcr(asked: readonly AcrValue[], methods: readonly MethodName[]): AcrValue | null {
  return [...asked, ...ACR_VALUES].find((one) => proves(one, methods)) ?? null;
}

/** RFC 8176; `mfa` beside the methods when there were several kinds of proof. */
const AMR = {
  password: ['pwd'],
  totp: ['otp'],
  'recovery-code': ['otp'],
  'email-code': ['otp'],
  'sms-code': ['otp', 'sms'],
  webauthn: ['pop', 'user'],
  passkey: ['pop', 'user'],
  'attested-key': ['hwk', 'user'],
} as const satisfies Record<MethodName, readonly string[]>;

export function amrOf(methods: readonly MethodName[]): readonly string[] {
  const values = new Set<string>(methods.flatMap((method) => AMR[method]));
  const reached = assuranceOf(methods.map((method) => ({ method })));
  if (reached !== null && reached !== 'aal1') values.add('mfa');
  return [...values].sort();
}
