// Owns: the pool of connections to PostgreSQL: TLS, timeouts, and throwing away connections that cannot be trusted any more.
// Leaves to outage.ts: what an error means.
import { checkServerIdentity } from 'node:tls';
import { type Dialect, PostgresDialect, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { PostgresTarget } from '../config/database-url.ts';

export interface PostgresSettings {
  readonly target: PostgresTarget;
  readonly poolSize: number;
  /** Milliseconds until a connection is there, be it new or one that others use. */
  readonly connectMs: number;
  readonly statementMs: number;
  /** Certificates in PEM that are trusted beside nobody else; null for the ones that Node knows. */
  readonly ca: string | null;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** Told of connections that broke while nobody used them. */
  readonly onIdleError: (error: Error) => void;
}

/** Milliseconds that the server's own timeout is given before the client stops waiting for it. */
const SERVER_FIRST_MS = 500;
const IDLE_MS = 30_000;

export function createPostgresDialect(settings: PostgresSettings): Dialect {
  const { target } = settings;
  const pool = new pg.Pool({
    host: target.host,
    port: target.port,
    user: target.user,
    database: target.database,
    // A function, or pg would go on to look in PGPASSWORD and ~/.pgpass: a password is the configuration's, or none.
    password: () => target.password ?? '',
    ssl: tlsOptions(target, settings.ca),
    max: settings.poolSize,
    connectionTimeoutMillis: settings.connectMs,
    idleTimeoutMillis: IDLE_MS,
    statement_timeout: settings.statementMs,
    lock_timeout: settings.statementMs,
    idle_in_transaction_session_timeout: 2 * settings.statementMs,
    query_timeout: settings.statementMs + SERVER_FIRST_MS,
    keepAlive: true,
    // A command that has ended is not kept waiting by connections that nobody uses.
    allowExitOnIdle: true,
    application_name: settings.applicationName,
    types: { getTypeParser: typeParser },
  });
  pool.on('error', settings.onIdleError);
  return new PostgresDialect({
    pool: {
      options: {},
      connect: async () => distrustful(await pool.connect()),
      end: () => pool.end(),
    },
  });
}

function tlsOptions({ tls, host }: PostgresTarget, ca: string | null): pg.PoolConfig['ssl'] {
  if (tls === 'disable') return false;
  return {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(ca === null ? {} : { ca }),
    // Written out: for a host that is an address, pg leaves the name out, and Node would take 'localhost' for it.
    checkServerIdentity: (_name, certificate) =>
      tls === 'verify-ca' ? undefined : checkServerIdentity(host, certificate),
  };
}

/** bigint as a number: ours are seconds and counters. Everything else as pg has it. */
function typeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === pg.types.builtins.INT8) return Number;
  return pg.types.getTypeParser(oid, format ?? 'text') as (value: string) => unknown;
}

/** An error with a SQLSTATE is the server's, on a connection that goes on. After any other nobody knows what it is doing. */
const SQLSTATE = /^[0-9A-Z]{5}$/;

function distrustful(client: pg.PoolClient): PostgresPoolClient {
  let broken = false;
  const query = async (sql: string, parameters: readonly unknown[]): Promise<unknown> => {
    try {
      return await client.query(sql, [...parameters]);
    } catch (error) {
      if (!SQLSTATE.test((error as { code?: string }).code ?? '')) broken = true;
      throw error;
    }
  };
  return {
    query: query as PostgresPoolClient['query'],
    release: (destroy = false) => client.release(destroy || broken),
  };
}
