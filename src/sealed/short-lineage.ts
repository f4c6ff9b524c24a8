// Owns: which keys a CAS ticket descends from, in as few bytes as a ticket has: two of each kid. A kid is revoked when it
// begins like one of them, so a chance likeness (1 in 65,536) ends a ticket too early and never too late.
// Leaves to lineage.ts: what lineage is for. docs/sealed-values.md, Lineage.
import type { CborFields } from '../sealer/cbor-fields.ts';
import type { Sealer } from '../sealer/seal.ts';
import type { Ancestor } from './lineage.ts';

/** First 4 hex digits of kids, ascending, each once. `too-long`: there are more than fit, so nothing is made from it. */
export type ShortLineage = readonly string[] | 'too-long';

const PREFIX_BYTES = 2;
const PREFIX_DIGITS = 2 * PREFIX_BYTES;

/** The lineage of what is made from these and sealed with `kid`. */
export function shortLineage(ancestors: readonly Ancestor[], kid: string, max: number): ShortLineage {
  const kids = ancestors.flatMap((ancestor) => [ancestor.kid, ...ancestor.lineage]).filter((one) => one !== kid);
  const prefixes = [...new Set(kids.map((one) => one.slice(0, PREFIX_DIGITS)))].sort();
  return prefixes.length > max ? 'too-long' : prefixes;
}

/** Whether the value's own key, or any that it descends from, has been revoked. */
export function isShortLineageRevoked(
  sealer: Pick<Sealer, 'isRevokedKid' | 'isRevokedPrefix'>,
  { kid, lineage }: { readonly kid: string; readonly lineage: ShortLineage },
): boolean {
  return sealer.isRevokedKid(kid) || (lineage !== 'too-long' && lineage.some(sealer.isRevokedPrefix));
}

/** As a body holds it: 2 bytes each, left out when there are none; empty when there are too many. */
export function shortLineageToCbor(lineage: ShortLineage): Uint8Array | undefined {
  if (lineage === 'too-long') return new Uint8Array(0);
  return lineage.length === 0 ? undefined : Buffer.from(lineage.join(''), 'hex');
}

export function readShortLineage(fields: CborFields, key: number, max: number): ShortLineage {
  if (!fields.has(key)) return [];
  const bytes = fields.bytes(key, { max: PREFIX_BYTES * max });
  if (bytes.length === 0) return 'too-long';
  const digits = Buffer.from(bytes).toString('hex');
  const prefixes = digits.match(/.{4}/g) ?? [];
  const isInOrder = prefixes.every((prefix, i) => prefix > (prefixes[i - 1] ?? ''));
  return isInOrder && prefixes.join('') === digits ? prefixes : fields.refuse(key);
}
