import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemsError } from '../../src/lib/problems.ts';
import { type KeyringEvent, type KeyringSource, openKeyringFile } from '../../src/sealer/key-file.ts';
import { formatKeyring, type Keyring } from '../../src/sealer/keyring.ts';
import { writeRing } from '../../src/sealer/ring-file.ts';
import { sealerRing } from '../../src/sealer/ring-kind.ts';
import { openStableSecret } from '../../src/sealer/stable-secret.ts';
import { file, KEY1, KEY2, keyOf, LONG, NOW, revoked, ringOf } from './support.ts';

const RING = ringOf([KEY1], { serial: 5 });
const NEWER = ringOf([KEY1, KEY2], { serial: 6 });

interface Folder {
  readonly path: string;
  readonly put: (content: Keyring | string, mode?: number) => void;
}

function folder(t: TestContext): Folder {
  const dir = mkdtempSync(join(tmpdir(), 'signet-keys-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'sealer.json');
  let count = 0;
  return {
    path,
    put: (content, mode = 0o600) => {
      const text = typeof content === 'string' ? content : formatKeyring(content);
      const temporary = join(dir, `new-${++count}`);
      writeFileSync(temporary, text);
      chmodSync(temporary, mode);
      renameSync(temporary, path);
    },
  };
}

interface Running {
  readonly source: KeyringSource;
  readonly events: KeyringEvent[];
  readonly clock: { now: number };
}

function opened(
  t: TestContext,
  path: string,
  parts: { minSerial?: number; realm?: string; pollSeconds?: number } = {},
): Running {
  const events: KeyringEvent[] = [];
  const clock = { now: NOW };
  const source = openKeyringFile({
    path,
    realm: file.keys.realm,
    minSerial: 0,
    pollSeconds: 3600,
    clock: () => clock.now,
    onEvent: (event) => events.push(event),
    ...parts,
  });
  t.after(() => source.close());
  return { source, events, clock };
}

test('a ring is loaded, and a newer one replaces it whole', (t) => {
  const { path, put } = folder(t);
  put(RING);
  const { source, events } = opened(t, path);
  const before = source.current();
  assert.equal(source.poll(), false);
  put(NEWER);
  assert.equal(source.current(), before);
  assert.equal(source.poll(), true);
  assert.equal(source.current().serial, 6);
  assert.equal(before.keys.length, 1);
  assert.deepEqual(events, [
    { kind: 'loaded', serial: 5, primaryKid: KEY1.kid },
    { kind: 'loaded', serial: 6, primaryKid: KEY1.kid },
  ]);
});

for (const { name, put: content, mode = 0o600, path: problem } of [
  { name: 'a damaged file', put: '{', path: 'file' },
  { name: 'an empty file', put: '', path: 'file' },
  { name: 'I4: an older serial, as a restored backup has', put: ringOf([KEY1], { serial: 4 }), path: 'serial' },
  { name: 'the same serial with other content', put: ringOf([KEY1, KEY2], { serial: 5 }), path: 'serial' },
  { name: 'another realm', put: ringOf([KEY1], { serial: 6, realm: 'https://other.example' }), path: 'realm' },
  { name: 'no readable key', put: ringOf([KEY1], { serial: 6, revoked: [revoked(KEY1.kid)] }), path: 'keys' },
  { name: 'a file that others may read', put: NEWER, mode: 0o604, path: null },
  { name: 'a file that its group may write', put: NEWER, mode: 0o660, path: null },
]) {
  test(`the old ring stays: ${name}`, (t) => {
    const { path, put } = folder(t);
    put(RING);
    const { source, events } = opened(t, path);
    const before = source.current();
    put(content, mode);
    for (let look = 0; look < 3; look++) assert.equal(source.poll(), false);
    assert.equal(source.current(), before);
    const status = source.status();
    assert.deepEqual(
      status.problems.map((p) => p.path),
      [problem ?? path],
    );
    assert.equal(status.loadErrors, 1);
    assert.equal(status.primary?.kid, KEY1.kid);
    assert.deepEqual(
      events.map((event) => event.kind),
      ['loaded', 'refused'],
    );
    put(ringOf([KEY1, KEY2], { serial: 7 }));
    assert.equal(source.poll(), true);
    assert.deepEqual(source.status().problems, []);
  });

  test(`a node does not start: ${name}`, (t) => {
    const { path, put } = folder(t);
    put(content, mode);
    const start = (): Running => opened(t, path, { minSerial: 5 });
    if (name.includes('same serial')) assert.equal(start().source.current().serial, 5);
    else assert.throws(start, ProblemsError);
  });
}

test('a file that is gone, and comes back, changes nothing', (t) => {
  const { path, put } = folder(t);
  put(RING);
  const { source } = opened(t, path);
  unlinkSync(path);
  assert.equal(source.poll(), false);
  assert.equal(source.status().problems.length, 1);
  assert.equal(source.current().serial, 5);
  put(RING);
  assert.equal(source.poll(), false);
  assert.deepEqual(source.status().problems, []);
});

test('a node does not start without a file, with a folder in its place, or with a larger minSerial', (t) => {
  const { path, put } = folder(t);
  assert.throws(() => opened(t, path), ProblemsError);
  mkdirSync(path, { mode: 0o700 });
  assert.throws(() => opened(t, path), ProblemsError);
  rmSync(path, { recursive: true });
  put(RING);
  assert.throws(() => opened(t, path, { minSerial: 6 }), ProblemsError);
  assert.equal(opened(t, path, { minSerial: 5 }).source.current().serial, 5);
});

for (const mode of [0o400, 0o600, 0o440, 0o640]) {
  test(`permissions ${mode.toString(8)} are accepted`, (t) => {
    const { path, put } = folder(t);
    put(RING, mode);
    assert.equal(opened(t, path).source.current().serial, 5);
  });
}

for (const mode of [0o644, 0o604, 0o602, 0o601, 0o660, 0o620, 0o777]) {
  test(`permissions ${mode.toString(8)} are refused`, (t) => {
    const { path, put } = folder(t);
    put(RING, mode);
    assert.throws(() => opened(t, path), ProblemsError);
    // The stable secret is guarded in the same way.
    assert.throws(() => openStableSecret(path), /permissions/);
  });
}

test('a swap of folders behind symbolic links, as Kubernetes does it, is seen', (t) => {
  const { path } = folder(t);
  const dir = join(path, '..');
  const version = (name: string, ring: Keyring): void => {
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, 'sealer.json'), formatKeyring(ring), { mode: 0o440 });
    symlinkSync(name, join(dir, '..data_tmp'));
    renameSync(join(dir, '..data_tmp'), join(dir, '..data'));
  };
  version('..1', RING);
  symlinkSync('..data/sealer.json', path);
  const { source } = opened(t, path);
  for (const [i, serial] of [6, 7, 8].entries()) {
    version(`..${i + 2}`, ringOf([KEY1, KEY2], { serial }));
    assert.equal(source.poll(), true);
    assert.equal(source.current().serial, serial);
  }
});

