import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openAuditFile } from '../../src/audit/audit-file.ts';

function open(path: string) {
  const events: string[] = [];
  const stream = openAuditFile({
    path,
    retryMs: 10,
    onEvent: ({ kind }) => events.push(kind),
    onLost: () => events.push('lost'),
  });
  return { stream, events, end: () => new Promise<void>((resolve) => stream.end(resolve)) };
}

async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !isSo(); i += 1) await sleep(10);
  assert.ok(isSo());
}

test('lines are appended in order to a file that only its owner can read', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'signet-audit-')), 'audit.log');
  const { stream, end } = open(path);
  for (let i = 0; i < 500; i += 1) stream.write(`${i}\n`);
  await end();
  assert.equal(readFileSync(path, 'utf8'), Array.from({ length: 500 }, (_, i) => `${i}\n`).join(''));
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('while the file cannot be written lines are kept, told once, and written when it can be again', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'signet-audit-')), 'later');
  const path = join(folder, 'audit.log');
  const { stream, events, end } = open(path);
  stream.write('a\n');
  await until(() => events.includes('failing'));
  stream.write('b\n');
  await sleep(50);
  await mkdir(folder);
  await until(() => events.includes('working'));
  stream.write('c\n');
  await end();
  assert.equal(readFileSync(path, 'utf8'), 'a\nb\nc\n');
  assert.deepEqual(events, ['failing', 'working']);
});

test('a file that was rotated away is made anew, without a signal', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'signet-audit-')), 'audit.log');
  const { stream, end } = open(path);
  stream.write('a\n');
  await until(() => statSync(path, { throwIfNoEntry: false })?.size === 2);
  renameSync(path, `${path}.1`);
  stream.write('b\n');
  await end();
  assert.equal(readFileSync(path, 'utf8'), 'b\n');
});

test('what is over the bound is lost and counted, and the process still ends', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'signet-audit-')), 'never');
  const { stream, events, end } = open(join(folder, 'audit.log'));
  const block = Buffer.alloc(16 * 1024 * 1024, 'x');
  for (let i = 0; i < 6; i += 1) stream.write(block);
  await until(() => events.includes('failing'));
  assert.equal(events.filter((event) => event === 'lost').length, 2);
  await end();
  rmSync(folder, { recursive: true, force: true });
});
