// Owns: the rows of the table `revocations` (docs/database.md): writing one, reading what is new, looking up what is known
// about one value. Leaves to sql-revocations.ts: when.
import type { AccountId } from '../core/account.ts';
import type { RevocationSubject } from '../core/revocation.ts';
import type { Queries } from '../database/database.ts';
import type { RevocationsTable } from '../database/schema.ts';
import { decodeBase64url, encodeBase64url } from '../lib/base64url.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { RevocationEntry } from './revocation-file.ts';
import type { Missing } from './revocation-index.ts';

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

/**
 * What was recorded since `since`, or all there is; at most `limit` entries. `left`: what was left out may be of sessions
 * only, or of any kind.
 */
export async function readRevocations(
  queries: Queries,
  { since, limit }: { readonly since: EpochSeconds | null; readonly limit: number },
  now: EpochSeconds,
): Promise<{ readonly entries: readonly RevocationEntry[]; readonly left: Missing | null }> {
  // 'account' and 'all' come before 'sid': what ends many sessions is read first.
  const all = queries
    .selectFrom('revocations')
    .selectAll()
    .where('expires_at', '>', now)
    .orderBy('kind')
    .limit(limit + 1);
  const rows = await (since === null ? all : all.where('recorded_at', '>=', since)).execute();
  const next = rows[limit];
  const left = next === undefined ? null : next.kind === 'sid' ? 'sids' : 'any';
  return { entries: rows.slice(0, limit).flatMap(entryOf), left };
}

function entryOf({ kind, subject, not_before: notBefore, expires_at: until }: RevocationsTable): RevocationEntry[] {
  if (kind === 'all') return [{ kind, notBefore, until }];
  if (kind === 'account') return [{ kind, accountId: subject satisfies AccountId, notBefore, until }];
  const sid = decodeBase64url(subject);
  return kind === 'sid' && sid !== null ? [{ kind, sid, until }] : [];
}
