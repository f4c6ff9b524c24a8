// Owns: which published model each kind of ours is held against, at run time (validators) and by the compiler (types).
import * as certificates from '@kubernetes-models/cert-manager/cert-manager.io/v1';
import * as gateways from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1';
import * as monitoring from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import * as apps from 'kubernetes-models/apps/v1';
import * as autoscaling from 'kubernetes-models/autoscaling/v2';
import * as batch from 'kubernetes-models/batch/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as rbac from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import * as core from 'kubernetes-models/v1';
import type { KubernetesObject } from './render.ts';

interface Group {
  readonly module: string;
  readonly models: Readonly<Record<string, unknown>>;
}

const groups: ReadonlyMap<string, Group> = new Map<string, Group>([
  ['v1', { module: 'kubernetes-models/v1', models: core }],
  ['apps/v1', { module: 'kubernetes-models/apps/v1', models: apps }],
  ['autoscaling/v2', { module: 'kubernetes-models/autoscaling/v2', models: autoscaling }],
  ['batch/v1', { module: 'kubernetes-models/batch/v1', models: batch }],
  ['networking.k8s.io/v1', { module: 'kubernetes-models/networking.k8s.io/v1', models: networking }],
  ['policy/v1', { module: 'kubernetes-models/policy/v1', models: policy }],
  ['rbac.authorization.k8s.io/v1', { module: 'kubernetes-models/rbac.authorization.k8s.io/v1', models: rbac }],
  ['cert-manager.io/v1', { module: '@kubernetes-models/cert-manager/cert-manager.io/v1', models: certificates }],
  [
    'gateway.networking.k8s.io/v1',
    { module: '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1', models: gateways },
  ],
  [
    'monitoring.coreos.com/v1',
    { module: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1', models: monitoring },
  ],
]);

type ModelClass = new (data: object) => { validate(): void };

/** What the run-time validator says; null when it finds nothing wrong. */
export function validationProblem(object: KubernetesObject): string | null {
  const model = groups.get(object.apiVersion)?.models[object.kind];
  if (typeof model !== 'function') return `no model for ${object.apiVersion} ${object.kind}`;
  try {
    new (model as ModelClass)(object).validate();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A module whose only statements are these objects as literals of their types, for the compiler to look at. */
export function asLiterals(objects: readonly KubernetesObject[]): string {
  const lines = objects.map((object, index) => {
    const group = groups.get(object.apiVersion);
    if (group === undefined) throw new Error(`no types for ${object.apiVersion}`);
    const type = `import(${JSON.stringify(group.module)}).I${object.kind}`;
    return `export const object${index}: ${type} = ${JSON.stringify(object, null, 1)};`;
  });
  return `${lines.join('\n')}\n`;
}
