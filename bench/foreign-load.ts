// Owns: how many cores something else had while we measured: work of others on this machine, and what a hypervisor took
// away. A load average cannot tell, because it counts our own work too. Linux only.
import { readFileSync } from 'node:fs';

/** More than this, in cores, and a figure says something about the others too. */
export const FOREIGN_CORES = 0.25;

/** Readings of two counters of CPU time and a clock, in seconds. */
export interface CpuReading {
  /** Of the whole machine since it started. */
  readonly busy: number;
  /** Of this process and all that it has started, those that have ended included. */
  readonly own: number;
  readonly at: number;
}

export function readCpu(): CpuReading {
  return {
    busy: machineSeconds(readFileSync('/proc/stat', 'utf8')),
    own: treeSeconds(process.pid),
    at: performance.now() / 1000,
  };
}

/** Cores that something else had between two readings, on average. */
export function foreignCores(before: CpuReading, after: CpuReading): number {
  const seconds = after.at - before.at;
  return seconds <= 0 ? 0 : Math.max(0, (after.busy - before.busy - (after.own - before.own)) / seconds);
}

const TICKS_PER_SECOND = 100; // USER_HZ, which Linux fixes for what it shows in /proc

/**
 * Seconds that all cores together have worked, or were not given to this machine, by the first line of /proc/stat.
 * Interrupts are left out: those of our own packets are in no process's account.
 */
export function machineSeconds(stat: string): number {
  const [, user = 0, nice = 0, system = 0, , , , , steal = 0] = (stat.split('\n')[0] ?? '').split(/\s+/).map(Number);
  return (user + nice + system + steal) / TICKS_PER_SECOND;
}

export interface ProcessSeconds {
  /** User and system, all its threads together. */
  readonly itself: number;
  /** Of its children that have ended, and theirs. */
  readonly ended: number;
}

/** By the line of /proc/PID/stat. The name of the program in it, in brackets, may hold spaces and brackets. */
export function processSeconds(stat: string): ProcessSeconds {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const seconds = (first: number): number =>
    (Number(fields[first] ?? 0) + Number(fields[first + 1] ?? 0)) / TICKS_PER_SECOND;
  return { itself: seconds(11), ended: seconds(13) };
}

/** CPU seconds of a process and everything below it, what has ended included. */
function treeSeconds(pid: number): number {
  try {
    const { itself, ended } = processSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    const below = children === '' ? [] : children.split(' ').map(Number);
    return below.reduce((sum, child) => sum + treeSeconds(child), itself + ended);
  } catch {
    // It ended between two looks; the next reading finds it in its parent's account.
    return 0;
  }
}
