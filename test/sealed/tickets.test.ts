// The bodies of CAS tickets: pinned bytes, caps that add up to what a ticket has room for, and what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeProxyGrantingTicket,
  encodeProxyGrantingTicket,
  type ProxyGrantingTicket,
} from '../../src/sealed/proxy-granting-ticket-body.ts';
import { decodeProxyTicket, encodeProxyTicket, type ProxyTicket } from '../../src/sealed/proxy-ticket-body.ts';
import { decodeServiceTicket, encodeServiceTicket, type ServiceTicket } from '../../src/sealed/service-ticket-body.ts';
import { isShortLineageRevoked, shortLineage } from '../../src/sealed/short-lineage.ts';
import { type CborMap, decodeCbor, encodeCbor } from '../../src/sealer/cbor.ts';
import { maxBodyBytes } from '../../src/sealer/envelope.ts';
import { casPgt, casPt, casSt } from '../../src/sealer/purpose.ts';

const IAT = 1_790_000_000;
const bytes = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value);
const holder = {
  sid: bytes(16, 1),
  accountId: 'alice-1',
  oldestProof: IAT - 60,
  latestProof: IAT - 5,
  level: 'aal2',
} as const;
const serviceTicket: ServiceTicket = {
  ...holder,
  id: bytes(8, 2),
  service: bytes(16, 3),
  fromNewLogin: true,
  lineage: ['0a0b', 'ff00'],
};
const proxyTicket: ProxyTicket = {
  ...holder,
  id: bytes(8, 2),
  service: bytes(16, 3),
  proxies: ['01020304'],
  lineage: ['0a0b'],
};
const granting: ProxyGrantingTicket = {
  ...holder,
  relyingParty: '0a0b0c0d0e0f',
  proxies: ['01020304', 'aabbccdd'],
  lineage: ['0a0b'],
};

/** The longest account, the oldest proofs. */
const largest = {
  sid: bytes(16, 255),
  accountId: 'x'.repeat(48),
  oldestProof: IAT - 65_535,
  latestProof: IAT - 65_535,
  level: 'aal3',
} as const;
const prefixes = (count: number): string[] => Array.from({ length: count }, (_, i) => `aaa${i}`);

const kinds = [
  {
    name: 'cas-st',
    purpose: casSt,
    pinned:
      'a7014802020202020202020250010101010101010101010101010101010367616c6963652d31045003030303030303030303030303030303' +
      '0583183c050206010744' +
      '0a0bff00',
    body: encodeServiceTicket(serviceTicket, IAT),
    read: (body: Uint8Array) => decodeServiceTicket(body, IAT),
    ticket: serviceTicket,
    longest: [encodeServiceTicket({ ...serviceTicket, ...largest, lineage: prefixes(3) }, IAT)],
  },
  {
    name: 'cas-pt',
    purpose: casPt,
    pinned:
      'a7014802020202020202020250010101010101010101010101010101010367616c6963652d31045003030303030303030303030303030303' +
      '0583183c05020644010203040742' +
      '0a0b',
    body: encodeProxyTicket(proxyTicket, IAT),
    read: (body: Uint8Array) => decodeProxyTicket(body, IAT),
    ticket: proxyTicket,
    longest: [
      encodeProxyTicket({ ...proxyTicket, ...largest, lineage: prefixes(1) }, IAT),
      encodeProxyTicket({ ...proxyTicket, ...largest, proxies: ['01020304', '05060708'], lineage: [] }, IAT),
    ],
  },
  {
    name: 'cas-pgt',
    purpose: casPgt,
    pinned:
      'a60150010101010101010101010101010101010267616c6963652d310383183c0502' +
      '04460a0b0c0d0e0f054801020304aabbccdd0642' +
      '0a0b',
    body: encodeProxyGrantingTicket(granting, IAT),
    read: (body: Uint8Array) => decodeProxyGrantingTicket(body, IAT),
    ticket: granting,
    longest: [encodeProxyGrantingTicket({ ...granting, ...largest, lineage: prefixes(8) }, IAT)],
  },
] as const;

for (const { name, purpose, pinned, body, read, ticket, longest } of kinds) {
  test(`${name}: these bytes, for ever`, () => {
    assert.equal(Buffer.from(body).toString('hex'), pinned);
    assert.deepEqual(read(Buffer.from(pinned, 'hex')), ticket);
  });

  test(`${name}: the longest fits into a ticket`, () => {
    for (const one of longest) assert.ok(one.length <= maxBodyBytes(purpose), `${one.length} bytes`);
  });

  test(`${name}: nothing is missing, nothing is added, nothing is another type`, () => {
    const map = decodeCbor(body) as CborMap;
    for (const key of map.keys()) {
      const without = new Map([...map].filter(([other]) => other !== key));
      const isOptional = key === Math.max(...map.keys());
      assert.equal(read(encodeCbor(without)) === null, !isOptional, `without ${key}`);
      assert.equal(read(encodeCbor(new Map([...map, [key, 'x'.repeat(70)]]))), null, `text in ${key}`);
      assert.equal(read(encodeCbor(new Map([...map, [key, [[1]]]]))), null, `a list in ${key}`);
    }
    assert.equal(read(encodeCbor(new Map([...map, [8, 1]]))), null);
    assert.equal(read(body.subarray(0, -1)), null);
    assert.equal(read(Buffer.concat([body, bytes(1, 0)])), null);
  });
}

