// Owns: a CAS service ticket as the body of `cas-st`. Leaves to protocols/cas: for which service one is made, and who may
// validate it; to the spent store: that it is used once. docs/sealed-values.md, cas-st.
import type { EpochSeconds } from '../lib/clock.ts';
import { readCborMap } from '../sealer/cbor-fields.ts';
import { readShortLineage, type ShortLineage, shortLineageToCbor } from './short-lineage.ts';
import { forServiceToCbor, readForService, type TicketForService } from './ticket-fields.ts';
import { type BodyEntries, writeBody } from './write-body.ts';

export interface ServiceTicket extends TicketForService {
  /** The person proved themselves for it: what `renew` asks. */
  readonly fromNewLogin: boolean;
  readonly lineage: ShortLineage;
}

export const SERVICE_TICKET_LINEAGE_MAX = 3;

/** @throws RangeError for a ticket over the caps of its body. */
export function encodeServiceTicket(ticket: ServiceTicket, iat: EpochSeconds): Uint8Array {
  const entries: BodyEntries = [
    ...forServiceToCbor(ticket, iat),
    [6, ticket.fromNewLogin ? 1 : 0],
    [7, shortLineageToCbor(ticket.lineage)],
  ];
  return writeBody('a service ticket', entries, (body) => decodeServiceTicket(body, iat) !== null);
}

/** The ticket in a body of a value with this iat; null for anything else. */
export function decodeServiceTicket(body: Uint8Array, iat: EpochSeconds): ServiceTicket | null {
  return readCborMap(body, (fields) => ({
    ...readForService(fields, iat),
    fromNewLogin: fields.uint(6, { max: 1 }) === 1,
    lineage: readShortLineage(fields, 7, SERVICE_TICKET_LINEAGE_MAX),
  }));
}
