// Owns: which relying parties received something in a session, as rows to look at. No decision reads them: the sealed
// cookie has its own list. Written behind every answer, so a node that is killed takes the last second with it.
import { type DirectoryUnavailable, isUnavailable } from '../core/account.ts';
import type { RelyingPartyKey } from '../core/authentication-request.ts';
import type { JoinedSession, ParticipantJournal } from '../core/session-journal.ts';
import type { Database } from '../database/database.ts';
import { encodeBase64url } from '../lib/base64url.ts';
import { createWriteBehind, type WriteBehind } from './write-behind.ts';

/** Fewer than the parameters that one statement may have. */
const SIDS_AT_ONCE = 500;

export type SqlParticipants = ParticipantJournal & Pick<WriteBehind<JoinedSession>, 'lost' | 'close'>;

export function createSqlParticipants(database: Database, onFault: (error: unknown) => void): SqlParticipants {
  const { add, lost, close } = createWriteBehind<JoinedSession>({
    onFault,
    write: async (rows) => {
      const values = rows.map(({ sid, relyingParty, at, expiresAt }) => ({
        sid: encodeBase64url(sid),
        relying_party: relyingParty,
        joined_at: at,
        expires_at: expiresAt,
      }));
      const written = await database.ask('participants-write', (queries) =>
        queries
          .insertInto('session_participants')
          .values(values)
          // A balancer's repeat, or the same party under another name.
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst(),
      );
      return !isUnavailable(written);
    },
  });
  return { joined: add, lost, close };
}

/** By session id in base64url, in the order in which they came. */
export async function readParticipants(
  database: Database,
  sids: readonly string[],
): Promise<ReadonlyMap<string, readonly RelyingPartyKey[]> | DirectoryUnavailable> {
  const found = new Map<string, RelyingPartyKey[]>();
  for (let at = 0; at < sids.length; at += SIDS_AT_ONCE) {
    const rows = await database.ask('participants-read', (queries) =>
      queries
        .selectFrom('session_participants')
        .select(['sid', 'relying_party'])
        .where('sid', 'in', sids.slice(at, at + SIDS_AT_ONCE))
        .orderBy('joined_at')
        .orderBy('relying_party')
        .execute(),
    );
    if (isUnavailable(rows)) return rows;
    for (const { sid, relying_party: party } of rows)
      found.set(sid, [...(found.get(sid) ?? []), party as RelyingPartyKey]);
  }
  return found;
}
