// Owns: the rows of the table `revocations` (docs/database.md): writing one, reading what is new, looking up what is known
// about one value. Leaves to sql-revocations.ts: when.
import type { AccountId } from '../core/account.ts';
import type { RevocationSubject } from '../core/revocation.ts';
import type { Queries } from '../database/database.ts';
import type { RevocationsTable } from '../database/schema.ts';
import { decodeBase64url, encodeBase64url } from '../lib/base64url.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { RevocationEntry } from './revocation-file.ts';

/** The table's primary key. */
export interface RevocationKey {
  readonly kind: RevocationEntry['kind'];
  readonly subject: string;
}

const EVERYBODY: RevocationKey = { kind: 'all', subject: '' };

export function keyOf(entry: RevocationEntry): RevocationKey {
  switch (entry.kind) {
    case 'sid':
      return { kind: 'sid', subject: encodeBase64url(entry.sid) };
    case 'account':
      return { kind: 'account', subject: entry.accountId };
    case 'all':
      return EVERYBODY;
    default:
      return entry satisfies never;
  }
}

/** The keys of every entry that could end this. */
export function keysAbout({ sid, accountId }: RevocationSubject): readonly RevocationKey[] {
  return [
    EVERYBODY,
    ...(sid === null ? [] : [{ kind: 'sid', subject: encodeBase64url(sid) } as const]),
    ...(accountId === null ? [] : [{ kind: 'account', subject: accountId } as const]),
  ];
}

/** One text for each key. */
export function textOf({ kind, subject }: RevocationKey): string {
  return `${kind} ${subject}`;
}

/** For commands too. An entry that is there already is only ever made stricter. */
export async function writeRevocation(queries: Queries, entry: RevocationEntry, now: EpochSeconds): Promise<void> {
  const { kind, subject } = keyOf(entry);
  const not_before = entry.kind === 'sid' ? 0 : entry.notBefore;
  await queries
    .insertInto('revocations')
    .values({ kind, subject, not_before, expires_at: entry.until, recorded_at: now })
    .onConflict((conflict) =>
      conflict.columns(['kind', 'subject']).doUpdateSet((row) => ({
        not_before: row
          .case()
          .when('revocations.not_before', '>', not_before)
          .then(row.ref('revocations.not_before'))
          .else(row.ref('excluded.not_before'))
          .end(),
        expires_at: row
          .case()
          .when('revocations.expires_at', '>', entry.until)
          .then(row.ref('revocations.expires_at'))
          .else(row.ref('excluded.expires_at'))
          .end(),
        recorded_at: now,
      })),
    )
    .execute();
  if (entry.kind === 'all') return;
  const ended = queries.updateTable('sessions').set({ ended_at: now }).where('ended_at', 'is', null);
  await (entry.kind === 'sid'
    ? ended.where('sid', '=', subject)
    : ended.where('account_id', '=', subject).where('created_at', '<', entry.notBefore)
  ).execute();
}

/** Every entry with one of these keys, expired ones too. */
export async function readEntries(
  queries: Queries,
  keys: readonly RevocationKey[],
): Promise<readonly RevocationEntry[]> {
  return (await rowsWith(queries, keys).execute()).flatMap(entryOf);
}

/** Asked for every request while there is more than fits: each key is one look into the primary key. */
export function rowsWith(queries: Queries, keys: readonly RevocationKey[]) {
  return queries
    .selectFrom('revocations')
    .selectAll()
    .where((row) => row.or(keys.map(({ kind, subject }) => row.and({ kind, subject }))));
}

/** A few of the table's rows, and whether there are more. */
export interface RevocationPage {
  readonly entries: readonly RevocationEntry[];
  /** The last row of the page: the next one begins after it. */
  readonly last: RevocationsTable | null;
  /** The `kind` of the row after it; null: there is none. */
  readonly beyond: string | null;
}

export interface PageStart {
  /** Only what was recorded since; null: all there is. */
  readonly since: EpochSeconds | null;
  /** The last row of the page before; null: from the beginning. */
  readonly after: RevocationsTable | null;
  /** Rows. */
  readonly limit: number;
}

/** One page of what has not expired. */
export async function readRevocations(
  queries: Queries,
  { since, after, limit }: PageStart,
  now: EpochSeconds,
): Promise<RevocationPage> {
  const { kind, subject } = after ?? { kind: '', subject: '' };
  const all = queries
    .selectFrom('revocations')
    .selectAll()
    .where('expires_at', '>', now)
    .limit(limit + 1);
  // Each in the order of an index. Of all there is 'account' and 'all' come before 'sid': what ends many sessions is read first.
  const from = after?.recorded_at ?? since ?? 0;
  const rows = await (since === null
    ? all
        .where(({ eb, refTuple, tuple }) => eb(refTuple('kind', 'subject'), '>', tuple(kind, subject)))
        .orderBy('kind')
        .orderBy('subject')
    : all
        .where('recorded_at', '>=', from)
        .where(({ eb, refTuple, tuple }) =>
          eb(refTuple('recorded_at', 'kind', 'subject'), '>', tuple(from, kind, subject)),
        )
        .orderBy('recorded_at')
        .orderBy('kind')
        .orderBy('subject')
  ).execute();
  const entries = rows.slice(0, limit).flatMap(entryOf);
  return { entries, last: rows[limit - 1] ?? null, beyond: rows[limit]?.kind ?? null };
}

function entryOf({ kind, subject, not_before: notBefore, expires_at: until }: RevocationsTable): RevocationEntry[] {
  if (kind === 'all') return [{ kind, notBefore, until }];
  if (kind === 'account') return [{ kind, accountId: subject satisfies AccountId, notBefore, until }];
  const sid = decodeBase64url(subject);
  return kind === 'sid' && sid !== null ? [{ kind, sid, until }] : [];
}
