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
      problems.add(
        name([...issue.path, key]),
        'an unknown setting',
        wantedInstead(key, keysAt(schema, issue.path, value)),
      );
    }
    return;
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    for (const inner of issue.errors.at(-1) ?? []) {
      addIssue(problems, schema, value, { ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue, name);
    }
    return;
  }
  problems.add(name(issue.path), foundAt(value, issue.path), wantedOf(issue.message));
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['string', 'a text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['object', 'a mapping'],
]);

/** A sentence of zod's in words for people; our own ones stay. */
function wantedOf(message: string): string {
  const [, type] = /^Invalid input: expected (\w+), received /.exec(message) ?? [];
  if (type !== undefined) return TYPES.get(type) ?? type;
  const [, size, bound] = /^Too (small|big): expected \w+ to (?:be|have) [<>]=?(.+)$/.exec(message) ?? [];
  if (size !== undefined) return `at ${size === 'small' ? 'least' : 'most'} ${bound}`;
  return message
    .replace(
      /^Invalid option: expected one of (.*)$/,
      (_all, options: string) => `one of ${options.replaceAll('|', ', ')}`,
    )
    .replace(/^Invalid (input: e|discriminator value. E)xpected /, '');
}

function foundAt(value: unknown, path: readonly PropertyKey[]): string {
  let found: unknown = value;
  for (const part of path) found = innerOf(found, part);
  return found === undefined ? 'nothing' : JSON.stringify(found).slice(0, 200);
}

/** The keys that a schema has at a path, of the alternative that `value` names there; empty where it is no object. */
export function keysAt(schema: unknown, path: readonly PropertyKey[], value?: unknown): string[] {
  let type: unknown = schema;
  let there: unknown = value;
  for (const part of path) {
    type = step(unwrapSchema(type, there), part);
    there = innerOf(there, part);
  }
  const inner = unwrapSchema(type, there);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function step(type: unknown, part: PropertyKey): unknown {
  if (type instanceof z.ZodObject) return type.shape[String(part)];
  if (type instanceof z.ZodArray) return type.element;
  return undefined;
}

/**
 * Without defaults and optionality; of a union that is told apart by a key the member that `value` is, of another one
 * the last member, which is the most detailed one.
 */
export function unwrapSchema(type: unknown, value?: unknown): unknown {
  let inner = type;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) {
    inner = inner.def.innerType;
  }
  if (!(inner instanceof z.ZodUnion)) return inner;
  const { options } = inner;
  if (!(inner instanceof z.ZodDiscriminatedUnion)) return options.at(-1);
  const key = inner.def.discriminator;
  const meant = options.find(
    (option) => option instanceof z.ZodObject && isLiteral(option.shape[key], innerOf(value, key)),
  );
  return meant ?? options.at(-1);
}

function isLiteral(type: unknown, value: unknown): boolean {
  return type instanceof z.ZodLiteral && type.def.values.includes(value as z.core.util.Literal);
}

function innerOf(value: unknown, part: PropertyKey): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, part)
    ? Reflect.get(value, part)
    : undefined;
}
