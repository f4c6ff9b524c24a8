// Owns: a configuration file and those that it includes as one tree of settings. Leaves to read-config.ts: what they mean.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { fileFault, type Problems } from '../lib/problems.ts';

/** Settings as they are written, before any of them has been looked at. */
export type Tree = Record<string, unknown>;

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A file with what it includes. Whatever keeps one of them from being read is added to `problems`. */
export function readTree(path: string, problems: Problems, above: readonly string[] = []): Tree {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    problems.add(path, fileFault(error), 'a readable YAML file');
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
    else merge(merged, readTree(target, problems, [...above, path]));
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
