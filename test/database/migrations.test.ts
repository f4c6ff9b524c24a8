import assert from 'node:assert/strict';
import { inspectSchema, MIGRATIONS, type Migration, migrate } from '../../src/database/migrations.ts';
import { forEachDatabase, NOW, up } from '../support/databases.ts';

const further = (name: string, oldestProgram: number, onRun: () => void = () => {}): Migration => ({
  name,
  oldestProgram,
  up: async ({ schema }) => {
    onRun();
    await schema.createTable(name).addColumn('id', 'text').execute();
  },
});

forEachDatabase(({ test, testEmpty }) => {
  testEmpty('all migrations are applied in order, once', async ({ database }) => {
    assert.deepEqual(await inspectSchema(database), {
      kind: 'behind',
      version: 0,
      pending: MIGRATIONS.map(({ name }) => name),
    });
    const first = up(await migrate(database, NOW));
    assert.deepEqual(first, {
      kind: 'current',
      version: MIGRATIONS.length,
      applied: MIGRATIONS.map(({ name }) => name),
    });
    assert.deepEqual(await migrate(database, NOW), { kind: 'current', version: MIGRATIONS.length, applied: [] });
  });

  testEmpty('looking changes nothing', async ({ database }) => {
    await inspectSchema(database);
    const tables = up(await database.ask('test', (queries) => queries.introspection.getTables()));
    assert.deepEqual(tables, []);
  });

  testEmpty('several nodes at once: one of them does it, and all find it done', async ({ sibling }) => {
    let runs = 0;
    const list = [...MIGRATIONS, further('second', 1, () => runs++)];
    const states = await Promise.all(Array.from({ length: 6 }, () => migrate(sibling(), NOW, list)));
    for (const state of states) assert.equal(up(state).kind, 'current');
    assert.equal(states.filter((state) => 'applied' in state && state.applied.length > 0).length, 1);
    assert.equal(runs, 1);
  });

  test('a migration that fails leaves nothing behind, not even those before it', async ({ database }) => {
    const broken: Migration = {
      name: 'broken',
      oldestProgram: 1,
      up: async ({ schema }) => {
        await schema.createTable('half').addColumn('id', 'text').execute();
        throw new Error('half way');
      },
    };
    await assert.rejects(migrate(database, NOW, [...MIGRATIONS, further('second', 1), broken]), /half way/);
    const tables = up(await database.ask('test', (queries) => queries.introspection.getTables()));
    assert.ok(tables.every(({ name }) => name !== 'half' && name !== 'second'));
    assert.deepEqual(up(await inspectSchema(database)), { kind: 'current', version: MIGRATIONS.length, applied: [] });
  });

  test('a newer database that this program cannot work with is refused, and left alone', async ({ database }) => {
    const known = MIGRATIONS.length;
    await migrate(database, NOW, [...MIGRATIONS, further('renames', known + 1)]);
    const refused = { kind: 'too-new', version: known + 1, known };
    assert.deepEqual(await inspectSchema(database), refused);
    assert.deepEqual(await migrate(database, NOW), refused);
  });

  test('a newer database that only has more in it is used: an upgrade can be rolled back', async ({ database }) => {
    const known = MIGRATIONS.length;
    await migrate(database, NOW, [...MIGRATIONS, further('adds', 1)]);
    assert.deepEqual(await migrate(database, NOW), { kind: 'current', version: known + 1, applied: [] });
  });
});
