// Owns: ending what was enrolled under a key that has been revoked since: whoever has the key may have enrolled it.
// docs/sealed-values.md, Lineage. Leaves to sql-lineage.ts: the rows.
import { isUnavailable } from '../core/account.ts';
import type { Database } from '../database/database.ts';
import { disableEnrolledUnder, type EndSessions } from './sql-lineage.ts';

/** Seconds between two looks at which keys have been revoked. */
const LOOK_SECONDS = 10;

/** Once for each list of revoked keys, as soon as the database answers. Answers how to stop. */
export function disownEnrolments(
  database: Database,
  options: {
    readonly revokedKids: () => readonly string[];
    readonly endSessions: EndSessions;
    readonly onDisabled: (message: string) => void;
  },
): () => void {
  let done = '';
  const look = async (): Promise<void> => {
    const kids = options.revokedKids();
    const wanted = kids.join(' ');
    if (wanted === done) return;
    const disabled = kids.length === 0 ? [] : await disableEnrolledUnder(database, kids, options.endSessions);
    if (isUnavailable(disabled)) return;
    done = wanted;
    if (disabled.length === 0) return;
    const whose = [...new Set(disabled.map(({ accountId }) => accountId))].join(', ');
    options.onDisabled(`${disabled.length} enrolments made under a revoked key are disabled, of: ${whose}`);
  };
  void look();
  const timer = setInterval(() => void look(), LOOK_SECONDS * 1000).unref();
  return () => clearInterval(timer);
}
