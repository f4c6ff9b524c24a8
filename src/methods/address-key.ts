// Owns: which addresses count as one: an IPv4 address, or an IPv6 /64, which is what one household or attacker gets.
import { isIPv4, isIPv6 } from 'node:net';

/**
 * A key that addresses of one origin share; null for anything that is not an address.
 * IPv4 inside IPv6 (::ffff:0:0/96, and 64:ff9b::/96 of a stateless translator, RFC 6052) is that IPv4 address:
 * otherwise all of IPv4 would be one /64.
 */
export function addressKey(address: string): string | null {
  if (isIPv4(address)) return address;
  const text = address.replace(/%.*$/s, '');
  if (!isIPv6(text)) return null;
  const groups = groupsOf(text);
  const [a, b, c, d, e, f, g = 0, h = 0] = groups;
  const middle = [b, c, d, e].every((group) => group === 0);
  const mapped = a === 0 && middle && f === 0xffff;
  const translated = a === 0x64 && b === 0xff9b && [c, d, e, f].every((group) => group === 0);
  if (mapped || translated) return [g >> 8, g & 255, h >> 8, h & 255].join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
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
