import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account, DirectoryUnavailable } from '../../src/core/account.ts';
import type { PasswordDirectory } from '../../src/core/password-directory.ts';
import { createDirectoryTable, type DirectoryConflict } from '../../src/directories/directory-table.ts';

const DOWN = { unavailable: true } as const;
const account = (id: string, loginName: string): Account => ({
  id,
  loginName,
  disabled: false,
  attributes: new Map(),
  groups: [],
});

/** People as `id:name`; `down`: no answer to anything. */
function directory(name: string, people: readonly string[] | 'down'): PasswordDirectory {
  const known = people === 'down' ? [] : people.map((one) => account(one.split(':')[0] ?? '', one.split(':')[1] ?? ''));
  const answer = (found: Account | undefined): Account | null | DirectoryUnavailable =>
    people === 'down' ? DOWN : (found ?? null);
  return {
    name,
    findByLoginName: async (loginName) => answer(known.find((one) => one.loginName === loginName)),
    findById: async (id) => answer(known.find((one) => one.id === id)),
    check: { kind: 'hash', passwordHash: async () => null, commonCost: () => null },
  };
}

interface Row {
  readonly name: string;
  readonly first: readonly string[] | 'down';
  readonly second: readonly string[] | 'down';
  /** Whom 'anna' is, in which directory. */
  readonly claim: string;
  /** Who has the id 'a1'. */
  readonly byId: string;
  readonly conflicts?: readonly DirectoryConflict['of'][];
}

const rows: readonly Row[] = [
  { name: 'in the first', first: ['a1:anna'], second: ['b1:bert'], claim: 'a1 in first', byId: 'anna' },
  { name: 'in the second', first: ['b1:bert'], second: ['a1:anna'], claim: 'a1 in second', byId: 'anna' },
  { name: 'in none', first: ['b1:bert'], second: ['c1:carla'], claim: 'unclaimed', byId: 'nobody' },
  {
    name: 'in both, under two ids: nobody, not the first',
    first: ['a1:anna'],
    second: ['z9:anna'],
    claim: 'ambiguous-name',
    byId: 'anna',
    conflicts: ['login-name'],
  },
  {
    name: 'in both, under one id',
    first: ['a1:anna'],
    second: ['a1:anna'],
    claim: 'ambiguous-name',
    byId: 'anna',
    conflicts: ['login-name'],
  },
  {
    name: 'in the second, under the id of somebody in the first: she would get his session',
    first: ['a1:bert'],
    second: ['a1:anna'],
    claim: 'ambiguous-name',
    byId: 'bert',
    conflicts: ['id'],
  },
  {
    name: 'in the first, under the id of somebody in the second, who is the one refused',
    first: ['a1:anna'],
    second: ['a1:bert'],
    claim: 'a1 in first',
    byId: 'anna',
  },
  { name: 'in the first, the second is down', first: ['a1:anna'], second: 'down', claim: 'a1 in first', byId: 'anna' },
  { name: 'unknown so far, the second is down', first: ['b1:bert'], second: 'down', claim: 'directory', byId: 'down' },
  {
    name: 'in the second, the first is down: whose name it is cannot be told',
    first: 'down',
    second: ['a1:anna'],
    claim: 'directory',
    byId: 'down',
  },
  { name: 'unknown, the first is down', first: 'down', second: [], claim: 'directory', byId: 'down' },
  { name: 'both are down', first: 'down', second: 'down', claim: 'directory', byId: 'down' },
];

for (const row of rows) {
  test(`two directories: ${row.name}`, async () => {
    const conflicts: DirectoryConflict[] = [];
    const members = [directory('first', row.first), directory('second', row.second)];
    const table = createDirectoryTable(members, (conflict) => conflicts.push(conflict));
    const claim = await table.claim('anna');
    const told =
      claim.kind === 'claimed'
        ? `${claim.account.id} in ${claim.directory.name}`
        : claim.kind === 'unavailable'
          ? claim.because
          : claim.kind;
    assert.equal(told, row.claim);
    assert.deepEqual(
      conflicts.map((conflict) => conflict.of),
      row.conflicts ?? [],
    );
    const byId = await table.findById('a1');
    const whose = byId === null ? 'nobody' : 'unavailable' in byId ? 'down' : byId.loginName;
    assert.equal(whose, row.byId);
    const byName = await table.findByLoginName('anna');
    const expected = claim.kind === 'claimed' ? claim.account : claim.kind === 'unclaimed' ? null : DOWN;
    assert.deepEqual(byName, expected);
  });
}

test('a conflict names both accounts, and not what was typed', async () => {
  const conflicts: DirectoryConflict[] = [];
  const members = [directory('files', ['a1:anna']), directory('corp', ['z9:anna']), directory('more', [])];
  await createDirectoryTable(members, (conflict) => conflicts.push(conflict)).claim('anna');
  const accounts = [
    { directory: 'files', id: 'a1' },
    { directory: 'corp', id: 'z9' },
  ];
  assert.deepEqual(conflicts, [{ of: 'login-name', accounts }]);
});

test('directories behind the one that has an id are not asked about it', async () => {
  const members = [directory('files', ['a1:anna']), directory('corp', 'down')];
  const table = createDirectoryTable(members, () => {});
  const found = await table.findById('a1');
  assert.ok(found !== null && 'id' in found);
});

test('a session of the second directory is not given to it while the first cannot say that the id is not its own', async () => {
  const table = createDirectoryTable([directory('files', 'down'), directory('corp', ['a1:anna'])], () => {});
  assert.deepEqual(await table.findById('a1'), DOWN);
});
