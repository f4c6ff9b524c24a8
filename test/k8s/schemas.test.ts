// Every rendered object fits the published schemas. Two checks, since each alone misses faults: validators at run time let
// misspelt fields pass, and the compiler does not know formats and patterns.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runTool } from '../support/tools.ts';
import { asLiterals, validationProblem } from './models.ts';
import { compositions, type KubernetesObject, nameOf, overlays, render, root } from './render.ts';

const folders = [...overlays, ...compositions];

for (const folder of folders) {
  test(`${folder}: the validators find nothing`, (t) => {
    const objects = render(t, folder);
    if (objects === null) return;
    assert.ok(objects.length > 0);
    assert.deepEqual(
      objects.flatMap((object) => validationProblem(object) ?? []),
      [],
    );
  });
}

test('the compiler finds nothing', (t) => {
  const all = folders.map((folder) => render(t, folder));
  const objects = all.flatMap((one) => one ?? []);
  if (all.includes(null)) return;
  assert.equal(compilerProblems(objects), '');
});

test('misspelt fields, wrong types and wrong values: each is caught by one of the two', (t) => {
  const objects = render(t, 'k8s/overlays/production');
  if (objects === null) return;
  const faults: readonly Fault[] = [
    { path: 'Deployment/signet spec.minReadySecond', value: 5, by: ['compiler'] },
    { path: 'Deployment/signet spec.template.spec.containers.0.readynessProbe', value: {}, by: ['compiler'] },
    { path: 'Service/signet spec.sessionAfinity', value: 'None', by: ['compiler'] },
    { path: 'HTTPRoute/signet spec.rules.0.backendRef', value: [], by: ['compiler'] },
    { path: 'Deployment/signet spec.minReadySeconds', value: '5', by: ['validator', 'compiler'] },
    { path: 'Deployment/signet spec.template.spec.containers.0.image', value: 5, by: ['validator', 'compiler'] },
    { path: 'PodMonitor/signet spec.podMetricsEndpoints.0.interval', value: 'often', by: ['validator'] },
    { path: 'Gateway/signet spec.listeners.0.port', value: 65_536, by: ['validator'] },
  ];
  const seeded = faults.map((fault) => ({ ...fault, object: withFault(objects, fault) }));
  const told = compilerProblems(seeded.map(({ object }) => object));
  seeded.forEach(({ path, by, object }, index) => {
    const caught = [
      ...(validationProblem(object) === null ? [] : ['validator']),
      ...(told.includes(`object${index}:`) ? ['compiler'] : []),
    ];
    assert.deepEqual(caught, by, path);
  });
});

interface Fault {
  readonly path: string;
  readonly value: unknown;
  readonly by: readonly ('validator' | 'compiler')[];
}

function withFault(objects: readonly KubernetesObject[], { path, value }: Fault): KubernetesObject {
  const [name = '', field = ''] = path.split(' ');
  const object = structuredClone(objects.find((one) => nameOf(one) === name));
  assert.ok(object !== undefined, name);
  const keys = field.split('.');
  const last = keys.pop() ?? '';
  let at = object as unknown as Record<string, unknown>;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  at[last] = value;
  return object;
}

/** The compiler's complaints, each after the name of the object that it is about. */
function compilerProblems(objects: readonly KubernetesObject[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'signet-k8s-'));
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const source = asLiterals(objects);
    writeFileSync(join(folder, 'objects.ts'), source);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const compilerOptions = {
      strict: true,
      module: 'nodenext',
      target: 'es2024',
      noEmit: true,
      skipLibCheck: true,
      types: [],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['objects.ts'] }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { ok, stdout } = runTool(process.execPath, [tsc, '-p', folder, '--pretty', 'false']);
    const text = stdout.toString();
    assert.equal(ok, text === '');
    return text
      .split('\n')
      .map((line) => line.replace(/^.*objects\.ts\((\d+),\d+\)/, (_, at: string) => objectAt(source, Number(at))))
      .join('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function objectAt(source: string, line: number): string {
  const before = source.split('\n').slice(0, line).join('\n');
  return `object${[...before.matchAll(/^export const object(\d+)/gm)].at(-1)?.[1]}`;
}
