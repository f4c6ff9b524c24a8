// The settings that let any node die, and the log that shows who served a step.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { haproxyConfig, readHaproxyLine } from '../../scripts/haproxy.ts';
import { requireTool, runTool } from '../support/tools.ts';

const HAPROXY = '/usr/sbin/haproxy';
const CONFIG = haproxyConfig({ port: 8080, nodes: [{ name: 'n1', port: 8081, managementPort: 9081 }] });

test('HAProxy itself finds nothing wrong with the configuration', async (t) => {
  if (!requireTool(t, HAPROXY)) return;
  const folder = await mkdtemp(join(tmpdir(), 'signet-haproxy-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, CONFIG);
  const good = runTool(HAPROXY, ['-c', '-f', file]);
  assert.equal(good.ok, true, good.stderr);
  assert.doesNotMatch(good.stderr + good.stdout.toString(), /warning/i);
  await writeFile(file, CONFIG.replace('balance roundrobin', 'balance roundrobbin'));
  assert.equal(runTool(HAPROXY, ['-c', '-f', file]).ok, false);
});

test('there is no stickiness in it', () => {
  assert.match(CONFIG, /balance roundrobin/);
  assert.doesNotMatch(CONFIG, /\b(cookie|stick|source|hash-type)\b/);
});

const lines = [
  {
    name: 'an answer',
    line: 'GET /saml/idp/sso 303 n3 0 7F000001',
    expect: { method: 'GET', path: '/saml/idp/sso', status: 303, node: 'n3', retries: 0, requestId: '7F000001' },
  },
  {
    name: 'after a redispatch, which HAProxy marks with +',
    line: 'POST /flow/a_b-c123 200 node-2 +1 7F000001AA6E',
    expect: {
      method: 'POST',
      path: '/flow/a_b-c123',
      status: 200,
      node: 'node-2',
      retries: 1,
      requestId: '7F000001AA6E',
    },
  },
  {
    name: 'a health check message',
    line: '[WARNING]  (42) : Server nodes/n1 is DOWN, reason: Layer4 connection problem',
    expect: null,
  },
  { name: 'an empty line', line: '', expect: null },
  { name: 'a request that HAProxy could not read', line: '<BADREQ> - 400 <NOSRV> 0 7F', expect: null },
  { name: 'a line with something behind it', line: 'GET / 200 n1 0 7F 8', expect: null },
] as const;

for (const { name, line, expect } of lines) {
  test(`log line: ${name}`, () => assert.deepEqual(readHaproxyLine(line), expect));
}
