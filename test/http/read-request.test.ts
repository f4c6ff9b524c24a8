import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { createRequestReader, NO_FORM } from '../../src/http/read-request.ts';
import { addressList } from '../../src/lib/address-list.ts';
import { Problems } from '../../src/lib/problems.ts';

function read(peer: string | undefined, headers: Readonly<Record<string, string>>, proxies = ['10.0.0.0/8', '::1']) {
  const problems = new Problems();
  const told: string[] = [];
  const reader = createRequestReader({
    isProxy: addressList(proxies, 'trustedProxies', problems),
    clock: () => 5,
    random: (length) => Buffer.alloc(length, 1),
    onUntrustedForward: () => told.push('told'),
  });
  assert.deepEqual(problems.list(), []);
  const request = {
    method: 'GET',
    url: '/a/b?x=1?y',
    headers,
    socket: { remoteAddress: peer },
  } as unknown as IncomingMessage;
  return { facts: reader(request, NO_FORM), told };
}

// CWE-348: an address header counts only when a configured proxy wrote it.
const rows = [
  { name: 'a direct visitor', peer: '192.0.2.1', forwarded: undefined, expect: '192.0.2.1', told: 0 },
  {
    name: 'an IPv4 visitor on an IPv6 socket',
    peer: '::ffff:192.0.2.1',
    forwarded: undefined,
    expect: '192.0.2.1',
    told: 0,
  },
  { name: 'behind one proxy', peer: '10.1.1.1', forwarded: '192.0.2.1', expect: '192.0.2.1', told: 0 },
  { name: 'behind two proxies', peer: '10.1.1.1', forwarded: '192.0.2.1, 10.2.2.2', expect: '192.0.2.1', told: 0 },
  { name: 'an invented first hop', peer: '10.1.1.1', forwarded: '6.6.6.6, 192.0.2.1', expect: '192.0.2.1', told: 0 },
  { name: 'only proxies', peer: '10.1.1.1', forwarded: '10.2.2.2', expect: '10.1.1.1', told: 0 },
  { name: 'garbage from the proxy', peer: '10.1.1.1', forwarded: 'unknown', expect: null, told: 0 },
  { name: 'a forward from somebody else', peer: '192.0.2.9', forwarded: '10.1.1.1', expect: null, told: 1 },
  { name: 'an IPv6 proxy', peer: '::1', forwarded: '2001:db8::7', expect: '2001:db8::7', told: 0 },
  { name: 'a proxy without the header', peer: '10.1.1.1', forwarded: undefined, expect: '10.1.1.1', told: 0 },
];
for (const row of rows) {
  test(`address: ${row.name}`, () => {
    const { facts, told } = read(row.peer, row.forwarded === undefined ? {} : { 'x-forwarded-for': row.forwarded });
    assert.equal(facts.address, row.expect);
    assert.equal(told.length, row.told);
  });
}

const idRows = [
  { name: 'from a proxy', peer: '10.1.1.1', id: 'C0A8:01_5', attempt: 'C0A8:01_5' },
  { name: 'from anybody else', peer: '192.0.2.1', id: 'C0A8:01_5', attempt: null },
  { name: 'too long', peer: '10.1.1.1', id: 'x'.repeat(129), attempt: null },
  { name: 'with a line break', peer: '10.1.1.1', id: 'a\nb', attempt: null },
  { name: 'empty', peer: '10.1.1.1', id: '', attempt: null },
];
for (const row of idRows) {
  test(`request id ${row.name}`, () => {
    const { facts } = read(row.peer, { 'x-request-id': row.id });
    assert.equal(facts.attempt, row.attempt);
    assert.ok(facts.requestId.length > 0);
    if (row.attempt === null) assert.notEqual(facts.requestId, row.id);
  });
}

test('path and query are split at the first question mark and left as they came', () => {
  const { facts } = read('192.0.2.1', {});
  assert.equal(facts.path, '/a/b');
  assert.equal(facts.rawQuery, 'x=1?y');
});

const listRows = [
  '300.1.1.1',
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  'proxy.example.org',
  '',
  '::1/129',
  '10.0.0.0/-1',
];
for (const entry of listRows) {
  test(`no address: ${JSON.stringify(entry)}`, () => {
    const problems = new Problems();
    addressList([entry], 'trustedProxies', problems);
    assert.equal(problems.list()[0]?.path, 'trustedProxies[0]');
  });
}
