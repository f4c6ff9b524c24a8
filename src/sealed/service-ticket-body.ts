// Owns: a CAS service ticket as the body of `cas-st`. Leaves to protocols/cas: for which service one is made, and who may
// validate it; to the spent store: that it is used once. docs/sealed-values.md, cas-st.
import type { EpochSeconds } from '../lib/clock.ts';
import { cborMap, encodeCbor } from '../sealer/cbor.ts';
import { readCborMap } from '../sealer/cbor-fields.ts';
import { readShortLineage, type ShortLineage, shortLineageToCbor } from './short-lineage.ts';
import { holderToCbor, readHolder, SERVICE_DIGEST_BYTES, TICKET_ID_BYTES, type TicketHolder } from './ticket-fields.ts';

export interface ServiceTicket extends TicketHolder {
  /** 8 bytes; what validating it spends. */
  readonly id: Uint8Array;
  /** 16 bytes of SHA-256 of the service that it is for. */
  readonly service: Uint8Array;
  /** The person proved themselves for it: what `renew` asks. */
  readonly fromNewLogin: boolean;
  readonly lineage: ShortLineage;
}

export const SERVICE_TICKET_LINEAGE_MAX = 3;
const KEYS = { sid: 2, account: 3, proofs: 5 } as const;

/** @throws RangeError for a ticket over the caps of its body. */
export function encodeServiceTicket(ticket: ServiceTicket, iat: EpochSeconds): Uint8Array {
  const body = encodeCbor(
    cborMap([
      [1, ticket.id],
      ...holderToCbor(ticket, iat, KEYS),
      [4, ticket.service],
      [6, ticket.fromNewLogin ? 1 : 0],
      [7, shortLineageToCbor(ticket.lineage)],
    ]),
  );
  if (decodeServiceTicket(body, iat) === null) throw new RangeError('a service ticket over the caps of its body');
  return body;
}

/** The ticket in a body of a value with this iat; null for anything else. */
export function decodeServiceTicket(body: Uint8Array, iat: EpochSeconds): ServiceTicket | null {
  return readCborMap(body, (fields) => ({
    id: fields.bytes(1, { min: TICKET_ID_BYTES, max: TICKET_ID_BYTES }),
    ...readHolder(fields, iat, KEYS),
    service: fields.bytes(4, { min: SERVICE_DIGEST_BYTES, max: SERVICE_DIGEST_BYTES }),
    fromNewLogin: fields.uint(6, { max: 1 }) === 1,
    lineage: readShortLineage(fields, 7, SERVICE_TICKET_LINEAGE_MAX),
  }));
}
