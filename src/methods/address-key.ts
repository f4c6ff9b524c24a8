// Owns: which addresses count as one: an IPv4 address, or an IPv6 /64, which is the least that anybody gets; and the wider
// networks that one household (/56) or site (/48) may have as well (RFC 6177).
import { isIPv4, isIPv6 } from 'node:net';

/**
 * A key that addresses of one origin share; null for anything that is not an address.
 * IPv4 inside IPv6 (::ffff:0:0/96, and 64:ff9b::/96 of a stateless translator, RFC 6052) is that IPv4 address:
 * otherwise all of IPv4 would be one /64.
 */
export function addressKey(address: string): string | null {
  return addressNetworks(address)[0]?.key ?? null;
}

/** Addresses that are counted together. */
export interface AddressNetwork {
  readonly key: string;
  /** How many times as much as one origin may do all of it may do. */
  readonly times: number;
}

/** Narrowest first, which is the origin itself; none for anything that is not an address. */
export function addressNetworks(address: string): readonly AddressNetwork[] {
  if (isIPv4(address)) return [{ key: address, times: 1 }];
  const text = address.replace(/%.*$/s, '');
  if (!isIPv6(text)) return [];
  const groups = groupsOf(text);
  const [a, b, c, d, e, f, g = 0, h = 0] = groups;
  const middle = [b, c, d, e].every((group) => group === 0);
  const mapped = a === 0 && middle && f === 0xffff;
  const translated = a === 0x64 && b === 0xff9b && [c, d, e, f].every((group) => group === 0);
  if (mapped || translated) return [{ key: [g >> 8, g & 255, h >> 8, h & 255].join('.'), times: 1 }];
  return WIDTHS.map(({ bits, times }) => ({ key: network(groups, bits), times }));
}

/**
 * 256 of the first in each of the second, and so on; yet many people may be behind a wide one, so it may do more than a
 * narrow one and far less than all of the narrow ones in it.
 */
const WIDTHS = [
  { bits: 64, times: 1 },
  { bits: 56, times: 4 },
  { bits: 48, times: 16 },
] as const;

function network(groups: readonly number[], bits: 64 | 56 | 48): string {
  const [a = 0, b = 0, c = 0, d = 0] = groups;
  const kept = [a, b, c, bits === 64 ? d : bits === 56 ? d & 0xff00 : 0];
  return `${kept.map((group) => group.toString(16)).join(':')}::/${bits}`;
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(text: string): readonly number[] {
  const plain = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(':'),
  );
  const [head = '', tail] = plain.split('::');
  const read = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const left = read(head);
  const right = read(tail ?? '');
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
}
