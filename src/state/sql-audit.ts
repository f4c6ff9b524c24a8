// Owns: the audit's events as rows, for operators to look up; no page shows them. Written in batches off the path of any
// answer: what waits is lost when a node is killed. Leaves to audit/: the stream that is kept, chained and shipped.
import { isUnavailable } from '../core/account.ts';
import type { AuditEvent } from '../core/audit-event.ts';
import type { Database, Queries } from '../database/database.ts';
import { encodeBase64url } from '../lib/base64url.ts';
import type { Clock, EpochSeconds } from '../lib/clock.ts';
import { createWriteBehind } from './write-behind.ts';

export interface SqlAudit {
  readonly write: (event: AuditEvent) => void;
  /** Rows that were left out since the start; the stream has them. */
  readonly lost: () => number;
  /** Writes what waits, and stops. */
  readonly close: () => Promise<void>;
}

const TEXT_MAX = 256;

/**
 * Single sign-on stays out of it: it writes nothing anywhere. So does what anybody can bring about without an account, as
 * often as they like: rows stay for months. `instance` names this run of this node.
 */
export function createSqlAudit(
  database: Database,
  {
    node,
    instance,
    clock,
    onFault,
  }: {
    readonly node: string;
    readonly instance: string;
    readonly clock: Clock;
    readonly onFault: (error: unknown) => void;
  },
): SqlAudit {
  const rows = createWriteBehind<AuditRow>({
    onFault,
    write: async (batch) => {
      const written = await database.ask('audit-write', async (queries): Promise<true> => {
        await insertEvents(queries, node, batch);
        return true;
      });
      return !isUnavailable(written);
    },
  });
  let sequence = 0;

  return {
    write: (event) => {
      if (!isKept(event)) return;
      sequence += 1;
      rows.add({ ...event, id: `${instance}-${sequence}`, at: clock() });
    },
    lost: rows.lost,
    close: rows.close,
  };
}

function isKept({ action, reason, accountId }: AuditEvent): boolean {
  return action !== 'sso' && accountId !== null && reason !== 'throttled';
}

/** `id` is made of the run of a node, or of a command, and a number. */
export type AuditRow = AuditEvent & { readonly id: string; readonly at: EpochSeconds };

/** For what is written down in the same transaction as what was done. One that is there already stays as it is. */
export async function insertEvents(queries: Queries, node: string, events: readonly AuditRow[]): Promise<void> {
  await queries
    .insertInto('audit')
    .values(events.map((event) => ({ ...rowOf(event), id: event.id, at: event.at, node })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
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
