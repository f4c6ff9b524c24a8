import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createAuditLog } from '../../src/audit/audit-log.ts';
import { verifyAudit } from '../../src/audit/audit-verify.ts';
import type { AuditEvent } from '../../src/core/audit-event.ts';

const event: AuditEvent = {
  action: 'login',
  outcome: 'success',
  reason: null,
  sid: Buffer.alloc(16, 1),
  accountId: 'acct',
  loginName: 'alice',
  relyingParty: 'saml:https://sp.example.org',
  methods: ['password'],
  assurance: 'aal1',
  address: '192.0.2.1',
  userAgent: 'browser',
  requestId: 'r1',
};

function linesOf(instance: string, count: number): string[] {
  const stream = new PassThrough();
  const log = createAuditLog(stream, 'n1', instance, () => 1_790_000_000_000);
  for (let i = 0; i < count; i += 1) log.write({ ...event, requestId: `r${i}` });
  const text: unknown = stream.read();
  return String(text)
    .split('\n')
    .filter((line) => line !== '');
}

test('one JSON line an event, in ECS names, chained to the one before', () => {
  const [first = '', second = ''] = linesOf('i1', 2);
  const line = JSON.parse(first);
  assert.equal(line['@timestamp'], '2026-09-21T14:13:20.000Z');
  assert.equal(line['event.category'], 'authentication');
  assert.equal(line['event.action'], 'login');
  assert.equal(line['user.id'], 'acct');
  assert.equal(line['source.ip'], '192.0.2.1');
  assert.equal(line['signet.sequence'], 1);
  assert.notEqual(JSON.parse(second)['signet.previous'], line['signet.previous']);
  assert.deepEqual(verifyAudit([first, second]), []);
});

test('line breaks in what a browser says cannot make a line', () => {
  const stream = new PassThrough();
  createAuditLog(stream, 'n1', 'i1', () => 0).write({ ...event, userAgent: 'a\n{"event.action":"login"}' });
  assert.equal(String(stream.read()).trimEnd().split('\n').length, 1);
});

const tampered: readonly { name: string; change: (lines: string[]) => string[]; expect: string }[] = [
  {
    name: 'a changed line',
    change: ([a = '', b = '', c = '']) => [a, b.replace('alice', 'mallory'), c],
    expect: '3: changed or missing predecessor',
  },
  { name: 'a missing line', change: ([a = '', , c = '']) => [a, c], expect: '2: out of sequence' },
  { name: 'two lines swapped', change: ([a = '', b = '', c = '']) => [a, c, b], expect: '2: out of sequence' },
  { name: 'a missing beginning', change: (lines) => lines.slice(1), expect: '1: out of sequence' },
  { name: 'a line twice', change: ([a = '', b = '', c = '']) => [a, b, b, c], expect: '3: out of sequence' },
  { name: 'a foreign line', change: ([a = '', ...rest]) => [a, 'hello', ...rest], expect: '2: not a JSON object' },
  {
    name: 'a renumbered line',
    change: ([a = '', , c = '']) => [a, c.replace('"signet.sequence":3', '"signet.sequence":2')],
    expect: '2: changed or missing predecessor',
  },
];
for (const row of tampered) {
  test(`verify finds ${row.name}`, () => {
    const problems = verifyAudit(row.change(linesOf('i1', 3))).map(({ line, why }) => `${line}: ${why}`);
    assert.equal(problems[0], row.expect);
  });
}

test('streams of several runs may be mixed', () => {
  const [a = '', b = ''] = linesOf('run-1', 2);
  const [c = '', d = ''] = linesOf('run-2', 2);
  assert.deepEqual(verifyAudit([a, c, b, d, '']), []);
});
