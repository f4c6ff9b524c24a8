// Owns: the words and tables that `make proof` prints, and the verdict: which zero is not zero. Pure.
import type { EmergencyResult } from './emergency.ts';
import { type KeyRow, type PhaseCounts, wronglySealed } from './ledger.ts';
import { CLOCKS, LIFETIMES } from './lifetimes.ts';
import type { LiveResult } from './live.ts';
import { SIMULATED_CLOCKS, type SimulationResult, type SimulationSettings } from './simulation.ts';
import { type SignInKind, sumOf, type Tally } from './tally.ts';

/** What must hold for the proof to have proved something; each line is one that does not. */
export type Faults = readonly string[];

const KINDS: readonly SignInKind[] = ['single sign-on', 'password', 'password, page left open'];
/** Fewer, and the table would show little. */
const AT_LEAST: Readonly<Record<SignInKind, number>> = {
  'single sign-on': 200,
  password: 40,
  'password, page left open': 15,
};
/** A timer of a busy machine may fire late. */
const LATE_MS = 1000;

export function liveReport(result: LiveResult): string {
  const { tally } = result;
  const { propagation, grace, absolute, poll } = LIFETIMES;
  return [
    `Three nodes behind ${result.balancer}, each with its own copy of the keys; clocks ${shifts(CLOCKS)}; ${Math.round(result.seconds)} s.`,
    `A new key waits ${propagation} s, the old one goes on for ${grace} s, sessions end after ${absolute} s, nodes look every ${poll} s.`,
    '',
    ...signInRows(tally),
    '',
    line('logouts: sessions gone before their time', tally.logouts.length),
    line(`sessions that ended after ${absolute} s, as they must`, tally.ended),
    line('values that did not open for their key, or the time', result.refusals),
    line('nodes killed with -9', result.kills),
    line('requests that the balancer repeated', result.retries),
    '',
    ...keyTable(result.keys),
    '',
    ...[...result.signed].map(([certificate, responses]) =>
      line(`responses signed with certificate ${certificate}`, responses),
    ),
    ...(result.emergency === null ? [] : ['', ...emergencyRows(result.emergency)]),
  ].join('\n');
}

export function liveFaults({ tally, keys, signed, refusals, emergency }: LiveResult): Faults {
  const openedRetired = keys.reduce((sum, { opened }) => sum + opened.session.retired + opened.flow.retired, 0);
  return [
    ...tallyFaults(tally),
    ...KINDS.filter((kind) => (tally.done.get(kind) ?? 0) < AT_LEAST[kind]).map((kind) => `too few: ${kind}`),
    ...keyFaults(keys, refusals),
    ...(openedRetired === 0 ? ['nothing was opened with a retired key, so nothing was shown of it'] : []),
    ...(emergency === null ? [] : emergencyFaults(emergency)),
    ...(emergency !== null && signed.size < 2 ? ['no second certificate signed anything'] : []),
  ];
}

export function simulationReport(result: SimulationResult, { delays }: SimulationSettings): string {
  const { tally } = result;
  return [
    `Three nodes in this process on a virtual time, clocks ${shifts(SIMULATED_CLOCKS)}; ${Math.round(result.seconds / 86_400)} days. Every time is the default: a new`,
    'key each week, which waits an hour (propagation 900 s), an hour for the old one, 90 days until it is pruned; sessions of',
    `12 h, idle for 1 h at most. Files are at the nodes after ${delays.join(', ')} s; nodes look every 10 s.`,
    '',
    ...signInRows(tally),
    '',
    line('logouts: sessions gone before their time', tally.logouts.length),
    line('sessions that ended after 12 h, or nobody came for 1 h', tally.ended),
    line('values that did not open for their key, or the time', result.refusals),
    line('keys that began, and that were pruned', `${result.rotations}, ${result.pruned}`),
    line('times that a node was gone, and came back', result.gone),
    '',
    ...keyTable(result.keys),
  ].join('\n');
}

export function simulationFaults({ tally, keys, refusals, rotations, pruned }: SimulationResult): Faults {
  return [
    ...tallyFaults(tally),
    ...(sumOf(tally) < 1000 ? ['too few sign-ins'] : []),
    ...keyFaults(keys, refusals),
    ...(rotations < 2 || pruned < 2 ? [`${rotations} keys began and ${pruned} were pruned`] : []),
  ];
}

