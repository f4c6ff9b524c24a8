// Owns: which rounds count. What decides is whether the round was disturbed from outside, never what came out of it.
import { FOREIGN_CORES, foreignCores, readCpu } from './foreign-load.ts';
import { percentile } from './statistics.ts';

export interface RoundsPlan {
  /** Undisturbed rounds that are wanted. */
  readonly rounds: number;
  /** Then it stops, and if there were too few, all of them count and the rows say so. */
  readonly mostRounds: number;
}

export interface Timed {
  /**
   * Milliseconds by which each request left later than it should have: what the client itself did to the arrivals. None
   * where nothing was asked at a fixed rate.
   */
  readonly lateness: readonly number[];
}

/** A client whose requests leave this much later, in milliseconds at the 99th percentile, asks in bursts. */
const LATE_MS = 5;

export interface Counted<Round> {
  readonly rounds: readonly Round[];
  /** There were not enough undisturbed rounds. */
  readonly loaded: boolean;
}

export async function runRounds<Round extends Timed>(
  plan: RoundsPlan,
  run: () => Promise<Round>,
): Promise<Counted<Round>> {
  const all: Round[] = [];
  const undisturbed: Round[] = [];
  while (undisturbed.length < plan.rounds && all.length < plan.mostRounds) {
    const before = readCpu();
    const round = await run();
    const foreign = foreignCores(before, readCpu());
    all.push(round);
    if (isUndisturbed(foreign, round.lateness)) undisturbed.push(round);
  }
  return choose(plan, all, undisturbed);
}

export function isUndisturbed(foreign: number, lateness: readonly number[]): boolean {
  return foreign <= FOREIGN_CORES && (lateness.length === 0 || percentile(lateness, 0.99) <= LATE_MS);
}

export function choose<Round>(
  { rounds }: Pick<RoundsPlan, 'rounds'>,
  all: readonly Round[],
  undisturbed: readonly Round[],
): Counted<Round> {
  const enough = undisturbed.length >= rounds;
  return { rounds: enough ? undisturbed : all, loaded: !enough };
}
