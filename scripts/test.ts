// Owns: `npm test`: every test file, each in a process of its own, in lanes that keep two cores busy to the end.
// `npm test -- FILE…` runs those. docs/architecture.md, Tests.
import { globSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const ROOT = join(import.meta.dirname, '..');
const FILE_MS = 240_000;
const SLOWEST_SHOWN = 10;
/** What these start is as large as a machine: clusters, an image. One at a time, the longest first. */
const MACHINES = ['test/k8s/image', 'test/cluster/'];
/** A browser is as large, but brings a single node: one at a time as well, beside the last of the clusters. */
const BROWSERS = ['test/browser/'];
/** All others, those that start servers first. */
const OTHERS = ['test/flows/', 'test/k8s/', 'test/docs/', 'test/cli/', ''];

const rankIn = (beginnings: readonly string[], file: string): number =>
  beginnings.findIndex((beginning) => file.startsWith(beginning));
const isIn = (beginnings: readonly string[], file: string): boolean => rankIn(beginnings, file) !== -1;
const inOrder = (files: readonly string[], beginnings: readonly string[]): readonly string[] =>
  files.toSorted((a, b) => rankIn(beginnings, a) - rankIn(beginnings, b));

const named = process.argv.slice(2).map((path) => relative(ROOT, path));
const files = named.length > 0 ? named : globSync('test/**/*.test.ts', { cwd: ROOT }).sort();

interface Turn {
  readonly files: readonly string[];
  readonly atATime: number;
}

/** Two lanes beside each other; the turns of a lane one after the other. */
const lanes: readonly (readonly Turn[])[] = [
  [
    {
      files: inOrder(
        files.filter((file) => isIn(MACHINES, file)),
        MACHINES,
      ),
      atATime: 1,
    },
  ],
  [
    {
      files: inOrder(
        files.filter((file) => !isIn([...MACHINES, ...BROWSERS], file)),
        OTHERS,
      ),
      atATime: 2,
    },
    { files: files.filter((file) => isIn(BROWSERS, file)), atATime: 1 },
  ],
];

// Every file, and every node and command that one starts, would compile the same modules again; and a node that is killed
// keeps nothing. So a node is loaded here once, and what was compiled is kept for all of them.
process.env.NODE_COMPILE_CACHE ??= join(ROOT, 'node_modules/.cache/signet-compiled');
enableCompileCache(process.env.NODE_COMPILE_CACHE);
await import('../src/main.ts');
flushCompileCache();

const took: { readonly file: string; readonly seconds: number }[] = [];
const failed: string[] = [];
const counts = { tests: 0, passed: 0, cancelled: 0, skipped: 0, todo: 0 };
const started = performance.now();

async function runLane(lane: readonly Turn[]): Promise<void> {
  for (const turn of lane) if (turn.files.length > 0) await runTurn(turn);
}

async function runTurn(turn: Turn): Promise<void> {
  const paths = turn.files.map((file) => join(ROOT, file));
  const tests = run({ files: paths, cwd: ROOT, concurrency: turn.atATime, timeout: FILE_MS });
  tests.on('test:summary', ({ file, success, counts: found, duration_ms: ms }) => {
    if (file !== undefined) took.push({ file: relative(ROOT, file), seconds: ms / 1000 });
    else {
      for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] += found[name];
      if (!success) process.exitCode = 1;
    }
  });
  tests.on('test:fail', ({ name, file = '' }) => {
    failed.push(`${relative(ROOT, file)}: ${name}`);
    process.exitCode = 1;
  });
  for await (const text of tests.compose(new spec())) process.stdout.write(text);
}

await Promise.all(lanes.map(runLane));
console.log('\nthe longest files:');
for (const { file, seconds } of took.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST_SHOWN)) {
  console.log(`${seconds.toFixed(1).padStart(7)} s  ${file}`);
}
for (const one of failed) console.log(`FAILED ${one}`);
const all = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
console.log(`${all.join(', ')}; ${((performance.now() - started) / 60_000).toFixed(1)} min`);
