// Owns: collecting everything that is wrong with an input, so that a person is told all of it at once.

/** One thing that is wrong: where, what was found there, what was wanted. */
export interface Problem {
  /** A path into the input, for example `parties/wiki.yaml: nameId.format`. */
  readonly path: string;
  readonly found: string;
  readonly wanted: string;
}

/** Thrown when an input has problems; carries all of them. */
export class ProblemsError extends Error {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'ProblemsError';
    this.problems = problems;
  }
}

/** A list of problems that grows while an input is read. */
export class Problems {
  readonly #list: Problem[] = [];

  /** Adds one problem; `found` must never hold a secret. */
  add(path: string, found: string, wanted: string): void {
    this.#list.push({ path, found, wanted });
  }

  addAll(problems: readonly Problem[]): void {
    this.#list.push(...problems);
  }

  any(): boolean {
    return this.#list.length > 0;
  }

  list(): readonly Problem[] {
    return this.#list;
  }

  /** Throws a {@link ProblemsError} when anything was added. */
  throwIfAny(): void {
    if (this.any()) throw new ProblemsError(this.#list);
  }
}

/** One line for a person: path, found, wanted. */
export function formatProblem(problem: Problem): string {
  return `${problem.path}: found ${problem.found}; wanted ${problem.wanted}`;
}

const FILE_ERRORS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file'],
  ['ENOTDIR', 'a file where a folder was wanted'],
  ['EISDIR', 'a folder'],
  ['EACCES', 'no permission'],
  ['EPERM', 'no permission'],
  ['EROFS', 'a file system that is mounted read-only'],
  ['ENOSPC', 'a full disk'],
]);

/** Why a file could not be used, in words, with the system's own code: `no such file (ENOENT)`. */
export function fileFault(error: unknown): string {
  if (!(error instanceof Error && 'code' in error)) return 'an unknown failure';
  const code = String(error.code);
  const words = FILE_ERRORS.get(code);
  return words === undefined ? code : `${words} (${code})`;
}

/** What an error says, for the log. */
export function messageOf(error: unknown): string {
  if (error instanceof ProblemsError) return error.problems.map(formatProblem).join('; ');
  return error instanceof Error ? error.message : 'an unknown failure';
}
