// Owns: "somebody has signed in with this browser" as the body of `device`. Leaves to web/: the cookie; to
// methods/throttle.ts: what it is worth, which is a counter of its own. docs/sealed-values.md, device.
import { createHash } from 'node:crypto';
import type { AccountId } from '../core/account.ts';
import { readCborMap } from '../sealer/cbor-fields.ts';
import { lineageToCbor, readLineage } from './lineage.ts';
import { type BodyEntries, writeBody } from './write-body.ts';

export interface DeviceBody {
  /** 16 random bytes, new with every login that finishes: what failures are counted under. */
  readonly id: Uint8Array;
  /** {@link accountDigest} of who signed in. */
  readonly account: Uint8Array;
  readonly lineage: readonly string[];
}

/** 16 bytes that say whose a browser is, without naming the account. */
export function accountDigest(accountId: AccountId): Buffer {
  return createHash('sha256').update('signet.device\0').update(accountId).digest().subarray(0, 16);
}

/** @throws RangeError for a body over its caps. */
export function encodeDevice({ id, account, lineage }: DeviceBody): Uint8Array {
  const entries: BodyEntries = [
    [1, id],
    [2, account],
    [3, lineageToCbor(lineage)],
  ];
  return writeBody('a device', entries, (body) => decodeDevice(body) !== null);
}

/** null for anything else. */
export function decodeDevice(body: Uint8Array): DeviceBody | null {
  return readCborMap(body, (fields) => {
    const id = fields.bytes(1, { min: 16, max: 16 });
    const account = fields.bytes(2, { min: 16, max: 16 });
    return { id, account, lineage: readLineage(fields, 3) };
  });
}
