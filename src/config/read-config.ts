// Owns: where configuration comes from (YAML, its includes, SIGNET_… variables) and every complaint about it.
// Leaves to config-tree.ts: files; to config.ts: each setting; to complete-config.ts: what follows from several.
import { dirname, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { Problems } from '../lib/problems.ts';
import { completeConfig } from './complete-config.ts';
import { type Config, configSchema } from './config.ts';
import { isTree, readTree, type Tree } from './config-tree.ts';
import { type Environment, SECRET_VARIABLES, SECRETS, variableName } from './environment.ts';
import { addSchemaProblems, unwrapSchema } from './schema-problems.ts';
import { wantedInstead } from './suggest.ts';

/**
 * Reads the file, its includes and the environment into one frozen object.
 * @throws ProblemsError with everything that is wrong, each with path, found and wanted.
 */
export function readConfig(path: string, environment: Environment): Config {
  const problems = new Problems();
  const raw = readTree(resolve(path), problems);
  problems.throwIfAny();
  applyEnvironment(raw, environment, problems);
  refuseSecrets(raw, problems);
  const parsed = configSchema.safeParse(raw);
  if (!parsed.success) {
    addSchemaProblems(problems, configSchema, raw, parsed.error.issues, (path) => path.join('.'));
  }
  problems.throwIfAny();
  const config = completeConfig(configSchema.parse(raw), dirname(resolve(path)), environment, problems);
  problems.throwIfAny();
  return deepFreeze(config);
}

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

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
