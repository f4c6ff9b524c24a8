// Owns: LDAP operations over one open socket, and never over another: the library would reconnect by itself, unbound, and
// after StartTLS in the clear. Leaves to ldap-pool.ts: how long a connection is kept.
import type { connect, Socket } from 'node:net';
import { Client, type Control, type Entry, ResultCodeError, type SearchOptions } from 'ldapts';

export interface LdapConnection {
  readonly isAlive: () => boolean;
  /** Referrals are ignored: another server would get the search, and with it a person's name, unasked. */
  readonly search: (base: string, options: SearchOptions) => Promise<readonly Entry[]>;
  /** All that is found, or null for more than `most`: asked for in pages (RFC 2696), so that no more are sent. */
  readonly searchFew: (base: string, options: SearchOptions, most: number) => Promise<readonly Entry[] | null>;
  /** @throws ResultCodeError when the server says no. */
  readonly bind: (dn: string, password: string, control?: Control) => Promise<void>;
  readonly close: () => void;
}

/** No answer in time: the connection has been closed, and what the server did is unknown. */
export class LdapTimeout extends Error {
  constructor(seconds: number) {
    super(`no answer within ${seconds} s`);
    this.name = 'LdapTimeout';
  }
}

/** `operationTimeout` in seconds. */
export function createLdapConnection(socket: Socket, operationTimeout: number): LdapConnection {
  const client = new Client({
    url: 'ldap://established.invalid',
    // This socket and no other, however often it asks.
    createConnection: (() => socket) as typeof connect,
  });
  let alive = true;
  const dead = () => {
    alive = false;
  };
  socket.once('end', dead).once('close', dead).once('error', dead);
  const isAlive = () => alive && !socket.destroyed;
  const open = () => {
    if (!isAlive()) throw new Error('the connection has ended');
    return client;
  };
  const inTime = async <T>(operation: Promise<T>): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new LdapTimeout(operationTimeout));
        socket.destroy();
      }, operationTimeout * 1000);
    });
    return Promise.race([operation, late]).finally(() => clearTimeout(timer));
  };
  const limited = (options: SearchOptions): SearchOptions => ({
    ...options,
    derefAliases: 'never',
    timeLimit: operationTimeout,
  });
  const few = async (base: string, options: SearchOptions, most: number): Promise<readonly Entry[] | null> => {
    const found: Entry[] = [];
    for await (const page of open().searchPaginated(base, { ...options, paged: { pageSize: most + 1 } })) {
      found.push(...page.searchEntries);
      if (found.length > most) return null;
    }
    return found;
  };
  return {
    isAlive,
    search: async (base, options) => (await inTime(open().search(base, limited(options)))).searchEntries,
    searchFew: (base, options, most) => inTime(few(base, limited(options), most)),
    bind: async (dn, password, control) => {
      // RFC 4513 §5.1.1, §5.1.2: without a name or a password the server would agree to anybody.
      if (dn.trim() === '' || password === '') throw new Error('a bind without a name or a password is never sent');
      await inTime(open().bind(dn, password, control));
    },
    close: () => {
      alive = false;
      socket.destroy();
    },
  };
}

/** What the server answered; null when there was no answer: then nobody knows what it did. */
export function resultCode(error: unknown): number | null {
  return error instanceof ResultCodeError ? error.code : null;
}
