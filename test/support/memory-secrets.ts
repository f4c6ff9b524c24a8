// Owns: a store of encrypted secrets in memory, as a database would answer, with a hook between reading and writing.
import type { ReencryptableSecrets, StoredSecret } from '../../src/core/secrets-at-rest.ts';

export interface MemorySecrets extends ReencryptableSecrets {
  readonly rows: Map<string, StoredSecret>;
  /** Replacements that were tried. */
  readonly tried: () => number;
}

export interface MemorySecretsHooks {
  /** Runs before each replacement, as what happens on a live cluster meanwhile. */
  readonly beforeReplace?: (secret: StoredSecret) => void;
}

export function memorySecrets(secrets: readonly StoredSecret[], hooks: MemorySecretsHooks = {}): MemorySecrets {
  const rows = new Map(secrets.map((secret) => [secret.place, secret]));
  let tried = 0;
  return {
    rows,
    tried: () => tried,
    countByPrefix: async () => {
      const counts = new Map<string, number>();
      for (const { text } of rows.values()) counts.set(text.slice(0, 12), (counts.get(text.slice(0, 12)) ?? 0) + 1);
      return counts;
    },
    next: async (notPrefix, after, limit) =>
      [...rows.values()]
        .filter(({ place, text }) => !text.startsWith(notPrefix) && (after === null || place > after))
        .sort((a, b) => (a.place < b.place ? -1 : 1))
        .slice(0, limit),
    replace: async (secret, text) => {
      tried += 1;
      hooks.beforeReplace?.(secret);
      const row = rows.get(secret.place);
      if (row?.text !== secret.text) return false;
      rows.set(secret.place, { ...row, text });
      return true;
    },
  };
}
