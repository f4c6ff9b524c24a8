// Owns: what came of the sign-ins: counted once each, and the first failures in words.

export type SignInKind = 'single sign-on' | 'password' | 'password, page left open';

export interface Mishap {
  readonly atMs: number;
  /** Where the browser went and what it got; no cookie, no message, no password. */
  readonly story: string;
}

export interface Tally {
  readonly done: Map<SignInKind, number>;
  /** Sign-ins that did not arrive, or arrived wrong. */
  readonly failures: Mishap[];
  /** Sessions that were gone before their time. */
  readonly logouts: Mishap[];
  /** Sessions that reached `session.absolute`, as they must. */
  ended: number;
}

export function newTally(): Tally {
  return { done: new Map(), failures: [], logouts: [], ended: 0 };
}

export function count(tally: Tally, kind: SignInKind): void {
  tally.done.set(kind, (tally.done.get(kind) ?? 0) + 1);
}

export function sumOf(tally: Tally): number {
  return [...tally.done.values()].reduce((sum, done) => sum + done, 0);
}
