// Owns: the audit's events as rows, for people to look at their own sign-ins. Written in batches off the path of any
// answer: what waits is lost when a node is killed. Leaves to audit/: the stream that is kept, chained and shipped.
import { type AccountId, type DirectoryUnavailable, isUnavailable } from '../core/account.ts';
import type { AuditEvent } from '../core/audit-event.ts';
import type { Database } from '../database/database.ts';
import { encodeBase64url } from '../lib/base64url.ts';
import type { Clock, EpochSeconds } from '../lib/clock.ts';

export interface SqlAudit {
  readonly write: (event: AuditEvent) => void;
  /** Newest first. */
  readonly recent: (accountId: AccountId, limit: number) => Promise<readonly RecentEvent[] | DirectoryUnavailable>;
  /** Writes what waits, and stops. */
  readonly close: () => Promise<void>;
}

export interface RecentEvent {
  readonly at: EpochSeconds;
  readonly action: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly relyingParty: string | null;
  readonly methods: readonly string[];
  readonly address: string | null;
  readonly userAgent: string | null;
}

const BATCH_MS = 1000;
const BATCH_ROWS = 200;
/** More than that many wait for a database that is down: the newest are left out; the stream has them. */
const WAITING_MAX = 10_000;
const TEXT_MAX = 256;

/** Single sign-on stays out of it: it writes nothing anywhere. `instance` names this run of this node. */
export function createSqlAudit(
  database: Database,
  {
    node,
    instance,
    clock,
  }: {
    readonly node: string;
    readonly instance: string;
    readonly clock: Clock;
  },
): SqlAudit {
  type Row = Parameters<typeof rowOf>[0] & { readonly id: string; readonly at: EpochSeconds };
  const waiting: Row[] = [];
  let sequence = 0;
  let writing: Promise<void> | null = null;

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH_ROWS);
      const done = await database.ask('audit-write', (queries) =>
        queries
          .insertInto('audit')
          .values(batch.map((event) => ({ ...rowOf(event), id: event.id, at: event.at, node })))
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst(),
      );
      if (isUnavailable(done)) return;
      waiting.splice(0, batch.length);
    }
  };
  const soon = (): Promise<void> => {
    writing ??= flush().finally(() => {
      writing = null;
    });
    return writing;
  };
  const timer = setInterval(() => void soon(), BATCH_MS).unref();

  return {
    write: (event) => {
      if (event.action === 'sso') return;
      if (waiting.length >= WAITING_MAX) return;
      sequence += 1;
      waiting.push({ ...event, id: `${instance}-${sequence}`, at: clock() });
    },
    recent: (accountId, limit) =>
      database.ask('audit-read', async (queries) => {
        const rows = await queries
          .selectFrom('audit')
          .selectAll()
          .where('account_id', '=', accountId)
          .orderBy('at', 'desc')
          .orderBy('id', 'desc')
          .limit(limit)
          .execute();
        return rows.map((row) => ({
          at: row.at,
          action: row.action,
          outcome: row.outcome,
          reason: row.reason,
          relyingParty: row.relying_party,
          methods: JSON.parse(row.methods) as readonly string[],
          address: row.address,
          userAgent: row.user_agent,
        }));
      }),
    close: async () => {
      clearInterval(timer);
      await soon();
    },
  };
}

function rowOf(event: AuditEvent) {
  return {
    action: event.action,
    outcome: event.outcome,
    reason: event.reason,
    account_id: event.accountId,
    sid: event.sid === null ? null : encodeBase64url(event.sid),
    relying_party: event.relyingParty === null ? null : plain(event.relyingParty),
    methods: JSON.stringify(event.methods),
    address: event.address === null ? null : plain(event.address),
    user_agent: event.userAgent === null ? null : plain(event.userAgent),
    request_id: plain(event.requestId),
  };
}

/** Short, and nothing that a database cannot hold: parts of it come from the outside. */
function plain(text: string): string {
  return text.slice(0, TEXT_MAX).toWellFormed().replaceAll('\0', '');
}
