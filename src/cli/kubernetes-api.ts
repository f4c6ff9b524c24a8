// Owns: the few requests that a command makes of a Kubernetes API server, with the pod's own service account.
// Leaves to keys-kubernetes.ts: what a Secret holds. Nothing of a Secret or token ever reaches a message.
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { z } from 'zod';
import type { Environment } from '../config/environment.ts';
import { CliFailure } from './io.ts';

/** One Secret as it was read; what is not named here is carried along unchanged. */
export interface KubernetesSecret {
  readonly [field: string]: unknown;
  readonly metadata: { readonly [field: string]: unknown; readonly resourceVersion: string };
  /** Base64. */
  readonly data: Readonly<Record<string, string>>;
  readonly immutable?: boolean | undefined;
}

export interface KubernetesSecrets {
  readonly namespace: string;
  /** @throws CliFailure when it is not there, or may not be read. */
  readonly get: (name: string) => Promise<KubernetesSecret>;
  /** False when somebody else has changed it since `secret.metadata.resourceVersion`. */
  readonly replace: (name: string, secret: KubernetesSecret) => Promise<boolean>;
  /** False when there is one of this name already. */
  readonly create: (name: string, data: Readonly<Record<string, string>>) => Promise<boolean>;
}

const secretSchema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string().min(1) }),
  data: z.record(z.string(), z.string()).default({}),
  immutable: z.boolean().optional(),
});

/**
 * The Secrets of the pod's namespace. The token is read for each request: Kubernetes replaces it.
 * @throws CliFailure when this is no pod, or its service account is not mounted.
 */
export function openKubernetesSecrets(environment: Environment, folder: string): KubernetesSecrets {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  if (host === undefined || host === '') {
    throw new CliFailure('KUBERNETES_SERVICE_HOST is not set: --kubernetes-secret works in a pod only');
  }
  const namespace = mounted(folder, 'namespace').toString('utf8').trim();
  const ca = mounted(folder, 'ca.crt');
  const secrets = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
  const ask = (method: string, path: string, body: unknown): Promise<ApiAnswer> =>
    send({ host, port, ca, token: mounted(folder, 'token').toString('utf8').trim(), method, path, body });
  const one = (name: string): string => `${secrets}/${encodeURIComponent(name)}`;
  return {
    namespace,
    get: async (name) => {
      const answer = await ask('GET', one(name), null);
      if (answer.status !== 200) throw failure('get', name, namespace, answer.status);
      const secret = secretSchema.safeParse(parseJson(answer.text));
      if (!secret.success) throw new CliFailure(`the API server's answer for secret ${name} is not a Secret`);
      return secret.data;
    },
    replace: async (name, secret) => {
      const { status } = await ask('PUT', one(name), secret);
      if (status === 409) return false;
      if (status !== 200) throw failure('update', name, namespace, status);
      return true;
    },
    create: async (name, data) => {
      const secret = { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name, namespace }, data };
      const { status } = await ask('POST', secrets, secret);
      if (status === 409) return false;
      if (status !== 201) throw failure('create', name, namespace, status);
      return true;
    },
  };
}

interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

interface ApiRequest {
  readonly host: string;
  readonly port: string;
  readonly ca: Buffer;
  readonly token: string;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

const TIMEOUT_MS = 10_000;
/** A Secret is at most 1 MiB; base64 and metadata come on top. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Redirects are not followed: an API server has no reason to send any. */
function send({ host, port, ca, token, method, path, body }: ApiRequest): Promise<ApiAnswer> {
  const payload = body === null ? null : Buffer.from(JSON.stringify(body));
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'application/json',
    ...(payload === null ? {} : { 'content-type': 'application/json', 'content-length': payload.length }),
  };
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(new CliFailure(`the API server at ${host}:${port} did not answer: ${error.message}`));
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const options = { host, port, ca, method, path, headers, signal, minVersion: 'TLSv1.2' as const };
    const asked = request(options, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > MAX_ANSWER_BYTES) asked.destroy(new Error('its answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    asked.on('error', fail);
    asked.end(payload ?? undefined);
  });
}

function mounted(folder: string, name: string): Buffer {
  const path = join(folder, name);
  try {
    return readFileSync(path);
  } catch {
    throw new CliFailure(`${path} cannot be read: the pod needs a service account with its token mounted`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const MEANING: Readonly<Record<number, string>> = {
  401: 'the token is not accepted',
  403: 'the service account may not; see its Role',
  404: 'there is none; make it first (k8s/README.md)',
  413: 'it would be too large',
  422: 'it was refused as invalid',
};

function failure(verb: string, name: string, namespace: string, status: number): CliFailure {
  return new CliFailure(`${verb} secret ${namespace}/${name}: ${status} ${MEANING[status] ?? 'from the API server'}`);
}
