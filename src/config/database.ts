// Owns: how the database and what is remembered of directories are configured. Leaves to database-url.ts: the URL.
import { z } from 'zod';
import type { Problems } from '../lib/problems.ts';
import { type DatabaseTarget, readDatabaseUrl } from './database-url.ts';

const positive = z.int().min(1).max(31_536_000);

export const databaseSchema = z
  .strictObject({
    url: z.string().optional().describe('sqlite:FILE or postgres://USER@HOST/NAME; without it, none'),
    ca: z.string().min(1).max(1024).optional().describe('PEM; only what these sign is trusted'),
    poolSize: z.int().min(1).max(200).default(10).describe('connections of one node to PostgreSQL'),
    connectTimeout: z.number().min(0.1).max(60).default(2),
    statementTimeout: z.number().min(0.1).max(60).default(5),
    history: positive.default(7_776_000).describe('how long sign-ins that are over stay in the list of sessions'),
  })
  .prefault({});

export const accountCacheSchema = z
  .strictObject({
    period: z.int().min(0).max(86_400).default(300).describe('how long what a directory said of a person is used'),
    stale: z.int().min(0).max(86_400).default(3600).describe('the same while the directory cannot be asked'),
    capacity: z.int().min(100).max(10_000_000).default(20_000),
  })
  .prefault({});

export const clusterSchema = z
  .strictObject({
    expectedNodes: z.int().min(1).max(1000).default(1).describe('divides what each node lets through by itself'),
  })
  .prefault({});

type Parsed = z.output<typeof databaseSchema>;

/** `target`: null without a database. The URL itself is left out: it may hold a password. */
export type DatabaseSettings = Omit<Parsed, 'url'> & { readonly target: DatabaseTarget | null };

export const DATABASE_PASSWORD_VARIABLE = 'SIGNET_DATABASE_PASSWORD';
const DATABASE_URL_VARIABLE = 'SIGNET_DATABASE_URL';

export function completeDatabase(
  { url, ca, ...rest }: Parsed,
  at: (path: string) => string,
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
  problems: Problems,
): DatabaseSettings {
  const password = environment[DATABASE_PASSWORD_VARIABLE] || null;
  const target = url === undefined ? null : readDatabaseUrl(url, { folder, password, problems });
  if (url !== undefined && environment[DATABASE_URL_VARIABLE] === undefined && /^\w+:\/\/[^/@]*:[^/@]+@/.test(url)) {
    problems.add('database.url', 'a password in a file', `the environment variable ${DATABASE_PASSWORD_VARIABLE}`);
  }
  // Kubernetes sets it in every container. A file would be another database in every pod, or gone with it.
  if (target?.kind === 'sqlite' && environment.KUBERNETES_SERVICE_HOST !== undefined) {
    problems.add('database.url', 'SQLite in Kubernetes', 'postgres://…: pods share no file that SQLite could lock');
  }
  return { ...rest, target, ...(ca === undefined ? {} : { ca: at(ca) }) };
}
