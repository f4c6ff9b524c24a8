// Owns: which key sealed what, and in which of its states, as a browser can tell: the key's id stands in the open at the
// beginning of every sealed value (docs/sealed-values.md, Bytes). Leaves to callers: reading cookies, and clocks.
import { type Keyring, readyAt } from '../../src/sealer/keyring.ts';

export type ValueKind = 'session' | 'flow';
/** waiting: not yet at its time, or not yet long enough in the ring. retired: past `retires`. */
export type KeyPhase = 'waiting' | 'active' | 'retired';
export type PhaseCounts = Readonly<Record<KeyPhase, number>>;

/** Between these two the node acted; in seconds, fractions allowed, on that node's own clock. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface KeyRow {
  readonly kid: string;
  readonly sealed: Readonly<Record<ValueKind, PhaseCounts>>;
  readonly opened: Readonly<Record<ValueKind, PhaseCounts>>;
}

export interface Ledger {
  /** Takes each version of the ring, as soon as it is written. */
  readonly learn: (ring: Keyring) => void;
  readonly sealed: (kind: ValueKind, token: string, span: Span) => void;
  readonly opened: (kind: ValueKind, token: string, span: Span) => void;
  /** In the order in which the keys were made. */
  readonly rows: () => readonly KeyRow[];
}

interface Times {
  readonly begins: number;
  readonly retires: number;
}

type MutableCounts = Record<ValueKind, Record<KeyPhase, number>>;

export function createLedger(): Ledger {
  const times = new Map<string, Times>();
  const counts = new Map<string, { readonly sealed: MutableCounts; readonly opened: MutableCounts }>();

  const of = (kid: string): { readonly sealed: MutableCounts; readonly opened: MutableCounts } => {
    const known = counts.get(kid) ?? { sealed: noCounts(), opened: noCounts() };
    counts.set(kid, known);
    return known;
  };

  /** In doubt the better one: what is counted as a fault surely was one. */
  const phaseOf = (kid: string, { from, to }: Span): KeyPhase => {
    const { begins, retires } = times.get(kid) ?? { begins: Number.POSITIVE_INFINITY, retires: 0 };
    if (Math.floor(to) < begins) return 'waiting';
    return Math.floor(from) >= retires ? 'retired' : 'active';
  };

  return {
    learn: (ring) => {
      for (const key of ring.keys) {
        of(key.kid);
        // A key that is alone does not wait: refusing everybody would help nobody.
        const begins = ring.keys.length === 1 ? key.activates : readyAt(ring, key);
        times.set(key.kid, { begins: Math.min(begins, times.get(key.kid)?.begins ?? begins), retires: key.retires });
      }
    },
    sealed: (kind, token, span) => {
      const kid = kidOf(token);
      of(kid).sealed[kind][phaseOf(kid, span)] += 1;
    },
    opened: (kind, token, span) => {
      const kid = kidOf(token);
      of(kid).opened[kind][phaseOf(kid, span)] += 1;
    },
    rows: () => [...counts].map(([kid, { sealed, opened }]) => ({ kid, sealed, opened })),
  };
}

/** The id of the key that a token is sealed with: bytes 1 to 8. */
function kidOf(token: string): string {
  return Buffer.from(token, 'base64url').subarray(1, 9).toString('hex');
}

function noCounts(): MutableCounts {
  const none = (): Record<KeyPhase, number> => ({ waiting: 0, active: 0, retired: 0 });
  return { session: none(), flow: none() };
}

/** Values sealed with a key that may not seal: before its time (I1), or past it. Must be 0. */
export function wronglySealed(rows: readonly KeyRow[]): number {
  return rows
    .flatMap(({ sealed }) => [sealed.session, sealed.flow])
    .reduce((sum, { waiting, retired }) => sum + waiting + retired, 0);
}
