// Owns: what `signet sessions` does: ending sessions, and listing them. Leaves to write-revocations.ts: where every node
// reads it. docs/sealed-values.md, Revocation.
import type { Config } from '../config/config.ts';
import { readConfig } from '../config/read-config.ts';
import { absenceId } from '../core/session.ts';
import { decodeBase64url, encodeBase64url } from '../lib/base64url.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { endedUntil, endOfAll } from '../node/end-sessions.ts';
import type { RevocationEntry } from '../state/revocation-file.ts';
import { readParticipants } from '../state/sql-participants.ts';
import { createSqlSessions, type ListedSession } from '../state/sql-sessions.ts';
import { CliFailure, type CliIo } from './io.ts';
import { type CommandDatabase, withDatabase } from './with-database.ts';
import { writeRevocations } from './write-revocations.ts';

/** The directories of every kind, which a session's own id does without. */
const finding = () => import('./find-account.ts');

export interface RevokeOptions {
  readonly sid?: string;
  readonly user?: string;
  readonly all?: true;
  readonly config: string;
}
export interface ListOptions {
  readonly user?: string;
  readonly ended?: true;
  readonly limit: string;
  readonly json?: true;
  readonly config: string;
}

export async function revoke(io: CliIo, options: RevokeOptions): Promise<void> {
  const config = readConfig(options.config, io.environment);
  const now = io.clock();
  await withDatabase(config, io, async (opened) => {
    await writeRevocations(config, opened, await entriesOf(options, config, opened, io, now), now);
  });
  io.out(`${describe(options)} ended; every node knows within ${config.revocations.poll} s\n`);
}

async function entriesOf(
  options: RevokeOptions,
  config: Config,
  opened: CommandDatabase | null,
  io: CliIo,
  now: EpochSeconds,
): Promise<readonly RevocationEntry[]> {
  const until = endedUntil(now, config);
  // A proof given in this very second is older than the command too.
  if (options.all === true) return [{ kind: 'all', notBefore: now + 1, until }];
  if (options.sid !== undefined) {
    const sid = decodeBase64url(options.sid);
    if (sid?.length !== 16) throw new CliFailure(`--sid: found '${options.sid}'; wanted 22 characters of base64url`);
    // Whoever ends a session like this may not trust who had it: what it gave for an absence ends too.
    return [sid, absenceId(sid)].map((id) => ({ kind: 'sid', sid: id, until }));
  }
  if (options.user === undefined) throw new CliFailure('one of --sid, --user, --all is needed');
  const { findAccount } = await finding();
  const { account } = await findAccount(io, config, options.user, { opened, among: config.directories });
  return [endOfAll(config, account.id, now)];
}

function describe(options: RevokeOptions): string {
  if (options.all === true) return 'all sessions';
  return options.user === undefined ? 'the session' : `all sessions of ${options.user}`;
}

export async function list(io: CliIo, options: ListOptions): Promise<void> {
  const config = readConfig(options.config, io.environment);
  const limit = Number(options.limit);
  if (!Number.isSafeInteger(limit) || limit < 1) throw new CliFailure('--limit: wanted a number from 1 on');
  const listed = await withDatabase(config, io, async (opened) => {
    if (opened === null) throw new CliFailure('database.url is not set: nobody keeps a list of sessions');
    const { user } = options;
    const among = config.directories;
    const accountId =
      user === undefined ? null : (await (await finding()).findAccount(io, config, user, { opened, among })).account.id;
    const filter = { live: options.ended !== true, limit };
    const { database, answered } = opened;
    const sessions = answered(await createSqlSessions(database).list(accountId, filter, io.clock()));
    const sids = sessions.map(({ sid }) => encodeBase64url(sid));
    const parties = answered(await readParticipants(database, sids));
    return sessions.map((session, n) => ({ ...session, participants: parties.get(sids[n] ?? '') ?? [] }));
  });
  io.out(options.json === true ? `${JSON.stringify(listed.map(asJson), null, 2)}\n` : listed.map(asLine).join(''));
}

const iso = (at: EpochSeconds): string => new Date(at * 1000).toISOString();

interface ListedWithParties extends ListedSession {
  readonly participants: readonly string[];
}

function asJson({ sid, createdAt, expiresAt, endedAt, ...rest }: ListedWithParties) {
  const ended = endedAt === null ? null : iso(endedAt);
  return { sid: encodeBase64url(sid), created: iso(createdAt), expires: iso(expiresAt), ended, ...rest };
}

function asLine({ sid, accountId, createdAt, methods, address, endedAt, participants }: ListedWithParties): string {
  const end = endedAt === null ? '' : `ended ${iso(endedAt)}`;
  const parties = participants.join(' ');
  const cells = [encodeBase64url(sid), accountId, iso(createdAt), methods.join('+'), address ?? '', end, parties];
  return `${cells.join('\t').trimEnd()}\n`;
}
