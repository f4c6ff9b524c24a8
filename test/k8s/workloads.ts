// Owns: reading what rules ask of rendered objects: pods, ports, selectors, references. Leaves to rules.ts: what is wrong.
import { type KubernetesObject, nameOf } from './render.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
}

export interface Probe {
  readonly httpGet?: { readonly port: string | number };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly Mount[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } };
  readonly resources?: { readonly requests?: Labels; readonly limits?: Labels };
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
}

export interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
  readonly secret?: { readonly secretName: string; readonly defaultMode?: number };
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly fsGroup?: number;
    readonly seccompProfile?: { readonly type: string };
  };
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
}

/** The pods that an object makes. */
export interface Workload {
  readonly owner: KubernetesObject;
  readonly labels: Labels;
  readonly pod: PodSpec;
}

interface PodTemplate {
  readonly metadata?: { readonly labels?: Labels };
  readonly spec: PodSpec;
}

export function workloads(objects: readonly KubernetesObject[]): readonly Workload[] {
  return objects.flatMap((owner) => {
    const template = templateOf(owner);
    return template === null ? [] : [{ owner, labels: template.metadata?.labels ?? {}, pod: template.spec }];
  });
}

function templateOf(object: KubernetesObject): PodTemplate | null {
  switch (object.kind) {
    case 'Deployment':
    case 'Job':
      return specOf<{ template: PodTemplate }>(object).template;
    case 'CronJob':
      return specOf<{ jobTemplate: { spec: { template: PodTemplate } } }>(object).jobTemplate.spec.template;
    default:
      return null;
  }
}

/** An object's spec as the caller knows it: schemas.test.ts has held it against its schema. */
export function specOf<T>(object: KubernetesObject): T {
  return object.spec as T;
}

export function ofKind(objects: readonly KubernetesObject[], kind: string): readonly KubernetesObject[] {
  return objects.filter((object) => object.kind === kind);
}

export function containersOf({ pod }: Workload): readonly Container[] {
  return [...(pod.initContainers ?? []), ...pod.containers];
}

export function isNode({ labels }: Workload): boolean {
  return labels['app.kubernetes.io/component'] === 'node';
}

export function selects(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

export interface ServiceSpec {
  readonly selector: Labels;
  readonly sessionAffinity?: string;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: string | number }[];
}

export interface RouteBackend {
  readonly route: string;
  readonly service: string;
  readonly port: string | number;
}

interface HttpRouteSpec {
  readonly rules?: readonly { readonly backendRefs?: readonly { readonly name: string; readonly port: number }[] }[];
}

interface IngressSpec {
  readonly rules: readonly {
    readonly http: {
      readonly paths: readonly {
        readonly backend: {
          readonly service: {
            readonly name: string;
            readonly port: { readonly name?: string; readonly number?: number };
          };
        };
      }[];
    };
  }[];
}

/** Where requests from outside may end. */
export function routeBackends(objects: readonly KubernetesObject[]): readonly RouteBackend[] {
  const gateways = ofKind(objects, 'HTTPRoute').flatMap((route) =>
    (specOf<HttpRouteSpec>(route).rules ?? [])
      .flatMap(({ backendRefs = [] }) => backendRefs)
      .map(({ name, port }) => ({ route: nameOf(route), service: name, port })),
  );
  const ingresses = ofKind(objects, 'Ingress').flatMap((route) =>
    specOf<IngressSpec>(route)
      .rules.flatMap(({ http }) => http.paths)
      .map(({ backend: { service } }) => ({
        route: nameOf(route),
        service: service.name,
        port: service.port.name ?? service.port.number ?? '',
      })),
  );
  return [...gateways, ...ingresses];
}
