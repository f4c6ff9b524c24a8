// `make proof` on three real nodes: what it prints as zeros are zeros, and it would have said so if they were not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runLive } from '../../scripts/proof/live.ts';
import { liveFaults, liveReport, stories } from '../../scripts/proof/report.ts';
import { requireTool } from '../support/tools.ts';

const HAPROXY = '/usr/sbin/haproxy';

test('two rotations, two nodes killed, a signing key rolled over: nobody notices; then everything is revoked', async (t) => {
  if (!requireTool(t, HAPROXY)) return;
  const result = await runLive({ sabotage: null, say: (line) => t.diagnostic(line) });
  t.diagnostic(`\n${liveReport(result)}`);
  assert.deepEqual([...liveFaults(result), ...stories(result.tally)], []);
});

test('the table shows a key that begins, and a certificate that signs, before anybody has it', async (t) => {
  if (!requireTool(t, HAPROXY)) return;
  const say = () => {};
  const [forced, unread] = await Promise.all([
    runLive({ sabotage: 'forced', say }),
    runLive({ sabotage: 'unread', say }),
  ]);
  assert.ok(forced.tally.failures.length + forced.tally.logouts.length > 5, 'failures and logouts');
  assert.match(liveFaults(forced).join('\n'), /(failed|unexpected)[\s\S]*did not open/);
  assert.ok(unread.tally.failures.length > 5, 'failures');
  assert.match(liveFaults(unread).join('\n'), /failed/);
  assert.equal(unread.refusals, 0);
});
