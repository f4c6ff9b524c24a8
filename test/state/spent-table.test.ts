import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../src/lib/random.ts';
import { createSpentTable } from '../../src/state/spent-table.ts';

const NOW = 1_790_000_000;
const make = (capacity = 1024) => createSpentTable(capacity, systemRandom());

test('the first use is the first, the next is spent', () => {
  const table = make();
  assert.equal(table.spend('login-flow', 'a', NOW + 60, null, NOW), 'first');
  assert.equal(table.spend('login-flow', 'a', NOW + 60, null, NOW), 'spent');
});

test('without a trusted request id there is no grace', () => {
  const table = make();
  table.spend('login-flow', 'a', NOW + 60, null, NOW);
  assert.equal(table.spend('login-flow', 'a', NOW + 60, null, NOW), 'spent');
  assert.equal(table.spend('login-flow', 'a', NOW + 60, 'request-1', NOW), 'spent');
});

const graceRows = [
  { name: 'the same request id at once', claimant: 'request-1', after: 0, expect: 'same-attempt' },
  { name: 'the same request id after 20 s', claimant: 'request-1', after: 20, expect: 'same-attempt' },
  { name: 'the same request id after 21 s', claimant: 'request-1', after: 21, expect: 'spent' },
  { name: 'another request id', claimant: 'request-2', after: 0, expect: 'spent' },
  { name: 'no request id', claimant: null, after: 0, expect: 'spent' },
] as const;
for (const row of graceRows) {
  test(`a login flow: ${row.name}`, () => {
    const table = make();
    table.spend('login-flow', 'a', NOW + 600, 'request-1', NOW);
    assert.equal(table.spend('login-flow', 'a', NOW + 600, row.claimant, NOW + row.after), row.expect);
  });
}

test('a session may present its own AuthnRequest again for as long as it is remembered, another may not', () => {
  const table = make();
  table.spend('saml-request', 'id', NOW + 300, 'sid-1', NOW);
  assert.equal(table.spend('saml-request', 'id', NOW + 300, 'sid-1', NOW + 299), 'same-attempt');
  assert.equal(table.spend('saml-request', 'id', NOW + 300, 'sid-2', NOW + 299), 'spent');
});

test('kinds do not see each other', () => {
  const table = make();
  table.spend('saml-request', 'x', NOW + 60, null, NOW);
  assert.equal(table.spend('login-flow', 'x', NOW + 60, null, NOW), 'first');
});

test('an entry ends when it says', () => {
  const table = make();
  table.spend('login-flow', 'a', NOW + 60, null, NOW);
  assert.equal(table.peek('login-flow', 'a', NOW + 59), true);
  assert.equal(table.peek('login-flow', 'a', NOW + 60), false);
  assert.equal(table.spend('login-flow', 'a', NOW + 120, null, NOW + 60), 'first');
});

test('peek spends nothing', () => {
  const table = make();
  assert.equal(table.peek('login-flow', 'a', NOW), false);
  assert.equal(table.spend('login-flow', 'a', NOW + 60, null, NOW), 'first');
});

test('full of unexpired entries: refused and counted, nothing is forgotten', () => {
  const table = make(64);
  const { capacity } = table.status();
  const taken: string[] = [];
  let full = 0;
  for (let i = 0; i < capacity * 4; i += 1) {
    const outcome = table.spend('login-flow', `id-${i}`, NOW + 600, null, NOW);
    if (outcome === 'first') taken.push(`id-${i}`);
    else if (outcome === 'full') full += 1;
  }
  assert.equal(taken.length + full, capacity * 4);
  assert.ok(full > 0);
  assert.equal(table.status().refusals, full);
  for (const id of taken) assert.equal(table.spend('login-flow', id, NOW + 600, null, NOW), 'spent');
  assert.equal(table.spend('login-flow', 'later', NOW + 1200, null, NOW + 601), 'first');
});

test('nearly the stated capacity can be used before anything is refused', () => {
  const table = make(16_384);
  const wanted = Math.floor(table.status().capacity * 0.8);
  for (let i = 0; i < wanted; i += 1) {
    assert.equal(table.spend('login-flow', `id-${i}`, NOW + 600, null, NOW), 'first', `entry ${i}`);
  }
});
