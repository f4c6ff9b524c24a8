// Owns: what must hold between rendered objects and no schema says. One rule, one function; each has a seeded violation
// in rules.test.ts. A rule answers what is wrong, in words, or nothing.
import { type KubernetesObject, nameOf } from './render.ts';
import {
  type Container,
  containersOf,
  isNode,
  type Labels,
  ofKind,
  routeBackends,
  type ServiceSpec,
  selects,
  specOf,
  workloads,
} from './workloads.ts';

export type Objects = readonly KubernetesObject[];
type Rule = (objects: Objects) => readonly string[];

/** Made by hand, or by cert-manager (README.md, Secrets). */
const SECRETS = new Set([
  'signet-keyring',
  'signet-keys',
  'signet-revocations',
  'signet-users',
  'signet-ldap',
  'signet-database',
  'signet-data-keys',
  'signet-saml-signing',
  'signet-oidc-signing',
  'signet-tls',
]);
/** Of the production overlay: the canary shares it. */
const SHARED_CONFIG_MAPS = new Set(['signet-parties']);

export const rules = {
  'mounts name volumes': (objects) =>
    workloads(objects).flatMap((workload) => {
      const volumes = new Set(workload.pod.volumes?.map(({ name }) => name));
      return containersOf(workload)
        .flatMap(({ volumeMounts = [] }) => volumeMounts)
        .filter(({ name }) => !volumes.has(name))
        .map(({ name }) => `${nameOf(workload.owner)}: no volume ${name}`);
    }),
  'no subPath: such a file is never updated': (objects) =>
    workloads(objects).flatMap((workload) =>
      containersOf(workload)
        .flatMap(({ volumeMounts = [] }) => volumeMounts)
        .filter(({ subPath }) => subPath !== undefined)
        .map(({ mountPath }) => `${nameOf(workload.owner)}: ${mountPath} has a subPath`),
    ),
  'config maps, secrets and service accounts exist': (objects) => {
    const there = new Set(objects.map(nameOf));
    return workloads(objects).flatMap(({ owner, pod }) => {
      const wanted = [
        ...(pod.serviceAccountName === undefined ? [] : [`ServiceAccount/${pod.serviceAccountName}`]),
        ...(pod.volumes ?? []).flatMap(({ configMap, secret }) => [
          ...(configMap === undefined || SHARED_CONFIG_MAPS.has(configMap.name) ? [] : [`ConfigMap/${configMap.name}`]),
          ...(secret === undefined || SECRETS.has(secret.secretName) ? [] : [`Secret/${secret.secretName}`]),
        ]),
      ];
      return wanted.filter((name) => !there.has(name)).map((name) => `${nameOf(owner)}: no ${name}`);
    });
  },
  'no Secret is rendered: applying it would bring old keys back': (objects) => ofKind(objects, 'Secret').map(nameOf),
  'secrets are readable for the group and nobody else': (objects) =>
    workloads(objects).flatMap(({ owner, pod }) =>
      (pod.volumes ?? [])
        .filter(({ secret }) => secret !== undefined && secret.defaultMode !== 0o440)
        .map(({ name }) => `${nameOf(owner)}: volume ${name}`),
    ),
  'selectors match pods': (objects) => {
    const pods = workloads(objects).map(({ labels }) => labels);
    return selectors(objects)
      .filter(({ selector }) => !pods.some((labels) => selects(selector, labels)))
      .map(({ name }) => `${name} selects nothing`);
  },
  'deployments select their own pods and no others': (objects) => {
    const all = workloads(objects);
    return all
      .filter(({ owner }) => owner.kind === 'Deployment')
      .filter(({ owner, labels }) => {
        const { matchLabels } = specOf<{ selector: { matchLabels: Labels } }>(owner).selector;
        const others = all.filter((other) => other.owner !== owner && selects(matchLabels, other.labels));
        return !selects(matchLabels, labels) || others.length > 0;
      })
      .map(({ owner }) => nameOf(owner));
  },
  'services select nodes only': (objects) =>
    ofKind(objects, 'Service').flatMap((service) => {
      const { selector } = specOf<ServiceSpec>(service);
      return workloads(objects)
        .filter((workload) => !isNode(workload) && selects(selector, workload.labels))
        .map(({ owner }) => `${nameOf(service)} sends requests to ${nameOf(owner)}`);
    }),
  'no stickiness': (objects) => [
    ...ofKind(objects, 'Service')
      .filter((service) => specOf<ServiceSpec>(service).sessionAffinity !== 'None')
      .map(nameOf),
    ...ofKind(objects, 'HTTPRoute')
      .filter((route) => JSON.stringify(route).includes('"sessionPersistence"'))
      .map(nameOf),
  ],
  'probes ask a named port of their container': (objects) =>
    workloads(objects).flatMap((workload) =>
      workload.pod.containers.flatMap((container) =>
        probesOf(container)
          .filter((probe) => !container.ports?.some(({ name }) => name === probe.httpGet?.port))
          .map(() => `${nameOf(workload.owner)}: a probe of ${container.name}`),
      ),
    ),
  'nodes have all three probes': (objects) =>
    workloads(objects)
      .filter(isNode)
      .filter(({ pod }) => pod.containers.some((container) => probesOf(container).length !== 3))
      .map(({ owner }) => nameOf(owner)),
  'services lead to named ports': (objects) =>
    ofKind(objects, 'Service').flatMap((service) => {
      const { selector, ports } = specOf<ServiceSpec>(service);
      const named = workloads(objects)
        .filter(({ labels }) => selects(selector, labels))
        .flatMap(({ pod }) => pod.containers.flatMap((container) => container.ports ?? []));
      return ports
        .filter(({ targetPort }) => !named.some(({ name }) => name === targetPort))
        .map(({ targetPort }) => `${nameOf(service)}: ${targetPort}`);
    }),
  'routes lead to the public port of a service, never to management': (objects) => {
    const services = ofKind(objects, 'Service');
    return routeBackends(objects).flatMap(({ route, service, port }) => {
      const target = services.find(({ metadata }) => metadata.name === service);
      const found = target && specOf<ServiceSpec>(target).ports.find((one) => one.name === port || one.port === port);
      return found?.targetPort === 'http' ? [] : [`${route} -> ${service}:${port}`];
    });
  },
  'a role gets and updates one Secret by name, or creates': (objects) =>
    [...ofKind(objects, 'Role'), ...ofKind(objects, 'ClusterRole')].flatMap((role) =>
      (role.rules as readonly PolicyRule[]).filter((rule) => !isNarrow(rule)).map(() => nameOf(role)),
    ),
  'role bindings name roles and accounts that exist': (objects) => {
    const there = new Set(objects.map(nameOf));
    return ofKind(objects, 'RoleBinding').flatMap((binding) => {
      const { roleRef, subjects } = binding as unknown as Binding;
      return [roleRef, ...subjects]
        .map(({ kind, name }) => `${kind}/${name}`)
        .filter((name) => !there.has(name))
        .map((name) => `${nameOf(binding)}: no ${name}`);
    });
  },
  'only pods with a role have a token': (objects) => {
    const bound = ofKind(objects, 'RoleBinding').flatMap((one) =>
      (one as unknown as Binding).subjects.map(({ name }) => name),
    );
    return workloads(objects)
      .filter(({ pod }) => (pod.automountServiceAccountToken ?? true) !== bound.includes(pod.serviceAccountName ?? ''))
      .map(({ owner }) => nameOf(owner));
  },
  'autoscaled deployments have no replicas of their own': (objects) => {
    const scaled = ofKind(objects, 'HorizontalPodAutoscaler').map(
      (one) => specOf<{ scaleTargetRef: { name: string } }>(one).scaleTargetRef.name,
    );
    const there = ofKind(objects, 'Deployment');
    return [
      ...there
        .filter(
          (one) => scaled.includes(one.metadata.name) && specOf<{ replicas?: number }>(one).replicas !== undefined,
        )
        .map(nameOf),
      ...scaled.filter((name) => !there.some(({ metadata }) => metadata.name === name)),
    ];
  },
  'a rollout never takes a node away before there is another': (objects) =>
    ofKind(objects, 'Deployment')
      .filter((one) => {
        const { rollingUpdate } = specOf<{ strategy: { rollingUpdate: { maxUnavailable: unknown } } }>(one).strategy;
        return rollingUpdate.maxUnavailable !== 0;
      })
      .map(nameOf),
  'everything is in one namespace': (objects) =>
    objects
      .filter(({ kind, metadata }) => (kind === 'Namespace' ? metadata.name : metadata.namespace) !== 'signet')
      .map(nameOf),
} as const satisfies Readonly<Record<string, Rule>>;

interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

interface Binding {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string }[];
}

/** RBAC cannot limit `create` by name, so it stands alone. */
function isNarrow({ apiGroups, resources, verbs, resourceNames = [] }: PolicyRule): boolean {
  if (apiGroups.join() !== '' || resources.join() !== 'secrets') return false;
  if (verbs.join() === 'create') return resourceNames.length === 0;
  return resourceNames.length === 1 && verbs.every((verb) => verb === 'get' || verb === 'update');
}

function probesOf({ startupProbe, livenessProbe, readinessProbe }: Container) {
  return [startupProbe, livenessProbe, readinessProbe].filter((probe) => probe !== undefined);
}

/** Selectors of everything that looks for pods; one that is empty looks for all. */
function selectors(objects: Objects): readonly { readonly name: string; readonly selector: Labels }[] {
  return objects.flatMap((object) => {
    const spec = specOf<Record<string, { matchLabels?: Labels }>>(object);
    if (object.kind === 'Service') return [{ name: nameOf(object), selector: specOf<ServiceSpec>(object).selector }];
    const found = object.kind === 'NetworkPolicy' ? spec.podSelector : spec?.selector;
    const looks = ['NetworkPolicy', 'PodDisruptionBudget', 'PodMonitor'].includes(object.kind);
    return looks ? [{ name: nameOf(object), selector: found?.matchLabels ?? {} }] : [];
  });
}
