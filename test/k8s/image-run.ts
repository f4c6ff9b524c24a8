// Owns: running an image's file system as the manifests have it run: the Deployment's volumes at their paths, uid 10001, a root
// that is read-only, no capabilities, no_new_privs, namespaces of its own (mounts, processes, network with loopback alone).
// Of what Kubernetes does besides, seccomp profiles and cgroups are not imitated.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { runTool } from '../support/tools.ts';
import type { Image } from './image-build.ts';
import type { Container, PodSpec } from './workloads.ts';

/** Entries of each ConfigMap and Secret, by name. */
export type VolumeEntries = (name: string) => Readonly<Record<string, string>>;

export interface Pod {
  readonly image: Image;
  readonly spec: PodSpec;
  readonly container: Container;
  /** Folders on the machine, and where the container sees them. */
  readonly mounts: readonly { readonly source: string; readonly target: string }[];
}

export interface Running {
  readonly child: ChildProcess;
  /** The first process of the container, as the machine numbers it. */
  readonly pid: () => number;
  readonly output: () => string;
  /** Its exit code, when it has ended. */
  readonly ended: Promise<number | null>;
}

/** Lays out the volumes of a pod as the kubelet does, and makes their mount points in the image as a runtime does. */
export function layOut(t: TestContext, image: Image, spec: PodSpec, entries: VolumeEntries): Pod {
  const [container] = spec.containers;
  assert.ok(container);
  const folder = mkdtempSync(join(tmpdir(), 'signet-volumes-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o711);
  const group = spec.securityContext?.fsGroup ?? 0;
  const mounts = (container.volumeMounts ?? []).map(({ name, mountPath }) => {
    const volume = spec.volumes?.find((one) => one.name === name);
    const source = join(folder, name);
    const mode = volume?.secret === undefined ? 0o644 : (volume.secret.defaultMode ?? 0o644);
    writeVolume(source, entries(volume?.secret?.secretName ?? volume?.configMap?.name ?? ''), mode, group);
    // In the image /var/run leads to /run: looked up there, not here.
    const target = runTool('chroot', [image.root, 'readlink', '-m', '--', mountPath]).stdout.toString().trim();
    mkdirSync(join(image.root, target), { recursive: true });
    return { source, target };
  });
  return { image, spec, container, mounts };
}

/** The kubelet's layout: names lead through `..data` to a folder that is swapped as a whole. */
function writeVolume(folder: string, entries: Readonly<Record<string, string>>, mode: number, group: number): void {
  const version = '..2026_01_01_00_00_00.1';
  mkdirSync(join(folder, version), { recursive: true });
  for (const [name, text] of Object.entries(entries)) {
    const path = join(folder, version, name);
    writeFileSync(path, text);
    chownSync(path, 0, group);
    chmodSync(path, mode);
    symlinkSync(join('..data', name), join(folder, name));
  }
  symlinkSync(version, join(folder, '..data'));
}

/** Mounts are made in a namespace of their own, and end with it. */
const INSIDE = `set -eu
root=$1 uid=$2 gid=$3 work=$4; shift 4
ip link set lo up
mount --bind "$root" "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t tmpfs -o mode=755,size=64k tmpfs "$root/dev"
for device in null zero full random urandom; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount -o remount,ro "$root/dev"
while [ "$1" != -- ]; do
  mount --bind "$1" "$root$2"
  mount -o remount,bind,ro "$root$2"
  shift 2
done
shift
mount -o remount,bind,ro "$root"
exec unshare --root="$root" --wd="$work" setpriv --reuid="$uid" --regid="$gid" --groups="$gid" \\
  --inh-caps=-all --ambient-caps=-all --bounding-set=-all --no-new-privs -- "$@"`;

/** Starts the container's entry point with these arguments, or its own command. Killed when the test has ended. */
export function start(t: TestContext, pod: Pod, args: readonly string[] = pod.image.command): Running {
  return startProgram(t, pod, [...pod.image.entrypoint, ...args]);
}

/** Starts any program of the image in the same confinement. */
export function startProgram(t: TestContext, pod: Pod, program: readonly string[]): Running {
  const { image, spec, container } = pod;
  const [uid = '', gid = ''] = image.user.split(':');
  assert.deepEqual([Number(uid), Number(gid)], [spec.securityContext?.runAsUser, spec.securityContext?.fsGroup]);
  const mounts = pod.mounts.flatMap(({ source, target }) => [source, target]);
  const inside = [image.root, uid, gid, image.workingFolder, ...mounts, '--', ...program];
  const settings = (container.env ?? []).map(({ name, value = 'pod-1' }) => [name, value]);
  const namespaces = ['--mount', '--net', '--pid', '--ipc', '--uts', '--fork'];
  const child = spawn('unshare', [...namespaces, 'bash', '-c', INSIDE, 'bash', ...inside], {
    env: { ...image.environment, ...Object.fromEntries(settings) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const pid = (): number => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
  t.after(async () => {
    // The kernel ends a namespace with its first process. --kill-child does not: a changed uid takes that signal back.
    const first = child.exitCode === null ? pid() : 0;
    if (first > 0) process.kill(first, 'SIGKILL');
    await ended;
  });
  return {
    child,
    pid,
    output: () => Buffer.concat(chunks).toString('utf8'),
    ended,
  };
}

export interface Exchange {
  readonly status: number;
  readonly location: string | null;
  readonly cookies: readonly string[];
  readonly text: string;
}

const ASK = `const { url, ...init } = JSON.parse(process.argv[1]);
const answer = await fetch(url, { ...init, redirect: 'manual' });
console.log(JSON.stringify({ status: answer.status, location: answer.headers.get('location'),
  cookies: answer.headers.getSetCookie(), text: await answer.text() }));`;

/** One HTTP request from within the container's network, which nothing else is in; null while nobody listens. */
export function ask(
  running: Running,
  url: string,
  init: { readonly method?: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: string } = {},
): Exchange | null {
  const client = [process.execPath, '--input-type=module', '-e', ASK, JSON.stringify({ url, ...init })];
  const { ok, stdout } = runTool('nsenter', ['--target', `${running.pid()}`, '--net', ...client]);
  return ok ? (JSON.parse(stdout.toString()) as Exchange) : null;
}
