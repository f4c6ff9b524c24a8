// Owns: three real nodes behind a real HAProxy on free ports, and the ways in which a node can be lost.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BalancedNode, findHaproxy } from '../../scripts/haproxy.ts';
import {
  type FolderSettings,
  makeFolder,
  type Person,
  startHaproxy,
  startNode,
  waitUntilReady,
} from '../../scripts/local-cluster.ts';
import { answersOk, type Child, type Environment, endAll, waitUntil } from '../../scripts/processes.ts';
import { type IdpDescription, readIdpMetadata } from '../../scripts/saml-sp.ts';
import { makeTrail, type Trail } from '../../scripts/trail.ts';
import { freePorts } from './free-ports.ts';

export interface ClusterOptions {
  readonly nodes?: number;
  /** SP metadata to import before the nodes start. */
  readonly parties: readonly string[];
  /** OpenID Connect clients: their documents. */
  readonly clients?: NonNullable<FolderSettings['clients']>;
  /** CAS services: their documents. */
  readonly services?: readonly { readonly url: string }[];
  /** yaml: without a database. */
  readonly directory?: 'sql' | 'yaml';
  /** SIGNET_… settings beside the quick ones. */
  readonly environment?: Environment;
  /** The port of the public URL, when something of the test stands before HAProxy. */
  readonly publicPort?: number;
}

export interface Cluster {
  /** A name that is another site than 127.0.0.1, where the tests' SPs live. */
  readonly publicUrl: string;
  /** Where HAProxy listens. */
  readonly port: number;
  readonly idp: IdpDescription;
  readonly idpMetadataXml: string;
  readonly folder: string;
  readonly nodes: readonly BalancedNode[];
  /** What HAProxy has logged so far. */
  readonly trail: Trail;
  /** The machine of a node loses power. */
  readonly kill9: (index: number) => Promise<void>;
  /** A node hangs (SIGSTOP): it accepts connections and never answers. */
  readonly stop: (index: number) => void;
  /** SIGTERM: answers how it ended, when it has. */
  readonly drain: (index: number) => Promise<string>;
  /** Ends the node if it runs, starts it again, and waits until HAProxy may use it. */
  readonly restart: (index: number) => Promise<void>;
  /** The last lines of a node's logs, for a failure's message. */
  readonly lastLines: (index: number) => readonly string[];
  readonly close: () => Promise<void>;
}

export const ALICE: Person = {
  name: 'alice',
  password: 'correct horse battery',
  attributes: ['displayName=Alice Example', 'mail=alice@example.org', 'givenName=Alice', 'sn=Example'],
};
export const BOB: Person = {
  name: 'bob',
  password: 'staple in the wall',
  attributes: ['displayName=Bob Example', 'mail=bob@example.org', 'mail=b.example@example.org'],
};

/** Small hashes, so that two cores carry a sign-in storm; everything else as in production. */
const QUICK: Environment = {
  SIGNET_PASSWORD_ARGON2_MEMORY: '1024',
  SIGNET_PASSWORD_ARGON2_TIME: '1',
  SIGNET_PASSWORD_ARGON2_PARALLELISM: '1',
};

const READY_MS = 20_000;
/** HAProxy's `rise 2` at `inter 500ms`, and one more. */
const HAPROXY_NOTICES_MS = 1500;

/** Starts everything and waits until the balancer serves; the caller closes it. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const binary = findHaproxy();
  if (binary === null) throw new Error('haproxy is not installed');
  const count = options.nodes ?? 3;
  const [port = 0, ...backs] = await freePorts(1 + 2 * count);
  const nodes = Array.from(
    { length: count },
    (_, i): BalancedNode => ({
      name: `n${i + 1}`,
      port: backs[2 * i] ?? 0,
      managementPort: backs[2 * i + 1] ?? 0,
    }),
  );
  const base = await mkdtemp(join(tmpdir(), 'signet-cluster-'));
  const folder = join(base, 'idp');
  const publicUrl = `http://localhost:${options.publicPort ?? port}`;
  const environment = { ...QUICK, ...options.environment };
  const trail = makeTrail(Date.now);
  const children: Child[] = [];
  let haproxy: Child | null = null;
  const close = async () => {
    for (const child of [...children, haproxy]) child?.signal('SIGKILL');
    await endAll([...children, ...(haproxy === null ? [] : [haproxy])], 0);
    await rm(base, { recursive: true, force: true });
  };
  const start = async (index: number) => {
    const node = at(nodes, index);
    const child = await startNode(folder, node, environment);
    children[index] = child;
    await waitUntilReady(node, child, READY_MS);
  };
  try {
    const { parties, clients = [], services = [], directory = 'sql' } = options;
    await makeFolder({ folder, publicUrl, people: [ALICE, BOB], parties, clients, services, directory, environment });
    await Promise.all(nodes.map((_, index) => start(index)));
    haproxy = await startHaproxy({
      binary,
      configFile: join(base, 'haproxy.cfg'),
      port,
      nodes,
      onStep: trail.add,
    });
    const metadataUrl = `http://127.0.0.1:${port}/saml/idp/metadata`;
    await waitUntil('metadata through HAProxy', READY_MS, () => answersOk(metadataUrl));
    const idpMetadataXml = await (await fetch(metadataUrl)).text();
    return {
      publicUrl,
      port,
      idp: readIdpMetadata(idpMetadataXml),
      idpMetadataXml,
      folder,
      nodes,
      trail,
      kill9: async (index) => {
        at(children, index).signal('SIGKILL');
        await at(children, index).ended;
      },
      stop: (index) => at(children, index).signal('SIGSTOP'),
      drain: (index) => {
        at(children, index).signal('SIGTERM');
        return at(children, index).ended;
      },
      restart: async (index) => {
        if (at(children, index).alive()) at(children, index).signal('SIGKILL');
        await at(children, index).ended;
        await start(index);
        await new Promise((resolve) => setTimeout(resolve, HAPROXY_NOTICES_MS));
      },
      lastLines: (index) => at(children, index).lastLines(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`there is no node ${index}`);
  return item;
}
