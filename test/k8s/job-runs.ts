// Owns: the rendered rotation and bootstrap jobs, run against an API server that enforces their rendered Roles.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { runCli } from '../../src/cli/signet.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { type Keyring, parseKeyring } from '../../src/sealer/keyring.ts';
import { type FakeApi, type FakeApiOptions, fakeApiServer } from './fake-api-server.ts';
import { compositions, type KubernetesObject, render } from './render.ts';
import { containersOf, ofKind, workloads } from './workloads.ts';

export const DAY = 86_400;
export const START = 1_900_000_000;
export const ROTATION = 'signet-keyring-rotation';
export const BOOTSTRAP = 'signet-keyring-bootstrap';

export interface Run {
  readonly exitCode: number;
  readonly told: string;
}

export interface Cluster {
  readonly api: FakeApi;
  /** Runs the containers of a job one after the other, as its pod does: the first failure ends it. */
  readonly run: (job: string, now: number) => Promise<Run>;
  /** Runs one command as a job's service account. */
  readonly command: (args: readonly string[], now: number, account?: string) => Promise<Run>;
  readonly ring: () => Keyring;
}

/** The production overlay's roles and jobs, with the bootstrap's; null when there is no kustomize. */
export async function cluster(
  t: TestContext,
  options: FakeApiOptions & { readonly change?: (objects: KubernetesObject[]) => void } = {},
): Promise<Cluster | null> {
  const production = render(t, 'k8s/overlays/production');
  const others = render(t, compositions[0]);
  if (production === null || others === null) return null;
  const bootstrap = others.filter(({ metadata }) => metadata.name === BOOTSTRAP);
  const objects = structuredClone([...production, ...bootstrap]);
  options.change?.(objects);
  const api = await fakeApiServer(t, objects, options);
  const etc = mountedConfig(t, production);
  const command: Cluster['command'] = async (args, now, account = ROTATION) => {
    let told = '';
    const tell = (text: string): void => {
      told += text;
    };
    const here = args.map((arg) => arg.replace('/etc/signet', etc));
    const exitCode = await runCli([...here, '--service-account', api.account(account)], {
      out: tell,
      err: tell,
      readStdin: async () => '',
      askSecret: async () => null,
      clock: () => now,
      random: systemRandom(),
      environment: api.environment,
    });
    for (const { key } of secretsOf(api)) assert.ok(!told.includes(key), 'a key was printed');
    assert.ok(!told.includes('token-of-'), 'a token was printed');
    return { exitCode, told };
  };
  return {
    api,
    command,
    run: async (job, now) => {
      const workload = workloads(objects).find(({ owner }) => owner.metadata.name === job);
      assert.ok(workload !== undefined);
      let told = '';
      for (const { args = [] } of containersOf(workload)) {
        const run = await command(args, now, workload.pod.serviceAccountName);
        told += run.told;
        if (run.exitCode !== 0) return { exitCode: run.exitCode, told };
      }
      return { exitCode: 0, told };
    },
    ring: () => parseKeyring(ringBytes(api), { minSerial: 0 }),
  };
}

function mountedConfig(t: TestContext, objects: readonly KubernetesObject[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'signet-k8s-etc-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const map = ofKind(objects, 'ConfigMap').find(({ metadata }) => metadata.name.startsWith('signet-config'));
  for (const [name, text] of Object.entries(map?.data ?? {})) writeFileSync(join(folder, name), text);
  return folder;
}

/** The ring as it is stored; empty when there is none. */
export function ringBytes(api: FakeApi): Buffer {
  return Buffer.from(api.secret('signet-keyring')?.data['sealer.json'] ?? '', 'base64');
}

function secretsOf(api: FakeApi): readonly { readonly key: string }[] {
  const text = ringBytes(api).toString();
  return text.startsWith('{') ? ((JSON.parse(text) as { keys?: { key: string }[] }).keys ?? []) : [];
}

/** A Secret's data with this text as its ring. */
export const data = (text: string) => ({ data: { 'sealer.json': Buffer.from(text).toString('base64') } });
