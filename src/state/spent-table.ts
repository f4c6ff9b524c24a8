// Owns: remembering, on this node, that something was used. Leaves to callers: what an id is and how long it matters.
// Memory is allocated once: SLOT_WORDS × 4 bytes a slot. An unexpired entry is never evicted: when there is no room the
// answer is 'full' and the caller refuses (docs/decisions/0003-spent-table.md says why this is not an LRU cache).
import { hash } from 'node:crypto';
import {
  type LocalSpent,
  type LocalSpentKind,
  REPEAT_GRACE_SECONDS,
  type Spent,
  type SpentStore,
} from '../core/revocation.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';

const SLOT_WORDS = 8; // 4 digest, 2 claimant, 1 until, 1 since
const BUCKET_SLOTS = 16;
const CLAIMANT = 4;
const UNTIL = 6;
const SINCE = 7;

/** The claimant of a request's ID is a session: presenting its own request again is a reload or Back. */
function graceOf(kind: LocalSpentKind): number {
  return kind === 'saml-request' ? Number.MAX_SAFE_INTEGER : REPEAT_GRACE_SECONDS;
}

export interface SpentTable extends LocalSpent {
  /** Slots, and refusals for want of room since the start. */
  readonly status: () => { readonly capacity: number; readonly refusals: number };
}

/** A table of about `capacity` entries (rounded up to a power of two), in memory that is touched now, not later. */
export function createSpentTable(capacity: number, random: Random): SpentTable {
  const buckets = 2 ** Math.max(1, Math.ceil(Math.log2(capacity / BUCKET_SLOTS)));
  const table = new Int32Array(buckets * BUCKET_SLOTS * SLOT_WORDS);
  table.fill(0); // commits the pages, so that memory does not grow with use
  // Salted, so that nobody can choose ids that crowd one bucket.
  const salt = random(16).toString('hex');
  let refusals = 0;

  const digest = (kind: string, id: Uint8Array | string): Int32Array => {
    const text = typeof id === 'string' ? id : Buffer.from(id).toString('hex');
    const bytes = hash('sha256', `${salt}${kind}\0${text}`, 'buffer');
    return new Int32Array(bytes.buffer, bytes.byteOffset, 8);
  };
  const bucketAt = (word: number): number => (word & (buckets - 1)) * BUCKET_SLOTS * SLOT_WORDS;
  const matches = (slot: number, key: Int32Array): boolean =>
    table[slot] === key[0] && table[slot + 1] === key[1] && table[slot + 2] === key[2] && table[slot + 3] === key[3];

  /**
   * The entry's slot, else a free one (negative, less one), else null. Each key has two buckets to live in and moves
   * into the emptier one, which lets the table fill to nine tenths before a pair of buckets is full.
   */
  const locate = (key: Int32Array, now: EpochSeconds): number | null => {
    let free: number | null = null;
    let mostRoom = 0;
    for (const start of [bucketAt(key[4] ?? 0), bucketAt(key[5] ?? 0)]) {
      let room = 0;
      let candidate = start;
      for (let slot = start; slot < start + BUCKET_SLOTS * SLOT_WORDS; slot += SLOT_WORDS) {
        const live = (table[slot + UNTIL] ?? 0) >>> 0 > now;
        if (live && matches(slot, key)) return slot;
        if (live) continue;
        room += 1;
        candidate = slot;
      }
      if (room > mostRoom) {
        mostRoom = room;
        free = candidate;
      }
    }
    return free === null ? null : -free - 1;
  };

  return {
    spend(kind, id, until, claimant, now): Spent {
      const key = digest(kind, id);
      const slot = locate(key, now);
      if (slot === null) {
        refusals += 1;
        return 'full';
      }
      const claim = claimant === null ? null : digest('claimant', claimant);
      if (slot >= 0) {
        const same = claim !== null && table[slot + CLAIMANT] === claim[0] && table[slot + CLAIMANT + 1] === claim[1];
        return same && now <= ((table[slot + SINCE] ?? 0) >>> 0) + graceOf(kind) ? 'same-attempt' : 'spent';
      }
      const free = -slot - 1;
      table.set(key.subarray(0, 4), free);
      table[free + CLAIMANT] = claim?.[0] ?? 0;
      table[free + CLAIMANT + 1] = claim?.[1] ?? 0;
      table[free + UNTIL] = until;
      table[free + SINCE] = now;
      return 'first';
    },
    peek(kind, id, now): boolean {
      const slot = locate(digest(kind, id), now);
      return slot !== null && slot >= 0;
    },
    status: () => ({ capacity: buckets * BUCKET_SLOTS, refusals }),
  };
}

/** Single use as far as one node can promise it: without a database. */
export function createNodeSpent(table: LocalSpent): SpentStore {
  return {
    spend: async (...what) => table.spend(...what),
    peek: async (...what) => table.peek(...what),
  };
}
