// CWE-732: files that more people may write than should.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { filesIn, writableByOthers } from '../../src/lib/writable-by-others.ts';

const folder = mkdtempSync(join(tmpdir(), 'signet-write-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function fileOf(mode: number): string {
  count += 1;
  const path = join(folder, `${count}.yaml`);
  writeFileSync(path, '');
  chmodSync(path, mode);
  return path;
}

for (const [mode, found] of [
  [0o600, null],
  [0o644, null],
  [0o440, null],
  [0o755, null],
  [0o660, '0660'],
  [0o620, '0620'],
  [0o602, '0602'],
  [0o666, '0666'],
] as const) {
  test(`a file of ${mode.toString(8)}`, () => {
    const path = fileOf(mode);
    const wanted = 'no write access for group and others: chmod go-w';
    const expected = found === null ? [] : [{ path, found: `permissions ${found}`, wanted }];
    assert.deepEqual(writableByOthers([path]), expected);
    // Kubernetes links twice: the file, and the folder of this version. A link's own bits are 0777.
    const link = join(folder, `link-${count}`);
    symlinkSync(path, link);
    assert.equal(writableByOthers([link]).length, expected.length);
  });
}

test('a folder, with a sticky bit or without; and all findings at once, each path once', () => {
  const inner = join(folder, 'inner');
  mkdirSync(inner);
  for (const mode of [0o775, 0o2775, 0o777, 0o1777]) {
    chmodSync(inner, mode);
    assert.equal(writableByOthers([inner])[0]?.found, `permissions ${mode.toString(8).padStart(4, '0')}`);
  }
  const bad = fileOf(0o666);
  assert.deepEqual(
    writableByOthers([inner, fileOf(0o600), bad, inner]).map(({ path }) => path),
    [inner, bad],
  );
});

test('what is not there is somebody else’s to say', () => {
  assert.deepEqual(writableByOthers([join(folder, 'nowhere'), join(folder, '1.yaml', 'below')]), []);
  assert.deepEqual(filesIn(join(folder, 'nowhere'), '.yaml'), []);
});
