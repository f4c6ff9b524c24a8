// The newest one-time codes, kept in memory by the rules of the port, for tests of methods and pages. No node keeps them so:
// the code that one node sent would be unknown to the next.
import { type CodeSlot, type OneTimeCodes, SEND_CHANNELS, type SendPolicy } from '../../src/core/one-time-code.ts';

interface Newest {
  readonly hash: string;
  readonly destination: string;
  readonly until: number;
  taken: { readonly claimant: string | null; readonly at: number } | null;
}

const GRACE_SECONDS = 20;

export interface MemoryOneTimeCodes extends OneTimeCodes {
  /** From now on every question is an outage, or no longer. */
  readonly fail: (down: boolean) => void;
  /** Everything that is kept. */
  readonly dump: () => string;
}

export function createMemoryOneTimeCodes(): MemoryOneTimeCodes {
  const newest = new Map<string, Newest>();
  const sends = new Map<string, readonly number[]>();
  let down = false;
  const slotKey = ({ accountId, use }: CodeSlot): string => `${accountId} ${use}`;

  const waitFor = (key: string, { spacing, sends: most, window }: SendPolicy, now: number): number => {
    const times = (sends.get(key) ?? []).filter((at) => now - at < window);
    const last = times.at(-1);
    const spaced = last === undefined ? 0 : last + spacing - now;
    const oldest = times.at(-most);
    return Math.max(0, spaced, oldest === undefined ? 0 : oldest + window - now);
  };

  return {
    issue: async (slot, code, policy, now) => {
      if (down) return { unavailable: true };
      const keys = [`account ${slot.accountId} ${SEND_CHANNELS[slot.use]}`, `destination ${code.destination}`];
      const retryAfter = Math.max(...keys.map((key) => waitFor(key, policy, now)));
      if (retryAfter > 0) {
        const before = newest.get(slotKey(slot));
        const live =
          before !== undefined &&
          before.taken === null &&
          now < before.until &&
          before.destination === code.destination;
        return { kind: 'limited', retryAfter, live };
      }
      for (const key of keys) sends.set(key, [...(sends.get(key) ?? []), now]);
      newest.set(slotKey(slot), { ...code, taken: null });
      return { kind: 'issued' };
    },
    take: async (slot, hash, claimant, now) => {
      if (down) return { unavailable: true };
      const found = newest.get(slotKey(slot));
      if (found === undefined || now >= found.until) return 'expired';
      if (found.hash !== hash) return 'wrong';
      if (found.taken === null) {
        found.taken = { claimant, at: now };
        return 'first';
      }
      const same = claimant !== null && found.taken.claimant === claimant;
      return same && now <= found.taken.at + GRACE_SECONDS ? 'same-attempt' : 'spent';
    },
    fail: (value) => {
      down = value;
    },
    dump: () => JSON.stringify([[...newest], [...sends]]),
  };
}
