// CWE-407, CWE-1333: one small request that anybody may send must not hold the event loop.
// The budgets are a hundred times what the work takes, and a tenth of what it took when it was quadratic.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loginNameKey } from '../../../src/core/login-name.ts';
import { parseCookies } from '../../../src/web/cookie-header.ts';
import { NOW, startOneNode } from '../../support/one-node.ts';
import { PersonBrowser } from '../../support/person.ts';

const rows: readonly { readonly name: string; readonly work: () => unknown }[] = [
  {
    // Normalization sorts a run of combining marks by inserting one after the other.
    name: 'a user name of 120,000 combining marks in the wrong order',
    work: () => loginNameKey(`a${'\u0301\u0316'.repeat(60_000)}`),
  },
  { name: 'a cookie with 60,000 blanks inside its value', work: () => parseCookies(`a=b${' '.repeat(60_000)}c`) },
  { name: 'a cookie with 60,000 blanks inside its name', work: () => parseCookies(`a${'\t'.repeat(60_000)}b=c`) },
];
for (const row of rows) {
  test(`${row.name} is read at once`, () => {
    const started = performance.now();
    row.work();
    const took = performance.now() - started;
    assert.ok(took < 250, `${took} ms`);
  });
}

// CWE-405: what is typed is shown again, and escaping makes it six times as long.
test('a user name of 80,000 quotes is not sent back whole', async (t) => {
  const node = await startOneNode({ environment: { SIGNET_THROTTLE_ACCOUNT_FAILURES: '1' } });
  t.after(() => node.close());
  const browser = new PersonBrowser();
  const { answer, flowPath } = await browser.start(node, { now: NOW });
  const name = '"'.repeat(80_000);
  await browser.login(node, flowPath ?? '', answer, name, 'wrong horse');
  const throttled = await browser.login(node, flowPath ?? '', answer, name, 'wrong horse');
  assert.equal(throttled.status, 429);
  assert.ok(throttled.text.length < 10_000, `${throttled.text.length} characters`);
});
