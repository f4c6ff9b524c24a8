// Owns: what `database.url` means. Leaves to database/: opening it. A password in it is never shown.
import { isIP } from 'node:net';
import { isAbsolute, resolve } from 'node:path';
import type { Problems } from '../lib/problems.ts';

export interface SqliteTarget {
  readonly kind: 'sqlite';
  /** An absolute path. */
  readonly file: string;
}

export interface PostgresTarget {
  readonly kind: 'postgres';
  /** A host name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | null;
  readonly database: string;
  /** verify-full: the certificate is of a trusted CA and of this host. verify-ca: of a trusted CA, whatever its name. */
  readonly tls: TlsMode;
}

export type DatabaseTarget = SqliteTarget | PostgresTarget;

const TLS_MODES = ['disable', 'verify-ca', 'verify-full'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

const FORMS = 'sqlite:FILE, or postgres://USER@HOST/NAME with the password in SIGNET_DATABASE_PASSWORD';
const DEFAULT_PORT = 5432;

/**
 * Reads `database.url`; a relative file starts at `folder`, `password` wins over one in the URL.
 * TLS is verified in full unless the server is on this machine or the URL says otherwise; encrypting without checking
 * who answers (`sslmode=require`) is not offered. Null, with a problem, for what cannot be used.
 */
export function readDatabaseUrl(
  text: string,
  {
    folder,
    password,
    problems,
  }: { readonly folder: string; readonly password: string | null; readonly problems: Problems },
): DatabaseTarget | null {
  if (text.startsWith('sqlite:')) return readSqlite(text.slice('sqlite:'.length), folder, problems);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:')) {
    problems.add('database.url', url === null ? 'something else' : `${url.protocol}//…`, FORMS);
    return null;
  }
  return readPostgres(url, password, problems);
}

function readSqlite(path: string, folder: string, problems: Problems): SqliteTarget | null {
  // A memory database would be another one on every connection; a URI could switch locking off.
  if (path === '' || path.startsWith('//') || path.startsWith(':') || /[?#\0]/.test(path)) {
    problems.add('database.url', `sqlite:${path}`, 'sqlite:FILE, for example sqlite:data/signet.db');
    return null;
  }
  return { kind: 'sqlite', file: isAbsolute(path) ? path : resolve(folder, path) };
}

function readPostgres(url: URL, password: string | null, problems: Problems): PostgresTarget | null {
  const found = problems.list().length;
  const { searchParams } = url;
  const known = ['sslmode', 'host'];
  for (const key of new Set(searchParams.keys())) {
    if (!known.includes(key)) problems.add(`database.url: ${key}`, 'an unknown parameter', known.join(' or '));
    else if (searchParams.getAll(key).length > 1) problems.add(`database.url: ${key}`, 'it twice', 'it once');
  }
  const host = searchParams.get('host') ?? decoded(url.hostname.replace(/^\[|\]$/g, ''));
  const user = decoded(url.username);
  const database = decoded(url.pathname.slice(1));
  if (host === null || host === '') problems.add('database.url', 'no host', FORMS);
  if (user === null || user === '') problems.add('database.url', 'no user', FORMS);
  if (database === null || database === '' || database.includes('/')) problems.add('database.url', 'no name', FORMS);
  const wanted = searchParams.get('sslmode') ?? (host !== null && isHere(host) ? 'disable' : 'verify-full');
  const tls = TLS_MODES.find((mode) => mode === wanted);
  if (tls === undefined) {
    const why = 'encryption without knowing who answers helps against nobody who can answer';
    problems.add('database.url: sslmode', wanted, `${TLS_MODES.join(', ')} (${why})`);
  }
  const inUrl = decoded(url.password);
  if (inUrl === null) problems.add('database.url', 'a password with a broken %-escape', 'one that is escaped right');
  if (problems.list().length > found || host === null || user === null || database === null || tls === undefined) {
    return null;
  }
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  return { kind: 'postgres', host, port, user, password: password ?? (inUrl === '' ? null : inUrl), database, tls };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** What never leaves this machine: a socket's folder, or a loopback address. */
function isHere(host: string): boolean {
  if (host.startsWith('/') || host === 'localhost') return true;
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1';
}

/** For logs and `signet check`: without user and password. */
export function describeTarget(target: DatabaseTarget): string {
  return target.kind === 'sqlite'
    ? `sqlite:${target.file}`
    : `postgres://${target.host}:${target.port}/${target.database}`;
}
