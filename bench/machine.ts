// Owns: what the benchmark asks of the machine: cores, pinning, CPU time, memory, the raw RSA rate. Linux only.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { processSeconds } from './foreign-load.ts';

/** The node has one core to itself, the load generator and everything else another. */
export const NODE_CORE = '0';
/** For what hashes beside the node's loop. */
export const BOTH_CORES = '0,1';
/** A third core where there is one, so that the hashes leave the client alone. */
const CLIENT_CORE = cpus().length > 2 ? '2' : '1';

/** @throws Error when there is no second core. */
export function requireTwoCores(): void {
  if (availableParallelism() < 2)
    throw new Error('the benchmark needs two cores: one for the node, one for the client');
}

/** This process, and what it starts without saying otherwise, stays on the client's core. @throws Error without taskset. */
export function pinMyself(): void {
  execFileSync('taskset', ['-a', '-p', '-c', CLIENT_CORE, String(process.pid)], { stdio: 'ignore' });
}

/** Signatures with RSA-2048 per second of one core, as `openssl speed` counts them. */
export function opensslRsaRate(seconds: number): number {
  const output = execFileSync(
    'taskset',
    ['-c', NODE_CORE, 'openssl', 'speed', '-mr', '-seconds', String(seconds), 'rsa2048'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  // +F2:2:2048:SIGNATURES-PER-SECOND:VERIFICATIONS-PER-SECOND
  const rate = Number(/^\+F2:\d+:2048:([\d.e+-]+):/m.exec(output)?.[1]);
  if (!(rate > 1)) throw new Error(`openssl speed printed no RSA rate: ${output}`);
  return rate;
}

/** Seconds of CPU, user and system, that a process and all its threads have used. */
export function cpuSeconds(pid: number): number {
  return processSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8')).itself;
}

/** The same of a process and those that it has started itself. */
export function familyCpuSeconds(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  const family = [pid, ...(children === '' ? [] : children.split(' ').map(Number))];
  return family.reduce((sum, one) => sum + cpuSeconds(one), 0);
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** The library inside Node, and the program that `openssl speed` is. */
  readonly openssl: string;
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: execFileSync('uname', ['-sr'], { encoding: 'utf8' }).trim(),
    node: process.version,
    openssl: `${process.versions.openssl} in Node, ${execFileSync('openssl', ['version'], { encoding: 'utf8' }).split(' ')[1]} on the command line`,
  };
}

/** Processes that wanted to run, averaged over the last minute. */
export function load(): number {
  return loadavg()[0] ?? 0;
}
