// Owns: the text of revocations.yaml. Leaves to revocation-feed.ts: holding the entries and answering questions.
import { parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import type { AccountId } from '../core/account.ts';
import { decodeBase64url, encodeBase64url } from '../lib/base64url.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { Problems } from '../lib/problems.ts';

/** until: when the entry itself may be forgotten. notBefore: proofs older than this no longer count. */
export type RevocationEntry =
  | { readonly kind: 'sid'; readonly sid: Uint8Array; readonly until: EpochSeconds }
  | {
      readonly kind: 'account';
      readonly accountId: AccountId;
      readonly notBefore: EpochSeconds;
      readonly until: EpochSeconds;
    }
  | { readonly kind: 'all'; readonly notBefore: EpochSeconds; readonly until: EpochSeconds };

const time = z.iso.datetime().transform((text) => Math.floor(Date.parse(text) / 1000));
const sid = z.string().transform((text, context) => {
  const bytes = decodeBase64url(text);
  if (bytes?.length === 16) return bytes;
  context.addIssue({ code: 'custom', message: 'a session id: 22 characters of base64url' });
  return z.NEVER;
});

const entrySchema = z.union(
  [
    z.strictObject({ sid, until: time }),
    z.strictObject({ account: z.string().min(1).max(48), notBefore: time, until: time }),
    z.strictObject({ all: z.literal(true), notBefore: time, until: time }),
  ],
  { error: 'one of: sid + until; account + notBefore + until; all: true + notBefore + until' },
);
const fileSchema = z.strictObject({ entries: z.array(z.unknown()).nullable().default([]) });

/** @throws ProblemsError with every entry that cannot be understood. */
export function parseRevocations(path: string, text: string): readonly RevocationEntry[] {
  const problems = new Problems();
  const document = parseDocument(text);
  for (const error of document.errors) problems.add(path, error.code, 'valid YAML');
  problems.throwIfAny();
  const file = fileSchema.safeParse(document.toJS({ maxAliasCount: 0 }) ?? {});
  if (!file.success) problems.add(path, 'something else', 'a mapping with one list named entries');
  problems.throwIfAny();
  const entries: RevocationEntry[] = [];
  for (const [index, raw] of (file.data?.entries ?? []).entries()) {
    const entry = entrySchema.safeParse(raw);
    if (!entry.success)
      problems.add(`${path}: entries[${index}]`, JSON.stringify(raw), entry.error.issues[0]?.message ?? 'an entry');
    else entries.push(toEntry(entry.data));
  }
  problems.throwIfAny();
  return entries;
}

function toEntry(raw: z.output<typeof entrySchema>): RevocationEntry {
  if ('sid' in raw) return { kind: 'sid', sid: raw.sid, until: raw.until };
  if ('account' in raw) return { kind: 'account', accountId: raw.account, notBefore: raw.notBefore, until: raw.until };
  return { kind: 'all', notBefore: raw.notBefore, until: raw.until };
}

const HEADER = `# What has been ended before its time. Every node reads this file again within revocations.poll seconds.
# Written by: signet sessions revoke --sid ID | --user NAME | --all
`;

/** The file's text for these entries; expired ones are left out. */
export function formatRevocations(entries: readonly RevocationEntry[], now: EpochSeconds): string {
  const iso = (at: EpochSeconds): string => new Date(at * 1000).toISOString();
  const list = entries
    .filter((entry) => entry.until > now)
    .map((entry) => {
      switch (entry.kind) {
        case 'sid':
          return { sid: encodeBase64url(entry.sid), until: iso(entry.until) };
        case 'account':
          return { account: entry.accountId, notBefore: iso(entry.notBefore), until: iso(entry.until) };
        case 'all':
          return { all: true, notBefore: iso(entry.notBefore), until: iso(entry.until) };
        default:
          return entry satisfies never;
      }
    });
  return HEADER + stringify({ entries: list });
}