test('the timer polls by itself', async (t) => {
  const { path, put } = folder(t);
  put(RING);
  const { source } = opened(t, path, { pollSeconds: 0.02 });
  put(NEWER);
  for (let i = 0; i < 200 && source.current().serial !== 6; i++) await sleep(10);
  assert.equal(source.current().serial, 6);
});

test('reread looks at once, at most every five seconds', (t) => {
  const { path, put } = folder(t);
  put(RING);
  const { source, clock } = opened(t, path);
  assert.equal(source.reread(), false);
  put(NEWER);
  assert.equal(source.reread(), false);
  clock.now += 4;
  assert.equal(source.reread(), false);
  clock.now += 1;
  assert.equal(source.reread(), true);
  assert.equal(source.current().serial, 6);
});

test('reread finds a file that was changed in place within one tick of its times', (t) => {
  const { path, put } = folder(t);
  put(RING);
  const { source } = opened(t, path);
  const { atime, mtime } = statSync(path);
  writeFileSync(path, formatKeyring(NEWER));
  utimesSync(path, atime, mtime);
  assert.equal(source.reread(), true);
});

test('an expired ring is reported, and does not become a load error', (t) => {
  const { path, put } = folder(t);
  put(RING);
  const { source, clock } = opened(t, path);
  clock.now = LONG.retires;
  assert.equal(source.status().primary?.because, 'overdue');
  clock.now = LONG.expires;
  assert.equal(source.reread(), false);
  assert.equal(source.status().primary, null);
  assert.equal(source.status().keys[0]?.state, 'gone');
  assert.equal(source.status().loadErrors, 0);
});

