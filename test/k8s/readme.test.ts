// What k8s/README.md names is there: folders, Secrets and their entries, alerts, commands.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createProgram } from '../../src/cli/signet.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { overlays, render, root } from './render.ts';
import { workloads } from './workloads.ts';

const readme = readFileSync(join(root, 'k8s/README.md'), 'utf8');

test('its folders are there, and every component and overlay is in it', () => {
  const named = new Set(
    [...readme.matchAll(/\b(?:k8s\/)?((?:components|overlays)\/[\w-]+)/g)].map(([, path = '']) => path),
  );
  for (const path of named) assert.ok(existsSync(join(root, 'k8s', path, 'kustomization.yaml')), path);
  for (const kind of ['components', 'overlays']) {
    for (const name of readdirSync(join(root, 'k8s', kind))) assert.ok(named.has(`${kind}/${name}`), `${kind}/${name}`);
  }
  assert.deepEqual([...named].filter((path) => path.startsWith('overlays')).length, overlays.length);
});

test('every Secret that is mounted is in its table, with the entries that are configured', (t) => {
  const objects = render(t, 'k8s/overlays/production');
  if (objects === null) return;
  const table = new Map(
    [...readme.matchAll(/^\| `(signet-[\w-]+)` +\| ([^|]+)\|/gm)].map(([, name = '', entries = '']) => [name, entries]),
  );
  const mounted = workloads(objects)
    .flatMap(({ pod }) => pod.volumes ?? [])
    .flatMap(({ secret }) => secret?.secretName ?? []);
  for (const name of mounted) assert.ok(table.has(name), name);
  const configured = [
    ...JSON.stringify(objects).matchAll(/\/var\/run\/signet\/(keyring|keys|users|revocations)\/([\w.-]+)/g),
  ];
  assert.ok(configured.length >= 4);
  for (const [, folder, entry] of configured)
    assert.match(table.get(`signet-${folder}`) ?? '', new RegExp(`\`${entry}\``));
});

test('alerts that it names are among the rules', () => {
  const rules = readFileSync(join(root, 'k8s/components/monitoring/prometheusrule.yaml'), 'utf8');
  for (const [, name] of readme.matchAll(/`(Signet[A-Z]\w+)`/g)) assert.ok(rules.includes(`alert: ${name}\n`), name);
});

test('every command of signet that it or a manifest names is one', (t) => {
  const objects = render(t, 'k8s/overlays/production');
  if (objects === null) return;
  const silent = { out: () => {}, err: () => {}, readStdin: async () => '', askSecret: async () => null };
  const program = createProgram({ ...silent, clock: () => 0, random: systemRandom(), environment: {} });
  const has = (words: readonly string[]): boolean => {
    let at = program;
    for (const word of words) {
      const next = at.commands.find((command) => command.name() === word);
      if (next === undefined) return at !== program && at.commands.length === 0;
      at = next;
    }
    return true;
  };
  const inReadme = [...readme.matchAll(/^signet ([a-z-]+)(?: ([a-z-]+))?/gm)].map(([, ...words]) => words);
  const inPods = workloads(objects).flatMap(({ pod }) =>
    [...(pod.initContainers ?? []), ...pod.containers].flatMap(({ args }) =>
      args === undefined ? [] : [args.slice(0, 2)],
    ),
  );
  assert.ok(inReadme.length >= 2 && inPods.length >= 2);
  for (const words of [...inReadme, ...inPods])
    assert.ok(has(words.filter((word) => word !== undefined)), words.join(' '));
  assert.equal(has(['keys', 'turn']), false);
});