function shifts(clocks: readonly number[]): string {
  return clocks.map((clock) => `${clock > 0 ? '+' : ''}${clock} s`).join(', ');
}

function emergencyFaults({ sessions, nodes, again }: EmergencyResult): Faults {
  const late = LIFETIMES.poll * 1000 + LATE_MS;
  return [
    ...tallyFaults(again).map((fault) => `after the emergency: ${fault}`),
    ...(sessions === 0 || sumOf(again) === 0 ? ['the emergency had nobody in it'] : []),
    ...nodes.flatMap(({ name, acceptedBefore, acceptedAfter, lastAcceptedMs, refusedAsRevoked }) => [
      ...(acceptedBefore < sessions ? [`${name} knew ${acceptedBefore} of ${sessions} sessions before`] : []),
      ...(acceptedAfter > 0 ? [`${name} accepts ${acceptedAfter} revoked sessions`] : []),
      ...(refusedAsRevoked < sessions
        ? [`${name} refused ${refusedAsRevoked} of ${sessions} because of their key`]
        : []),
      ...(lastAcceptedMs > late ? [`${name} accepted a revoked session ${lastAcceptedMs} ms after the file came`] : []),
    ]),
  ];
}

function keyFaults(keys: readonly KeyRow[], refusals: number): Faults {
  const wrong = wronglySealed(keys);
  return [
    ...(refusals > 0 ? [`${refusals} values did not open for their key, or the time`] : []),
    ...(wrong > 0 ? [`${wrong} values sealed with a key that may not seal`] : []),
  ];
}

function tallyFaults(tally: Tally): Faults {
  return [
    ...(tally.failures.length > 0 ? [`${tally.failures.length} failed sign-ins`] : []),
    ...(tally.logouts.length > 0 ? [`${tally.logouts.length} unexpected logouts`] : []),
  ];
}

/** The first few of what went wrong, in full. */
export function stories(tally: Tally): readonly string[] {
  return [...tally.failures, ...tally.logouts].slice(0, 5).map(({ story }) => `  ${story}`);
}

function signInRows(tally: Tally): readonly string[] {
  return [
    ...KINDS.map((kind) => line(`sign-ins: ${kind}`, tally.done.get(kind) ?? 0)),
    line('failed sign-ins', tally.failures.length),
  ];
}

const LABEL = 52;

function line(label: string, figure: number | string): string {
  return `  ${label.padEnd(LABEL)}${String(figure).padStart(8)}`;
}

/** One line for each key that was used; a cell is waiting/active/retired: only the middle one may be more than 0 where it seals. */
function keyTable(rows: readonly KeyRow[]): readonly string[] {
  const cells = (row: KeyRow): readonly string[] => [
    row.kid,
    ...[row.sealed.session, row.sealed.flow, row.opened.session, row.opened.flow].map(threeOf),
  ];
  const head = ['key', 'sealed sessions', 'sealed login pages', 'opened sessions', 'opened login pages'];
  const under = ['', ...Array.from({ length: 4 }, () => 'waiting/active/retired')];
  const used = rows.filter(({ sealed, opened }) =>
    [sealed.session, sealed.flow, opened.session, opened.flow].some((counts) => threeOf(counts) !== '0/0/0'),
  );
  return [head, under, ...used.map(cells)].map((row) => `  ${row.map((cell, i) => pad(cell, i)).join('')}`.trimEnd());
}

function threeOf({ waiting, active, retired }: PhaseCounts): string {
  return `${waiting}/${active}/${retired}`;
}

function pad(cell: string, column: number): string {
  return column === 0 ? cell.padEnd(18) : cell.padEnd(24);
}

function emergencyRows({ sessions, nodes, again }: EmergencyResult): readonly string[] {
  return [
    `The emergency, signet keys revoke --all --replace: ${sessions} sessions of before, shown to every node itself.`,
    '',
    '  node    signed in before    last time after the file came    signed in afterwards    refused for their key',
    ...nodes.map(
      ({ name, acceptedBefore, lastAcceptedMs, acceptedAfter, refusedAsRevoked }) =>
        `  ${name.padEnd(8)}${String(acceptedBefore).padEnd(20)}${`${lastAcceptedMs} ms`.padEnd(33)}${String(acceptedAfter).padEnd(24)}${refusedAsRevoked}`,
    ),
    '',
    line('sign-ins afterwards: password, then single sign-on', sumOf(again)),
    line('failed sign-ins', again.failures.length),
  ];
}
