// Every rule holds for everything that is rendered, and finds the violation that is seeded for it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podRules } from './pod-rules.ts';
import { compositions, type KubernetesObject, nameOf, overlays, render } from './render.ts';
import { rules } from './rules.ts';

const all = { ...rules, ...podRules };

for (const folder of [...overlays, ...compositions]) {
  test(`${folder}: every rule holds`, (t) => {
    const objects = render(t, folder);
    if (objects === null) return;
    for (const [rule, problems] of Object.entries(all)) assert.deepEqual(problems(objects), [], rule);
  });
}

/** A change of what the production overlay renders: where, and to what. Undefined takes it away. */
type Seed = readonly [object: string, field: string, value: unknown];

const POD = 'spec.template.spec';
const NODE = `${POD}.containers.0`;
const DEPLOYMENT = 'Deployment/signet';

const seeds = {
  'mounts name volumes': [DEPLOYMENT, `${NODE}.volumeMounts.1.name`, 'keyrings'],
  'no subPath: such a file is never updated': [DEPLOYMENT, `${NODE}.volumeMounts.1.subPath`, 'sealer.json'],
  'config maps, secrets and service accounts exist': [DEPLOYMENT, `${POD}.volumes.0.configMap.name`, 'signet-config'],
  'no Secret is rendered: applying it would bring old keys back': ['Service/signet', 'kind', 'Secret'],
  'secrets are readable for the group and nobody else': [DEPLOYMENT, `${POD}.volumes.1.secret.defaultMode`, 0o444],
  'selectors match pods': ['PodMonitor/signet', 'spec.selector.matchLabels', { app: 'signet' }],
  'deployments select their own pods and no others': [DEPLOYMENT, 'spec.selector.matchLabels', { app: 'signet' }],
  'services select nodes only': ['Service/signet', 'spec.selector', { 'app.kubernetes.io/name': 'signet' }],
  'no stickiness': ['Service/signet', 'spec.sessionAffinity', 'ClientIP'],
  'probes ask a named port of their container': [DEPLOYMENT, `${NODE}.livenessProbe.httpGet.port`, 'health'],
  'nodes have all three probes': [DEPLOYMENT, `${NODE}.readinessProbe`, undefined],
  'services lead to named ports': ['Service/signet', 'spec.ports.0.targetPort', 8080],
  'routes lead to the public port of a service, never to management': [
    'HTTPRoute/signet',
    'spec.rules.0.backendRefs.0',
    { name: 'signet-management', port: 9090 },
  ],
  'a role gets and updates one Secret by name, or creates': [
    'Role/signet-keyring-rotation',
    'rules.0.resourceNames',
    undefined,
  ],
  'role bindings name roles and accounts that exist': [
    'RoleBinding/signet-keyring-rotation',
    'roleRef.name',
    'signet-keyring',
  ],
  'only pods with a role have a token': [DEPLOYMENT, `${POD}.automountServiceAccountToken`, true],
  'autoscaled deployments have no replicas of their own': [DEPLOYMENT, 'spec.replicas', 3],
  'a rollout never takes a node away before there is another': [
    DEPLOYMENT,
    'spec.strategy.rollingUpdate.maxUnavailable',
    1,
  ],
  'everything is in one namespace': ['Service/signet', 'metadata.namespace', 'default'],
  'pods are restricted: no root, no capabilities, no writing': [
    DEPLOYMENT,
    `${NODE}.securityContext.readOnlyRootFilesystem`,
    false,
  ],
  'no service links: SIGNET_SERVICE_HOST is no setting': [DEPLOYMENT, `${POD}.enableServiceLinks`, undefined],
  'images have a version': [DEPLOYMENT, `${NODE}.image`, 'registry.example.org/signet:latest'],
  'nodes ask for memory and processor, and have no processor limit': [DEPLOYMENT, `${NODE}.resources.limits.cpu`, '1'],
  'configurations are accepted': [DEPLOYMENT, `${NODE}.env.0`, { name: 'SIGNET_SERVICE_HOST', value: '10.0.0.1' }],
  'a node has ended before it is killed': [DEPLOYMENT, `${POD}.terminationGracePeriodSeconds`, 37],
  'container ports are those that are configured': [DEPLOYMENT, `${NODE}.ports.0.containerPort`, 8081],
  'every configured file is in a mounted folder': [DEPLOYMENT, `${NODE}.volumeMounts.1.mountPath`, '/keyring'],
  'SQLite is nowhere: nodes do not share a file that is written': [
    DEPLOYMENT,
    `${NODE}.env.0`,
    { name: 'DATABASE', value: 'sqlite:/tmp/signet.db' },
  ],
} satisfies Record<keyof typeof all, Seed>;

for (const [rule, seed] of Object.entries(seeds)) {
  test(`a seeded violation is found: ${rule}`, (t) => {
    const objects = render(t, 'k8s/overlays/production');
    if (objects === null) return;
    assert.notDeepEqual(all[rule as keyof typeof all](seeded(objects, seed as Seed)), []);
  });
}

function seeded(objects: readonly KubernetesObject[], [name, field, value]: Seed): readonly KubernetesObject[] {
  const changed = structuredClone(objects);
  let at = changed.find((object) => nameOf(object) === name) as unknown as Record<string, unknown>;
  assert.ok(at !== undefined, name);
  const keys = field.split('.');
  const last = keys.pop() ?? '';
  for (const key of keys) {
    at = at[key] as Record<string, unknown>;
    assert.ok(at !== undefined, `${name} ${key}`);
  }
  at[last] = value;
  return changed;
}
