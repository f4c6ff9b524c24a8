// Owns: a CAS proxy ticket as the body of `cas-pt`. Leaves to protocols/cas: who is given one and who may validate it; to
// the spent store: that it is used once. docs/sealed-values.md, cas-pt.
import type { EpochSeconds } from '../lib/clock.ts';
import { readCborMap } from '../sealer/cbor-fields.ts';
import { chainToCbor, type ProxyChain, readChain } from './proxy-chain.ts';
import { readShortLineage, type ShortLineage, shortLineageToCbor } from './short-lineage.ts';
import { forServiceToCbor, readForService, type TicketForService } from './ticket-fields.ts';
import { type BodyEntries, writeBody } from './write-body.ts';

export interface ProxyTicket extends TicketForService {
  /** 1..2. */
  readonly proxies: ProxyChain;
  /** After the second proxy there is no room for one, and need not be: nothing is made from such a ticket. */
  readonly lineage: ShortLineage;
}

/** After one proxy. */
export const PROXY_TICKET_LINEAGE_MAX = 1;

/** @throws RangeError for a ticket over the caps of its body. */
export function encodeProxyTicket(ticket: ProxyTicket, iat: EpochSeconds): Uint8Array {
  const entries: BodyEntries = [
    ...forServiceToCbor(ticket, iat),
    [6, chainToCbor(ticket.proxies)],
    [7, shortLineageToCbor(ticket.lineage)],
  ];
  return writeBody('a proxy ticket', entries, (body) => decodeProxyTicket(body, iat) !== null);
}

/** The ticket in a body of a value with this iat; null for anything else. */
export function decodeProxyTicket(body: Uint8Array, iat: EpochSeconds): ProxyTicket | null {
  return readCborMap(body, (fields) => {
    const proxies = readChain(fields, 6);
    return {
      ...readForService(fields, iat),
      proxies,
      lineage: proxies.length === 1 ? readShortLineage(fields, 7, PROXY_TICKET_LINEAGE_MAX) : [],
    };
  });
}
