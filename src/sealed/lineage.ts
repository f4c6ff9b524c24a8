// Owns: which keys a value descends from. Whatever is made from an opened value inherits that value's key and lineage,
// so that revoking a key also ends what was made from its values meanwhile: otherwise a token forged under a leaked
// key could be laundered into one under a healthy key. docs/sealed-values.md, Lineage.
import { LINEAGE_MAX } from '../core/session.ts';
import type { CborValue } from '../sealer/cbor.ts';
import type { CborFields } from '../sealer/cbor-fields.ts';
import type { Purpose } from '../sealer/purpose.ts';
import type { SealedValue, Sealer, SealInput, SealRefusal } from '../sealer/seal.ts';

/** An opened value, as far as descent goes. */
export interface Ancestor {
  readonly kid: string;
  readonly lineage: readonly string[];
}

/**
 * The lineage of a value that is made from these and sealed with `kid`: every key of theirs but `kid` itself, sorted.
 * Null when it would be longer than LINEAGE_MAX: leaving one out would launder it, so the person signs in again.
 */
export function inheritLineage(
  ancestors: readonly Ancestor[],
  kid: string,
  max: number = LINEAGE_MAX,
): readonly string[] | null {
  const kids = new Set(ancestors.flatMap((ancestor) => [ancestor.kid, ...ancestor.lineage]));
  kids.delete(kid);
  return kids.size > max ? null : [...kids].sort();
}

/** Whether the value's own key or any key that it descends from has been revoked. */
export function isLineageRevoked(sealer: Pick<Sealer, 'isRevokedKid'>, value: Ancestor): boolean {
  return sealer.isRevokedKid(value.kid) || value.lineage.some((kid) => sealer.isRevokedKid(kid));
}

/**
 * Seals what is made from opened values. The lineage is computed for the very key that then seals: asking twice which
 * key is the primary could get two answers, and lose the key in between.
 */
export function sealFrom(
  sealer: Sealer,
  purpose: Purpose,
  ancestors: readonly Ancestor[],
  input: Omit<SealInput, 'body' | 'kid'> & {
    readonly body: (lineage: readonly string[]) => Uint8Array;
    /** The longest lineage that the body has room for; LINEAGE_MAX when left out. */
    readonly lineageMax?: number;
  },
): SealedValue | SealRefusal | { readonly refused: 'lineage' } {
  const kid = sealer.primaryKid();
  if (kid === null) return { refused: 'no-key' };
  const lineage = inheritLineage(ancestors, kid, input.lineageMax);
  if (lineage === null) return { refused: 'lineage' };
  return sealer.seal(purpose, { ...input, body: input.body(lineage), kid });
}

/** The lineage as a body holds it: 8 bytes each; left out when empty. */
export function lineageToCbor(lineage: readonly string[]): CborValue | undefined {
  return lineage.length === 0 ? undefined : lineage.map((kid) => Buffer.from(kid, 'hex'));
}

/** Reads a lineage: 1..max kids of 8 bytes in ascending order, each once; absent means none. */
export function readLineage(fields: CborFields, key: number, max: number = LINEAGE_MAX): readonly string[] {
  if (!fields.has(key)) return [];
  const lineage = fields.list(key, { min: 1, max }, (items, i) =>
    Buffer.from(items.bytes(i, { min: 8, max: 8 })).toString('hex'),
  );
  return isLineage(lineage, max) ? lineage : fields.refuse(key);
}

const KID = /^[0-9a-f]{16}$/;

/** Whether these are at most `max` kids in ascending order, each once. */
export function isLineage(lineage: readonly string[], max: number = LINEAGE_MAX): boolean {
  return lineage.length <= max && lineage.every((kid, i) => KID.test(kid) && kid > (lineage[i - 1] ?? ''));
}
