// Owns: what must hold in every pod that is rendered: its limits, its image, its end, its configuration.
// Leaves to rules.ts: what must hold between objects.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import type { DirectorySettings } from '../../src/config/directories.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { formatProblem, ProblemsError } from '../../src/lib/problems.ts';
import { nameOf } from './render.ts';
import type { Objects } from './rules.ts';
import { containersOf, isNode, ofKind, type Workload, workloads } from './workloads.ts';

type Rule = (objects: Objects) => readonly string[];

export const podRules = {
  'pods are restricted: no root, no capabilities, no writing': (objects) =>
    workloads(objects)
      .filter((workload) => !isRestricted(workload))
      .map(({ owner }) => nameOf(owner)),
  'no service links: SIGNET_SERVICE_HOST is no setting': (objects) =>
    workloads(objects)
      .filter(({ pod }) => pod.enableServiceLinks !== false)
      .map(({ owner }) => nameOf(owner)),
  'images have a version': (objects) =>
    workloads(objects)
      .flatMap(containersOf)
      .map(({ image }) => image)
      .filter((image) => !/(:(?!latest$)[\w.-]+|@sha256:[0-9a-f]{64})$/.test(image)),
  'nodes ask for memory and processor, and have no processor limit': (objects) =>
    workloads(objects)
      .filter(isNode)
      .filter(({ pod }) =>
        pod.containers.some(({ resources: { requests, limits } = {} }) => {
          const asks = requests?.cpu !== undefined && requests.memory !== undefined;
          return !asks || limits?.memory === undefined || limits.cpu !== undefined;
        }),
      )
      .map(({ owner }) => nameOf(owner)),
  'configurations are accepted': (objects) =>
    nodeConfigs(objects).flatMap(({ name, result }) => ('problems' in result ? [`${name}: ${result.problems}`] : [])),
  'a node has ended before it is killed': (objects) =>
    nodeConfigs(objects).flatMap(({ name, workload, result }) => {
      if ('problems' in result) return [];
      const { lead, drain } = result.config.shutdown;
      const pause = workload.pod.containers[0]?.lifecycle?.preStop?.sleep?.seconds ?? 0;
      const grace = workload.pod.terminationGracePeriodSeconds ?? 30;
      return pause > 0 && pause + lead + drain < grace ? [] : [`${name}: ${pause} + ${lead} + ${drain} of ${grace} s`];
    }),
  'container ports are those that are configured': (objects) =>
    nodeConfigs(objects).flatMap(({ name, workload, result }) => {
      if ('problems' in result) return [];
      const wanted = [result.config.listen, result.config.management].sort().join(' ');
      const found = workload.pod.containers[0]?.ports?.map(({ containerPort }) => `0.0.0.0:${containerPort}`).sort();
      return found?.join(' ') === wanted ? [] : [`${name}: ${wanted}`];
    }),
  'every configured file is in a mounted folder': (objects) =>
    nodeConfigs(objects).flatMap(({ name, workload, result }) => {
      if ('problems' in result) return [];
      const { keyring, dataKeyring, database, stableSecret, saml, directories, parties, revocations } = result.config;
      const mounts = workload.pod.containers.flatMap(({ volumeMounts = [] }) => volumeMounts);
      return [
        keyring.file,
        stableSecret.file,
        ...(database.target === null ? [] : [dataKeyring.file, ...(database.ca === undefined ? [] : [database.ca])]),
        join(saml.signing.folder, 'signing-keys.json'),
        ...directories.flatMap(filesOf),
        parties.folder,
        revocations.file,
      ]
        .filter((path) => !mounts.some(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`)))
        .map((path) => `${name}: ${path}`);
    }),
  'SQLite is nowhere: nodes do not share a file that is written': (objects) =>
    objects.filter((object) => /sqlite/i.test(JSON.stringify(object))).map(nameOf),
} as const satisfies Readonly<Record<string, Rule>>;

function filesOf(directory: DirectorySettings): readonly string[] {
  switch (directory.kind) {
    case 'yaml':
      return [directory.file];
    case 'ldap':
      return [directory.caFile, directory.bindPasswordFile].filter((file) => file !== undefined);
    default:
      return [];
  }
}

function isRestricted(workload: Workload): boolean {
  const { runAsNonRoot, runAsUser, fsGroup, seccompProfile } = workload.pod.securityContext ?? {};
  const pod = runAsNonRoot === true && runAsUser === 10_001 && fsGroup === 10_001;
  return (
    pod &&
    seccompProfile?.type === 'RuntimeDefault' &&
    containersOf(workload).every(({ securityContext }) => {
      const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } = securityContext ?? {};
      const locked = allowPrivilegeEscalation === false && readOnlyRootFilesystem === true;
      return locked && capabilities?.drop?.join() === 'ALL' && capabilities.add === undefined;
    })
  );
}

interface NodeConfig {
  readonly name: string;
  readonly workload: Workload;
  readonly result: { readonly config: Config } | { readonly problems: string };
}

/** Signet's own reader on what each node would find in /etc/signet. */
function nodeConfigs(objects: Objects): readonly NodeConfig[] {
  return workloads(objects)
    .filter(isNode)
    .map((workload) => {
      const volume = workload.pod.volumes?.find(({ name }) => name === 'config');
      const map = ofKind(objects, 'ConfigMap').find(({ metadata }) => metadata.name === volume?.configMap?.name);
      const environment = workload.pod.containers[0]?.env?.map(({ name, value }) => [name, value ?? 'node-1']);
      const result = readMounted(map?.data ?? {}, Object.fromEntries(environment ?? []));
      return { name: nameOf(workload.owner), workload, result };
    });
}

function readMounted(data: object, environment: Readonly<Record<string, string>>): NodeConfig['result'] {
  const folder = mkdtempSync(join(tmpdir(), 'signet-k8s-config-'));
  try {
    for (const [name, text] of Object.entries(data)) writeFileSync(join(folder, name), text);
    // Kubernetes sets it in every container, and SQLite is refused where it is set.
    return { config: readConfig(join(folder, 'signet.yaml'), { ...environment, KUBERNETES_SERVICE_HOST: '10.0.0.1' }) };
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return { problems: error.problems.map(formatProblem).join('; ') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
