import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LockedError, withLock, writeAtomically } from '../../src/lib/atomic-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'signet-atomic-'));
after(() => rmSync(folder, { recursive: true }));
const sameMachine = async (pid: number) =>
  `${pid}@${hostname()}/${await readlink('/proc/self/ns/pid').catch(() => 'pid')}`;
const deadPid = spawnSync(process.execPath, ['-e', '']).pid;

test('a new file gets the mode asked for, whatever the umask', async () => {
  const path = join(folder, 'new');
  const before = process.umask(0o077);
  await writeAtomically(path, 'a', { mode: 0o640 }).finally(() => process.umask(before));
  assert.equal(readFileSync(path, 'utf8'), 'a');
  assert.equal(statSync(path).mode & 0o777, 0o640);
});

test('an existing file keeps its mode, gets another inode, and nothing is left beside it', async () => {
  const path = join(folder, 'kept');
  writeFileSync(path, 'old');
  chmodSync(path, 0o640);
  const { ino } = statSync(path);
  await writeAtomically(path, Buffer.from('new'), { mode: 0o600 });
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.equal(statSync(path).mode & 0o777, 0o640);
  assert.notEqual(statSync(path).ino, ino);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('a symbolic link stays one: its target is replaced', async () => {
  const target = join(folder, 'target');
  const link = join(folder, 'link');
  writeFileSync(target, 'old');
  symlinkSync('target', link);
  await writeAtomically(link, 'new', { mode: 0o600 });
  assert.equal((await lstat(link)).isSymbolicLink(), true);
  assert.equal(readFileSync(target, 'utf8'), 'new');
});

test('a target that cannot be replaced is an error and leaves nothing behind', async () => {
  const path = mkdtempSync(join(folder, 'folder-'));
  await assert.rejects(writeAtomically(path, 'x', { mode: 0o600 }));
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('a leftover temporary file of a dead process with our id is in nobody’s way', async () => {
  const path = join(folder, 'leftover');
  const leftover = join(folder, `.leftover.${process.pid}-0.tmp`);
  writeFileSync(leftover, 'half');
  await writeAtomically(path, 'whole', { mode: 0o600 });
  assert.equal(readFileSync(path, 'utf8'), 'whole');
  rmSync(leftover);
});

test('the lock lets one in at a time and is gone afterwards, also after a throw', async () => {
  const path = join(folder, 'counted');
  writeFileSync(path, '0');
  let inside = 0;
  const work = async () => {
    inside += 1;
    assert.equal(inside, 1);
    const count = Number(readFileSync(path, 'utf8'));
    await writeAtomically(path, String(count + 1), { mode: 0o600 });
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(path, work)));
  assert.equal(readFileSync(path, 'utf8'), '8');
  await assert.rejects(
    withLock(path, () => Promise.reject(new Error('no'))),
    /no/,
  );
  await assert.rejects(lstat(`${path}.lock`));
});

const held: readonly { readonly name: string; readonly holder: () => Promise<string> | string }[] = [
  { name: 'a live process', holder: () => sameMachine(process.pid) },
  { name: 'a process on another machine', holder: () => `${deadPid}@elsewhere/pid:[1]` },
  { name: 'a process of another namespace here', holder: () => `${deadPid}@${hostname()}/pid:[1]` },
  { name: 'nobody we can read', holder: () => 'garbage' },
  { name: 'process 0', holder: () => sameMachine(0) },
];
for (const { name, holder } of held) {
  test(`the lock of ${name} is waited for and then left alone`, async () => {
    const path = join(folder, `held-${name.replaceAll(' ', '-')}`);
    symlinkSync(await holder(), `${path}.lock`);
    let ran = false;
    const work = async () => {
      ran = true;
    };
    await assert.rejects(withLock(path, work, { waitMs: 60 }), LockedError);
    assert.equal(ran, false);
    assert.equal(await readlink(`${path}.lock`), await holder());
  });
}

test('the lock of a process killed on this machine is taken over, by one at a time', async () => {
  const path = join(folder, 'killed');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  symlinkSync(await sameMachine(child.pid ?? 0), `${path}.lock`);
  child.kill('SIGKILL');
  await once(child, 'exit');
  let inside = 0;
  let done = 0;
  const work = async () => {
    inside += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(inside, 1);
    inside -= 1;
    done += 1;
  };
  await Promise.all(Array.from({ length: 6 }, () => withLock(path, work)));
  assert.equal(done, 6);
});
