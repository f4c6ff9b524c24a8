import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressKey, addressNetworks } from '../../src/methods/address-key.ts';

const rows: readonly (readonly [address: string, key: string | null])[] = [
  ['192.0.2.1', '192.0.2.1'],
  ['192.0.2.2', '192.0.2.2'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002:ffff::1', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::', '2001:db8:1:3::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['1::', '1:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
  ['64:ff9b::192.0.2.1', '192.0.2.1'],
  ['64:ff9b::c000:201', '192.0.2.1'],
  ['64:ff9b:1::192.0.2.1', '64:ff9b:1:0::/64'],
  ['::fffe:192.0.2.1', '0:0:0:0::/64'],
  ['1::ffff:192.0.2.1', '1:0:0:0::/64'],
  ['', null],
  ['unknown', null],
  ['192.0.2.1:80', null],
  ['[2001:db8::1]', null],
  ['192.0.2.256', null],
  ['192.0.2', null],
  ['0300.0.2.1', null],
  ['2001:db8:::1', null],
  ['1:2:3:4:5:6:7:8:9', null],
  ['192.0.2.1, 192.0.2.9', null],
  ['192.0.2.1%eth0', null],
];
for (const [address, key] of rows) test(`'${address}' counts as ${key}`, () => assert.equal(addressKey(address), key));

test('all of a /64 is one, whatever the last 64 bits; no other /64 is it', () => {
  const group = fc.integer({ min: 0, max: 0xffff });
  const half = fc.tuple(group, group, group, group);
  const text = (groups: readonly number[]) => groups.map((g) => g.toString(16)).join(':');
  fc.assert(
    // The first group keeps clear of the prefixes that hold IPv4.
    fc.property(fc.integer({ min: 0x2000, max: 0x3fff }), half, half, half, (first, net, host, other) => {
      const network = [first, ...net.slice(1)];
      const key = addressKey(text([...network, ...host]));
      assert.equal(addressKey(text([...network, ...other])), key);
      assert.notEqual(addressKey(text([first ^ 1, ...net.slice(1), ...host])), key);
    }),
  );
});

for (const [address, networks] of [
  ['192.0.2.1', ['192.0.2.1']],
  ['::ffff:192.0.2.1', ['192.0.2.1']],
  ['2001:db8:1:2fe:3:4:5:6', ['2001:db8:1:2fe::/64', '2001:db8:1:200::/56', '2001:db8:1:0::/48']],
  ['2001:db8:1:ff::', ['2001:db8:1:ff::/64', '2001:db8:1:0::/56', '2001:db8:1:0::/48']],
  ['unknown', []],
] as const) {
  test(`'${address}' is in ${networks.length} networks`, () => {
    assert.deepEqual(
      addressNetworks(address).map(({ key }) => key),
      networks,
    );
    assert.deepEqual(
      addressNetworks(address).map(({ times }) => times),
      [1, 4, 16].slice(0, networks.length),
    );
  });
}
