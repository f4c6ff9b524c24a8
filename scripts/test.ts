// Owns: `npm test`: every test file, each in a process of its own, in an order that keeps two cores busy to the end.
// `npm test -- FILE…` runs those. docs/architecture.md, Tests.
import { globSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const ROOT = join(import.meta.dirname, '..');
/** Three on two cores: those that start clusters, browsers and servers wait half of their time. */
const AT_A_TIME = 3;
const FILE_MS = 240_000;
/** Longest first, so that no long one is left when the others have ended. */
const FIRST = [
  'test/k8s/image',
  'test/cluster/',
  'test/browser/',
  'test/flows/',
  'test/k8s/',
  'test/docs/',
  'test/cli/',
];
const SLOWEST_SHOWN = 10;

const rankOf = (file: string): number => {
  const rank = FIRST.findIndex((beginning) => file.startsWith(beginning));
  return rank === -1 ? FIRST.length : rank;
};
const all = (): readonly string[] => globSync('test/**/*.test.ts', { cwd: ROOT }).sort();
const named = process.argv.slice(2).map((path) => relative(ROOT, path));
const files = (named.length > 0 ? named : all()).toSorted((a, b) => rankOf(a) - rankOf(b));

// Every file, and every command and node that one starts, would compile the same modules again.
process.env.NODE_COMPILE_CACHE ??= join(ROOT, 'node_modules/.cache/signet-compiled');

const took: { readonly file: string; readonly seconds: number }[] = [];
const tests = run({
  files: files.map((file) => join(ROOT, file)),
  cwd: ROOT,
  concurrency: AT_A_TIME,
  timeout: FILE_MS,
});
tests.on('test:summary', ({ file, success, duration_ms: ms }) => {
  if (file !== undefined) took.push({ file: relative(ROOT, file), seconds: ms / 1000 });
  else if (!success) process.exitCode = 1;
});
tests.on('test:fail', () => {
  process.exitCode = 1;
});
tests.on('end', () => {
  const slowest = took.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST_SHOWN);
  process.on('exit', () => {
    console.log('the longest files:');
    for (const { file, seconds } of slowest) console.log(`${seconds.toFixed(1).padStart(7)} s  ${file}`);
  });
});
tests.compose(new spec()).pipe(process.stdout);
