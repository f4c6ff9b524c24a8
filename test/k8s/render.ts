// Owns: what kustomize makes of a folder, as objects. Leaves to scripts/install-test-tools.sh: that there is a kustomize.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { requireTool, runTool } from '../support/tools.ts';

export const root = join(import.meta.dirname, '../..');

export const overlays = ['k8s/overlays/dev', 'k8s/overlays/production', 'k8s/overlays/canary'] as const;
/** With the components that no overlay has. */
export const compositions = [
  'test/k8s/compositions/others',
  'test/k8s/compositions/ldap',
  'test/k8s/compositions/postgres',
] as const;

/** One rendered object; readers of `spec` say what they expect. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

interface Kustomize {
  readonly name: string;
  readonly args: readonly string[];
}

const built = join(root, '.test-tools/kustomize');

/** The kustomize that install-test-tools.sh built, one on the PATH, or the one in a kubectl that knows components. */
function findKustomize(): Kustomize | null {
  const candidates: readonly Kustomize[] = [
    { name: built, args: ['build'] },
    { name: 'kustomize', args: ['build'] },
    { name: 'kubectl', args: ['kustomize'] },
  ];
  return candidates.find(works) ?? null;
}

/** Debian's kubectl 1.20 has a kustomize without components: what matters is that it renders one. */
function works({ name, args }: Kustomize): boolean {
  try {
    return runTool(name, [...args, join(root, 'k8s/overlays/dev')]).ok;
  } catch {
    return false;
  }
}

let found: Kustomize | null | undefined;
const rendered = new Map<string, readonly KubernetesObject[]>();

/** The objects of a folder, rendered once; null when the test was skipped for want of a kustomize. */
export function render(t: Pick<TestContext, 'skip'>, folder: string): readonly KubernetesObject[] | null {
  const before = rendered.get(folder);
  if (before !== undefined) return before;
  found ??= findKustomize();
  // None works: if a tool is there, its own complaint is the best message.
  if (found === null && !requireTool(t, built)) return null;
  const { name, args } = found ?? { name: built, args: ['build'] };
  const { ok, stdout, stderr } = runTool(name, [...args, join(root, folder)]);
  assert.ok(ok, `${folder}: ${stderr}`);
  const objects = parseAllDocuments(stdout.toString()).map((document) => document.toJS() as KubernetesObject);
  rendered.set(folder, objects);
  return objects;
}

/** For messages: kind and name. */
export function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind}/${metadata.name}`;
}
