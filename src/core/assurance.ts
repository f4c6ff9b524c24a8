// Owns: how strong a set of proofs is. Computed from events each time, never stored as a flag.
import type { AuthenticationEvent, MethodName } from './authentication-event.ts';

/** NIST SP 800-63B levels, weakest first. */
export const ASSURANCE_LEVELS = ['aal1', 'aal2', 'aal3'] as const;
export type AssuranceLevel = (typeof ASSURANCE_LEVELS)[number];

export type Factor = 'knowledge' | 'possession' | 'inherence';

/** What each method proves. */
export const METHOD_FACTORS = {
  password: ['knowledge'],
} as const satisfies Record<MethodName, readonly Factor[]>;

/** The level that these proofs reach together; null when there is none. NIST SP 800-63B-4 §2. */
export function assuranceOf(events: readonly Pick<AuthenticationEvent, 'method'>[]): AssuranceLevel | null {
  if (events.length === 0) return null;
  const factors = new Set<Factor>();
  for (const event of events) for (const factor of METHOD_FACTORS[event.method]) factors.add(factor);
  return factors.size >= 2 ? 'aal2' : 'aal1';
}

/** Levels at or above `floor`. */
export function levelsFrom(floor: AssuranceLevel): readonly AssuranceLevel[] {
  return ASSURANCE_LEVELS.slice(ASSURANCE_LEVELS.indexOf(floor));
}
