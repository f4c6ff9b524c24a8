// Owns: what the nodes of a cluster remember in common: in a database where there is one, else each by itself.
// Leaves to parts.ts: files; to wire.ts: who uses it.
import { existsSync, readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { describeTarget } from '../config/database-url.ts';
import { type DirectoryUnavailable, isUnavailable } from '../core/account.ts';
import type { AttemptStore } from '../core/attempt-counter.ts';
import type { ConsentStore } from '../core/consent.ts';
import type { LocalSpent, SpentStore } from '../core/revocation.ts';
import { type Database, type DatabaseEvent, openDatabase } from '../database/database.ts';
import { inspectSchema, type SchemaState } from '../database/migrations.ts';
import { whenMigrated } from '../database/when-migrated.ts';
import { encodeBase64url } from '../lib/base64url.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf, type Problems } from '../lib/problems.ts';
import type { Random } from '../lib/random.ts';
import { device } from '../sealer/purpose.ts';
import { startHousekeeping } from '../state/housekeeping.ts';
import { createMemoryAttempts } from '../state/memory-attempts.ts';
import { openRevocationFeed, type RevocationFeed, type RevocationFeedEvent } from '../state/revocation-feed.ts';
import { createNodeSpent } from '../state/spent-table.ts';
import { createSqlAttempts } from '../state/sql-attempts.ts';
import { createSqlAudit, type SqlAudit } from '../state/sql-audit.ts';
import { createSqlConsents } from '../state/sql-consents.ts';
import { createSqlParticipants, type SqlParticipants } from '../state/sql-participants.ts';
import { openSqlRevocations, type SqlRevocationEvent } from '../state/sql-revocations.ts';
import { createSqlSpent } from '../state/sql-spent.ts';

/** Something that the log should have. */
export interface SharedStateEvent {
  readonly part: 'database' | 'revocations';
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
}

/** For the metrics: one question to something that may be down. */
export interface BackendAnswer {
  readonly backend: string;
  readonly operation: string;
  readonly seconds: number;
  /** Why there was no answer; null when there was one. */
  readonly failed: string | null;
}

export interface SharedStateContext {
  readonly clock: Clock;
  readonly onEvent: (event: SharedStateEvent) => void;
  readonly onBackend: (answer: BackendAnswer) => void;
  /** Looks only: nothing is made, changed or cleared away. For `signet check`. */
  readonly look: boolean;
}

export interface SharedState {
  /** Null where none is configured. */
  readonly database: Database | null;
  readonly revocations: RevocationFeed;
  readonly attempts: AttemptStore;
  /** What happened, for operators to look up; null without a database. */
  readonly audit: SqlAudit | null;
  /** Where sessions led, for operators to look at; null without a database. */
  readonly participants: SqlParticipants | null;
  /** Null without a database: then an agreement is kept nowhere, and counts for one answer. */
  readonly consents: ConsentStore | null;
  /** `here`: the node's own table. */
  readonly spent: (here: LocalSpent) => SpentStore;
  readonly close: () => Promise<void>;
}

const SWEEP_SECONDS = 600;

/** What keeps a node from starting is added to `problems`, what should be looked into to `warnings`, an outage among it. */
export async function openSharedState(
  config: Config,
  context: SharedStateContext & { readonly random: Random },
  problems: Problems,
  warnings: Problems,
): Promise<SharedState> {
  const opened = openConfiguredDatabase(config, context, problems);
  if (opened === null) return openAlone(config, context, problems);
  const state = await opened.ready();
  if (isUnavailable(state)) warnings.add('database.url', opened.lastOutage(), 'a database that answers');
  else if (state.kind === 'too-new') {
    problems.add('database.url', describeSchema(state), 'a program as new as the database, or an older backup of it');
  }
  const { database } = opened;
  const { clock, onEvent } = context;
  const { poll, staleAfter, failMode, capacity } = config.revocations;
  const revocations = await openSqlRevocations({
    database,
    pollSeconds: poll,
    staleAfter,
    failMode,
    capacity,
    clock,
    onEvent: (event) => onEvent(revocationEvent(event)),
  });
  const deviceLife = device.maxLifetime + device.toleranceAfterExp;
  const policy = { attemptWindow: config.throttle.window, deviceLife, history: config.database.history };
  const instance = encodeBase64url(context.random(9));
  const onFault = (error: unknown): void =>
    onEvent({ part: 'database', level: 'error', message: `rows were left out: ${messageOf(error)}` });
  const audit = createSqlAudit(database, { node: config.nodeName, instance, clock, onFault });
  const participants = createSqlParticipants(database, onFault);
  const stop = context.look ? () => {} : startHousekeeping(database, policy, clock, SWEEP_SECONDS);
  return {
    database,
    revocations,
    attempts: createSqlAttempts(database),
    audit,
    participants,
    consents: createSqlConsents(database),
    spent: (here) => createSqlSpent(database, here),
    close: async () => {
      stop();
      revocations.close();
      await Promise.all([audit.close(), participants.close()]);
      await database.close();
    },
  };
}

async function openAlone(
  config: Config,
  { clock, onEvent }: SharedStateContext,
  problems: Problems,
): Promise<SharedState> {
  const { file, poll, staleAfter, failMode, capacity } = config.revocations;
  const revocations = await openRevocationFeed({
    path: file,
    pollSeconds: poll,
    staleAfter,
    failMode,
    capacity,
    clock,
    onEvent: (event) => onEvent(revocationEvent(event)),
  });
  if (!revocations.status().everLoaded) {
    problems.add('revocations.file', file, 'a file that can be read: signet init writes an empty one');
  }
  return {
    database: null,
    revocations,
    attempts: createMemoryAttempts(config.throttle.capacity),
    audit: null,
    participants: null,
    consents: null,
    spent: createNodeSpent,
    close: async () => revocations.close(),
  };
}

/** For commands as well. Null where none is configured, or its CA cannot be read. */
export function openConfiguredDatabase(
  config: Config,
  { clock, onEvent, onBackend, look }: SharedStateContext,
  problems: Problems,
): ConfiguredDatabase | null {
  const { target, ca: caFile, poolSize, connectTimeout, statementTimeout } = config.database;
  if (target === null) return null;
  if (caFile !== undefined && !existsSync(caFile)) {
    problems.add('database.ca', caFile, 'a file with certificates in PEM');
    return null;
  }
  const where = describeTarget(target);
  let lastOutage = where;
  const raw = openDatabase({
    target,
    mayCreate: !look,
    poolSize,
    connectTimeout,
    statementTimeout,
    ca: caFile === undefined ? null : readFileSync(caFile, 'utf8'),
    applicationName: `signet ${config.nodeName}`,
    onEvent: (event) => {
      if (event.kind === 'asked') onBackend({ backend: 'database', ...event });
      else {
        const words = databaseWords(event, where);
        if (event.kind === 'down') lastOutage = words.message;
        onEvent({ part: 'database', ...words });
      }
    },
  });
  if (look) return { database: raw, ready: () => inspectSchema(raw), lastOutage: () => lastOutage };
  const migrated = whenMigrated(raw, clock, (state) => {
    const level = state.kind === 'too-new' ? 'error' : 'info';
    onEvent({ part: 'database', level, message: `${where}: ${describeSchema(state)}` });
  });
  return { database: migrated, ready: migrated.ready, lastOutage: () => lastOutage };
}

export interface ConfiguredDatabase {
  readonly database: Database;
  /** Brings the tables up to date, or in a mere look says how they are. */
  readonly ready: () => Promise<SchemaState | DirectoryUnavailable>;
  /** In words, for an operator. */
  readonly lastOutage: () => string;
}

export function describeSchema(state: SchemaState): string {
  switch (state.kind) {
    case 'current':
      return `schema ${state.version}${state.applied.length > 0 ? `, applied: ${state.applied.join(', ')}` : ''}`;
    case 'behind':
      return `schema ${state.version}, pending: ${state.pending.join(', ')}`;
    case 'too-new':
      return `schema ${state.version}, which this program (schema ${state.known}) cannot work with`;
    default:
      return state satisfies never;
  }
}

function databaseWords(event: Exclude<DatabaseEvent, { readonly kind: 'asked' }>, where: string) {
  if (event.kind === 'up') return { level: 'info', message: `${where} answers again` } as const;
  return { level: 'error', message: `${where} cannot be asked (${event.reason}): ${event.message}` } as const;
}

function revocationEvent(event: RevocationFeedEvent | SqlRevocationEvent): SharedStateEvent {
  const part = 'revocations';
  switch (event.kind) {
    case 'loaded':
      return { part, level: 'info', message: `${event.entries} entries` };
    case 'failed':
      return { part, level: 'error', message: messageOf(event.error) };
    case 'dropped':
      return { part, level: 'error', message: `over capacity: ${event.entries} entries dropped` };
    case 'over-capacity': {
      const message = `over capacity: ${event.entries} entries are held, and the database is asked about every session`;
      return { part, level: 'warn', message };
    }
    case 'fits-again':
      return { part, level: 'info', message: `${event.entries} entries: all fit again, and nothing is asked` };
    case 'waiting':
      return { part, level: 'warn', message: `${event.entries} entries wait until the database can be written to` };
    default:
      return event satisfies never;
  }
}
