import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import { isUnavailable } from '../../src/core/account.ts';
import { migrate } from '../../src/database/migrations.ts';
import { ProblemsError } from '../../src/lib/problems.ts';
import { forEachDatabase, NOW, openAt, targetOf, up } from '../support/databases.ts';

const row = (name: string, value = 'v') => ({ name, value });

forEachDatabase(({ test: on }) => {
  on('what is written is read, by another node too', async ({ database, sibling }) => {
    await database.ask('write', (queries) => queries.insertInto('meta').values(row('a')).execute());
    const read = await sibling().ask('read', (queries) => queries.selectFrom('meta').selectAll().execute());
    assert.deepEqual(
      up(read).map((one) => ({ ...one })),
      [row('a')],
    );
  });

  on('a transaction that fails leaves nothing', async ({ database }) => {
    const failing = database.transaction('write', async (queries) => {
      await queries.insertInto('meta').values(row('a')).execute();
      throw new Error('no');
    });
    await assert.rejects(failing, /no/);
    assert.deepEqual(up(await database.ask('read', (queries) => queries.selectFrom('meta').selectAll().execute())), []);
  });

  // CWE-390: somebody who is called 'timeout', and is there already, is no database that is down.
  on('what the program itself says no to is no outage, whatever words are in it', async ({ database }) => {
    for (const words of ['connection-timeout', 'terminated, destroyed, does not support SSL']) {
      const refused = new ProblemsError([{ path: words, found: 'somebody of that name', wanted: 'another name' }]);
      await assert.rejects(
        database.transaction('user-add', async () => {
          throw refused;
        }),
        refused,
      );
    }
    assert.equal(up(await database.ask('read', async () => 'answers')), 'answers');
  });

  on('transactions and statements of many at once do not mix', async ({ database }) => {
    await database.ask('write', (queries) => queries.insertInto('meta').values(row('n', '0')).execute());
    const add = (): Promise<unknown> =>
      database.transaction('add', async (queries) => {
        const found = queries.selectFrom('meta').select('value').where('name', '=', 'n');
        const { value } = await (database.kind === 'postgres' ? found.forUpdate() : found).executeTakeFirstOrThrow();
        await queries
          .updateTable('meta')
          .set({ value: String(Number(value) + 1) })
          .where('name', '=', 'n')
          .execute();
      });
    const read = () => database.ask('read', (queries) => queries.selectFrom('meta').select('value').execute());
    await Promise.all(Array.from({ length: 30 }, (_, n) => (n % 3 === 0 ? read() : add())));
    assert.equal(up(await read())[0]?.value, '20');
  });

  on('whole numbers come back as numbers, nothing as null', async ({ database }) => {
    const written = { kind: 'k', id: 'i', spent_at: 2 ** 40, expires_at: 3, used_by: null };
    await database.ask('write', (queries) => queries.insertInto('spent').values(written).execute());
    const [read] = up(await database.ask('read', (queries) => queries.selectFrom('spent').selectAll().execute()));
    assert.deepEqual({ ...read }, written);
  });

  // CWE-755: a node goes on while a newer program has taken away what it asks for; nothing that it does by a timer ends it.
  on('tables and columns that a newer program has changed are an outage, not a fault', async ({ database }) => {
    const { schema } = up(await database.ask('alter', async (queries) => queries));
    await schema.alterTable('meta').renameColumn('value', 'worth').execute();
    await schema.dropTable('spent').execute();
    const asked = [
      database.ask('read', (queries) => queries.selectFrom('meta').select('value').execute()),
      database.ask('write', (queries) => queries.insertInto('meta').values(row('a')).execute()),
      database.ask('change', (queries) => queries.updateTable('meta').set({ value: 'w' }).execute()),
      database.ask('spent', (queries) => queries.deleteFrom('spent').execute()),
    ];
    assert.deepEqual(
      await Promise.all(asked),
      asked.map(() => ({ unavailable: true })),
    );
  });

  // CWE-89: what people type is a parameter, never part of a statement.
  on('text is a parameter, whatever is in it', async ({ database }) => {
    const nasty = [`'; drop table users; --`, `" or 1=1`, '%_\\', '$1', '?1', ':name', '\u{1f600}é'];
    for (const text of nasty) {
      await database.ask('write', (queries) => queries.insertInto('meta').values(row(text, text)).execute());
      const read = await database.ask('read', (queries) =>
        queries.selectFrom('meta').select('value').where('name', '=', text).executeTakeFirst(),
      );
      assert.equal(up(read)?.value, text);
    }
    assert.equal(up(await database.ask('read', (q) => q.selectFrom('users').selectAll().execute())).length, 0);
  });

  on('a statement that makes no sense is a fault, not an outage', async ({ database }) => {
    await assert.rejects(database.ask('nonsense', (queries) => sql`selec 1`.execute(queries)));
    await database.ask('write', (queries) => queries.insertInto('meta').values(row('a')).execute());
    await assert.rejects(database.ask('write', (queries) => queries.insertInto('meta').values(row('a')).execute()));
    assert.equal(database.isUp(), true);
  });

  on('every question is told with its operation and its time', async ({ database, events }) => {
    await database.ask('one', (queries) => queries.selectFrom('meta').selectAll().execute());
    const told = events.flatMap((event) => (event.kind === 'asked' && event.operation === 'one' ? [event] : []));
    assert.equal(told.length, 1);
    assert.equal(told[0]?.failed, null);
    assert.ok((told[0]?.seconds ?? -1) >= 0);
  });
});

