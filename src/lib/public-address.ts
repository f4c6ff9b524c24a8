// Owns: telling addresses of the public Internet from those that only mean something near this machine: what a name that
// somebody else chose may lead to (CWE-918). IANA special-purpose address registries (RFC 6890), as of 2026.
import { BlockList, isIP } from 'node:net';
import { plainAddress } from './address-list.ts';

const NOT_PUBLIC = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** Of global unicast (2000::/3), outside of which nothing is public: what tunnels, documents or carries IPv4 inside. */
const NOT_PUBLIC_6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'];

const special = new BlockList();
for (const block of NOT_PUBLIC) addBlock(special, block, 'ipv4');
for (const block of NOT_PUBLIC_6) addBlock(special, block, 'ipv6');
const unicast = new BlockList();
addBlock(unicast, '2000::/3', 'ipv6');

/** Whether an IP address is one that anybody on the Internet means the same host by. */
export function isPublicAddress(address: string): boolean {
  const plain = plainAddress(address);
  if (plain === null) return false;
  if (isIP(plain) === 4) return !special.check(plain, 'ipv4');
  return unicast.check(plain, 'ipv6') && !special.check(plain, 'ipv6');
}

function addBlock(list: BlockList, block: string, family: 'ipv4' | 'ipv6'): void {
  const [address = '', bits] = block.split('/');
  list.addSubnet(address, Number(bits), family);
}
