// Owns: a small API server for Secrets over TLS that allows what rendered Roles allow, and keeps resourceVersions.
// Leaves to the test: what is rendered, and what was asked of it.
import 'reflect-metadata'; // @peculiar/x509 wants it there first
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import type { KubernetesObject } from './render.ts';
import { ofKind } from './workloads.ts';

export interface StoredSecret {
  readonly [field: string]: unknown;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly data: Readonly<Record<string, string>>;
}

export interface FakeApi {
  /** What the kubelet gives each pod. */
  readonly environment: Readonly<Record<string, string>>;
  /** A mounted service account: token, namespace, certificate of the server. */
  readonly account: (name: string) => string;
  readonly secret: (name: string) => StoredSecret | undefined;
  /** Puts a Secret there, as somebody else would: its resourceVersion is a new one. */
  readonly put: (name: string, secret: Omit<StoredSecret, 'metadata'>) => void;
  /** `GET name 200`, in order. */
  readonly log: string[];
}

export interface FakeApiOptions {
  /** Runs before each answer: for another writer who comes first. */
  readonly before?: (method: string, api: FakeApi) => void;
  /** Instead of an honest answer. */
  readonly answer?: { readonly status: number; readonly text: string };
}

const NAMESPACE = 'signet';

/** Serves until the test ends; the Roles and RoleBindings among `objects` say who may do what. */
export async function fakeApiServer(
  t: TestContext,
  objects: readonly KubernetesObject[],
  options: FakeApiOptions = {},
): Promise<FakeApi> {
  const { key, certificate } = await loopbackCertificate();
  const secrets = new Map<string, StoredSecret>();
  const tokens = new Map<string, string>();
  let version = 100;
  const put = (name: string, secret: object): StoredSecret => {
    const given = secret as StoredSecret;
    const metadata = { ...given.metadata, name, namespace: NAMESPACE, resourceVersion: String(++version) };
    const stored = { ...given, apiVersion: 'v1', kind: 'Secret', metadata, data: given.data };
    secrets.set(name, stored);
    return stored;
  };
  const server = createServer({ key, cert: certificate }, (request, response) => {
    void handle(request).then(({ name, status, body }) => {
      api.log.push(`${request.method} ${name} ${status}`);
      const text = options.answer?.text ?? JSON.stringify(body);
      response.writeHead(options.answer?.status ?? status, { 'content-type': 'application/json' }).end(text);
    });
  });
  const handle = async (request: IncomingMessage): Promise<{ name: string; status: number; body: object }> => {
    const text = Buffer.concat(await request.toArray()).toString();
    const method = request.method ?? '';
    options.before?.(method, api);
    const sent = text === '' ? null : (JSON.parse(text) as StoredSecret);
    const [, inPath] = /^\/api\/v1\/namespaces\/signet\/secrets(?:\/([\w.-]+))?$/.exec(request.url ?? '') ?? [];
    const name = inPath ?? String(sent?.metadata.name ?? '');
    const answer = (status: number, body: object = { kind: 'Status', code: status }) => ({ name, status, body });
    const account = tokens.get(request.headers.authorization?.replace(/^Bearer /, '') ?? '');
    if (account === undefined) return answer(401);
    const verb = { GET: 'get', PUT: 'update', POST: 'create' }[method] ?? 'unknown';
    if (!mayDo(objects, account, verb, inPath ?? null)) return answer(403);
    const there = secrets.get(name);
    if (verb === 'create') return there === undefined && sent !== null ? answer(201, put(name, sent)) : answer(409);
    if (there === undefined) return answer(404);
    if (verb === 'get' || sent === null) return answer(200, there);
    const same = sent.metadata.resourceVersion === there.metadata.resourceVersion;
    return same ? answer(200, put(name, sent)) : answer(409);
  };
  const folder = mkdtempSync(join(tmpdir(), 'signet-k8s-account-'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    rmSync(folder, { recursive: true });
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const api: FakeApi = {
    environment: { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) },
    account: (name) => {
      const token = `token-of-${name}`;
      tokens.set(token, name);
      const mount = mkdtempSync(join(folder, `${name}-`));
      for (const [file, text] of Object.entries({ token, namespace: NAMESPACE, 'ca.crt': certificate })) {
        writeFileSync(join(mount, file), text);
      }
      return mount;
    },
    secret: (name) => secrets.get(name),
    put,
    log: [],
  };
  return api;
}

interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** RBAC as Kubernetes does it: what no rule allows is forbidden; `create` has no name to be held against a rule's. */
function mayDo(objects: readonly KubernetesObject[], account: string, verb: string, name: string | null): boolean {
  const roles = ofKind(objects, 'RoleBinding')
    .filter(({ subjects }) => (subjects as readonly { name: string }[]).some((subject) => subject.name === account))
    .map(({ roleRef }) => (roleRef as { readonly name: string }).name);
  return ofKind(objects, 'Role')
    .filter(({ metadata }) => roles.includes(metadata.name))
    .flatMap(({ rules }) => rules as readonly PolicyRule[])
    .some(({ apiGroups, resources, verbs, resourceNames }) => {
      const named = resourceNames === undefined || (name !== null && resourceNames.includes(name));
      return apiGroups.includes('') && resources.includes('secrets') && verbs.includes(verb) && named;
    });
}

async function loopbackCertificate(): Promise<{ readonly key: string; readonly certificate: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=kube-apiserver',
    keys,
    signingAlgorithm: algorithm,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
    certificate: certificate.toString('pem'),
  };
}
