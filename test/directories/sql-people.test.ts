// What happens to somebody in SQL and to their sessions happens at once, in both databases.
import assert from 'node:assert/strict';
import { addPeople, changePerson, listPeople, removePerson, type WithIt } from '../../src/directories/sql-people.ts';
import { endSessionsOf } from '../../src/node/end-sessions.ts';
import { type Engine, forEachDatabase, NOW, up } from '../support/databases.ts';

const policy = {
  session: { idle: 3600, absolute: 43_200 },
  revocations: { poll: 5 },
  skew: 60,
} as unknown as Parameters<typeof endSessionsOf>[1];
const endSessions: WithIt = (queries, id) => endSessionsOf(queries, policy, id, NOW);
const anna = {
  account: { id: 'a-1', loginName: 'anna', disabled: false, attributes: new Map(), groups: [] },
  passwordHash: null,
};
type Opened = Parameters<Parameters<Engine['test']>[1]>[0];

async function state({ database }: Opened) {
  const [person] = up(await listPeople(database));
  const rows = await database.ask('read', (queries) => queries.selectFrom('revocations').selectAll().execute());
  return { disabled: person?.account.disabled ?? 'gone', notBefore: up(rows).map(({ not_before }) => not_before) };
}

forEachDatabase(({ test }) => {
  const rows = [
    {
      name: 'disabling',
      run: ({ database }: Opened, withIt: WithIt) => changePerson(database, 'ANNA', { disabled: true }, NOW, withIt),
      after: true,
    },
    {
      name: 'removing',
      run: ({ database }: Opened, withIt: WithIt) => removePerson(database, 'Anna', withIt),
      after: 'gone',
    },
  ];
  for (const { name, run, after } of rows) {
    test(`${name} somebody ends their sessions`, async (opened) => {
      up(await addPeople(opened.database, [anna], NOW));
      assert.equal(await run(opened, endSessions), 'a-1');
      assert.deepEqual(await state(opened), { disabled: after, notBefore: [NOW + 1] });
    });

    test(`${name} somebody, and the sessions cannot be ended: neither`, async (opened) => {
      up(await addPeople(opened.database, [anna], NOW));
      up(
        await opened.database.ask('drop', ({ schema }) =>
          schema
            .dropTable('sessions')
            .execute()
            .then(() => true),
        ),
      );
      assert.deepEqual(await run(opened, endSessions), { unavailable: true });
      assert.deepEqual(await state(opened), { disabled: false, notBefore: [] });
    });

    test(`${name} nobody ends nothing`, async (opened) => {
      assert.equal(await run(opened, () => assert.fail('nobody')), null);
      assert.deepEqual(await state(opened), { disabled: 'gone', notBefore: [] });
    });
  }
});
