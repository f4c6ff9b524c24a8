// Owns: transient SAML NameIDs. Deterministic: the same sid, account, party, time and key give the same NameID again,
// so logout can name the person to the party without anything having been stored. docs/sealed-values.md, saml-transient.
import { ACCOUNT_ID_MAX_BYTES, type AccountId } from '../core/account.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { cborMap, encodeCbor } from '../sealer/cbor.ts';
import { readCborMap } from '../sealer/cbor-fields.ts';
import { samlTransient } from '../sealer/purpose.ts';
import type { SealedValue, Sealer, SealRefusal } from '../sealer/seal.ts';

/** Who a transient NameID stands for. */
export interface TransientBody {
  readonly sid: Uint8Array;
  readonly accountId: AccountId;
}

export interface OpenedTransient extends TransientBody {
  readonly iat: EpochSeconds;
  readonly exp: EpochSeconds;
  readonly kid: string;
}

export function encodeTransient(body: TransientBody): Uint8Array {
  return encodeCbor(
    cborMap([
      [1, body.sid],
      [2, body.accountId],
    ]),
  );
}

export function decodeTransient(bytes: Uint8Array): TransientBody | null {
  return readCborMap(bytes, (fields) => ({
    sid: fields.bytes(1, { min: 16, max: 16 }),
    accountId: fields.text(2, { min: 1, max: ACCOUNT_ID_MAX_BYTES }),
  }));
}

/**
 * A NameID for one party, or again the one that was made at `iat` with `kid`. It ends exactly 12 hours after `iat`
 * (earlier only under a key that should have been rotated long ago).
 */
export function sealTransient(
  sealer: Sealer,
  input: TransientBody & { readonly entityId: string; readonly iat: EpochSeconds; readonly kid?: string },
): SealedValue | SealRefusal {
  const { entityId: context, iat, kid } = input;
  const sealed = { context, iat, exp: iat + samlTransient.maxLifetime, body: encodeTransient(input) };
  return sealer.seal(samlTransient, kid === undefined ? sealed : { ...sealed, kid });
}

/** Who a NameID stands for at this party; null for anything that was not made for it, or no longer holds. */
export function openTransient(sealer: Sealer, entityId: string, token: unknown): OpenedTransient | null {
  const opened = sealer.open(samlTransient, entityId, token);
  const body = opened === null ? null : decodeTransient(opened.body);
  if (opened === null || body === null) return null;
  return { ...body, iat: opened.iat, exp: opened.exp, kid: opened.kid };
}
