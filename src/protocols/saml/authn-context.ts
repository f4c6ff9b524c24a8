// Owns: what AuthnContext class refs mean: which levels satisfy a request, which class was really proved.
import { ASSURANCE_LEVELS, type AssuranceLevel, assuranceOf, levelsFrom } from '../../core/assurance.ts';
import type { AuthenticationEvent, MethodName } from '../../core/authentication-event.ts';
import { AUTHN_CONTEXT } from '../../saml/names.ts';
import type { Comparison, RequestedAuthnContext } from '../../saml/requested-authn-context.ts';

export interface ContextClass {
  /** Stands in sealed requests: append only, never renumbered. */
  readonly number: number;
  readonly ref: string;
  readonly level: AssuranceLevel;
  /** One of these methods must be among the proofs; null: any. */
  readonly methods: readonly MethodName[] | null;
}

/** In the order in which a party that did not ask is told: within a level, the one that most parties know comes first. */
export const CONTEXT_CLASSES: readonly ContextClass[] = [
  { number: 6, ref: AUTHN_CONTEXT.refedsMfa, level: 'aal2', methods: null },
  { number: 5, ref: AUTHN_CONTEXT.timeSyncToken, level: 'aal2', methods: ['totp'] },
  { number: 8, ref: AUTHN_CONTEXT.mobileTwoFactorUnregistered, level: 'aal2', methods: ['sms-code'] },
  { number: 7, ref: AUTHN_CONTEXT.multipleAuthn, level: 'aal2', methods: null },
  { number: 10, ref: AUTHN_CONTEXT.nistAal2, level: 'aal2', methods: null },
  { number: 11, ref: AUTHN_CONTEXT.nistAal3, level: 'aal3', methods: null },
  { number: 1, ref: AUTHN_CONTEXT.passwordProtectedTransport, level: 'aal1', methods: ['password'] },
  { number: 4, ref: AUTHN_CONTEXT.refedsSfa, level: 'aal1', methods: null },
  { number: 2, ref: AUTHN_CONTEXT.password, level: 'aal1', methods: ['password'] },
  { number: 9, ref: AUTHN_CONTEXT.nistAal1, level: 'aal1', methods: null },
  { number: 3, ref: AUTHN_CONTEXT.unspecified, level: 'aal1', methods: null },
];

const BY_REF: ReadonlyMap<string, ContextClass> = new Map(CONTEXT_CLASSES.map((one) => [one.ref, one]));
const BY_NUMBER: ReadonlyMap<number, ContextClass> = new Map(CONTEXT_CLASSES.map((one) => [one.number, one]));

/** The class with this number; undefined for one of another release. */
export function contextClass(number: number): ContextClass | undefined {
  return BY_NUMBER.get(number);
}

export interface WantedContext {
  /** Levels, best first. */
  readonly accepted: readonly AssuranceLevel[];
  /** Classes that may stand in the answer, best first. */
  readonly classes: readonly ContextClass[];
}

/**
 * What satisfies a RequestedAuthnContext; null when nothing does (SAML core §3.3.2.2.1).
 * Classes that Signet does not know are passed over: the list is a choice. Declarations are not known at all.
 */
export function wantedContext(requested: RequestedAuthnContext): WantedContext | null {
  // Each once, however often it was named: a sealed login has room for as many classes as there are.
  const known = [...new Set(requested.classRefs.flatMap((ref) => BY_REF.get(ref) ?? []))];
  if (known.length === 0) return null;
  const classes = CHOICES[requested.comparison](known);
  if (classes.length === 0) return null;
  return { accepted: [...new Set(classes.map(({ level }) => level))], classes };
}

const rank = ({ level }: ContextClass): number => ASSURANCE_LEVELS.indexOf(level);

const CHOICES: Readonly<Record<Comparison, (known: readonly ContextClass[]) => readonly ContextClass[]>> = {
  exact: (known) => known,
  // At least as strong as one of them; what was named comes first, because the party knows those names.
  minimum: (known) => {
    const least = Math.min(...known.map(rank));
    return [...known, ...weakestFirst.filter((one) => rank(one) >= least && !known.includes(one))];
  },
  // Not stronger than the strongest of them, and as strong as possible.
  maximum: (known) => {
    const most = Math.max(...known.map(rank));
    return weakestFirst.filter((one) => rank(one) <= most).sort((a, b) => rank(b) - rank(a));
  },
  // Stronger than every one of them.
  better: (known) => {
    const most = Math.max(...known.map(rank));
    return weakestFirst.filter((one) => rank(one) > most);
  },
};

/** By rising level, each level in its own order. */
const weakestFirst: readonly ContextClass[] = levelsFrom('aal1').flatMap((level) =>
  CONTEXT_CLASSES.filter((one) => one.level === level),
);

/** The first class that these proofs prove; null when they prove none of them. */
export function provedClass(
  classes: readonly ContextClass[],
  events: readonly Pick<AuthenticationEvent, 'method'>[],
): ContextClass | null {
  const reached = assuranceOf(events);
  if (reached === null) return null;
  const highest = ASSURANCE_LEVELS.indexOf(reached);
  for (const one of classes) {
    if (rank(one) <= highest && (one.methods === null || events.some(({ method }) => one.methods?.includes(method)))) {
      return one;
    }
  }
  return null;
}
