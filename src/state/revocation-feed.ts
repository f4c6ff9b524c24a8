// Owns: what this node knows to be ended from a file, beside its own logouts (docs/sealed-values.md, Revocation).
// Leaves to callers: refusing; to sql-revocations.ts: the same from a database.
import { readFileSync, statSync } from 'node:fs';
import type { Revocations } from '../core/revocation.ts';
import type { Clock, EpochSeconds } from '../lib/clock.ts';
import { parseRevocations } from './revocation-file.ts';
import { createRevocationIndex, type RevocationPolicy, verdictByAge } from './revocation-index.ts';

export interface RevocationFeedOptions extends RevocationPolicy {
  readonly path: string;
  readonly pollSeconds: number;
  readonly clock: Clock;
  readonly onEvent: (event: RevocationFeedEvent) => void;
}

export type RevocationFeedEvent =
  | { readonly kind: 'loaded'; readonly entries: number }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'dropped'; readonly entries: number };

export interface RevocationFeed extends Revocations {
  readonly poll: () => Promise<void>;
  readonly status: () => RevocationStatus;
  readonly close: () => void;
}

export interface RevocationStatus {
  readonly everLoaded: boolean;
  /** Seconds since it was last read well. */
  readonly age: number;
  /** In memory. */
  readonly entries: number;
  /** There are more entries than `capacity`. */
  readonly overCapacity: boolean;
}

/** Reads the file now and again every `pollSeconds`; a damaged file leaves the last good entries in force. */
export function openRevocationFeed(options: RevocationFeedOptions): RevocationFeed {
  const { clock, capacity, onEvent } = options;
  const loaded = createRevocationIndex(capacity, 'drop-soonest');
  const local = createRevocationIndex(capacity, 'drop-soonest');
  let told = 0;
  let lastGood: EpochSeconds | null = null;
  let seen = '';
  let failure = '';

  /** Nothing but this node knows of them: what there is no room for goes, said aloud. */
  const tellDropped = (): void => {
    const dropped = loaded.dropped() + local.dropped();
    if (dropped > told) onEvent({ kind: 'dropped', entries: dropped - told });
    told = dropped;
  };

  const load = (now: EpochSeconds): void => {
    const entries = parseRevocations(options.path, readFileSync(options.path, 'utf8'));
    loaded.clear();
    loaded.addAll(entries.filter((entry) => entry.until > now));
    tellDropped();
  };

  const poll = async (): Promise<void> => {
    const now = clock();
    local.dropExpired(now);
    try {
      const { mtimeMs, size, ino } = statSync(options.path);
      const mark = `${mtimeMs}.${size}.${ino}`;
      if (mark !== seen) {
        load(now);
        seen = mark;
        onEvent({ kind: 'loaded', entries: loaded.size() });
      }
      lastGood = now;
      failure = '';
    } catch (error) {
      // Once for each way in which it is wrong, not at every look.
      const now = error instanceof Error ? error.message : String(error);
      if (now !== failure) onEvent({ kind: 'failed', error });
      failure = now;
    }
  };
  void poll();
  const timer = setInterval(() => void poll(), options.pollSeconds * 1000).unref();

  return {
    check: async (subject, now) => {
      if (loaded.revokes(subject, now) || local.revokes(subject, now)) return 'revoked';
      return verdictByAge(subject, lastGood, options, now);
    },
    poll,
    revokeSid: async (sid, until) => {
      local.add({ kind: 'sid', sid, until });
      tellDropped();
      return 'this-node';
    },
    revokeAccount: async (accountId, notBefore, until) => {
      local.add({ kind: 'account', accountId, notBefore, until });
      tellDropped();
      return 'this-node';
    },
    status: () => ({
      everLoaded: lastGood !== null,
      age: lastGood === null ? Number.POSITIVE_INFINITY : clock() - lastGood,
      entries: loaded.size() + local.size(),
      overCapacity: loaded.isOver(clock()) || local.isOver(clock()),
    }),
    close: () => clearInterval(timer),
  };
}
