// Owns: what this node knows to be ended from a file, beside its own logouts (docs/sealed-values.md, Revocation).
// Leaves to callers: refusing; to sql-revocations.ts: the same from a database.
import { readFileSync, statSync } from 'node:fs';
import type { Revocations } from '../core/revocation.ts';
import type { Clock, EpochSeconds } from '../lib/clock.ts';
import type { RevocationEntry } from './revocation-file.ts';
import { readRevocationsAside } from './revocation-file-aside.ts';
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
export async function openRevocationFeed(options: RevocationFeedOptions): Promise<RevocationFeed> {
  const { path, clock, capacity, onEvent } = options;
  let loaded = createRevocationIndex(capacity, 'drop-soonest');
  const local = createRevocationIndex(capacity, 'drop-soonest');
  let told = 0;
  let lastGood: EpochSeconds | null = null;
  let seen = '';
  let failure = '';

  /** Nothing but this node knows of them: what there is no room for goes, said aloud. */
  const tellDropped = (): void => {
    const dropped = local.dropped();
    if (dropped > told) onEvent({ kind: 'dropped', entries: dropped - told });
    told = dropped;
  };

  /** The last good entries are in force until all of the next ones are there. */
  const load = async (now: EpochSeconds): Promise<void> => {
    const next = createRevocationIndex(capacity, 'drop-soonest');
    // Of more than there is room for all have to be known, to keep those that matter longest.
    const tooMany: RevocationEntry[] = [];
    for await (const { entries, total } of readRevocationsAside(path, readFileSync(path, 'utf8'))) {
      const current = entries.filter((entry) => entry.until > now);
      if (total <= capacity) next.addAll(current);
      else tooMany.push(...current);
    }
    next.addAll(tooMany);
    loaded = next;
    if (next.dropped() > 0) onEvent({ kind: 'dropped', entries: next.dropped() });
  };

  const look = async (): Promise<void> => {
    const now = clock();
    local.dropExpired(now);
    try {
      const { mtimeMs, size, ino } = statSync(path);
      const mark = `${mtimeMs}.${size}.${ino}`;
      if (mark !== seen) {
        await load(now);
        seen = mark;
        onEvent({ kind: 'loaded', entries: loaded.size() });
      }
      lastGood = now;
      failure = '';
    } catch (error) {
      // Once for each way in which it is wrong, not at every look.
      const said = error instanceof Error ? error.message : String(error);
      if (said !== failure) onEvent({ kind: 'failed', error });
      failure = said;
    }
  };
  // One look at a time: an older reading must not come out on top of a newer one.
  let looking: Promise<void> = Promise.resolve();
  const poll = (): Promise<void> => {
    looking = looking.then(look);
    return looking;
  };
  await poll();
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  const pollLater = (): void => {
    if (!closed) timer = setTimeout(() => void poll().finally(pollLater), options.pollSeconds * 1000).unref();
  };
  pollLater();

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
    close: () => {
      closed = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
