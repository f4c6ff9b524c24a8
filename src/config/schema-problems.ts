// Owns: telling what a zod schema found wrong, as problems with path, found and wanted. For every YAML file we read.
import { z } from 'zod';
import type { Problems } from '../lib/problems.ts';
import { wantedInstead } from './suggest.ts';

/** Adds every issue; `name` spells a path into the value, for example with the file's name before it. */
export function addSchemaProblems(
  problems: Problems,
  schema: z.ZodType,
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
  name: (path: readonly PropertyKey[]) => string,
): void {
  for (const issue of issues) addIssue(problems, schema, value, issue, name);
}

function addIssue(
  problems: Problems,
  schema: z.ZodType,
  value: unknown,
  issue: z.core.$ZodIssue,
  name: (path: readonly PropertyKey[]) => string,
): void {
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) {
      problems.add(name([...issue.path, key]), 'an unknown setting', wantedInstead(key, keysAt(schema, issue.path)));
    }
    return;
  }
  if (issue.code === 'invalid_union') {
    for (const inner of issue.errors.at(-1) ?? []) {
      addIssue(problems, schema, value, { ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue, name);
    }
    return;
  }
  problems.add(name(issue.path), foundAt(value, issue.path), issue.message.replace(/^Invalid input: expected /, ''));
}

function foundAt(value: unknown, path: readonly PropertyKey[]): string {
  let found: unknown = value;
  for (const part of path) {
    found =
      typeof found === 'object' && found !== null && Object.hasOwn(found, part) ? Reflect.get(found, part) : undefined;
  }
  return found === undefined ? 'nothing' : JSON.stringify(found).slice(0, 200);
}

/** The keys that a schema has at a path; empty where it is no object. */
export function keysAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  let type: unknown = schema;
  for (const part of path) type = step(unwrapSchema(type), part);
  const inner = unwrapSchema(type);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function step(type: unknown, part: PropertyKey): unknown {
  if (type instanceof z.ZodObject) return type.shape[String(part)];
  if (type instanceof z.ZodArray) return type.element;
  return undefined;
}

/** Without defaults and optionality; of a union the last member, which is the most detailed one. */
export function unwrapSchema(type: unknown): unknown {
  let inner = type;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) {
    inner = inner.def.innerType;
  }
  return inner instanceof z.ZodUnion ? inner.options.at(-1) : inner;
}
