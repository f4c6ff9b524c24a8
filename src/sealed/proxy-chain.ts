// Owns: through which proxies a CAS ticket went, as a ticket has room for it: 4 bytes of each callback address.
// Leaves to parties/service-index.ts: making them, and the address that they stand for.
import type { CborFields } from '../sealer/cbor-fields.ts';

/** 8 hex digits for each, the most recent first. */
export type ProxyChain = readonly string[];

/** A third proxy would not fit into a ticket beside what must be there. */
export const PROXIES_MAX = 2;
const BYTES = 4;

export function chainToCbor(chain: ProxyChain): Uint8Array {
  return Buffer.from(chain.join(''), 'hex');
}

export function readChain(fields: CborFields, key: number): ProxyChain {
  const bytes = Buffer.from(fields.bytes(key, { min: BYTES, max: BYTES * PROXIES_MAX }));
  if (bytes.length % BYTES !== 0) return fields.refuse(key);
  return bytes.toString('hex').match(/.{8}/g) ?? fields.refuse(key);
}
