// Owns: a CAS proxy-granting ticket as the body of `cas-pgt`. Leaves to protocols/cas: who is given one, and what it still
// grants. It may be used until it ends or its session does. docs/sealed-values.md, cas-pgt.
import type { EpochSeconds } from '../lib/clock.ts';
import { readCborMap } from '../sealer/cbor-fields.ts';
import { chainToCbor, type ProxyChain, readChain } from './proxy-chain.ts';
import { readShortLineage, type ShortLineage, shortLineageToCbor } from './short-lineage.ts';
import { holderToCbor, readHolder, type TicketHolder } from './ticket-fields.ts';
import { type BodyEntries, writeBody } from './write-body.ts';

export interface ProxyGrantingTicket extends TicketHolder {
  /** The registered service that it was given to: 12 hex digits. */
  readonly relyingParty: string;
  /** Itself first. */
  readonly proxies: ProxyChain;
  readonly lineage: Exclude<ShortLineage, 'too-long'>;
}

export const GRANTING_LINEAGE_MAX = 8;
const KEYS = { sid: 1, account: 2, proofs: 3 } as const;

/** @throws RangeError for a ticket over the caps of its body. */
export function encodeProxyGrantingTicket(ticket: ProxyGrantingTicket, iat: EpochSeconds): Uint8Array {
  const entries: BodyEntries = [
    ...holderToCbor(ticket, iat, KEYS),
    [4, Buffer.from(ticket.relyingParty, 'hex')],
    [5, chainToCbor(ticket.proxies)],
    [6, shortLineageToCbor(ticket.lineage)],
  ];
  return writeBody('a PGT', entries, (body) => decodeProxyGrantingTicket(body, iat) !== null);
}

/** The ticket in a body of a value with this iat; null for anything else. */
export function decodeProxyGrantingTicket(body: Uint8Array, iat: EpochSeconds): ProxyGrantingTicket | null {
  return readCborMap(body, (fields) => {
    const lineage = readShortLineage(fields, 6, GRANTING_LINEAGE_MAX);
    return {
      ...readHolder(fields, iat, KEYS),
      relyingParty: Buffer.from(fields.bytes(4, { min: 6, max: 6 })).toString('hex'),
      proxies: readChain(fields, 5),
      lineage: lineage === 'too-long' ? fields.refuse(6) : lineage,
    };
  });
}
