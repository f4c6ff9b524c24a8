// Owns: what must be remembered of a request to /cas/login to answer it, as deterministic CBOR inside the sealed login.
// Numbers are append-only (docs/sealed-values.md).
import type { PendingAnswer } from '../../core/authentication-request.ts';
import { cborMap, encodeCbor } from '../../sealer/cbor.ts';
import { readCborMap } from '../../sealer/cbor-fields.ts';

export interface PendingCas {
  /** 12 hex digits. */
  readonly partyHash: string;
  /** As it was asked for, without a ticket in it. */
  readonly service: string;
  /** The ticket is posted instead of standing in the address. */
  readonly post: boolean;
  readonly renew: boolean;
}

const POST = 1;
const RENEW = 2;
const SERVICE_MAX_BYTES = 960;

export function encodePending({ partyHash, service, post, renew }: PendingCas): PendingAnswer {
  const flags = (post ? POST : 0) | (renew ? RENEW : 0);
  const data = encodeCbor(
    cborMap([
      [1, Buffer.from(partyHash, 'hex')],
      [2, service],
      [3, flags],
    ]),
  );
  return { protocol: 'cas', data };
}

/** Null for anything that {@link encodePending} of this release did not write. */
export function decodePending(answer: PendingAnswer): PendingCas | null {
  if (answer.protocol !== 'cas') return null;
  return readCborMap(answer.data, (fields) => {
    const partyHash = Buffer.from(fields.bytes(1, { min: 6, max: 6 })).toString('hex');
    const service = fields.text(2, { min: 1, max: SERVICE_MAX_BYTES });
    const flags = fields.uint(3, { max: POST | RENEW });
    return { partyHash, service, post: (flags & POST) !== 0, renew: (flags & RENEW) !== 0 };
  });
}
