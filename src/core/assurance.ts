// Owns: how strong a set of proofs is. Computed from events each time, never stored as a flag.
import type { AuthenticationEvent, MethodName } from './authentication-event.ts';

/** NIST SP 800-63B levels, weakest first. */
export const ASSURANCE_LEVELS = ['aal1', 'aal2', 'aal3'] as const;
export type AssuranceLevel = (typeof ASSURANCE_LEVELS)[number];

export type Factor = 'knowledge' | 'possession' | 'inherence';

/**
 * What each method proves. An e-mail code proves no factor: who reads the mail need not have anything of the person's
 * (NIST SP 800-63B-4 §3.1.3.1), so it is worth AAL1 and adds nothing. A PIN in place of a fingerprint changes nothing for
 * a passkey: it is checked by the authenticator, and there are two factors either way.
 */
export const METHOD_FACTORS = {
  password: ['knowledge'],
  totp: ['possession'],
  'recovery-code': ['possession'],
  'email-code': [],
  'sms-code': ['possession'],
  webauthn: ['possession'],
  passkey: ['possession', 'inherence'],
  'attested-key': ['possession', 'inherence'],
} as const satisfies Record<MethodName, readonly Factor[]>;

/** The level that these proofs reach together; null when there is none. NIST SP 800-63B-4 §2. */
export function assuranceOf(events: readonly Pick<AuthenticationEvent, 'method'>[]): AssuranceLevel | null {
  if (events.length === 0) return null;
  const factors = new Set<Factor>();
  for (const { method } of events) {
    // Two factors in hardware that cannot be copied: nothing can be added to it.
    if (method === 'attested-key') return 'aal3';
    for (const factor of METHOD_FACTORS[method]) factors.add(factor);
  }
  return factors.size >= 2 ? 'aal2' : 'aal1';
}

/** Whether a level is as high as another; no proof at all is below every level. */
export function isAtLeast(level: AssuranceLevel | null, least: AssuranceLevel): boolean {
  return level !== null && ASSURANCE_LEVELS.indexOf(level) >= ASSURANCE_LEVELS.indexOf(least);
}

/** The higher of two levels. */
export function higherOf(one: AssuranceLevel, other: AssuranceLevel): AssuranceLevel {
  return isAtLeast(one, other) ? one : other;
}

/** Levels at or above `floor`. */
export function levelsFrom(floor: AssuranceLevel): readonly AssuranceLevel[] {
  return ASSURANCE_LEVELS.slice(ASSURANCE_LEVELS.indexOf(floor));
}
