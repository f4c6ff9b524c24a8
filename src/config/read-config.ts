// Owns: where configuration comes from (YAML, its includes, SIGNET_… variables) and every complaint about it.
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, isAbsolute, resolve } from 'node:path';
import { parseDocument, parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { Problems } from '../lib/problems.ts';
import { type Config, configSchema } from './config.ts';
import { completeDatabase } from './database.ts';
import { completeDirectories } from './directories.ts';
import { completeMail, completeSms } from './messages.ts';
import { addSchemaProblems, unwrapSchema } from './schema-problems.ts';
import { wantedInstead } from './suggest.ts';
import { completeWebauthn } from './webauthn.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the file, its includes and the environment into one frozen object.
 * @throws ProblemsError with everything that is wrong, each with path, found and wanted.
 */
export function readConfig(path: string, environment: Environment): Config {
  const problems = new Problems();
  const raw = readFile(resolve(path), problems, []);
  problems.throwIfAny();
  applyEnvironment(raw, environment, problems);
  refuseSecrets(raw, problems);
  const parsed = configSchema.safeParse(raw);
  if (!parsed.success) {
    addSchemaProblems(problems, configSchema, raw, parsed.error.issues, (path) => path.join('.'));
  }
  problems.throwIfAny();
  const config = complete(configSchema.parse(raw), dirname(resolve(path)), environment, problems);
  problems.throwIfAny();
  return deepFreeze(config);
}

type Tree = Record<string, unknown>;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readFile(path: string, problems: Problems, above: readonly string[]): Tree {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    problems.add(path, (error as NodeJS.ErrnoException).code ?? 'a file that cannot be read', 'a readable YAML file');
    return {};
  }
  const document = parseDocument(text, { uniqueKeys: true });
  for (const error of document.errors) problems.add(path, error.message.split('\n')[0] ?? error.code, 'valid YAML');
  if (document.errors.length > 0) return {};
  const value: unknown = withoutNulls(document.toJS({ maxAliasCount: 0 }) ?? {});
  if (!isTree(value)) {
    problems.add(path, typeof value, 'a mapping of settings');
    return {};
  }
  return withIncludes(value, path, problems, above);
}

/** A section whose every line is commented out reads as null: it is simply not set. */
function withoutNulls(value: unknown): unknown {
  if (!isTree(value)) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutNulls(inner)]));
}

/** `include:` names further files; what the including file says itself wins. */
function withIncludes(tree: Tree, path: string, problems: Problems, above: readonly string[]): Tree {
  const { include, ...own } = tree;
  if (include === undefined) return own;
  const list: unknown[] = Array.isArray(include) ? include : [include];
  const merged: Tree = {};
  for (const item of list) {
    if (typeof item !== 'string') {
      problems.add(`${path}: include`, typeof item, 'a file name or a list of file names');
      continue;
    }
    const target = resolve(dirname(path), item);
    if ([...above, path].includes(target))
      problems.add(`${path}: include`, item, 'files that do not include each other in a circle');
    else merge(merged, readFile(target, problems, [...above, path]));
  }
  return merge(merged, own);
}

