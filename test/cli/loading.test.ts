// What the command line loads: help and mistakes cost nobody the whole program.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const SIGNET = join(import.meta.dirname, '../../src/cli/signet.ts');

const { PATH, NODE_COMPILE_CACHE } = process.env;

/** Tells each module on a third stream, as it is loaded. */
const TELLING = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from 'node:fs';
  import { registerHooks } from 'node:module';
  registerHooks({
    load(url, context, next) {
      if (!url.startsWith('node:')) writeSync(3, url + '\\n');
      return next(url, context);
    },
  });
`)}`;

function loadedBy(args: readonly string[], code: number): readonly string[] {
  const { status, output } = spawnSync(process.execPath, ['--import', TELLING, SIGNET, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { PATH, ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }) },
  });
  assert.equal(status, code, output[2] ?? '');
  return output[3]?.trim().split('\n') ?? [];
}

/** By name, as they stand in package.json. */
function packagesAmong(urls: readonly string[]): readonly string[] {
  const names = urls.flatMap((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []);
  return [...new Set(names)].sort();
}

const rows: readonly { readonly args: readonly string[]; readonly code: number }[] = [
  { args: ['--help'], code: 0 },
  { args: ['--version'], code: 0 },
  { args: ['users', '--help'], code: 0 },
  { args: ['help', 'serve'], code: 0 },
  { args: ['frobnicate'], code: 1 },
  { args: ['check', '--confg', 'x'], code: 1 },
  { args: ['serve', '--confg', 'x'], code: 1 },
  { args: ['keys', 'promote'], code: 1 },
  { args: ['data-keys', 'reencrypt', '--batch', 'many'], code: 1 },
  { args: ['signing-keys', 'list', '--for', 'ldap'], code: 1 },
];
for (const { args, code } of rows) {
  test(`signet ${args.join(' ')} loads the command line, and nothing else`, () => {
    const loaded = loadedBy(args, code);
    assert.ok(
      loaded.some((url) => url.endsWith('/src/cli/users.ts')),
      'the hook tells what is loaded',
    );
    assert.deepEqual(packagesAmong(loaded), ['commander']);
    const work = loaded.filter((url) => /-run\.ts$|\/src\/(?:main|parts|wire|config\/.*)\.ts$/.test(url));
    assert.deepEqual(work, []);
  });
}

test('a command loads what it needs: the keyring is shown without a database, the web, or XML', () => {
  const loaded = loadedBy(['keys', 'list', '--config', '/nonexistent/signet.yaml'], 1);
  assert.deepEqual(packagesAmong(loaded), ['commander', 'yaml', 'zod']);
});

test('serve with a configuration that is not there does not load the node', () => {
  const loaded = loadedBy(['serve', '--config', '/nonexistent/signet.yaml'], 1);
  assert.deepEqual(packagesAmong(loaded), ['commander', 'yaml', 'zod']);
});
