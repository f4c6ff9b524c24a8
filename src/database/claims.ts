// Owns: who used something up, as the tables remember it: a digest of the trusted proxy's request id.
// docs/sealed-values.md, Single use: the same id within 20 s is a balancer's repeat of the same attempt, another a replay.
import { createHash } from 'node:crypto';
import { REPEAT_GRACE_SECONDS, type Spent } from '../core/revocation.ts';
import type { EpochSeconds } from '../lib/clock.ts';

/** What stands in `used_by`; null without a trusted request id, and then there is no grace. */
export function claimOf(claimant: string | null): string | null {
  return claimant === null ? null : digest(claimant);
}

/** What a second use is: `usedBy` and `usedAt` are the row's. */
export function secondUse(
  row: { readonly usedBy: string | null; readonly usedAt: EpochSeconds | null },
  claim: string | null,
  now: EpochSeconds,
): Extract<Spent, 'same-attempt' | 'spent'> {
  const same = claim !== null && row.usedBy === claim && row.usedAt !== null;
  return same && now <= (row.usedAt ?? 0) + REPEAT_GRACE_SECONDS ? 'same-attempt' : 'spent';
}

/** 128 bits in base64url: of fixed length, whatever it is made of. */
export function digest(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest('base64url').slice(0, 22);
}

/** Whether PostgreSQL can hold the text: no NUL, no half of a pair. What cannot be held is nobody's name. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
