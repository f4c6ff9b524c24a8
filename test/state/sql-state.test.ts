// The state suites over every implementation: this node's memory, SQLite, PostgreSQL.
import { systemRandom } from '../../src/lib/random.ts';
import { createMemoryAttempts } from '../../src/state/memory-attempts.ts';
import { createNodeSpent, createSpentTable } from '../../src/state/spent-table.ts';
import { createSqlAttempts } from '../../src/state/sql-attempts.ts';
import { createSqlOneTimeCodes } from '../../src/state/sql-one-time-codes.ts';
import { createSqlSpent } from '../../src/state/sql-spent.ts';
import { attemptsSuite } from '../suites/attempts-suite.ts';
import { oneTimeCodesSuite } from '../suites/one-time-codes-suite.ts';
import { spentSuite } from '../suites/spent-suite.ts';
import { databaseOpeners } from '../support/databases.ts';

const newTable = () => createSpentTable(1024, systemRandom());

spentSuite('memory', async () => createNodeSpent(newTable()));
attemptsSuite('memory', async () => createMemoryAttempts(1000));

for (const { kind, open } of databaseOpeners()) {
  spentSuite(kind, async () => createSqlSpent((await open()).database, newTable()));
  attemptsSuite(kind, async () => createSqlAttempts((await open()).database));
  oneTimeCodesSuite(kind, async () => createSqlOneTimeCodes((await open()).database));
}
