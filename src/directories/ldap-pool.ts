// Owns: a bounded number of connections, each used by one at a time; servers tried in turn, and rested when they fail.
// Leaves to ldap-socket.ts: connecting; to ldap-directory.ts: what an outage means.
//
// Nobody waits long: for a free connection at most `waitSeconds`, for servers that have all just failed not at all.
import { type LdapConnection, LdapTimeout, resultCode } from './ldap-connection.ts';

/** No connection was to be had. The message is for the log. */
export class LdapOutage extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LdapOutage';
  }
}

export interface LdapPool {
  /**
   * Runs `work` on a connection. When a kept connection turns out to have ended and nothing was answered, once more on a
   * fresh one. @throws whatever `work` does, and LdapOutage.
   */
  readonly use: <T>(work: (connection: LdapConnection) => Promise<T>) => Promise<T>;
  readonly close: () => void;
}

export interface LdapPoolOptions {
  readonly urls: readonly string[];
  readonly connect: (url: string) => Promise<LdapConnection>;
  readonly size: number;
  readonly waitSeconds: number;
  /** A connection that nobody has used for so long is closed: something between here and the server may have dropped it. */
  readonly idleSeconds: number;
  /** And any connection after so long, so that the first server is used again when it is back. */
  readonly ageSeconds: number;
  /** How long a server that failed is left alone. */
  readonly restSeconds: number;
}

export const LDAP_POOL_DEFAULTS = { idleSeconds: 60, ageSeconds: 600, restSeconds: 5 } as const;

/** In line for a connection at most; more are told at once that there is none. */
const WAITING_MAX = 256;
/** RFC 4511 §4.1.9: busy, unavailable. The server answers, and cannot serve. */
const UNFIT_CODES: ReadonlySet<number> = new Set([51, 52]);

interface Kept {
  readonly connection: LdapConnection;
  readonly url: string;
  isOld: boolean;
  age: NodeJS.Timeout | null;
  idle: NodeJS.Timeout | null;
}

export function createLdapPool(options: LdapPoolOptions): LdapPool {
  const { urls, connect, size, waitSeconds, idleSeconds, ageSeconds, restSeconds } = options;
  const idle: Kept[] = [];
  const waiting: (() => void)[] = [];
  const resting = new Set<string>();
  let count = 0;
  let closed = false;

  const drop = (kept: Kept): void => {
    kept.connection.close();
    for (const timer of [kept.idle, kept.age]) if (timer !== null) clearTimeout(timer);
    count -= 1;
    waiting.shift()?.();
  };
  const dropIdle = (): void => {
    for (const kept of idle.splice(0)) drop(kept);
  };
  const rest = (url: string): void => {
    resting.add(url);
    setTimeout(() => resting.delete(url), restSeconds * 1000).unref();
  };

  const open = async (): Promise<Kept> => {
    const failures: string[] = [];
    let cause: unknown;
    for (const url of urls.filter((candidate) => !resting.has(candidate))) {
      try {
        const kept: Kept = { connection: await connect(url), url, isOld: false, age: null, idle: null };
        kept.age = setTimeout(() => {
          kept.isOld = true;
        }, ageSeconds * 1000).unref();
        return kept;
      } catch (error) {
        rest(url);
        cause = error;
        failures.push(`${url}: ${error instanceof Error ? error.message : 'an unknown failure'}`);
      }
    }
    throw new LdapOutage(failures.length === 0 ? 'every server has just failed' : failures.join('; '), { cause });
  };

  /** Until a connection comes back or may be opened. */
  const turn = (): Promise<void> =>
    new Promise((resolve, reject) => {
      if (waiting.length >= WAITING_MAX) {
        reject(new LdapOutage('too many wait for a connection'));
        return;
      }
      const called = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(called), 1);
        reject(new LdapOutage(`no free connection within ${waitSeconds} s`));
      }, waitSeconds * 1000);
      waiting.push(called);
    });

  const take = async (): Promise<{ readonly kept: Kept; readonly isFresh: boolean }> => {
    for (;;) {
      if (closed) throw new LdapOutage('this node is stopping');
      const kept = idle.pop();
      if (kept !== undefined) {
        if (kept.idle !== null) clearTimeout(kept.idle);
        kept.idle = null;
        if (kept.connection.isAlive() && !kept.isOld && !resting.has(kept.url)) return { kept, isFresh: false };
        drop(kept);
      } else if (count < size) {
        count += 1;
        try {
          return { kept: await open(), isFresh: true };
        } catch (error) {
          count -= 1;
          waiting.shift()?.();
          throw error;
        }
      } else await turn();
    }
  };

  const giveBack = (kept: Kept): void => {
    if (closed || kept.isOld || !kept.connection.isAlive()) {
      drop(kept);
      return;
    }
    kept.idle = setTimeout(() => {
      const index = idle.indexOf(kept);
      if (index >= 0) idle.splice(index, 1);
      drop(kept);
    }, idleSeconds * 1000).unref();
    idle.push(kept);
    waiting.shift()?.();
  };

  const use = async <T>(work: (connection: LdapConnection) => Promise<T>, isSecondTry = false): Promise<T> => {
    const { kept, isFresh } = await take();
    try {
      const result = await work(kept.connection);
      giveBack(kept);
      return result;
    } catch (error) {
      const code = resultCode(error);
      if (code !== null && !UNFIT_CODES.has(code)) {
        giveBack(kept);
        throw error;
      }
      drop(kept);
      // A kept connection that has ended says nothing about its server; a fresh one that ends, or one that hangs, does.
      if (isFresh || code !== null || error instanceof LdapTimeout) rest(kept.url);
      dropIdle();
      if (isSecondTry || urls.every((url) => resting.has(url))) throw error;
      return use(work, true);
    }
  };

  return {
    use: (work) => use(work),
    close: () => {
      closed = true;
      dropIdle();
      for (const called of waiting.splice(0)) called();
    },
  };
}
