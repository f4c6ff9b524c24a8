// Owns: reading people to be imported: JSON or YAML as in a users file, or CSV with a header. Leaves to
// directories/users-file.ts: what a person may look like; every problem is told at once, with its line.
import { basename } from 'node:path';
import type { AccountId } from '../core/account.ts';
import { type Person, parseUsersFile } from '../directories/users-file.ts';
import { type Problem, Problems, ProblemsError } from '../lib/problems.ts';

/** Columns that are no attributes. Several groups, or values of an attribute, are separated by semicolons. */
const KNOWN_COLUMNS = ['id', 'loginName', 'password', 'groups', 'disabled'];

/**
 * The people of a file, by its ending: .csv, .json, .yaml. `newId` is for those without an id.
 * Passwords are Argon2id hashes; nobody is imported with a password in plain text.
 * @throws ProblemsError with everything that is wrong.
 */
export function readImport(path: string, text: string, newId: () => AccountId): readonly Person[] {
  const source = /\.csv$/i.test(path) ? csvAsUsers(path, text) : asUsers(text);
  const read = parseUsersFile(source, basename(path), newId);
  if (read.kind === 'problems') throw new ProblemsError(read.problems);
  return [...read.people.byId.values()];
}

/** A list alone stands for the people of a file. */
function asUsers(text: string): string {
  return text.trimStart().startsWith('[') ? `{"users":${text}}` : text;
}

/** One line of JSON for each line of the table, so that problems name the right one. */
function csvAsUsers(path: string, text: string): string {
  const problems = new Problems();
  const rows = readCsv(text.replace(/^\ufeff/, ''), basename(path), problems);
  const [header = []] = rows;
  for (const name of new Set(header)) {
    if (name === '') problems.add(`${basename(path)} line 1`, 'a column without a name', 'a name for each column');
    else if (header.filter((other) => other === name).length > 1)
      problems.add(`${basename(path)} line 1`, `'${name}' twice`, 'each column once');
  }
  if (!header.includes('loginName')) problems.add(`${basename(path)} line 1`, header.join(','), 'a column loginName');
  for (const [index, row] of rows.entries()) {
    if (row.length === header.length) continue;
    problems.add(`${basename(path)} line ${index + 1}`, `${row.length} fields`, `${header.length}, as in the header`);
  }
  problems.throwIfAny();
  const people = rows.slice(1).map((row) => JSON.stringify(personOf(header, row)));
  return `{"users":[\n${people.join(',\n')}]}`;
}

function personOf(header: readonly string[], row: readonly string[]): object {
  const cells = header.map((name, index) => [name, row[index] ?? ''] as const).filter(([, value]) => value !== '');
  const values = (text: string): string[] =>
    text
      .split(';')
      .map((value) => value.trim())
      .filter((value) => value !== '');
  const known = new Map<string, unknown>(cells.filter(([name]) => KNOWN_COLUMNS.includes(name)));
  const groups = known.get('groups');
  if (typeof groups === 'string') known.set('groups', values(groups));
  const disabled = known.get('disabled');
  if (disabled === 'true' || disabled === 'false') known.set('disabled', disabled === 'true');
  const attributes = cells
    .filter(([name]) => !KNOWN_COLUMNS.includes(name))
    .map(([name, text]) => [name, values(text)] as const);
  // Object.fromEntries defines properties: one that is called __proto__ is a property like others.
  return Object.fromEntries([
    ...known,
    ...(attributes.length === 0 ? [] : [['attributes', Object.fromEntries(attributes)] as const]),
  ]);
}

/** RFC 4180: quoted fields may hold commas and doubled quotes; a record is one line. */
function readCsv(text: string, file: string, problems: Problems): readonly (readonly string[])[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line, index) => {
    const fields = splitLine(line);
    const problem: Problem = {
      path: `${file} line ${index + 1}`,
      found: 'a quote that does not fit',
      wanted: 'fields as in RFC 4180, a record in one line',
    };
    if (fields === null) problems.addAll([problem]);
    return fields ?? [];
  });
}

const FIELD = /("(?:[^"]|"")*"|[^",]*)(,|$)/y;

function splitLine(line: string): readonly string[] | null {
  const fields: string[] = [];
  FIELD.lastIndex = 0;
  for (;;) {
    const found = FIELD.exec(line);
    if (found === null) return null;
    const [, field = '', end] = found;
    fields.push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field.trim());
    if (end === '') return fields;
  }
}
