// Owns: what is different between two rings, in words. Works on facts without key bytes, so none can appear.
import type { EpochSeconds } from '../lib/clock.ts';
import { formatTime } from './json-record.ts';

/** What may be shown of a ring. Every Keyring and DataKeyring is one; so is what a node reports of its own. */
export interface RingFacts {
  readonly realm: string;
  readonly serial: number;
  readonly updated: EpochSeconds;
  readonly propagation: number;
  readonly keys: readonly KeyFacts[];
  /** Left out of a ring whose keys cannot be revoked. */
  readonly revoked?: readonly RevokedFacts[];
}

export interface KeyFacts {
  readonly kid: string;
  readonly created: EpochSeconds;
  readonly activates: EpochSeconds;
  /** Left out of a ring whose keys do not end. */
  readonly retires?: EpochSeconds;
  readonly expires?: EpochSeconds;
}

export interface RevokedFacts {
  readonly kid: string;
  readonly at: EpochSeconds;
  readonly until: EpochSeconds;
  /** Left out of what nodes report. */
  readonly reason?: string;
}

/** One difference; `before` or `after` is null where there was nothing. */
export interface RingDifference {
  /** A field, or `key` or `revoked` with a kid and the field. */
  readonly what: string;
  readonly before: string | null;
  readonly after: string | null;
}

const KEY_TIMES = ['created', 'activates', 'retires', 'expires'] as const;
const REVOKED_TIMES = ['at', 'until'] as const;

/** Everything that is different, the ring's own fields first; empty when nothing is. Reasons are compared when both have one. */
export function ringDifferences(before: RingFacts, after: RingFacts): readonly RingDifference[] {
  const fields: readonly RingDifference[] = [
    // Quoted: a node's word for it may be anything, and is shown on a terminal.
    { what: 'realm', before: JSON.stringify(before.realm), after: JSON.stringify(after.realm) },
    { what: 'serial', before: `${before.serial}`, after: `${after.serial}` },
    { what: 'updated', before: formatTime(before.updated), after: formatTime(after.updated) },
    { what: 'propagation', before: `${before.propagation}`, after: `${after.propagation}` },
  ];
  return [
    ...fields.filter((field) => field.before !== field.after),
    ...listDifferences('key', before.keys, after.keys, keyText, keyChanges),
    ...listDifferences('revoked', before.revoked ?? [], after.revoked ?? [], revokedText, revokedChanges),
  ];
}

/** One line for a person. */
export function formatDifference({ what, before, after }: RingDifference): string {
  if (before === null) return `+ ${what}  ${after}`;
  if (after === null) return `- ${what}  ${before}`;
  return `  ${what}  ${before} -> ${after}`;
}

function listDifferences<T extends { readonly kid: string }>(
  name: string,
  before: readonly T[],
  after: readonly T[],
  text: (entry: T) => string,
  changes: (what: string, old: T, entry: T) => readonly RingDifference[],
): readonly RingDifference[] {
  const was = new Map(before.map((entry) => [entry.kid, entry]));
  const is = new Set(after.map((entry) => entry.kid));
  return [
    ...before
      .filter(({ kid }) => !is.has(kid))
      .map((entry) => ({ what: `${name} ${entry.kid}`, before: text(entry), after: null })),
    ...after.flatMap((entry) => {
      const old = was.get(entry.kid);
      const what = `${name} ${entry.kid}`;
      return old === undefined ? [{ what, before: null, after: text(entry) }] : changes(what, old, entry);
    }),
  ];
}

function keyText(key: KeyFacts): string {
  return KEY_TIMES.flatMap((field) => {
    const time = key[field];
    return time === undefined ? [] : [`${field} ${formatTime(time)}`];
  }).join('  ');
}

function keyChanges(what: string, old: KeyFacts, key: KeyFacts): readonly RingDifference[] {
  return KEY_TIMES.filter((field) => old[field] !== key[field]).map((field) => ({
    what: `${what} ${field}`,
    before: timeText(old[field]),
    after: timeText(key[field]),
  }));
}

function timeText(time: EpochSeconds | undefined): string | null {
  return time === undefined ? null : formatTime(time);
}

function revokedText(entry: RevokedFacts): string {
  const times = REVOKED_TIMES.map((field) => `${field} ${formatTime(entry[field])}`).join('  ');
  return entry.reason === undefined ? times : `${times}  ${JSON.stringify(entry.reason)}`;
}

function revokedChanges(what: string, old: RevokedFacts, entry: RevokedFacts): readonly RingDifference[] {
  const times = REVOKED_TIMES.filter((field) => old[field] !== entry[field]).map((field) => ({
    what: `${what} ${field}`,
    before: formatTime(old[field]),
    after: formatTime(entry[field]),
  }));
  if (old.reason === undefined || entry.reason === undefined || old.reason === entry.reason) return times;
  const reasons = [old.reason, entry.reason].map((reason) => JSON.stringify(reason));
  return [...times, { what: `${what} reason`, before: reasons[0] ?? '', after: reasons[1] ?? '' }];
}
