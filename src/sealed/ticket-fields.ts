// Owns: what all CAS tickets hold: whose, of which session, how old and how strong its proofs are. Short, because a ticket
// has 256 characters. Times are counted back from the value's iat. docs/sealed-values.md, cas-st, cas-pt and cas-pgt.
import { ACCOUNT_ID_MAX_BYTES, type AccountId } from '../core/account.ts';
import { ASSURANCE_LEVELS, type AssuranceLevel } from '../core/assurance.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { CborFields } from '../sealer/cbor-fields.ts';
import { secondsAfter } from './session-body.ts';
import { DT_MAX } from './session-record.ts';
import type { BodyEntries } from './write-body.ts';

export interface TicketHolder {
  readonly sid: Uint8Array;
  readonly accountId: AccountId;
  /** When the session began: what a not-before is compared with. */
  readonly oldestProof: EpochSeconds;
  readonly latestProof: EpochSeconds;
  /** What its proofs reach together. */
  readonly level: AssuranceLevel;
}

/** Keys of the fields that all tickets have, where a kind keeps them. */
interface HolderKeys {
  readonly sid: number;
  readonly account: number;
  readonly proofs: number;
}

export function holderToCbor(holder: TicketHolder, iat: EpochSeconds, keys: HolderKeys): BodyEntries {
  const { sid, accountId, oldestProof, latestProof, level } = holder;
  const ages = [secondsAfter(oldestProof, iat), secondsAfter(latestProof, iat)];
  return [
    [keys.sid, sid],
    [keys.account, accountId],
    [keys.proofs, [...ages, ASSURANCE_LEVELS.indexOf(level) + 1]],
  ];
}

export function readHolder(fields: CborFields, iat: EpochSeconds, keys: HolderKeys): TicketHolder {
  const sid = fields.bytes(keys.sid, { min: 16, max: 16 });
  const accountId = fields.text(keys.account, { min: 1, max: ACCOUNT_ID_MAX_BYTES });
  return fields.tuple(keys.proofs, (proofs) => ({
    sid,
    accountId,
    oldestProof: iat - proofs.uint(0, { max: DT_MAX }),
    latestProof: iat - proofs.uint(1, { max: DT_MAX }),
    level: ASSURANCE_LEVELS[proofs.uint(2, { min: 1, max: ASSURANCE_LEVELS.length }) - 1] ?? proofs.refuse(2),
  }));
}

/** A ticket that is validated once, by the service that it is for. */
export interface TicketForService extends TicketHolder {
  /** 8 bytes; what validating it spends. */
  readonly id: Uint8Array;
  /** 16 bytes of SHA-256 of the service that it is for. */
  readonly service: Uint8Array;
}

/** Of a ticket; 8 bytes are unique among those that live at one time. */
export const TICKET_ID_BYTES = 8;
/** Of SHA-256. */
export const SERVICE_DIGEST_BYTES = 16;
const FOR_SERVICE = { id: 1, sid: 2, account: 3, service: 4, proofs: 5 } as const;

/** At keys 1 to 5. */
export function forServiceToCbor(ticket: TicketForService, iat: EpochSeconds): BodyEntries {
  return [
    [FOR_SERVICE.id, ticket.id],
    ...holderToCbor(ticket, iat, FOR_SERVICE),
    [FOR_SERVICE.service, ticket.service],
  ];
}

export function readForService(fields: CborFields, iat: EpochSeconds): TicketForService {
  return {
    id: fields.bytes(FOR_SERVICE.id, { min: TICKET_ID_BYTES, max: TICKET_ID_BYTES }),
    ...readHolder(fields, iat, FOR_SERVICE),
    service: fields.bytes(FOR_SERVICE.service, { min: SERVICE_DIGEST_BYTES, max: SERVICE_DIGEST_BYTES }),
  };
}
