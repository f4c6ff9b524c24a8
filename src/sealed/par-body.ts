// Owns: a pushed authorization request as the body of `oidc-par`. Leaves to protocols/oidc: what parameters mean.
// docs/sealed-values.md, oidc-par.
import { readCborMap } from '../sealer/cbor-fields.ts';
import { type BodyEntries, writeBody } from './write-body.ts';

export interface PushedRequest {
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** `application/x-www-form-urlencoded`, as they were understood. */
  readonly parameters: string;
  /** They came in a request object whose signature was good. */
  readonly signed: boolean;
}

export const PUSHED_PARAMETERS_MAX_BYTES = 1050;

/** @throws RangeError for a request over the caps of its body. */
export function encodePushed({ id, parameters, signed }: PushedRequest): Uint8Array {
  const entries: BodyEntries = [
    [1, id],
    [2, parameters],
    [3, signed ? 1 : 0],
  ];
  return writeBody('a pushed request', entries, (body) => decodePushed(body) !== null);
}

/** The request in a body; null for anything else. */
export function decodePushed(body: Uint8Array): PushedRequest | null {
  return readCborMap(body, (fields) => ({
    id: fields.bytes(1, { min: 16, max: 16 }),
    parameters: fields.text(2, { min: 1, max: PUSHED_PARAMETERS_MAX_BYTES }),
    signed: fields.uint(3, { max: 1 }) === 1,
  }));
}
