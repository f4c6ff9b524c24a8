// bin/signet: the command as people and cron have it, through a link, from any folder, whatever Node is on the PATH.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { VERSION } from '../../src/cli/version.ts';

const LAUNCHER = join(import.meta.dirname, '../../bin/signet');

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'signet launcher-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Another `node` than ours comes first on the PATH, and fails. */
function linked(t: TestContext): {
  readonly folder: string;
  readonly link: string;
  readonly environment: { PATH: string };
} {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'node'), '#!/bin/sh\nexit 77\n', { mode: 0o755 });
  const link = join(folder, 'signet');
  symlinkSync(LAUNCHER, link);
  return { folder, link, environment: { PATH: `${folder}:/usr/bin:/bin` } };
}

test('a link to it runs this program, with the Node of npm ci, in the folder of the caller', (t) => {
  const { folder, link, environment } = linked(t);
  const run = (...args: readonly string[]) =>
    spawnSync(link, args, { cwd: folder, env: environment, encoding: 'utf8' });
  const version = run('--version');
  assert.deepEqual([version.status, version.stdout, version.stderr], [0, `${VERSION}\n`, '']);
  // Arguments arrive as they are, relative names are those of the caller's folder, and exit codes are the program's.
  assert.match(run('keys', 'list', '--file', 'no such ring.json').stderr, /^no such ring\.json: /);
  writeFileSync(join(folder, 'signet.yaml'), 'publicUrl: https://idp.example.org\n');
  assert.equal(run('keys', 'init').status, 0);
  assert.equal(run('keys', 'init').status, 2);
});

test('without its packages it says what to do', (t) => {
  const clone = join(folderOf(t), 'clone');
  mkdirSync(clone);
  cpSync(join(LAUNCHER, '..'), join(clone, 'bin'), { recursive: true });
  const said = spawnSync(join(clone, 'bin/signet'), ['--version'], {
    env: { PATH: '/usr/bin:/bin' },
    encoding: 'utf8',
  });
  assert.deepEqual(
    [said.status, said.stdout, said.stderr],
    [1, '', `signet: its packages are missing: run npm ci in ${clone}\n`],
  );
});