function merge(into: Tree, from: Tree): Tree {
  for (const [key, value] of Object.entries(from)) {
    const there = Object.hasOwn(into, key) ? into[key] : undefined;
    Object.defineProperty(into, key, {
      value: isTree(there) && isTree(value) ? merge(there, value) : value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return into;
}

/** `session.idle` ↔ SIGNET_SESSION_IDLE, `publicUrl` ↔ SIGNET_PUBLIC_URL. */
export function variableName(path: readonly string[]): string {
  return `SIGNET_${path.map((part) => part.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()).join('_')}`;
}

/** Opens encrypted keys of {@link Config} `saml.signing.folder`. */
export const SAML_PASSPHRASE_VARIABLE = 'SIGNET_SAML_SIGNING_PASSPHRASE';
export const OIDC_PASSPHRASE_VARIABLE = 'SIGNET_OIDC_SIGNING_PASSPHRASE';

/** What comes from the environment only: nothing secret stands in a configuration file. */
const SECRETS = [
  ['saml', 'signing', 'passphrase'],
  ['mail', 'password'],
  ['sms', 'password'],
  ['database', 'password'],
] as const;

/** The variables of secrets, by their names. */
export const SECRET_VARIABLES: ReadonlySet<string> = new Set(SECRETS.map(variableName));

function refuseSecrets(raw: Tree, problems: Problems): void {
  for (const path of SECRETS) {
    let section: unknown = raw;
    for (const part of path.slice(0, -1)) section = isTree(section) ? section[part] : undefined;
    const name = path.at(-1) ?? '';
    if (!isTree(section) || !Object.hasOwn(section, name)) continue;
    delete section[name];
    problems.add(path.join('.'), 'a secret in a file', `the environment variable ${variableName(path)}`);
  }
}

function applyEnvironment(raw: Tree, environment: Environment, problems: Problems): void {
  const known = new Map(leafPaths(configSchema, []).map((path) => [variableName(path), path]));
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith('SIGNET_') || text === undefined || SECRET_VARIABLES.has(name)) continue;
    const path = known.get(name);
    if (path === undefined)
      problems.add(`environment ${name}`, 'an unknown setting', wantedInstead(name, [...known.keys()]));
    else setPath(raw, path, parseScalar(text));
  }
}

function parseScalar(text: string): unknown {
  try {
    const value: unknown = parseYaml(text);
    return isTree(value) ? text : value;
  } catch {
    return text;
  }
}

function setPath(tree: Tree, path: readonly string[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined) return;
  if (rest.length === 0) {
    tree[head] = value;
    return;
  }
  const next = isTree(tree[head]) ? tree[head] : {};
  tree[head] = next;
  setPath(next, rest, value);
}

/** Every setting's path, for environment names and suggestions. */
export function leafPaths(type: unknown, path: readonly string[]): (readonly string[])[] {
  const inner = unwrapSchema(type);
  if (!(inner instanceof z.ZodObject)) return [path];
  return Object.entries(inner.shape).flatMap(([key, value]) => leafPaths(value, [...path, key]));
}

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** The address that browsers use; null, with a problem, for one that cannot be served. */
export function readPublicUrl(text: string, problems: Problems): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    problems.add('publicUrl', JSON.stringify(text), 'an https address, for example https://idp.example.org');
  } else if (url.protocol === 'http:' && !LOOPBACK_HOSTS.has(url.hostname)) {
    problems.add('publicUrl', text, 'https; plain http only on localhost, 127.0.0.1 or [::1]');
  } else if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
    problems.add('publicUrl', text, 'scheme, host and port only: cookies named __Host- need the path /');
  }
  return url;
}

function complete(
  parsed: z.output<typeof configSchema>,
  folder: string,
  environment: Environment,
  problems: Problems,
): Config {
  const url = readPublicUrl(parsed.publicUrl, problems);
  const plainHttp = url?.protocol === 'http:';
  const { idle, absolute } = parsed.session;
  if (idle > absolute) problems.add('session.idle', `${idle}`, `at most session.absolute (${absolute})`);
  const publicOrigin = url?.origin ?? '';
  const at = (name: string): string => (isAbsolute(name) ? name : resolve(folder, name));
  const { saml } = parsed;
  return {
    ...parsed,
    publicUrl: publicOrigin,
    publicOrigin,
    plainHttp,
    folder,
    entityId: parsed.entityId ?? `${publicOrigin}/saml/idp/metadata`,
    nodeName:
      parsed.nodeName ??
      hostname()
        .replace(/[^\w.-]/g, '-')
        .slice(0, 64),
    serviceName: parsed.serviceName ?? url?.hostname ?? '',
    mail: completeMail(parsed.mail, at, environment[variableName(['mail', 'password'])] || null, problems),
    sms: completeSms(parsed.sms, environment[variableName(['sms', 'password'])] || null, problems),
    webauthn: completeWebauthn(parsed.webauthn, at, problems),
    keyring: { ...parsed.keyring, file: at(parsed.keyring.file) },
    dataKeyring: { ...parsed.dataKeyring, file: at(parsed.dataKeyring.file) },
    stableSecret: { ...parsed.stableSecret, file: at(parsed.stableSecret.file) },
    directories: completeDirectories(parsed.directories, at, environment, problems),
    database: completeDatabase(parsed.database, at, environment, folder, problems),
    saml: {
      ...saml,
      signing: {
        ...saml.signing,
        folder: at(saml.signing.folder),
        passphrase: environment[SAML_PASSPHRASE_VARIABLE] || null,
      },
    },
    oidc: {
      ...parsed.oidc,
      signing: {
        ...parsed.oidc.signing,
        folder: at(parsed.oidc.signing.folder),
        passphrase: environment[OIDC_PASSPHRASE_VARIABLE] || null,
      },
    },
    cas: {
      ...parsed.cas,
      callbackAuthorities: parsed.cas.callbackAuthorities === undefined ? null : at(parsed.cas.callbackAuthorities),
    },
    theme: parsed.theme === undefined ? null : at(parsed.theme),
    parties: { ...parsed.parties, folder: at(parsed.parties.folder) },
    revocations: { ...parsed.revocations, file: at(parsed.revocations.file) },
    audit: { file: parsed.audit.file === '-' ? '-' : at(parsed.audit.file) },
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