test('no kind of ticket is read as another', () => {
  for (const one of kinds) {
    for (const other of kinds)
      if (one !== other) assert.equal(other.read(one.body), null, `${one.name} as ${other.name}`);
  }
});

const refusals: readonly {
  readonly name: string;
  readonly key: number;
  readonly value: unknown;
  readonly kind: number;
}[] = [
  { name: 'a level that is none', kind: 0, key: 5, value: [60, 5, 4] },
  { name: 'a level of nothing', kind: 0, key: 5, value: [60, 5, 0] },
  { name: 'proofs with more in them', kind: 0, key: 5, value: [60, 5, 2, 1] },
  { name: 'an age beyond every session', kind: 0, key: 5, value: [65_536, 5, 2] },
  { name: 'a flag beyond yes and no', kind: 0, key: 6, value: 2 },
  { name: 'four keys in a lineage', kind: 0, key: 7, value: bytes(8, 1) },
  { name: 'half a key', kind: 0, key: 7, value: bytes(3, 1) },
  { name: 'a key twice', kind: 0, key: 7, value: Uint8Array.from([1, 1, 1, 1]) },
  { name: 'keys out of order', kind: 0, key: 7, value: Uint8Array.from([2, 0, 1, 0]) },
  { name: 'an id of another length', kind: 0, key: 1, value: bytes(16, 1) },
  { name: 'no proxy', kind: 1, key: 6, value: bytes(0, 1) },
  { name: 'three proxies', kind: 1, key: 6, value: bytes(12, 1) },
  { name: 'half a proxy', kind: 1, key: 6, value: bytes(6, 1) },
  { name: 'a lineage after two proxies', kind: 1, key: 6, value: bytes(8, 1) },
  { name: 'two keys after one proxy', kind: 1, key: 7, value: bytes(4, 1) },
  { name: 'a lineage that was too long to tell', kind: 2, key: 6, value: bytes(0, 1) },
];
for (const { name, kind, key, value } of refusals) {
  test(`refused: ${name}`, () => {
    const one = kinds[kind] ?? assert.fail();
    const map = new Map(decodeCbor(one.body) as CborMap);
    assert.notEqual(one.read(encodeCbor(map)), null);
    map.set(key, value as Uint8Array);
    assert.equal(one.read(encodeCbor(map)), null);
  });
}

test('a ticket over its caps is a mistake of the program', () => {
  assert.throws(() => encodeServiceTicket({ ...serviceTicket, accountId: 'x'.repeat(49) }, IAT), RangeError);
  assert.throws(() => encodeServiceTicket({ ...serviceTicket, lineage: prefixes(4) }, IAT), RangeError);
  assert.throws(() => encodeProxyTicket({ ...proxyTicket, proxies: [] }, IAT), RangeError);
  assert.throws(() => encodeProxyTicket({ ...proxyTicket, proxies: ['01020304', '05060708'] }, IAT), RangeError);
  assert.throws(() => encodeProxyGrantingTicket({ ...granting, lineage: prefixes(9) }, IAT), RangeError);
});

test('a proof of a node whose clock is ahead counts as of now', () => {
  const body = encodeServiceTicket({ ...serviceTicket, latestProof: IAT + 3 }, IAT);
  assert.equal(decodeServiceTicket(body, IAT)?.latestProof, IAT);
});

const kid = (start: string): string => start.padEnd(16, '0');

test('a short lineage has every key but the one that seals, or says that it cannot', () => {
  const from = [
    { kid: kid('bb01'), lineage: [kid('aa01'), kid('cc01')] },
    { kid: kid('aa01'), lineage: [] },
  ];
  assert.deepEqual(shortLineage(from, kid('cc01'), 2), ['aa01', 'bb01']);
  assert.equal(shortLineage(from, kid('cc01'), 1), 'too-long');
  assert.deepEqual(shortLineage([{ kid: kid('cc01'), lineage: [] }], kid('cc01'), 0), []);
});

test('a revoked key ends what descends from it, also when it only begins alike', () => {
  const revoked = kid('aa01');
  const sealer = {
    isRevokedKid: (id: string) => id === revoked,
    isRevokedPrefix: (prefix: string) => revoked.startsWith(prefix),
  };
  assert.equal(isShortLineageRevoked(sealer, { kid: kid('bb01'), lineage: ['aa01'] }), true);
  assert.equal(isShortLineageRevoked(sealer, { kid: revoked, lineage: [] }), true);
  assert.equal(isShortLineageRevoked(sealer, { kid: kid('bb01'), lineage: ['aa02', 'cc01'] }), false);
  assert.equal(isShortLineageRevoked(sealer, { kid: kid('bb01'), lineage: 'too-long' }), false);
});
