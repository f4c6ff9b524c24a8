// Owns: the slot of fixed size for what a person typed, so that a cookie's length does not tell how long it was.
import { TYPED_NAME_MAX_BYTES } from '../core/login-context.ts';
import type { CborFields } from '../sealer/cbor-fields.ts';

/** One byte of length, then the name, then zeros. */
const SLOT_BYTES = 1 + TYPED_NAME_MAX_BYTES;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws RangeError for a name over TYPED_NAME_MAX_BYTES bytes of UTF-8. */
export function typedNameSlot(name: string): Uint8Array {
  const bytes = Buffer.from(name, 'utf8');
  if (bytes.length > TYPED_NAME_MAX_BYTES) throw new RangeError(`a typed name of ${bytes.length} bytes`);
  const slot = Buffer.alloc(SLOT_BYTES);
  slot[0] = bytes.length;
  slot.set(bytes, 1);
  return slot;
}

/** The name in a slot; a slot has one form per name, like everything that is sealed. */
export function readTypedName(fields: CborFields, key: number): string {
  const slot = fields.bytes(key, { min: SLOT_BYTES, max: SLOT_BYTES });
  const end = 1 + (slot[0] ?? 0);
  if (end > SLOT_BYTES || slot.subarray(end).some((byte) => byte !== 0)) return fields.refuse(key);
  try {
    return UTF8.decode(slot.subarray(1, end));
  } catch {
    return fields.refuse(key);
  }
}
