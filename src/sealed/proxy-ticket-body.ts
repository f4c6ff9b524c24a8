// Owns: a CAS proxy ticket as the body of `cas-pt`. Leaves to protocols/cas: who is given one and who may validate it; to
// the spent store: that it is used once. docs/sealed-values.md, cas-pt.
import type { EpochSeconds } from '../lib/clock.ts';
import { cborMap, encodeCbor } from '../sealer/cbor.ts';
import { readCborMap } from '../sealer/cbor-fields.ts';
import { chainToCbor, type ProxyChain, readChain } from './proxy-chain.ts';
import { readShortLineage, type ShortLineage, shortLineageToCbor } from './short-lineage.ts';
import { holderToCbor, readHolder, SERVICE_DIGEST_BYTES, TICKET_ID_BYTES, type TicketHolder } from './ticket-fields.ts';

export interface ProxyTicket extends TicketHolder {
  /** 8 bytes; what validating it spends. */
  readonly id: Uint8Array;
  /** 16 bytes of SHA-256 of the service that it is for. */
  readonly service: Uint8Array;
  /** 1..2. */
  readonly proxies: ProxyChain;
  /** After the second proxy there is no room for one, and need not be: nothing is made from such a ticket. */
  readonly lineage: ShortLineage;
}

/** After one proxy. */
export const PROXY_TICKET_LINEAGE_MAX = 1;
const KEYS = { sid: 2, account: 3, proofs: 5 } as const;

/** @throws RangeError for a ticket over the caps of its body. */
export function encodeProxyTicket(ticket: ProxyTicket, iat: EpochSeconds): Uint8Array {
  const body = encodeCbor(
    cborMap([
      [1, ticket.id],
      ...holderToCbor(ticket, iat, KEYS),
      [4, ticket.service],
      [6, chainToCbor(ticket.proxies)],
      [7, shortLineageToCbor(ticket.lineage)],
    ]),
  );
  if (decodeProxyTicket(body, iat) === null) throw new RangeError('a proxy ticket over the caps of its body');
  return body;
}

/** The ticket in a body of a value with this iat; null for anything else. */
export function decodeProxyTicket(body: Uint8Array, iat: EpochSeconds): ProxyTicket | null {
  return readCborMap(body, (fields) => {
    const proxies = readChain(fields, 6);
    return {
      id: fields.bytes(1, { min: TICKET_ID_BYTES, max: TICKET_ID_BYTES }),
      ...readHolder(fields, iat, KEYS),
      service: fields.bytes(4, { min: SERVICE_DIGEST_BYTES, max: SERVICE_DIGEST_BYTES }),
      proxies,
      lineage: proxies.length === 1 ? readShortLineage(fields, 7, PROXY_TICKET_LINEAGE_MAX) : [],
    };
  });
}
