import { openSqlDirectory } from '../../src/directories/sql-directory.ts';
import { addPeople } from '../../src/directories/sql-people.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { createHash } from '../../src/methods/argon2.ts';
import { directorySuite, SUITE_PEOPLE } from '../suites/directory-suite.ts';
import { databaseOpeners, NOW } from '../support/databases.ts';

for (const { kind, open } of databaseOpeners()) {
  directorySuite(kind === 'sqlite' ? 'SQLite' : 'PostgreSQL', async () => {
    const { database } = await open();
    const random = systemRandom();
    const cost = { memory: 64, time: 1, parallelism: 1 };
    const people = await Promise.all(
      SUITE_PEOPLE.map(async ({ loginName, password, attributes, groups, disabled }) => ({
        account: {
          id: random(16).toString('hex'),
          loginName,
          disabled,
          attributes: new Map(Object.entries(attributes)),
          groups,
        },
        passwordHash: password === null ? null : await createHash(password, cost, random),
      })),
    );
    await addPeople(database, people, NOW);
    return { directory: await openSqlDirectory('people', database), close: async () => {} };
  });
}