test('a ring is written with mode 0600, once, and nothing is left beside it', async (t) => {
  const { path } = folder(t);
  assert.deepEqual(await writeRing(sealerRing, path, RING, { expectSerial: null }), { written: true });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(readFileSync(path, 'utf8'), formatKeyring(RING));
  assert.deepEqual(readdirSync(join(path, '..')), ['sealer.json']);
  assert.deepEqual(await writeRing(sealerRing, path, RING, { expectSerial: null }), { refused: 'exists' });
});

test('a ring replaces the one that it was made from, and no other', async (t) => {
  const { path, put } = folder(t);
  assert.deepEqual(await writeRing(sealerRing, path, NEWER, { expectSerial: 5 }), { refused: 'serial' });
  put(RING);
  assert.deepEqual(await writeRing(sealerRing, path, NEWER, { expectSerial: 4 }), { refused: 'serial' });
  assert.deepEqual(await writeRing(sealerRing, path, NEWER, { expectSerial: 5 }), { written: true });
  assert.deepEqual(await writeRing(sealerRing, path, ringOf([KEY1], { serial: 7 }), { expectSerial: 5 }), {
    refused: 'serial',
  });
  assert.equal(readFileSync(path, 'utf8'), formatKeyring(NEWER));
});

test('of two writers at once, one is refused', async (t) => {
  const { path, put } = folder(t);
  put(RING);
  const outcomes = await Promise.all(
    [1, 2].map((byte) => writeRing(sealerRing, path, ringOf([KEY1, keyOf(byte)], { serial: 6 }), { expectSerial: 5 })),
  );
  assert.deepEqual(outcomes.map((outcome) => 'written' in outcome).toSorted(), [false, true]);
});

test('a ring that would not load is not written', async (t) => {
  const { path, put } = folder(t);
  put(RING);
  await assert.rejects(writeRing(sealerRing, path, ringOf([], { serial: 6 }), { expectSerial: 5 }), ProblemsError);
  await assert.rejects(writeRing(sealerRing, path, ringOf([KEY1], { serial: 5 }), { expectSerial: 5 }), ProblemsError);
  assert.equal(readFileSync(path, 'utf8'), formatKeyring(RING));
});

test('a key that seals past its time is told when that begins, once a day, and again after a change', (t) => {
  const { path, put } = folder(t);
  put(RING);
  const { source, events, clock } = opened(t, path);
  const told = (): number => events.filter(({ kind }) => kind === 'overdue').length;
  const looksAt = (now: number): number => {
    clock.now = now;
    source.poll();
    return told();
  };
  const { retires, expires } = LONG;
  assert.equal(looksAt(retires - 1), 0);
  assert.equal(looksAt(retires), 1);
  assert.deepEqual(events.at(-1), { kind: 'overdue', kid: KEY1.kid, retired: retires, ends: expires });
  assert.equal(looksAt(retires + 86_399), 1);
  assert.equal(looksAt(retires + 86_400), 2);
  put(ringOf([KEY1, keyOf(9, { ...LONG, retires: retires + 2 * 86_400 })], { serial: 6 }));
  assert.equal(looksAt(retires + 86_410), 2);
  assert.equal(looksAt(retires + 2 * 86_400), 3);
});
