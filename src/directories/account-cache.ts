// Owns: not asking a directory about a person more than once in a period, and going on without it for a while when it is
// down. In memory and bounded. Leaves to the directory: the truth; whoever proves something is asked about.
import { LRUCache } from 'lru-cache';
import { type Account, type AccountId, type DirectoryUnavailable, isUnavailable } from '../core/account.ts';
import type { PasswordDirectory } from '../core/password-directory.ts';
import type { Clock, EpochSeconds } from '../lib/clock.ts';

export interface AccountCachePolicy {
  /** Seconds that an answer is used without asking again. */
  readonly period: number;
  /** Seconds that an answer is used at most while the directory cannot be asked. */
  readonly stale: number;
  /** People that are remembered; the least recently seen is forgotten first, and asked about again. */
  readonly capacity: number;
}

interface Known {
  /** Null: nobody has the id. Remembered as well, because a session names its person for as long as it lives. */
  readonly account: Account | null;
  readonly at: EpochSeconds;
  /** After an outage: not to be asked again before. */
  readonly notBefore: EpochSeconds;
}

type Answer = Account | null | DirectoryUnavailable;

/** Seconds after an outage in which a remembered person is not asked about: a request should not wait for a timeout. */
const RETRY_SECONDS = 5;
/** Milliseconds that a request waits for a slow directory when it could go on with what is remembered. */
const PATIENCE_MS = 250;

/** The same directory, whose `findById` answers from memory unless it is to be asked now. */
export function withAccountCache<D extends PasswordDirectory>(
  directory: D,
  policy: AccountCachePolicy,
  clock: Clock,
): D {
  const known = new LRUCache<AccountId, Known>({ max: policy.capacity });
  /** Many requests of one person at once ask once. */
  const asked = new Map<AccountId, Promise<Answer>>();

  const remember = (id: AccountId, account: Account | null): void => {
    known.set(id, { account, at: clock(), notBefore: 0 });
  };

  const ask = async (id: AccountId): Promise<Answer> => {
    try {
      const answer = await directory.findById(id);
      if (!isUnavailable(answer)) remember(id, answer);
      return answer;
    } finally {
      asked.delete(id);
    }
  };

  return {
    ...directory,
    findByLoginName: async (loginName) => {
      const answer = await directory.findByLoginName(loginName);
      if (answer !== null && !isUnavailable(answer)) remember(answer.id, answer);
      return answer;
    },
    findById: async (id, how) => {
      if (how === 'asked-now') return ask(id);
      const before = known.get(id);
      // An answer from the future is of a clock that was set back: how old it is nobody knows.
      const now = clock();
      const age = before === undefined ? Number.POSITIVE_INFINITY : now - before.at;
      if (before !== undefined && age >= 0 && age < policy.period) return before.account;
      const usable = before !== undefined && age >= 0 && age < policy.stale ? before : null;
      if (usable !== null && now < usable.notBefore) return usable.account;
      const question = asked.get(id) ?? ask(id);
      asked.set(id, question);
      if (usable === null) return question;
      const answer = await soon(question);
      if (!isUnavailable(answer)) return answer;
      if (known.get(id) === usable) known.set(id, { ...usable, notBefore: now + RETRY_SECONDS });
      return usable.account;
    },
  };
}

/** The answer if it comes soon; it is remembered whenever it comes. */
async function soon(question: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<DirectoryUnavailable>((resolve) => {
    timer = setTimeout(() => resolve({ unavailable: true }), PATIENCE_MS);
  });
  try {
    return await Promise.race([question, patience]);
  } finally {
    clearTimeout(timer);
  }
}
