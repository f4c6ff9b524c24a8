// Owns: the Dockerfile built as it stands, by buildah, without a daemon and without pulling an image: what it is built on is made
// here from Debian's packages, this machine's Node and npm, under the name that its FROM lines have. Everything lies in one
// temporary folder. Leaves to image-run.ts: running what was built.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { requireTool } from '../support/tools.ts';
import { root } from './render.ts';

/** An image's file system, and what a container runtime reads of its configuration. */
export interface Image {
  /** A folder that holds the root of the image; nothing is mounted there. */
  readonly root: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** `uid:gid` */
  readonly user: string;
  readonly workingFolder: string;
}

const TOOLS = ['buildah', 'debootstrap', 'unshare', 'nsenter', 'ip', 'npm'] as const;
/** As the official image has it. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const BUILD_MS = 150_000;
/** The release of Debian that the official image is made of. */
const RELEASE = 'bookworm';

/** Whether an image can be built and run here: root, with the tools. Skips by name, or fails if `CI=true`. */
export function canBuildImages(t: Pick<TestContext, 'skip'>): boolean {
  if (process.getuid?.() !== 0) {
    if (process.env.CI === 'true') throw new Error('building an image needs root, and CI must run this test');
    t.skip('building an image needs root');
    return false;
  }
  return TOOLS.every((tool) => requireTool(t, tool));
}

/** Builds the project's Dockerfile. What it leaves on the disk is gone when the test has ended. */
export function buildImage(t: TestContext): Image {
  const folder = mkdtempSync(join(tmpdir(), 'signet-image-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const policy = join(folder, 'policy.json');
  writeFileSync(policy, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }));
  const buildah = (args: readonly string[]): string =>
    run('buildah', [
      '--root',
      join(folder, 'graph'),
      '--runroot',
      join(folder, 'run'),
      '--storage-driver',
      'vfs',
      ...args,
    ]);

  const base = buildah(['from', 'scratch']);
  fillBase(buildah(['mount', base]));
  buildah(['config', '--env', `PATH=${PATH}`, base]);
  buildah(['commit', '--quiet', '--disable-compression', '--signature-policy', policy, '--rm', base, baseName()]);
  const volumes = npmVolumes(folder).flatMap((volume) => ['--volume', volume]);
  const policies = ['--signature-policy', policy, '--pull=never'];
  buildah(['build', '--quiet', '--isolation', 'chroot', ...policies, ...volumes, '--tag', 'signet', root]);
  const container = buildah(['from', ...policies, 'signet']);
  const { OCIv1 } = JSON.parse(buildah(['inspect', container])) as { readonly OCIv1: { readonly config: OciConfig } };
  const { Entrypoint = [], Cmd = [], Env = [], User = '', WorkingDir = '/' } = OCIv1.config;
  return {
    root: buildah(['mount', container]),
    entrypoint: Entrypoint,
    command: Cmd,
    environment: Object.fromEntries(Env.map((pair) => pair.split(/=(.*)/s).slice(0, 2))),
    user: User,
    workingFolder: WorkingDir,
  };
}

interface OciConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
}

/** What every FROM line but those of earlier stages names, as it is called in a store. */
function baseName(): string {
  const lines = readFileSync(join(root, 'Dockerfile'), 'utf8').matchAll(/^FROM (\S+)/gm);
  const names = new Set([...lines].map(([, name = '']) => name));
  assert.equal(names.size, 1, 'one base image');
  return `docker.io/library/${[...names][0]}`;
}

/** Debian's smallest, with Node and npm where the official image has them. */
function fillBase(folder: string): void {
  run('debootstrap', ['--variant=minbase', RELEASE, folder, ...debianMirror()]);
  const local = join(folder, 'usr/local');
  const npm = dirname(dirname(realpathSync(run('which', ['npm']))));
  cpSync(realpathSync(process.execPath), join(local, 'bin/node'));
  cpSync(npm, join(local, 'lib/node_modules/npm'), { recursive: true, dereference: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'));
}

/** Where apt of this machine gets the release from; nothing when it has another one: debootstrap knows a mirror itself. */
function debianMirror(): readonly string[] {
  const targets = run('apt-get', ['indextargets', '--format', '$(RELEASE) $(COMPONENT) $(SITE)']).split('\n');
  const [, , site] =
    targets.map((line) => line.split(' ')).find(([name, part]) => name === RELEASE && part === 'main') ?? [];
  return site === undefined ? [] : [site];
}

/** npm in the build reaches its registry as npm of this machine does: settings, authorities, cache. None stays in the image. */
function npmVolumes(folder: string): readonly string[] {
  const setting = (name: string): string => run('npm', ['config', 'get', name]);
  const authorities = process.env.NODE_EXTRA_CA_CERTS ?? setting('cafile');
  const settings = join(folder, 'npmrc');
  const cache = setting('cache');
  mkdirSync(cache, { recursive: true });
  const lines = [`registry=${setting('registry')}`, 'prefer-offline=true', 'update-notifier=false'];
  const volumes = [`${settings}:/usr/local/etc/npmrc:ro`, `${cache}:/root/.npm`];
  if (existsSync(authorities)) {
    lines.push('cafile=/usr/local/etc/authorities.pem');
    volumes.push(`${realpathSync(authorities)}:/usr/local/etc/authorities.pem:ro`);
  }
  const own = setting('userconfig');
  if (existsSync(own)) volumes.push(`${own}:/root/.npmrc:ro`);
  writeFileSync(settings, `${lines.join('\n')}\n`);
  return volumes;
}

/** Standard output of a tool that must succeed, without the line break at its end. */
function run(name: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(name, args, {
    cwd: root,
    encoding: 'utf8',
    timeout: BUILD_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.equal(status, 0, `${name} ${args.join(' ')}: ${error ?? ''}\n${stdout.slice(-2000)}\n${stderr.slice(-4000)}`);
  return stdout.trim();
}
