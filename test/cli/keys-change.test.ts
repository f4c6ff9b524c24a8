// What rotate, promote, revoke and prune do to a file, and say; the rules themselves are in test/sealer/.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withLock } from '../../src/lib/atomic-file.ts';
import { ProblemsError } from '../../src/lib/problems.ts';
import { formatKeyring, primary } from '../../src/sealer/keyring.ts';
import { DAY, file, keyOf, NOW, revoked, ringOf } from '../sealer/support.ts';
import { type KeysRun, ringFile, ringIn, runKeys } from './keys-run.ts';

const HOUR = 3600;
const times = (activates: number, retires: number) => ({
  created: activates - HOUR,
  activates,
  retires,
  expires: retires + 90 * DAY + 60,
});
const CURRENT = keyOf(1, times(NOW - 7 * DAY, NOW + HOUR));
const WAITING = keyOf(2, times(NOW + HOUR / 2, NOW + 7 * DAY));
const ONE = ringOf([CURRENT], { serial: 17 });
const TWO = ringOf([CURRENT, WAITING], { serial: 17 });
const OLD = ringOf([keyOf(3, times(NOW - 200 * DAY, NOW - 190 * DAY)), CURRENT, WAITING], { serial: 17 });

function json(run: KeysRun): { outcome: string; code?: string; serial?: number; differences?: { what: string }[] } {
  return JSON.parse(run.output);
}

