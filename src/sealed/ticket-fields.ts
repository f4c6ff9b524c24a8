// Owns: what all CAS tickets hold: whose, of which session, how old and how strong its proofs are. Short, because a ticket
// has 256 characters. Times are counted back from the value's iat. docs/sealed-values.md, cas-st, cas-pt and cas-pgt.
import { ACCOUNT_ID_MAX_BYTES, type AccountId } from '../core/account.ts';
import { ASSURANCE_LEVELS, type AssuranceLevel } from '../core/assurance.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { CborValue } from '../sealer/cbor.ts';
import type { CborFields } from '../sealer/cbor-fields.ts';
import { secondsAfter } from './session-body.ts';
import { DT_MAX } from './session-record.ts';

export interface TicketHolder {
  readonly sid: Uint8Array;
  readonly accountId: AccountId;
  /** When the session began: what a not-before is compared with. */
  readonly oldestProof: EpochSeconds;
  readonly latestProof: EpochSeconds;
  /** What its proofs reach together. */
  readonly level: AssuranceLevel;
}

/** Of a ticket; 8 bytes are unique among those that live at one time. */
export const TICKET_ID_BYTES = 8;
/** Of SHA-256. */
export const SERVICE_DIGEST_BYTES = 16;

/** Keys of the fields that all tickets have, where a kind keeps them. */
interface HolderKeys {
  readonly sid: number;
  readonly account: number;
  readonly proofs: number;
}

export function holderToCbor(
  holder: TicketHolder,
  iat: EpochSeconds,
  keys: HolderKeys,
): readonly (readonly [number, CborValue])[] {
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
