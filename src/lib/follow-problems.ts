// Owns: telling of problems that come up while a node runs, once each.
import type { Problem } from './problems.ts';

/** Looks again whenever it is called; those of now are known already, and one that went and came back is told again. */
export function followProblems(find: () => readonly Problem[], tell: (problem: Problem) => void): () => void {
  const paths = (problems: readonly Problem[]): ReadonlySet<string> =>
    new Set(problems.map(({ path, found }) => `${path} ${found}`));
  let known = paths(find());
  return () => {
    const now = find();
    for (const problem of now) if (!known.has(`${problem.path} ${problem.found}`)) tell(problem);
    known = paths(now);
  };
}
