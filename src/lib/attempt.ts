// Owns: trying what may refuse, so that everything that is wrong can be told at once. Leaves to problems.ts: how it is told.
import { messageOf, type Problems, ProblemsError } from './problems.ts';

/** Runs what may refuse; a refusal becomes problems, and null. */
export function attempt<T>(problems: Problems, path: string, open: () => T): T | null {
  try {
    return open();
  } catch (error) {
    addFailure(problems, path, error);
    return null;
  }
}

/** {@link attempt} of what answers later. */
export async function attemptLater<T>(problems: Problems, path: string, open: () => Promise<T>): Promise<T | null> {
  try {
    return await open();
  } catch (error) {
    addFailure(problems, path, error);
    return null;
  }
}

function addFailure(problems: Problems, path: string, error: unknown): void {
  if (error instanceof ProblemsError) {
    for (const { path: inside, found, wanted } of error.problems) {
      problems.add(inside.includes(path) ? inside : `${path}: ${inside}`, found, wanted);
    }
  } else problems.add(path, messageOf(error), 'a file that can be used');
}
