// Owns: telling whether a network address is in a configured list of addresses and CIDR blocks.
import { BlockList, isIP } from 'node:net';
import type { Problems } from './problems.ts';

/** Whether this address is in the list; false for what is no address. */
export type AddressTest = (address: string | undefined) => boolean;

/** Reads addresses and CIDR blocks; what cannot be read is added to `problems` under `path`. */
export function addressList(entries: readonly string[], path: string, problems: Problems): AddressTest {
  const list = new BlockList();
  for (const [index, entry] of entries.entries()) {
    if (!addEntry(list, entry)) {
      problems.add(`${path}[${index}]`, JSON.stringify(entry), 'an IP address or a CIDR block, for example 10.0.0.0/8');
    }
  }
  return (address) => {
    const plain = plainAddress(address);
    const family = plain === null ? 0 : isIP(plain);
    return plain !== null && family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  };
}

function addEntry(list: BlockList, entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  const name = family === 4 ? 'ipv4' : 'ipv6';
  if (bits === undefined) {
    list.addAddress(address, name);
    return true;
  }
  const length = /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (!(length <= (family === 4 ? 32 : 128))) return false;
  list.addSubnet(address, length, name);
  return true;
}

/** The address without the IPv4-in-IPv6 prefix; null when it is none. */
export function plainAddress(address: string | undefined): string | null {
  if (address === undefined) return null;
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return isIP(plain) === 0 ? null : plain;
}
