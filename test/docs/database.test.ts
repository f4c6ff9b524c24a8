// docs/database.md and the tables say the same, column by column, in both databases.
import assert from 'node:assert/strict';
import { forEachDatabase, up } from '../support/databases.ts';
import { documentNamed } from './documents.ts';

/** Table to its columns, in the order of the document. */
function documented(): ReadonlyMap<string, readonly string[]> {
  const tables = new Map<string, string[]>();
  let columns: string[] = [];
  for (const line of documentNamed('docs/database.md').text.split('\n')) {
    const [, table] = /^### (\w+)$/.exec(line) ?? [];
    if (table !== undefined) {
      columns = [];
      tables.set(table, columns);
    }
    const [, column] = /^\| `(\w+)` \|/.exec(line) ?? [];
    if (column !== undefined) columns.push(column);
  }
  return tables;
}

forEachDatabase(({ test }) => {
  test('docs/database.md has every table and every column, and no other', async ({ database }) => {
    const found = up(await database.ask('tables', (queries) => queries.introspection.getTables()));
    const tables = new Map(found.map(({ name, columns }) => [name, columns.map((column) => column.name)]));
    const sorted = (map: ReadonlyMap<string, readonly string[]>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
    assert.deepEqual(sorted(documented()), sorted(tables));
  });
});
