// Owns: how a command replaces a ring: reading it, changing it, saying what changed, writing it, or why not.
// Leaves to sealer/: what a change is and when it is refused; to keys-store.ts and keys-kubernetes.ts: the place.
import type { RingChange } from '../sealer/ring-change.ts';
import { formatDifference, ringDifferences } from '../sealer/ring-diff.ts';
import type { AnyRing } from '../sealer/ring-kind.ts';
import { CliFailure } from './io.ts';
import { storeOf } from './keys-kubernetes.ts';
import type { ChangeOptions, KeysIo } from './keys-options.ts';
import type { Place } from './keys-place.ts';

export interface Verb<Ring> {
  readonly change: (ring: Ring, now: number) => RingChange<Ring> | Promise<RingChange<Ring>>;
  /** What the operator is to know or do now. */
  readonly advice: (before: Ring, after: Ring) => readonly string[];
  /** What is done elsewhere once the ring is as it should be, also when it was so before; told with the change. */
  readonly follow?: (ring: Ring, dryRun: boolean) => Promise<Followed>;
}

export interface Followed {
  readonly json: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
  /** The command fails with these words after it has told everything. */
  readonly failure: string | null;
}

/** Jobs on several nodes may start at once: whoever comes second looks again, and finds nothing left to do. */
const TRIES = 3;

/** @throws CliFailure (2) when an invariant refuses, or others change the ring again and again. */
export async function changeRing<Ring extends AnyRing>(
  io: KeysIo,
  place: Place<Ring>,
  options: ChangeOptions,
  verb: Verb<Ring>,
): Promise<void> {
  const store = storeOf(io, place, options);
  for (let tried = 0; tried < TRIES; tried++) {
    const before = await store.read();
    if (options.expectSerial !== undefined && before.serial !== options.expectSerial) {
      return refuse(io, options, 'serial', `${store.name} has serial ${before.serial}, not ${options.expectSerial}`);
    }
    const outcome = await verb.change(before, io.clock());
    if (outcome.kind === 'refused') return refuse(io, options, outcome.code, outcome.detail);
    if (outcome.kind === 'unchanged') {
      const json = { outcome: 'unchanged', serial: before.serial, because: outcome.because };
      const lines = [`${store.name}: nothing to do: ${outcome.because}`];
      return tellAll(io, options, { json, lines }, await verb.follow?.(before, options.dryRun === true));
    }
    if (options.dryRun === true || (await store.replace(outcome.ring, before.serial))) {
      const change = changeOf(options, store.name, before, outcome.ring, verb);
      return tellAll(io, options, change, await verb.follow?.(outcome.ring, options.dryRun === true));
    }
  }
  refuse(io, options, 'serial', `${store.name} is being changed by others again and again`);
}

type Told = Pick<Followed, 'json' | 'lines'>;

function changeOf<Ring extends AnyRing>(
  options: ChangeOptions,
  name: string,
  before: Ring,
  after: Ring,
  verb: Verb<Ring>,
): Told {
  const differences = ringDifferences(before, after);
  const dry = options.dryRun === true;
  const lines = [
    `${name}: serial ${before.serial} -> ${after.serial}${dry ? ', not written' : ''}`,
    ...differences.map(formatDifference),
    ...(dry ? [] : verb.advice(before, after)),
  ];
  return { json: { outcome: dry ? 'dry-run' : 'changed', serial: after.serial, differences }, lines };
}

function tellAll(io: KeysIo, options: ChangeOptions, change: Told, followed: Followed | undefined): void {
  const lines = [...change.lines, ...(followed?.lines ?? [])];
  tell(io, options, { ...change.json, ...followed?.json }, lines);
  if (followed !== undefined && followed.failure !== null) throw new CliFailure(followed.failure);
}

/** What came out, for programs or for people. */
export function tell(
  io: KeysIo,
  options: Pick<ChangeOptions, 'json'>,
  json: Readonly<Record<string, unknown>>,
  lines: readonly string[],
): void {
  io.out(options.json === true ? `${JSON.stringify(json, null, 2)}\n` : `${lines.join('\n')}\n`);
}

/** Ends the command with exit code 2. */
export function refuse(io: KeysIo, options: Pick<ChangeOptions, 'json'>, code: string, detail: string): never {
  if (options.json === true) io.out(`${JSON.stringify({ outcome: 'refused', code, detail }, null, 2)}\n`);
  throw new CliFailure(`refused, ${code}: ${detail}`, 2);
}