for (const { verb, ring, args, says } of [
  { verb: 'rotate', ring: ONE, args: [], says: /begins at \S+Z; every node must have this file before/ },
  { verb: 'promote', ring: TWO, args: ['--kid', WAITING.kid], says: new RegExp(`key ${WAITING.kid} activates`) },
  { verb: 'revoke', ring: TWO, args: ['--all', '--replace', '--reason', 'leak'], says: /^keyring\.minSerial: 18$/m },
  { verb: 'revoke', ring: TWO, args: ['--kid', WAITING.kid, '--reason', 'leak'], says: /^keyring\.minSerial: 18$/m },
  { verb: 'prune', ring: OLD, args: [], says: new RegExp(`- key ${keyOf(3).kid}`) },
]) {
  const named = `${verb} ${args.filter((arg) => arg.startsWith('--')).join(' ')}`.trim();

  test(`${named}: writes the next serial with the same permissions, and says what changed, not keys`, async (t) => {
    const path = ringFile(t, ring, 0o640);
    const { output, exitCode } = await runKeys([verb, '--file', path, ...args]);
    assert.equal(exitCode, 0);
    const after = ringIn(path);
    assert.equal(after.serial, 18);
    assert.equal(statSync(path).mode & 0o777, 0o640);
    assert.deepEqual(readdirSync(dirname(path)), ['sealer.json']);
    assert.match(output, /serial 17 -> 18/);
    assert.match(output, says);
    for (const key of [...ring.keys, ...after.keys]) {
      const bytes = key.master.export();
      for (const text of [bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')])
        assert.ok(!output.includes(text.slice(0, 8)));
    }
  });

  test(`${named} --dry-run says the same and writes nothing`, async (t) => {
    const path = ringFile(t, ring);
    const before = readFileSync(path);
    const { output, exitCode } = await runKeys([verb, '--file', path, ...args, '--dry-run']);
    assert.equal(exitCode, 0);
    assert.match(output, /serial 17 -> 18, not written/);
    assert.match(output, /^[+ -] (?:key|revoked) [0-9a-f]{16}/m);
    assert.ok(!output.includes('minSerial'));
    assert.deepEqual(readFileSync(path), before);
    assert.deepEqual(readdirSync(dirname(path)), ['sealer.json']);
  });

  test(`${named} --json says it for programs`, async (t) => {
    const run = await runKeys([verb, '--file', ringFile(t, ring), ...args, '--json']);
    const { outcome, serial, differences = [] } = json(run);
    assert.deepEqual([outcome, serial], ['changed', 18]);
    assert.ok(differences.some(({ what }) => /^(key|revoked) [0-9a-f]{16}/.test(what)));
  });

  test(`${named} --expect-serial: only from that serial`, async (t) => {
    const path = ringFile(t, ring);
    const before = readFileSync(path);
    const wrong = await runKeys([verb, '--file', path, ...args, '--expect-serial', '16']);
    assert.equal(wrong.exitCode, 2);
    assert.match(wrong.failure, /serial 17, not 16/);
    assert.deepEqual(readFileSync(path), before);
    assert.equal((await runKeys([verb, '--file', path, ...args, '--expect-serial', '17'])).exitCode, 0);
  });

  test(`${named} touches no file that others may read, or that is damaged`, async (t) => {
    const open = ringFile(t, ring, 0o644);
    await assert.rejects(runKeys([verb, '--file', open, ...args]), ProblemsError);
    assert.equal(ringIn(open).serial, 17);
    const damaged = ringFile(t, ring);
    writeFileSync(damaged, formatKeyring(ring).replace('XAES', 'AES'));
    await assert.rejects(runKeys([verb, '--file', damaged, ...args]), ProblemsError);
    await assert.rejects(runKeys([verb, '--file', `${damaged}.missing`, ...args]), ProblemsError);
  });
}

for (const { name, ring, args, code } of [
  {
    name: 'a key that would begin too soon',
    ring: ONE,
    args: ['rotate', '--activate-in', '14m'],
    code: 'activates-too-soon',
  },
  { name: 'a cadence too quick for lineages', ring: ONE, args: ['rotate', '--every', '2h'], code: 'lineage-overflow' },
  {
    name: 'keys that end before sessions',
    ring: ONE,
    args: ['rotate', '--longest-lifetime', '1h'],
    code: 'lifetime-too-short',
  },
  {
    name: 'promoting before every node has the key',
    ring: ringOf([CURRENT, keyOf(2, { ...times(NOW + HOUR, NOW + DAY), created: NOW - 899 })], { serial: 17 }),
    args: ['promote', '--kid', WAITING.kid],
    code: 'not-everywhere-yet',
  },
  {
    name: 'promoting what seals already',
    ring: TWO,
    args: ['promote', '--kid', CURRENT.kid, '--force'],
    code: 'not-pending',
  },
  { name: 'revoking an unknown key', ring: TWO, args: ['revoke', '--kid', '00', '--reason', 'x'], code: 'unknown-kid' },
  { name: 'revoking every key', ring: TWO, args: ['revoke', '--all', '--reason', 'x'], code: 'last-key' },
  { name: 'revoking what seals', ring: TWO, args: ['revoke', '--kid', CURRENT.kid, '--reason', 'x'], code: 'none-due' },
]) {
  test(`exit 2, and the file as it was: ${name}`, async (t) => {
    const path = ringFile(t, ring);
    const before = readFileSync(path);
    const [verb = '', ...rest] = args;
    const run = await runKeys([verb, '--file', path, ...rest]);
    assert.equal(run.exitCode, 2);
    assert.match(run.failure, new RegExp(`^refused, ${code}: `));
    assert.equal(run.output, '');
    assert.deepEqual(readFileSync(path), before);
    const told = await runKeys([verb, '--file', path, ...rest, '--json']);
    assert.equal(told.exitCode, 2);
    assert.deepEqual([json(told).outcome, json(told).code], ['refused', code]);
  });
}

test('the last ended key is not pruned', async (t) => {
  const run = await runKeys(['prune', '--file', ringFile(t, ONE)], { now: CURRENT.expires + DAY });
  assert.equal(run.exitCode, 2);
});

for (const { name, ring, args } of [
  { name: 'rotate while a key is pending', ring: TWO, args: ['rotate'] },
  {
    name: 'rotate before it is due',
    ring: ringOf([keyOf(1, times(NOW - DAY, NOW + 7 * DAY))]),
    args: ['rotate', '--if-due'],
  },
  { name: 'prune when nothing has ended', ring: TWO, args: ['prune'] },
  {
    name: 'revoke what is revoked',
    ring: ringOf([CURRENT], { revoked: [revoked(WAITING.kid)] }),
    args: ['revoke', '--kid', WAITING.kid, '--reason', 'x'],
  },
]) {
  test(`exit 0, and nothing written: ${name}`, async (t) => {
    const path = ringFile(t, ring);
    const before = statSync(path).ino;
    const [verb = '', ...rest] = args;
    const run = await runKeys([verb, '--file', path, ...rest]);
    assert.equal(run.exitCode, 0);
    assert.match(run.output, /nothing to do: /);
    assert.equal(statSync(path).ino, before);
    assert.equal(json(await runKeys([verb, '--file', path, ...rest, '--json'])).outcome, 'unchanged');
  });
}

test('rotate --if-due rotates within a day of the end, or within the time that is named', async (t) => {
  const key = keyOf(1, times(NOW - DAY, NOW + 3 * DAY));
  const path = ringFile(t, ringOf([key]));
  assert.match((await runKeys(['rotate', '--if-due', '--file', path])).output, /nothing to do/);
  assert.match((await runKeys(['rotate', '--if-due', '3d', '--file', path])).output, /serial 1 -> 2/);
});

test('rotations of several jobs at once make one key, and none fails', async (t) => {
  const path = ringFile(t, ONE);
  const runs = await Promise.all(
    [1, 2, 3].map((seed) => runKeys(['rotate', '--file', path], { random: (n) => Buffer.alloc(n, 60 + seed) })),
  );
  assert.deepEqual(
    runs.map((run) => run.exitCode),
    [0, 0, 0],
  );
  assert.equal(runs.filter((run) => run.output.includes('17 -> 18')).length, 1);
  assert.equal(ringIn(path).keys.length, 2);
});

test('a writer waits while another one holds the lock', async (t) => {
  const path = ringFile(t, ONE);
  const [running] = await withLock(path, async () => {
    const started = runKeys(['rotate', '--file', path]);
    await sleep(100);
    assert.equal(ringIn(path).serial, 17);
    return [started];
  });
  assert.match((await running)?.output ?? '', /17 -> 18/);
  assert.equal(ringIn(path).serial, 18);
});

test('the configuration says where the ring is, and what its times are computed from', async (t) => {
  const path = ringFile(t, ONE);
  const config = join(dirname(path), 'signet.yaml');
  const write = (more: string): void =>
    writeFileSync(
      config,
      `publicUrl: https://idp.example.org\nentityId: ${file.keys.realm}\n${more}keyring:\n  file: sealer.json\n`,
    );
  write('');
  assert.equal((await runKeys(['rotate', '--config', config, '--dry-run', '--longest-lifetime', '1h'])).exitCode, 2);
  write('session:\n  absolute: 3600\n  idle: 600\nskew: 7\n');
  const run = await runKeys(['rotate', '--config', config, '--longest-lifetime', '1h']);
  assert.equal(run.exitCode, 0, run.failure);
  const added = ringIn(path).keys.at(-1) ?? assert.fail();
  assert.equal(added.expires - added.retires, 3600 + 7);
});

// A restored backup: rotating it would give its old keys, revoked since, a serial that nodes believe.
test('I4: a ring below keyring.minSerial is not changed, whatever the verb', async (t) => {
  const path = ringFile(t, OLD);
  const config = join(dirname(path), 'signet.yaml');
  writeFileSync(
    config,
    `publicUrl: https://idp.example.org\nentityId: ${file.keys.realm}\nkeyring:\n  file: sealer.json\n  minSerial: 18\n`,
  );
  for (const args of [
    ['rotate'],
    ['prune'],
    ['revoke', '--all', '--replace', '--reason', 'x'],
    ['promote', '--kid', WAITING.kid],
    ['verify'],
  ]) {
    const run = await runKeys([...args, '--config', config]);
    assert.equal(run.exitCode, 2, args.join(' '));
    assert.match(run.failure, /serial 17, below keyring\.minSerial 18/);
  }
  assert.equal(ringIn(path).serial, 17);
});

test('a ring of another identity provider is not changed', async (t) => {
  const path = ringFile(t, ONE);
  const config = join(dirname(path), 'signet.yaml');
  writeFileSync(config, 'publicUrl: https://other.example.org\nkeyring:\n  file: sealer.json\n');
  await assert.rejects(runKeys(['rotate', '--config', config]), ProblemsError);
});

for (const args of [
  ['rotate', '--activate-in', '1 hour'],
  ['rotate', '--activate-in', '0'],
  ['rotate', '--every', '-1d'],
  ['rotate', '--expect-serial', 'x'],
  ['revoke', '--all'],
  ['promote'],
]) {
  test(`wrong usage: ${args.join(' ')}`, async (t) => {
    await assert.rejects(runKeys([...args, '--file', ringFile(t, ONE)]), { name: 'CommanderError' });
  });
}

for (const args of [
  ['--reason', 'x'],
  ['--reason', 'x', '--all', '--kid', WAITING.kid],
]) {
  test(`revoke wants one of --kid and --all: ${args.join(' ')}`, async (t) => {
    const run = await runKeys(['revoke', '--file', ringFile(t, TWO), ...args]);
    assert.equal(run.exitCode, 1);
  });
}

test('after revoke --all --replace the new key seals at once', async (t) => {
  const path = ringFile(t, TWO);
  await runKeys(['revoke', '--all', '--replace', '--reason', 'leak', '--file', path]);
  const after = ringIn(path);
  assert.equal(primary(after, NOW)?.key.kid, after.keys[0]?.kid);
  assert.deepEqual(after.revoked.map(({ kid }) => kid).toSorted(), [CURRENT.kid, WAITING.kid].toSorted());
});
