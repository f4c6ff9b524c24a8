// Owns: what an attempt has to prove, and which methods lead there. Leaves to login-flow.ts: what to ask, and whom.
import { type AssuranceLevel, assuranceOf, higherOf, isAtLeast, levelsFrom } from './assurance.ts';
import type { MethodName } from './authentication-event.ts';
import type { AuthenticationRequest } from './authentication-request.ts';

/** Whether these proofs are enough. More proofs are never less: what is enough stays enough with another one. */
export type Goal = (methods: readonly MethodName[]) => boolean;

/** Whether the answer can be worded as the party asked, for a party that named methods or classes beside the levels. */
export type NamedProof = (methods: readonly MethodName[]) => boolean;

/**
 * What this request needs of somebody whose floor this is: the least level that was asked for, raised to the floor. A
 * party that asks for less than its own floor gets what it asked for, from somebody who has proved more
 * (docs/decisions/0011-a-floor-raises.md).
 */
export function goalOf(request: AuthenticationRequest, floor: AssuranceLevel, named: NamedProof): Goal {
  const { accepted } = request.assurance;
  const asked = levelsFrom('aal1').find((level) => accepted.includes(level)) ?? 'aal1';
  const needed = higherOf(asked, floor);
  return (methods) => isAtLeast(assuranceOf(methods.map((method) => ({ method }))), needed) && named(methods);
}

/** What is left of a goal when what was asked is only a preference: never less than the floor. */
export function floorGoal(floor: AssuranceLevel): Goal {
  return (methods) => isAtLeast(assuranceOf(methods.map((method) => ({ method }))), floor);
}

/** Nobody is asked for more proofs than this in one go. */
const STEPS_MAX = 3;

/**
 * Which of the available methods bring somebody who has proved `counted` to the goal, in the order of `available`: the
 * members of every set that is enough, and would not be without any one of them. Empty: no set is.
 */
export function methodsTowards(
  goal: Goal,
  counted: readonly MethodName[],
  available: readonly MethodName[],
): readonly MethodName[] {
  const enough: (readonly MethodName[])[] = [];
  for (let size = 1; size <= STEPS_MAX; size += 1) {
    for (const some of subsets(available, size)) {
      const holdsAnother = enough.some((fewer) => fewer.every((method) => some.includes(method)));
      if (!holdsAnother && goal([...counted, ...some])) enough.push(some);
    }
  }
  return available.filter((method) => enough.some((some) => some.includes(method)));
}

/** At most eight methods: 92 sets of up to three. */
function subsets(all: readonly MethodName[], size: number): readonly (readonly MethodName[])[] {
  if (size === 0) return [[]];
  return all.flatMap((first, i) => subsets(all.slice(i + 1), size - 1).map((rest) => [first, ...rest]));
}
