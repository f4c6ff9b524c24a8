// `make proof` on three real nodes: what it prints as zeros are zeros, and it would have said so if they were not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runLive, type Sabotage } from '../../scripts/proof/live.ts';
import { liveFaults, liveReport, stories } from '../../scripts/proof/report.ts';
import { requireTool } from '../support/tools.ts';

const HAPROXY = '/usr/sbin/haproxy';

test('two rotations, two nodes killed, a signing key rolled over: nobody notices; then everything is revoked', async (t) => {
  if (!requireTool(t, HAPROXY)) return;
  const result = await runLive({ sabotage: null, say: (line) => t.diagnostic(line) });
  t.diagnostic(`\n${liveReport(result)}`);
  assert.deepEqual([...liveFaults(result), ...stories(result.tally)], []);
});

const SABOTAGES: readonly { readonly sabotage: Sabotage; readonly because: string }[] = [
  { sabotage: 'forced', because: 'a key that begins before it is anywhere' },
];

for (const { sabotage, because } of SABOTAGES) {
  test(`the table shows ${because}`, async (t) => {
    if (!requireTool(t, HAPROXY)) return;
    const result = await runLive({ sabotage, say: () => {} });
    assert.ok(result.tally.failures.length > 5, 'failures');
    assert.ok(result.refusals > 5, 'values that did not open');
    assert.match(liveFaults(result).join('\n'), /failed sign-ins[\s\S]*did not open/);
  });
}
