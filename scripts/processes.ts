// Owns: starting programs, reading what they say, ending them. Nothing started here outlives this process's orderly exit.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export type Environment = Readonly<Record<string, string>>;

export interface RunOptions {
  readonly input?: string;
  readonly environment?: Environment;
}

/** Runs a program to its end and answers its standard output; throws with what it complained about. */
export function runToEnd(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...options.environment } });
    let output = '';
    let complaints = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      complaints += chunk.toString('utf8');
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ${args.slice(0, 3).join(' ')} ended with ${code}: ${complaints || output}`));
    });
    // A program that ends without reading its input closes the pipe; its exit code says the rest.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the program has ended, with a word on how. */
  readonly ended: Promise<string>;
  readonly alive: () => boolean;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** The last lines it wrote. */
  readonly lastLines: () => readonly string[];
}

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Environment;
  readonly onLine?: (line: string) => void;
}

const LINES_KEPT = 200;
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a program that goes on running; rejects when it cannot be started at all. */
export function startChild(options: ChildOptions): Promise<Child> {
  const child = spawn(options.command, options.args, {
    env: { ...process.env, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > LINES_KEPT) lines.shift();
      options.onLine?.(line);
    });
  }
  running.add(child);
  const ended = new Promise<string>((resolve) => {
    child.on('exit', (code, signal) => {
      running.delete(child);
      resolve(signal === null ? `exit code ${code}` : signal);
    });
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () =>
      resolve({
        name: options.name,
        pid: child.pid ?? 0,
        ended,
        alive: () => child.exitCode === null && child.signalCode === null,
        signal: (signal) => child.kill(signal),
        lastLines: () => lines,
      }),
    );
  });
}

/** Asks the programs to end, and makes them when they have not after `graceMs`. */
export async function endAll(children: readonly Child[], graceMs: number): Promise<void> {
  const ends = Promise.all(children.map((child) => child.ended));
  for (const child of children) child.signal('SIGTERM');
  const timer = setTimeout(() => {
    for (const child of children) child.signal('SIGKILL');
  }, graceMs);
  await ends;
  clearTimeout(timer);
}

/** Asks again every 50 ms until the answer is true; throws after `timeoutMs`, naming what was waited for. */
export async function waitUntil(what: string, timeoutMs: number, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Whether a GET is answered with 200. */
export async function answersOk(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}
