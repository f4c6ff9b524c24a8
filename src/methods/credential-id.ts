// Owns: the ids of credentials, and where they stand in what an enrolment or a flow keeps: first, behind a format byte.
import { decodeBase64url, encodeBase64url } from '../lib/base64url.ts';
import type { Random } from '../lib/random.ts';

const ID_BYTES = 9;
const FORMAT = 1;

/** Random, 12 characters of base64url. */
export function newCredentialId(random: Random): string {
  return encodeBase64url(random(ID_BYTES));
}

/** The id, then bytes of the method's own. */
export function packPending(id: string, rest: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(FORMAT), decodeBase64url(id) ?? Buffer.alloc(0), rest]);
}

/** What {@link packPending} made with as many own bytes, or null. */
export function unpackPending(
  data: Uint8Array,
  lengths: { readonly least: number; readonly most: number },
): { readonly id: string; readonly rest: Uint8Array } | null {
  const rest = data.subarray(1 + ID_BYTES);
  if (data.length < 1 + ID_BYTES || data[0] !== FORMAT) return null;
  if (rest.length < lengths.least || rest.length > lengths.most) return null;
  return { id: encodeBase64url(data.subarray(1, 1 + ID_BYTES)), rest };
}