const inFolder = async (body: (file: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'signet-sqlite-'));
  try {
    await body(join(folder, 'data', 'signet.db'));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

test('sqlite: the file and what stands beside it is for nobody else', () =>
  inFolder(async (file) => {
    const opened = openAt(targetOf(`sqlite:${file}`));
    up(await migrate(opened.database, NOW));
    const folder = join(file, '..');
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.ok(readdirSync(folder).includes('signet.db-wal'));
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    await opened.close();
  }));

// CWE-732
test('sqlite: a file that others may read is not used', () =>
  inFolder(async (file) => {
    const first = openAt(targetOf(`sqlite:${file}`));
    up(await migrate(first.database, NOW));
    await first.close();
    chmodSync(file, 0o604);
    const opened = openAt(targetOf(`sqlite:${file}`));
    assert.ok(isUnavailable(await migrate(opened.database, NOW)));
    assert.match(JSON.stringify(opened.events), /nobody else may read it/);
    chmodSync(file, 0o600);
    up(await migrate(opened.database, NOW));
    await opened.close();
  }));

test('sqlite: a file that is no database is an outage, and stays as it is', () =>
  inFolder(async (file) => {
    const folder = join(file, '..');
    const first = openAt(targetOf(`sqlite:${file}`));
    await migrate(first.database, NOW);
    await first.close();
    rmSync(folder, { recursive: true });
    const other = join(folder, '..', 'other.db');
    writeFileSync(other, 'this is a letter, not a database\n'.repeat(100), { mode: 0o600 });
    const opened = openAt(targetOf(`sqlite:${other}`));
    assert.ok(isUnavailable(await migrate(opened.database, NOW)));
    await opened.close();
    assert.match(JSON.stringify(opened.events), /not a database/);
  }));

test('sqlite: while another process writes too long, the answer is an outage, and then it goes on', (t) =>
  inFolder(async (file) => {
    const opened = openAt(targetOf(`sqlite:${file}`));
    const held = Promise.withResolvers<void>();
    t.after(() => {
      held.resolve();
      return opened.close();
    });
    up(await migrate(opened.database, NOW));
    // Only the node that is tested has no patience; what is set up around it may take its time.
    const hasty = opened.sibling({ statementTimeout: 0.5 });
    const other = opened.sibling();
    const begun = Promise.withResolvers<void>();
    const long = other.transaction('long', async (queries) => {
      await queries.insertInto('meta').values(row('long')).execute();
      begun.resolve();
      await held.promise;
    });
    await Promise.race([begun.promise, long.then(up)]);
    const write = (name: string) => hasty.ask('write', (q) => q.insertInto('meta').values(row(name)).execute());
    assert.ok(isUnavailable(await write('short')));
    assert.equal(hasty.isUp(), false);
    // Readers do not wait for a writer.
    up(await opened.database.ask('read', (q) => q.selectFrom('meta').selectAll().execute()));
    held.resolve();
    up(await long);
    for (let n = 0; isUnavailable(await write(`try ${n}`)); n += 1) assert.ok(n < 200, 'it never goes on');
    assert.equal(hasty.isUp(), true);
  }));

// CWE-460, CWE-662: what is answered as done must be on the disk, not in a transaction that nobody ends.
test('sqlite: a transaction that was given up before it began is not left open when the disk wakes up again', () =>
  inFolder(async (file) => {
    const opened = openAt(targetOf(`sqlite:${file}`));
    up(await migrate(opened.database, NOW));
    const hasty = opened.sibling({ statementTimeout: 0.1 });
    const stall = sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000000) select count(*) as c from n`;
    const began = hasty.ask('stall', (queries) => stall.execute(queries));
    assert.ok(isUnavailable(await hasty.transaction('late', async () => 'begun')), 'the stall was too short');
    assert.ok(isUnavailable(await began));
    const write = (name: string) => hasty.ask('write', (q) => q.insertInto('meta').values(row(name)).execute());
    for (let n = 0; isUnavailable(await write(`try ${n}`)); n += 1) assert.ok(n < 200, 'it never wakes up');
    up(await write('done'));
    const seen = opened.database.ask('read', (q) => q.selectFrom('meta').select('name').execute());
    assert.ok(up(await seen).some(({ name }) => name === 'done'));
    assert.equal(up(await hasty.transaction('next', async () => 'begun')), 'begun');
    await opened.close();
  }));

test('sqlite: what went wrong is told, also where the database has rolled back by itself', () =>
  inFolder(async (file) => {
    const opened = openAt(targetOf(`sqlite:${file}`));
    up(await migrate(opened.database, NOW));
    const failing = opened.database.transaction('write', async (queries) => {
      await sql`rollback`.execute(queries);
      throw new Error('the cause');
    });
    await assert.rejects(failing, /the cause/);
    await opened.close();
  }));

test('sqlite: the main thread goes on while the database waits', (t) =>
  inFolder(async (file) => {
    const opened = openAt(targetOf(`sqlite:${file}`));
    t.after(opened.close);
    up(await migrate(opened.database, NOW));
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 5);
    const slow = sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 400000) select count(*) as c from n`;
    up(await opened.database.ask('slow', (queries) => slow.execute(queries)));
    clearInterval(timer);
    assert.ok(ticks >= 5, `${ticks} ticks`);
  }));
