// The rotation and bootstrap jobs as they are rendered: their arguments are run against an API server that enforces
// their Roles. What another does meanwhile is not lost.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keyState, primary } from '../../src/sealer/keyring.ts';
import { BOOTSTRAP, cluster, DAY, data, ROTATION, ringBytes, START } from './job-runs.ts';
import { root } from './render.ts';

test('bootstrap makes the Secret once, and never again', async (t) => {
  const k = await cluster(t);
  if (k === null) return;
  assert.equal((await k.run(BOOTSTRAP, START)).exitCode, 0);
  assert.equal(k.ring().realm, 'https://idp.example.org/saml/idp/metadata');
  const first = ringBytes(k.api);
  const again = await k.run(BOOTSTRAP, START + 60);
  assert.deepEqual([again.exitCode, /never overwritten/.test(again.told)], [2, true]);
  assert.deepEqual(ringBytes(k.api), first);
  assert.deepEqual(k.api.log, ['POST signet-keyring 201', 'POST signet-keyring 409']);
});

test('110 nights: a new key each week in one write, and old ones go', async (t) => {
  const k = await cluster(t);
  if (k === null) return;
  await k.run(BOOTSTRAP, START);
  const rotations: number[] = [];
  for (let day = 1; day <= 110; day++) {
    const before = k.ring();
    const written: number = k.api.log.length;
    assert.equal((await k.run(ROTATION, START + day * DAY)).exitCode, 0);
    const after = k.ring();
    const seals = primary(after, START + day * DAY);
    assert.equal(seals?.because, 'due', `day ${day}`);
    const puts: readonly string[] = k.api.log.slice(written).filter((line) => line.startsWith('PUT'));
    assert.equal(after.serial - before.serial, puts.length);
    if (after.keys.some(({ kid }) => before.keys.every((key) => key.kid !== kid))) rotations.push(day);
    for (const key of after.keys) assert.notEqual(keyState(after, key, START + day * DAY), 'gone');
  }
  const gaps = rotations.slice(1).map((day, index) => day - (rotations[index] ?? 0));
  assert.ok(
    gaps.every((gap) => gap >= 6 && gap <= 7),
    `${rotations}`,
  );
  assert.ok(!k.ring().keys.some(({ created }) => created === START), 'the first key should have been pruned');
  assert.ok(k.api.log.every((line) => / 20[01]$/.test(line)));
});

test('a second run in the same night changes nothing', async (t) => {
  const k = await cluster(t);
  if (k === null) return;
  await k.run(BOOTSTRAP, START);
  await k.run(ROTATION, START + 7 * DAY);
  const { serial } = k.ring();
  assert.equal((await k.run(ROTATION, START + 7 * DAY + 60)).exitCode, 0);
  assert.equal(k.ring().serial, serial);
});

test('what else is in the Secret stays', async (t) => {
  const k = await cluster(t);
  if (k === null) return;
  await k.run(BOOTSTRAP, START);
  const { data: made } = k.api.secret('signet-keyring') ?? { data: {} };
  const labels = { 'backup.example.org/skip': 'true' };
  k.api.put('signet-keyring', { type: 'Opaque', data: { ...made, note: 'aGVsbG8=' }, ...{ metadata: { labels } } });
  await k.run(ROTATION, START + 7 * DAY);
  const after = k.api.secret('signet-keyring');
  assert.deepEqual([after?.data.note, after?.metadata.labels, after?.type], ['aGVsbG8=', labels, 'Opaque']);
  assert.equal(k.ring().keys.length, 2);
});

test('another rotation that comes first wins, and this one finds nothing left to do', async (t) => {
  let interfere: (() => void) | null = null;
  const k = await cluster(t, {
    before: (method) => {
      if (method !== 'PUT' || interfere === null) return;
      const now = interfere;
      interfere = null;
      now();
    },
  });
  if (k === null) return;
  await k.run(BOOTSTRAP, START);
  const first = ringBytes(k.api).toString();
  await k.run(ROTATION, START + 7 * DAY);
  const theirs = ringBytes(k.api).toString();
  k.api.put('signet-keyring', data(first));
  interfere = () => k.api.put('signet-keyring', data(theirs));
  k.api.log.length = 0;
  const run = await k.run(ROTATION, START + 7 * DAY);
  assert.deepEqual([run.exitCode, /is pending/.test(run.told)], [0, true]);
  assert.deepEqual(k.api.log.slice(0, 3), [
    'GET signet-keyring 200',
    'PUT signet-keyring 409',
    'GET signet-keyring 200',
  ]);
  assert.equal(ringBytes(k.api).toString(), theirs);
});

test('a Secret that others change again and again is left to them', async (t) => {
  const k = await cluster(t, {
    before: (method, api) => {
      const secret = api.secret('signet-keyring');
      if (method === 'PUT' && secret !== undefined) api.put('signet-keyring', secret);
    },
  });
  if (k === null) return;
  await k.run(BOOTSTRAP, START);
  const { exitCode, told } = await k.run(ROTATION, START + 7 * DAY);
  assert.deepEqual([exitCode, /again and again/.test(told)], [2, true]);
  assert.equal(k.ring().serial, 1);
});

test('the emergency, as k8s/README.md says it, with the rotation account', async (t) => {
  const k = await cluster(t);
  if (k === null) return;
  await k.run(BOOTSTRAP, START);
  const old = k.ring().keys.map(({ kid }) => kid);
  const { exitCode } = await k.command(leakArguments(), START + DAY);
  assert.equal(exitCode, 0);
  assert.deepEqual(
    k.ring().revoked.map(({ kid }) => kid),
    old,
  );
  assert.ok(!old.includes(primary(k.ring(), START + DAY)?.key.kid ?? ''));
});

/** What README's patch puts in the place of the arguments of the container `rotate`. */
function leakArguments(): readonly string[] {
  const readme = readFileSync(join(root, 'k8s/README.md'), 'utf8');
  const [, patch = ''] = /--type=json -p '([^']+)'/.exec(readme) ?? [];
  const [{ op, path, value }] = JSON.parse(patch) as [{ op: string; path: string; value: readonly string[] }];
  assert.deepEqual([op, path], ['replace', '/spec/template/spec/initContainers/0/args']);
  return value;
}
