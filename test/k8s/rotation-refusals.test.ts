// What the jobs' accounts may not do, and what they find that is no ring: each is an error, and nothing is written.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli } from '../../src/cli/signet.ts';
import { systemRandom } from '../../src/lib/random.ts';
import type { FakeApi } from './fake-api-server.ts';
import { BOOTSTRAP, cluster, DAY, data, ROTATION, ringBytes, START } from './job-runs.ts';
import type { KubernetesObject } from './render.ts';

const rotate = (secret: string, ...more: string[]) => [
  ...['keys', 'rotate', '--kubernetes-secret', secret, '--config', '/etc/signet/signet.yaml'],
  ...more,
];

interface Refused {
  readonly why: string;
  readonly args?: readonly string[];
  readonly account?: string;
  readonly secret?: (ring: string) => Parameters<FakeApi['put']>[1];
  readonly change?: (objects: KubernetesObject[]) => void;
  readonly exitCode?: number;
  readonly tells: RegExp;
  readonly log: readonly string[];
}

const refused: readonly Refused[] = [
  {
    why: 'another Secret of the namespace',
    args: rotate('signet-keys'),
    tells: /get secret signet\/signet-keys: 403/,
    log: ['GET signet-keys 403'],
  },
  {
    why: 'making a Secret as the rotation account',
    args: ['keys', 'init', '--kubernetes-secret', 'mine', '--config', '/etc/signet/signet.yaml'],
    tells: /create secret signet\/mine: 403/,
    log: ['POST mine 403'],
  },
  {
    why: 'rotating as the bootstrap account',
    account: BOOTSTRAP,
    tells: /get secret signet\/signet-keyring: 403/,
    log: ['GET signet-keyring 403'],
  },
  { why: 'an account without a role', account: 'signet', tells: /403/, log: ['GET signet-keyring 403'] },
  {
    why: 'a role without update',
    change: (objects) => {
      const role = objects.find(({ kind, metadata }) => kind === 'Role' && metadata.name === ROTATION);
      for (const rule of (role?.rules ?? []) as { verbs: string[] }[]) rule.verbs = ['get'];
    },
    tells: /update secret signet\/signet-keyring: 403/,
    log: ['GET signet-keyring 200', 'PUT signet-keyring 403'],
  },
  {
    why: 'an immutable Secret',
    secret: (ring) => ({ ...data(ring), immutable: true }),
    tells: /immutable/,
    log: ['GET signet-keyring 200'],
  },
  {
    why: 'a Secret with a file of another name',
    secret: () => ({ data: { 'keyring.json': 'e30=' } }),
    tells: /no entry sealer\.json/,
    log: ['GET signet-keyring 200'],
  },
  { why: 'a file that is no ring', secret: () => data('{}'), tells: /serial/, log: ['GET signet-keyring 200'] },
  {
    why: "another identity provider's ring",
    secret: (ring) => data(ring.replace('idp.example.org', 'idp.example.net')),
    tells: /realm/,
    log: ['GET signet-keyring 200'],
  },
  {
    why: 'another serial than is expected',
    args: rotate('signet-keyring', '--expect-serial', '7'),
    exitCode: 2,
    tells: /has serial 1, not 7/,
    log: ['GET signet-keyring 200'],
  },
  {
    why: 'a file beside the Secret',
    args: rotate('signet-keyring', '--file', 'sealer.json'),
    tells: /cannot be used with/,
    log: [],
  },
  {
    why: 'nodes to be asked, which have no part in it',
    args: ['keys', 'promote', '--kid', 'a', '--endpoints', '127.0.0.1:1', '--kubernetes-secret', 'signet-keyring'],
    tells: /cannot be used with/,
    log: [],
  },
];

for (const { why, args = rotate('signet-keyring'), account, secret, change, exitCode = 1, tells, log } of refused) {
  test(`refused: ${why}`, async (t) => {
    const k = await cluster(t, change === undefined ? {} : { change });
    if (k === null) return;
    await k.run(BOOTSTRAP, START);
    if (secret !== undefined) k.api.put('signet-keyring', secret(ringBytes(k.api).toString()));
    const before = k.api.secret('signet-keyring');
    k.api.log.length = 0;
    const run = await k.command(args, START + 7 * DAY, account);
    assert.equal(run.exitCode, exitCode, run.told);
    assert.match(run.told, tells);
    assert.deepEqual(k.api.log, log);
    assert.deepEqual(k.api.secret('signet-keyring'), before);
  });
}

const strange = [
  { why: 'a Secret without a resourceVersion', status: 200, text: '{"kind":"Secret","metadata":{},"data":{}}' },
  { why: 'no JSON', status: 200, text: '<html>' },
  { why: 'an answer without end', status: 200, text: 'x'.repeat(5 * 1024 * 1024) },
  { why: 'a redirect', status: 307, text: '' },
  { why: 'a server in trouble', status: 500, text: '{"message":"etcd"}' },
];

for (const { why, ...answer } of strange) {
  test(`the API server answers with ${why}: an error, and nothing is written`, async (t) => {
    const k = await cluster(t, { answer });
    if (k === null) return;
    const run = await k.command(rotate('signet-keyring'), START);
    assert.equal(run.exitCode, 1);
    assert.doesNotMatch(run.told, /should not have happened/);
    assert.ok(k.api.log.every((line) => line.startsWith('GET')));
  });
}

test('no pod, no account, another server’s certificate: each is said', async (t) => {
  const k = await cluster(t);
  const other = await cluster(t);
  if (k === null || other === null) return;
  const run = async (environment: Readonly<Record<string, string>>, account: string) => {
    let told = '';
    const tell = (text: string): void => {
      told += text;
    };
    const args = [
      'keys',
      'init',
      '--realm',
      'r',
      '--kubernetes-secret',
      'signet-keyring',
      '--service-account',
      account,
    ];
    const io = { out: tell, err: tell, readStdin: async () => '', askSecret: async () => null };
    const exitCode = await runCli(args, { ...io, clock: () => START, random: systemRandom(), environment });
    return { exitCode, told };
  };
  const account = k.api.account(BOOTSTRAP);
  const outside = await run({}, account);
  assert.deepEqual([outside.exitCode, /works in a pod only/.test(outside.told)], [1, true]);
  const unmounted = await run(k.api.environment, join(account, 'nothing'));
  assert.deepEqual([unmounted.exitCode, /token mounted/.test(unmounted.told)], [1, true]);
  const foreign = await run(other.api.environment, account);
  assert.deepEqual([foreign.exitCode, /did not answer/.test(foreign.told)], [1, true]);
  assert.deepEqual([...k.api.log, ...other.api.log], []);
});
